"""A recogniser that goes on from a run: its weights and names, and room for what is new.

The architecture stays: what would give a weight another shape, or another meaning, is refused.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from synner_graph.config import ModelConfig, RunConfig
from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.data.words.lexicon import Lexicon
from synner_graph.encoders.blueprint import with_dropout
from synner_graph.errors import InputError
from synner_graph.files import read_json
from synner_graph.heads.biaffine import BIAFFINE
from synner_graph.model.growth import take_over
from synner_graph.recogniser.find import find_run
from synner_graph.recogniser.new import architecture, read_vocabularies
from synner_graph.recogniser.run_folder import METRICS
from synner_graph.recogniser.stored import load_stored
from synner_graph.recogniser.synner import SynNER
from synner_graph.recogniser.unread import Flat, effective, flatten, unread, usual

FREE = {
    *("encoder.freeze", "encoder.lora_rank", "encoder.lora_alpha", "encoder.context"),
    *("encoder.window", "encoder.vectors", "encoder.fix_words", "encoder.features"),
    *("head.decode", "head.negative_weight", "parser.name", "parser.weight"),
    *("parser.jackknife", "parser.own_trees", "parser.tree_noise"),
}
"""Settings of the architecture that can change, beside all of `text` and every dropout."""

NOT_INHERITED = ("from_run", "teacher", "teacher_weight", "unlabelled", "precision")
"""Settings of a training that say what it reads beside the corpus, and what machine it runs on."""


def settings_of(name: str) -> Flat:
    """Return the settings of a run that a training goes on with, by dotted name.

    Those of its architecture, and those of its training where the run keeps them; not those that
    say what it read. Settings at their defaults are left out.

    Raises:
        InputError: There is no such run, or it cannot be read.
    """
    run = find_run(name)
    training: dict[str, Any] = {}
    if run.holds(METRICS):
        try:
            metrics = read_json(run.read()[METRICS], run.path / METRICS)
            training = dict(metrics["config"]["training"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{run.path / METRICS} tells no settings: {error}") from error
    for key in NOT_INHERITED:
        training.pop(key, None)
    model = load_stored(run).config.model_dump(mode="json")
    return effective({**model, "training": {**training, "from_run": name}})


def open_before(config: RunConfig, backend: str, device: Any, kernel: str) -> SynNER | None:
    """Load the run that settings name to go on from; None where they name none.

    Raises:
        InputError: It cannot be loaded, or is of another architecture than the settings.
    """
    name = config.training.from_run
    if name is None:
        return None
    before = SynNER.from_pretrained(name, backend, device, kernel)
    check_same(config, before.config)
    return before


def check_same(config: RunConfig, before: ModelConfig) -> None:
    """Refuse settings that a run cannot go on with.

    Args:
        config: Every setting.
        before: The architecture of the run.

    Raises:
        InputError: A setting differs that cannot change.
    """
    old = usual(config) | flatten(before.model_dump(mode="json"))  # early runs lack options
    skipped = unread(config)
    for key, value in flatten(config.model.model_dump(mode="json")).items():
        was = old.get(key)
        if value == was or key in skipped or key.startswith("text.") or key.endswith("dropout"):
            continue
        if key in FREE and not (key == "parser.name" and BIAFFINE in (value, was)):
            continue
        raise InputError(
            f"The setting {key!r} cannot change when a training goes on from a run: it is {was!r} "
            f"in {config.training.from_run}, got {value!r}."
        )


def continued_recogniser(
    before: SynNER,
    config: RunConfig,
    sentences: Sequence[Sentence],
    backend: str,
    kernel: str,
    lexicon: Lexicon | None = None,
    unlabelled: Sequence[Sentence] = (),
) -> SynNER:
    """Build a recogniser with the weights of another, and new rows for new names.

    New are the labels, relations, characters, parts of speech and words of the sentences that it
    does not know. Words whose vectors are kept fixed come with vectors of a file, or not at all.
    Entries of a gazetteer, and the forms that are no content words, stay those of the run.

    Args:
        before: The recogniser to go on from.
        config: Settings that leave nothing open.
        sentences: The training sentences.
        backend: Graph backend: auto, dgl or torch.
        kernel: Implementation of the operators: see `operators.choice.NAMES`.
        lexicon: The words of the sentences, where it reads words.
        unlabelled: What it will learn from beside them.

    Raises:
        InputError: A weight cannot be taken over.
    """
    if lexicon is not None and config.encoder.fix_words and config.encoder.vectors is None:
        lexicon = None
    found = read_vocabularies(config, (*sentences, *unlabelled), lexicon)
    vocabularies = before.vocabularies.extended(found)
    blueprint = before.blueprint
    dropout = config.encoder.transformer_dropout
    if blueprint is not None and dropout is not None:
        blueprint = with_dropout(blueprint[0], dropout, config.encoder.name), blueprint[1]
    model = architecture(config)
    ner = SynNER.build(model, vocabularies, blueprint, backend, before.device, kernel)
    take_over(ner.model, before.model)
    ner.model.gazetteer.hide_own(sentences)
    if lexicon is not None:
        ner.load_words(_new_words(lexicon, before.vocabularies, vocabularies))
    if config.encoder.features is not None:
        ner.use_features(config.encoder.features)
    return ner


def news(before: SynNER, ner: SynNER, sentences: Sequence[Sentence]) -> Iterator[str]:
    """Say what a recogniser has that the one it goes on from lacks, and what it will not hear of.

    Args:
        before: The one that it goes on from.
        ner: The new one.
        sentences: The training sentences.
    """
    old, new = before.vocabularies, ner.vocabularies
    labels = [label for label in new.labels if label not in old.labels]
    yield f"labels {', '.join(old.labels)}; new: {', '.join(labels) or 'none'}"
    for what in ("relations", "characters", "upos", "words"):
        names = getattr(new, what).names[len(getattr(old, what).names) :]
        if names:
            shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
            yield f"{len(names)} new {what} ({shown}) start untrained"
    counts = Counter(entity.label for sentence in sentences for entity in sentence.entities)
    absent = [label for label in old.labels if not counts[label]]
    if absent:
        yield (
            f"the training split has no {', '.join(absent)}: the model unlearns what it is not "
            "shown"
        )


def _new_words(lexicon: Lexicon, before: Vocabularies, now: Vocabularies) -> Lexicon:
    """Keep the vectors of words that are new; the others have learned already."""
    names = [lexicon.words.all_names[i] for i in lexicon.ids]
    rows = [row for row, name in enumerate(names) if name not in before.words.ids]
    ids = np.array([now.words.ids[names[row]] for row in rows], dtype=np.int64)
    return replace(lexicon, words=now.words, ids=ids, matrix=lexicon.matrix[rows])
