"""What programs call beside `SynNER`: train, compare and combine, on plain values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from synner_graph.data.corpora.catalogue import corpus_of
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.buckets import forms_of
from synner_graph.evaluation.combination import METHODS, Combiner, Dev, Judge
from synner_graph.evaluation.combination.combined import ask_judge
from synner_graph.evaluation.combination.combiner import MAJORITY, SPAN
from synner_graph.evaluation.comparison import Group, SystemComparison, compare_systems
from synner_graph.evaluation.systems.alignment import token_difference
from synner_graph.evaluation.systems.system import System
from synner_graph.recogniser.settings import read_settings
from synner_graph.recogniser.synner import SynNER
from synner_graph.training import run
from synner_graph.training.distributed import end_processes

__all__ = ["METHODS", "combine", "compare", "train"]

Sentences = Sequence[Sentence]


def train(
    output: Path | str,
    settings: Mapping[str, Any] | None = None,
    config: Path | str | None = None,
    *,
    overwrite: bool = False,
    resume: bool = False,
    device: str = "auto",
    backend: str = "auto",
    kernel: str = "auto",
    progress: bool = True,
) -> dict[str, Any]:
    """Train a recogniser and save its best epoch, as `synner train` does.

    Args:
        output: Run folder to write.
        settings: By section and name, such as `{"data.train": "train.conllu", "gnn.layers": 3}`;
            they stand above those of `config`. Without data it is the bundled sample.
        config: A TOML file of settings.
        overwrite: Replace the run that the folder holds, once the new one is saved.
        resume: Go on with a training that was broken off in the folder; begin where there is none.
        device: One of auto, cpu and cuda.
        backend: Graph backend: auto, dgl or torch.
        kernel: What computes the Syn-LSTM and the CRF: see `operators.choice.NAMES`.
        progress: Show progress bars.

    Returns:
        What the run's metrics.json holds: scores in percent, counts, every setting, versions.
        Empty outside the main process.

    Raises:
        InputError: A setting does not exist, is wrong or has no effect; a file cannot be read; the
            settings do not fit the corpus or this machine; the folder must not be replaced.
        WriteError: The folder cannot be written to.
    """
    chosen = read_settings(None if config is None else Path(config), settings)
    corpus = corpus_of(chosen.data, text=chosen.text)
    try:
        metrics, _ = run.train(
            chosen,
            corpus,
            Path(output),
            backend,
            device,
            overwrite=overwrite,
            progress=progress,
            kernel=kernel,
            resume=resume,
        )
    finally:
        end_processes()
    return metrics


def compare(
    gold: Sentences,
    systems: Mapping[str, Sentences | Sequence[Sentences]],
    train: Sentences | None = None,
) -> SystemComparison:
    """Compare the first system with every other one on gold entities.

    Args:
        gold: Sentences with their gold entities, those of a document one after the other.
        systems: By name, what each found in them: sentences, or one list of sentences for each of
            several trainings.
        train: What the systems were trained on, to tell seen from unseen forms.

    Returns:
        F1 of each system and the differences, in percent, with 95 % intervals over documents
        (sentences where there are none) and trainings, and p-values, corrected by Holm's method.

    Raises:
        InputError: There are fewer than two systems, or one read other sentences.
    """
    if len(systems) < 2:
        raise InputError(f"expected two systems or more, got {len(systems)}")
    groups = []
    for name, found in systems.items():
        trainings = cast("Sequence[Sentences]", found)
        if found and isinstance(found[0], Sentence):
            trainings = [cast("Sentences", found)]
        if not trainings:
            raise InputError(f"{name}: expected what it found, got nothing")
        groups.append(Group(name, [_system(name, gold, one).entities for one in trainings]))
    return compare_systems(gold, groups, None if train is None else forms_of(train))


def combine(
    systems: Mapping[str, Sentences],
    method: str = MAJORITY,
    *,
    dev: Mapping[str, Sentences] | None = None,
    gold_dev: Sentences | None = None,
    calibrate: bool = False,
    judge: SynNER | None = None,
) -> list[Sentence]:
    """Make one output of what several systems found in the same sentences.

    Args:
        systems: By name, what each found. The method `mean` needs `Sentence.candidates`.
        method: One of `METHODS`: majority, weighted, weighted-by-type, span, mean.
        dev: By the same names, what each found in sentences with gold entities.
        gold_dev: These sentences, with their gold entities.
        calibrate: Choose on dev the temperature that makes probabilities of the scores.
        judge: The model that judges spans, for the method `span`.

    Returns:
        The sentences of the first system with the entities of all, which share no token, and with
        scores from 0 to 1.

    Raises:
        InputError: The method is unknown, lacks what it needs or is given what it does not read;
            there is one system only, or one read other sentences.
    """
    if (judge is None) == (method == SPAN):
        raise InputError(
            "The method span needs a model that judges spans, and no other has use for one: "
            "judge=SynNER."
        )
    if (dev is None) != (gold_dev is None):
        raise InputError("expected dev and gold_dev together, got one of them")
    learned = None
    if dev is not None and gold_dev is not None:
        if method in (MAJORITY, SPAN) and not calibrate:
            raise InputError(
                f"The method {method} learns nothing from dev and gold_dev: say calibrate=True for "
                "calibrated scores."
            )
        if dev.keys() != systems.keys():
            raise InputError(f"expected {', '.join(systems)} on dev, got {', '.join(dev)}")
        on_dev = [_system(name, gold_dev, dev[name]) for name in systems]
        gold = tuple(sentence.entities for sentence in gold_dev)
        learned = Dev(on_dev, gold, _judge(judge, gold_dev) if calibrate else None)
    combiner = Combiner.learn(method, len(systems), learned, calibrate)
    sentences = next(iter(systems.values()))
    read = [_system(name, sentences, found) for name, found in systems.items()]
    entities = combiner.combine(read, _judge(judge, sentences))
    pairs = zip(sentences, entities, strict=True)
    return [sentence.replace(entities=found, candidates=None) for sentence, found in pairs]


def _judge(judge: SynNER | None, sentences: Sentences) -> Judge | None:
    return None if judge is None else ask_judge(("judge", judge), sentences)


def _system(name: str, sentences: Sentences, found: Sentences) -> System:
    """Take what a system found in given sentences.

    Raises:
        InputError: It read others.
    """
    if len(found) != len(sentences):
        raise InputError(f"{name}: expected {len(sentences)} sentences, got {len(found)}")
    for number, (expected, got) in enumerate(zip(sentences, found, strict=True), 1):
        if difference := token_difference(number, expected.tokens, got.tokens):
            raise InputError(f"{name}: {difference}")
    entities = tuple(sentence.entities for sentence in found)
    candidates = tuple(s.candidates for s in found if s.candidates is not None)
    return System(name, entities, candidates if len(candidates) == len(found) else None)
