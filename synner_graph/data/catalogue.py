"""Named corpora: where each comes from, under which licence, and how its parts are joined."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from synner_graph.config import DataConfig
from synner_graph.data.formats import ReadReport, read_sentences
from synner_graph.data.pinned import (
    DATA_DIR_VARIABLE,
    PinnedFile,
    fetch,
    find_folder,
    git_blob_id,
)
from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import shuffle_heads, shuffle_relations
from synner_graph.errors import InputError, suggest

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Corpus:
    """The sentences of a corpus.

    Attributes:
        splits: By `train`, `dev` and `test`; only those asked for.
        notes: What was changed or skipped while reading, one line each, with counts.
    """

    name: str
    splits: dict[str, tuple[Sentence, ...]]
    description: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()


Splits = dict[str, tuple[Sentence, ...]]
Loader = Callable[[Path | None, Sequence[str], list[str]], Splits]
"""Data folder, splits and the notes to add to."""


@dataclass(frozen=True, slots=True)
class CorpusSpec:
    """What the catalogue knows of a corpus before it is read."""

    description: str
    licence: str
    source: str
    load: Loader


def load_corpus(name: str, data_dir: Path | None = None, splits: Sequence[str] = SPLITS) -> Corpus:
    """Read a corpus of the catalogue.

    Args:
        name: A name in `CORPORA`.
        data_dir: The folder that holds the corpus's own folder; by default SYNNER_DATA_DIR, then,
            for a corpus that may be downloaded, the user's cache.

    Raises:
        InputError: The name or a split is unknown, the files are not to be had, or they contradict
            each other.
    """
    if name not in CORPORA:
        raise InputError(
            f"expected a corpus of the catalogue, got {name!r}.{suggest(name, CORPORA)}"
        )
    for split in splits:
        if split not in SPLITS:
            raise InputError(f"expected a split, got {split!r}.{suggest(split, SPLITS)}")
    spec = CORPORA[name]
    notes: list[str] = []
    sentences = spec.load(data_dir, splits, notes)
    return Corpus(name, sentences, spec.description, spec.licence, tuple(notes))


def load_files(
    train: Path | None = None,
    dev: Path | None = None,
    test: Path | None = None,
    format: str | None = None,
    *,
    scheme: str | None = None,
    repair: bool = False,
    multiple_roots: bool = False,
) -> Corpus:
    """Read the user's own files as a corpus; the options are those of `read_sentences`.

    Raises:
        InputError: No file is given, or one cannot be read.
    """
    files = {split: path for split, path in zip(SPLITS, (train, dev, test), strict=True) if path}
    if not files:
        raise InputError("expected at least one of train, dev and test, got none")
    splits: Splits = {}
    notes = []
    for split, path in files.items():
        report = ReadReport()
        splits[split] = tuple(
            read_sentences(
                path,
                format,
                scheme=scheme,
                repair=repair,
                multiple_roots=multiple_roots,
                report=report,
            )
        )
        if report.repaired_tags:
            notes.append(f"{split}: {_count(report.repaired_tags, 'invalid tag')} repaired")
    return Corpus(
        "files", splits, description=", ".join(map(str, files.values())), notes=tuple(notes)
    )


def corpus_of(config: DataConfig, splits: Sequence[str] = SPLITS) -> Corpus:
    """The corpus that the settings name: one of the catalogue, or files; else the sample.

    With `train_subset` the training split is a sample of that size, the same for every seed; with
    `shuffle` all trees are spoilt.

    Raises:
        InputError: as `load_corpus` and `load_files` do; or for a dataset and files at once.
    """
    files = {split: getattr(config, split) for split in SPLITS}
    if config.dataset is None and any(files.values()):
        corpus = load_files(
            **{split: path for split, path in files.items() if split in splits},
            format=config.format,
            scheme=config.scheme,
            repair=config.repair,
            multiple_roots=config.multiple_roots,
        )
    elif any(files.values()):
        raise InputError("expected either a dataset or files (--train, --dev, --test), got both")
    else:
        corpus = load_corpus(config.dataset or "sample", config.data_dir, splits)
    if config.shuffle is not None:
        shuffle = {"heads": shuffle_heads, "relations": shuffle_relations}[config.shuffle]
        spoilt = {split: tuple(map(shuffle, rows)) for split, rows in corpus.splits.items()}
        corpus = replace(corpus, splits=spoilt)
    train = corpus.splits.get("train", ())
    if config.train_subset is None or config.train_subset >= len(train):
        return corpus
    rows = sorted(Random(0).sample(range(len(train)), config.train_subset))
    return replace(corpus, splits={**corpus.splits, "train": tuple(train[row] for row in rows)})


def join_entities(trees: Iterable[Sentence], annotated: Iterable[Sentence]) -> tuple[Sentence, ...]:
    """The sentences of one file with the entities of another, paired by id.

    Raises:
        InputError: An id is missing on either side or given twice, or the tokens differ.
    """
    entities_of: dict[str | None, Sentence] = {}
    for sentence in annotated:
        if sentence.id in entities_of:
            raise InputError(f"expected every sent_id once, got {sentence.id} twice")
        entities_of[sentence.id] = sentence
    joined = []
    for tree in trees:
        other = entities_of.pop(tree.id, None)
        if other is None:
            raise InputError(f"expected entities for sent_id {tree.id}, got none")
        if other.tokens != tree.tokens:
            ours, theirs = " ".join(tree.tokens), " ".join(other.tokens)
            raise InputError(f"expected sent_id {tree.id} to read {ours!r}, got {theirs!r}")
        joined.append(tree.replace(entities=other.entities) if other.entities else tree)
    if entities_of:
        raise InputError(f"expected a tree for sent_id {next(iter(entities_of))}, got none")
    return tuple(joined)


def keep_labels(
    sentences: Iterable[Sentence], labels: Iterable[str]
) -> tuple[list[Sentence], Counter[str]]:
    """The sentences with entities of these labels alone; the tokens read as O, by other label."""
    labels = set(labels)
    kept = []
    dropped: Counter[str] = Counter()
    for sentence in sentences:
        others = [entity for entity in sentence.entities if entity.label not in labels]
        for entity in others:
            dropped[entity.label] += entity.end - entity.start
        if others:
            sentence = sentence.replace(entities=set(sentence.entities).difference(others))
        kept.append(sentence)
    return kept, dropped


def _load_sample(data_dir: Path | None, splits: Sequence[str], notes: list[str]) -> Splits:
    package = Path(__file__).parents[1]
    places = [package / "sample", package.parent / "datasets" / "sample"]  # wheel, repository
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        raise InputError(f"expected the sample corpus in {places[1]}, got nothing there")
    return {split: tuple(read_sentences(folder / f"{split}.conllu")) for split in splits}


def _load_uner_ewt(data_dir: Path | None, splits: Sequence[str], notes: list[str]) -> Splits:
    folder = find_folder("uner-ewt", data_dir)
    loaded = {}
    for split in splits:
        trees, tags = (_locate(file, folder, notes) for file in _UNER_EWT[split])
        report = ReadReport()
        annotated, dropped = keep_labels(
            read_sentences(tags, repair=True, report=report), ("LOC", "ORG", "PER")
        )
        for label, tokens in sorted(dropped.items()):
            notes.append(f"{split}: {_count(tokens, 'token')} labelled {label} read as O")
        if report.repaired_tags:
            notes.append(f"{split}: {_count(report.repaired_tags, 'invalid tag')} repaired")
        loaded[split] = join_entities(read_sentences(trees), annotated)
    return loaded


def _load_uner_zh_gsd(data_dir: Path | None, splits: Sequence[str], notes: list[str]) -> Splits:
    folder = find_folder("uner-zh-gsd", data_dir)
    if folder is None:
        raise InputError(
            f"expected uner-zh-gsd, which cannot be downloaded, in a folder given by --data-dir or "
            f"{DATA_DIR_VARIABLE}"
        )
    return {split: tuple(read_sentences(folder / f"{split}.conllx")) for split in splits}


def _locate(file: PinnedFile, folder: Path | None, notes: list[str]) -> Path:
    """The file in the user's folder, whatever its version, else as pinned from cache or network."""
    if folder is None:
        return fetch(file, "uner-ewt")
    path = folder / file.path
    if not path.is_file():
        raise InputError(f"expected the file {path}, got none there")
    blob = git_blob_id(path.read_bytes())
    if blob != file.blob:
        notes.append(f"{path} is git blob {blob}, not {file.blob} of commit {file.commit}")
    return path


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _uner_ewt(split: str, tree_blob: str, tag_blob: str) -> tuple[PinnedFile, PinnedFile]:
    name = f"en_ewt-ud-{split}"
    return (
        PinnedFile(
            "UniversalDependencies/UD_English-EWT",
            "c491d62a7a0447946ac85b11308083ea61328ece",
            f"{name}.conllu",
            tree_blob,
        ),
        PinnedFile(
            "UniversalNER/UNER_English-EWT",
            "8ed072de2fd24022cc62458997fe96a8fe191ea4",
            f"{name}.iob2",
            tag_blob,
        ),
    )


