"""Open the run and the sentences that a command reads."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from synner_graph.cli.console import print_notes
from synner_graph.cli.reading import Reading
from synner_graph.config import DataConfig, TextConfig, load_config
from synner_graph.data.batching import by_size
from synner_graph.data.corpora.catalogue import SPLITS
from synner_graph.data.formats import FORMATS, format_of
from synner_graph.data.formats.whole import DocumentFormat
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError, suggest

if TYPE_CHECKING:
    from synner_graph.data.dictionary import Dictionary
    from synner_graph.recogniser.recogniser import Recogniser
    from synner_graph.recogniser.synner import SynNER
    from synner_graph.recogniser.thresholds import Thresholds
    from synner_graph.text.engine import Work


def split_of(dataset: str | None, input: Path | None, split: str, reading: Reading) -> DataConfig:
    """Return the settings of the sentences to read.

    Args:
        dataset: A corpus of the catalogue.
        input: A file, instead.
        split: Which part of the dataset; for a file, what to call it.
        reading: How it is read.

    Raises:
        InputError: For both or neither of dataset and file, or an unknown split.
    """
    if (dataset is None) == (input is None):
        raise InputError("Say what to read: either --dataset NAME or --input FILE.")
    if split not in SPLITS:
        raise InputError(f"Unknown split {split!r}.{suggest(split, SPLITS)}")
    return DataConfig(
        dataset=dataset, **reading.settings(), **({} if input is None else {split: input})
    )


def dictionary_of(files: Sequence[Path] | None) -> "Dictionary | None":
    """Read the dictionaries of a command line as one; None where there are none.

    Raises:
        InputError: One cannot be read, or two entries contradict each other.
    """
    from synner_graph.data.dictionary import read_dictionary

    return read_dictionary(*files) if files else None


def dictionary_notes(dictionary: "Dictionary | None") -> list[str]:
    """Say which entries had no effect on what was read; nothing without a dictionary."""
    return [] if dictionary is None else dictionary.notes()


def open_run(
    run: Path | str,
    features: Path | None,
    backend: str,
    device: str,
    kernel: str = "auto",
    precision: str = "float32",
) -> "SynNER":
    """Open a run, ready to read sentences.

    Args:
        run: Run folder, or a hub repository.
        features: Precomputed features of the sentences, for a model that reads some.
        backend, device, kernel, precision: As on the command line.

    Raises:
        InputError: There is no such run, it cannot be run that way, or the features do not fit.
    """
    from synner_graph.recogniser.device import pick_device
    from synner_graph.recogniser.synner import SynNER

    ner = SynNER.from_pretrained(run, backend, pick_device(device), kernel, precision)
    if features is not None:
        ner.use_features(features)
    return ner


def open_any(
    run: Path | str,
    features: Path | None,
    backend: str,
    device: str,
    kernel: str = "auto",
    precision: str = "float32",
) -> "Recogniser":
    """Open a run or a combination of runs, ready to read sentences; see `open_run`."""
    from synner_graph.evaluation.combination.saved import open_recogniser
    from synner_graph.recogniser.device import pick_device

    ner = open_recogniser(run, backend, pick_device(device), kernel, precision)
    if features is not None:
        ner.use_features(features)
    return ner


def parsed(
    sentences: Iterable[Sentence], ner: "Recogniser", parser: str | None, batch_size: int
) -> Iterable[Sentence]:
    """Give the sentences of a file the trees of a parser, if one is named.

    Args:
        sentences: As they are in the file.
        ner: What reads them; a note says where its trees were others.
        parser: As on the command line.
        batch_size: Sentences that are parsed at once.

    Raises:
        InputError: There is no such parser.
    """
    if parser is None:
        return sentences
    chosen = ner.chosen_parser(parser)
    print_notes(ner.tree_notes(chosen))
    return (found for batch in by_size(sentences, batch_size) for found in chosen.parse(batch))


def text_config(
    source: str, format: str | None, tokenizer: str | None, language: str | None
) -> TextConfig:
    """Return how the texts of a file are cut into tokens.

    Args:
        source: The file.
        format: As on the command line.
        tokenizer: As on the command line.
        language: As on the command line.

    Raises:
        InputError: One is given for a file that has tokens of its own, or is unknown.
    """
    given = {"tokenizer": tokenizer, "language": language}
    chosen = {name: value for name, value in given.items() if value is not None}
    name = format_of(source, format)
    reader = FORMATS[name]
    if chosen and not (isinstance(reader, DocumentFormat) and reader.has_texts):
        raise InputError(f"--text.{next(iter(chosen))} cuts texts, but {name} has tokens.")
    return load_config(overrides={f"text.{key}": value for key, value in chosen.items()}).text


def open_ready(
    run: Path | str,
    features: Path | None,
    backend: str,
    device: str,
    kernel: str,
    precision: str,
    thresholds: "Thresholds",
    refuse_long: bool,
    phrases: "Dictionary | None",
) -> "Recogniser":
    """Open a run or a combination of runs as `predict` uses it.

    Args:
        run, features, backend, device, kernel, precision: See `open_run`.
        thresholds: What entities must score.
        refuse_long: Refuse sentences that the encoder cannot read at once.
        phrases: The user's dictionary, if there is one.

    Raises:
        InputError: See `open_run`.
    """
    ner = open_any(run, features, backend, device, kernel, precision)
    ner.thresholds, ner.dictionary = thresholds, phrases
    ner.refuse_long_sentences(refuse_long)
    return ner


def open_work(
    opener: "Callable[[Dictionary | None], Recogniser]",
    make: "Callable[[Recogniser], Work]",
    phrases: "Dictionary | None",
) -> "Work":
    """Open what an engine does, in a process of its own.

    Args:
        opener: `open_ready` with all arguments but the last.
        make: Makes it of the recogniser.
        phrases: The user's dictionary, if there is one.

    Raises:
        InputError: See `open_run`.
    """
    return make(opener(phrases))
