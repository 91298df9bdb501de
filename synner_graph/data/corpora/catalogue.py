"""Find and read corpora, by name or from the user's files, and compare their counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from synner_graph.config import DataConfig, TextConfig
from synner_graph.data.characters import split_characters
from synner_graph.data.corpora.known import CORPORA, CorpusSpec, Counts
from synner_graph.data.corpora.pinned import DATA_DIR_VARIABLE, cached, find_folder
from synner_graph.data.corpora.reading import LOADERS, Splits, read_file, read_folder
from synner_graph.data.documents import documents
from synner_graph.data.formats import format_of
from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import shuffle_heads, shuffle_relations
from synner_graph.errors import InputError, suggest
from synner_graph.files import bundled

SPLITS = ("train", "dev", "test")
SHUFFLES = {"heads": shuffle_heads, "relations": shuffle_relations}


@dataclass(frozen=True, slots=True)
class Corpus:
    """The sentences of a corpus.

    Attributes:
        splits: By `train`, `dev` and `test`; only those asked for.
        notes: What was changed or skipped while reading, one line each, with counts.
    """

    name: str
    splits: Splits
    description: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()


def load_corpus(
    name: str,
    data_dir: Path | None = None,
    splits: Sequence[str] | None = None,
    *,
    cache: bool = True,
    **reading: Any,
) -> Corpus:
    """Read a corpus of the catalogue, and note what differs from the published counts.

    Args:
        name: A name in `CORPORA`.
        data_dir: The folder that holds the corpus's own folder; by default SYNNER_DATA_DIR, then,
            for a corpus that may be downloaded, the user's cache.
        splits: Which parts; by default all that the corpus has.
        cache: Whether to keep what is read in the user's cache, and to look for it there.
        reading: Options of `read_sentences`, where the files are not as the catalogue says.

    Raises:
        InputError: The name or a split is unknown, the files are not to be had, or they contradict
            each other.
    """
    spec = spec_of(name)
    for split in splits or ():
        if split not in SPLITS:
            raise InputError(f"expected a split, got {split!r}.{suggest(split, SPLITS)}")
        if split not in spec.files:
            raise InputError(f"expected a split of {name}, which has no {split}")
    options = {key: value for key, value in reading.items() if value not in (None, False)}
    loader = LOADERS.get(name)
    if loader and options:
        raise InputError(f"{name} is read in one way: {', '.join(options)} cannot be chosen")
    notes: list[str] = []
    wanted = tuple(splits or spec.files)
    if loader:
        sentences = loader(data_dir, wanted, notes, cache)
    else:
        sentences = read_folder(name, spec, data_dir, wanted, notes, cache, options)
    for split, rows in sentences.items():
        notes += differences(split, spec.counts.get(split, Counts()), rows)
    return Corpus(name, sentences, spec.description, spec.licence, tuple(notes))


def spec_of(name: str) -> CorpusSpec:
    """Return what the catalogue knows of a corpus.

    Raises:
        InputError: For an unknown name; suggests the nearest.
    """
    if name not in CORPORA:
        raise InputError(
            f"expected a corpus of the catalogue, got {name!r}.{suggest(name, CORPORA)}"
        )
    return CORPORA[name]


def differences(split: str, expected: Counts, sentences: Sequence[Sentence]) -> list[str]:
    """Note the counts of a split that differ from the expected ones."""
    got = {
        "sentences": len(sentences),
        "tokens": sum(map(len, sentences)),
        "entities": sum(len(sentence.entities) for sentence in sentences),
    }
    wrong = [
        f"{number:,} {what}, got {got[what]:,}"
        for what in got
        if (number := getattr(expected, what)) is not None and number != got[what]
    ]
    return [f"{split}: expected {'; '.join(wrong)}"] if wrong else []


def whereabouts(name: str, data_dir: Path | None = None) -> tuple[bool, str]:
    """Say whether a corpus can be read now, and where it is or what is missing."""
    spec = spec_of(name)
    if name == "sample":
        return True, "bundled"
    try:
        folder = find_folder(name, data_dir)
    except InputError:
        folder = None
    names = [file for files in spec.files.values() for file in files]
    if folder is not None:
        missing = [file for file in names if not (folder / file).is_file()]
        return not missing, f"{folder} lacks {', '.join(missing)}" if missing else str(folder)
    if spec.pinned:
        pinned = [file for files in spec.pinned.values() for file in files]
        here = all(cached(file, name).is_file() for file in pinned)
        return True, "in the cache" if here else "will be downloaded"
    place = data_dir or f"--data-dir or {DATA_DIR_VARIABLE}"
    return False, f"no folder {name} in {place}"


def load_files(
    train: Path | None = None,
    dev: Path | None = None,
    test: Path | None = None,
    format: str | None = None,
    *,
    scheme: str | None = None,
    repair: bool = False,
    multiple_roots: bool = False,
    cache: bool = True,
    text: TextConfig | None = None,
) -> Corpus:
    """Read the user's own files as a corpus; the options are those of `read_sentences`.

    With `cache` what is read is kept in the user's cache, and looked for there.

    Raises:
        InputError: No file is given, or one cannot be read.
    """
    files = {split: path for split, path in zip(SPLITS, (train, dev, test), strict=True) if path}
    if not files:
        raise InputError("expected at least one of train, dev and test, got none")
    reading = {"scheme": scheme, "repair": repair, "multiple_roots": multiple_roots}
    notes: list[str] = []
    splits = {
        split: read_file(
            path, split, notes, cache, reading | {"format": format_of(path, format)}, text=text
        )
        for split, path in files.items()
    }
    return Corpus(
        "files", splits, description=", ".join(map(str, files.values())), notes=tuple(notes)
    )


def files_of(config: DataConfig) -> list[Path]:
    """Return the files that the settings name, or that the corpus which they name is read from.

    Raises:
        InputError: The corpus is unknown.
    """
    given = [getattr(config, split) for split in SPLITS]
    if config.dataset is None and any(given):
        return [path for path in given if path]
    name = config.dataset or "sample"
    if name == "sample":
        return sorted(bundled("sample").glob("*.conllu"))
    spec = spec_of(name)
    try:
        folder = find_folder(name, config.data_dir)
    except InputError:  # the published files are read in place of those that are not there
        folder = None
    if folder is not None:
        return [folder / file for files in spec.files.values() for file in files]
    return [cached(file, name) for files in spec.pinned.values() for file in files]


def corpus_of(
    config: DataConfig, splits: Sequence[str] | None = None, text: TextConfig | None = None
) -> Corpus:
    """Read the corpus that the settings name: files, or one of the catalogue (default: the sample).

    With `train_documents` or `train_subset` the training split is a sample of that size, the same
    for every seed; with `shuffle` all trees are spoilt. `text` says how texts of annotation
    tools are cut into tokens and sentences, and whether words are cut into characters.

    Raises:
        InputError: See `load_corpus` and `load_files`; also for a dataset and files at once.
    """
    files = {split: getattr(config, split) for split in SPLITS}
    reading: dict[str, Any] = {
        "format": config.format,
        "scheme": config.scheme,
        "repair": config.repair,
        "multiple_roots": config.multiple_roots,
    }
    if config.dataset is None and any(files.values()):
        corpus = load_files(
            **{split: path for split, path in files.items() if split in (splits or SPLITS)},
            cache=config.cache,
            text=text,
            **reading,
        )
    elif any(files.values()):
        raise InputError("expected either a dataset or files (--train, --dev, --test), got both")
    else:
        corpus = load_corpus(
            config.dataset or "sample", config.data_dir, splits, cache=config.cache, **reading
        )
    changed = {
        split: tuple(as_settings_say(sentence, config, text) for sentence in rows)
        for split, rows in corpus.splits.items()
    }
    corpus = replace(corpus, splits=changed)
    train: Sequence[Sentence] = corpus.splits.get("train", ())
    for number, parts in (
        (config.train_documents, lambda train: list(documents(train))),
        (config.train_subset, lambda train: [[sentence] for sentence in train]),
    ):
        train = _drawn(parts(train), number)
    return replace(corpus, splits=corpus.splits | {"train": tuple(train)}) if train else corpus


def as_settings_say(sentence: Sentence, data: DataConfig, text: TextConfig | None) -> Sentence:
    """Cut words into characters, and spoil the tree, where the settings say so."""
    if text is not None and text.characters is not None:
        sentence = split_characters(sentence, text.characters)
    return sentence if data.shuffle is None else SHUFFLES[data.shuffle](sentence)


def _drawn(parts: Sequence[Sequence[Sentence]], number: int | None) -> list[Sentence]:
    """Draw `number` parts with a fixed seed and return their sentences in order; None takes all."""
    rows: Sequence[int] = range(len(parts))
    if number is not None and number < len(parts):
        rows = sorted(Random(0).sample(rows, number))
    return [sentence for row in rows for sentence in parts[row]]