_UNER_EWT = {
    split: _uner_ewt(split, *blobs)
    for split, blobs in {
        "train": (
            "9681e69114694a23199d595fc5a191c96b0f47fb",
            "b2423d72f37f2226e56cbe750da76f820e6c36a9",
        ),
        "dev": (
            "7f74c99caf3ada79abe33724d054cf01542d09e7",
            "ba19f8b2c24da16a9131408b5f07e3a3f0bdc5b8",
        ),
        "test": (
            "bec98b77a03f9abc32eff8de0e85e1cc2edc51b6",
            "45c5da3de8d9908dfff8d1883837ae4c42d48424",
        ),
    }.items()
}

CORPORA = {
    "sample": CorpusSpec(
        description="English sentences written for this project, with trees: PER, ORG, LOC, MISC.",
        licence="Apache-2.0",
        source="datasets/sample",
        load=_load_sample,
    ),
    "uner-ewt": CorpusSpec(
        description="UD English-EWT trees with the entities of Universal NER: PER, ORG, LOC.",
        licence="CC BY-SA 4.0",
        source="https://github.com/UniversalNER/UNER_English-EWT",
        load=_load_uner_ewt,
    ),
    "uner-zh-gsd": CorpusSpec(
        description="UD Chinese-GSD 1.4 trees with the entities of Universal NER: PER, ORG, LOC.",
        licence="CC BY-SA 4.0",
        source="local files only",
        load=_load_uner_zh_gsd,
    ),
}
