"""Read the sentences of a corpus: find its files and join them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from synner_graph.config import TextConfig
from synner_graph.data.corpora.cache import cached_sentences
from synner_graph.data.corpora.known import CORPORA, CorpusSpec
from synner_graph.data.corpora.pinned import DATA_DIR_VARIABLE, fetch, find_folder
from synner_graph.data.formats import DOCUMENT_FORMATS, ReadReport, read_sentences
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.files import bundled

Splits = dict[str, tuple[Sentence, ...]]
"""The sentences of a corpus by `train`, `dev` and `test`."""


def join_entities(trees: Iterable[Sentence], annotated: Iterable[Sentence]) -> tuple[Sentence, ...]:
    """Give the sentences of one file the entities of another, paired by id.

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
    """Keep the entities of these labels alone, and count the tokens of the others by label."""
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


def _read_sample(
    data_dir: Path | None, splits: Sequence[str], notes: list[str], cache: bool
) -> Splits:
    folder = bundled("sample")
    files = {split: folder / f"{split}.conllu" for split in splits}
    reading = {"format": "conllu"}
    return {split: read_file(files[split], split, notes, cache, reading) for split in splits}


def _read_uner_ewt(
    data_dir: Path | None, splits: Sequence[str], notes: list[str], cache: bool
) -> Splits:
    folder = _folder("uner-ewt", data_dir, notes)
    spec = CORPORA["uner-ewt"]
    loaded = {}
    for split in splits:
        trees, tags = _paths("uner-ewt", spec, split, folder, notes)

        def read(
            said: list[str], split: str = split, trees: Path = trees, tags: Path = tags
        ) -> tuple[Sentence, ...]:
            report = ReadReport()
            tagged = read_sentences(tags, repair=spec.repaired, report=report)
            annotated, dropped = keep_labels(tagged, ("LOC", "ORG", "PER"))
            for label, tokens in sorted(dropped.items()):
                said.append(f"{split}: {_count(tokens, 'token')} labelled {label} read as O")
            if report.repaired_tags:
                said.append(f"{split}: {_count(report.repaired_tags, 'invalid tag')} repaired")
            return join_entities(read_sentences(trees), annotated)

        settings = {"corpus": "uner-ewt", "split": split}
        loaded[split] = cached_sentences((trees, tags), settings, read, notes, cache)
    return loaded


def read_folder(
    name: str,
    spec: CorpusSpec,
    data_dir: Path | None,
    splits: Sequence[str],
    notes: list[str],
    cache: bool,
    options: dict[str, Any],
) -> Splits:
    """Read a corpus whose folder holds one file for each split.

    Args:
        name: Of the corpus.
        spec: What is known of it.
        data_dir: The folder that holds the corpus's own folder, if the user gave one.
        splits: Which parts.
        notes: Gets a line for each thing that was changed or differs.
        cache: Whether to keep what is read in the user's cache, and to look for it there.
        options: Options of `read_sentences` that replace what is known of the corpus.

    Raises:
        InputError: A file is not to be had, or cannot be read.
    """
    folder = _folder(name, data_dir, notes)
    loaded = {}
    for split in splits:
        (path,) = _paths(name, spec, split, folder, notes)
        roots = {"multiple_roots": True} if spec.multiple_roots else {}
        reading = {"format": spec.format, "scheme": spec.scheme} | roots | options
        loaded[split] = read_file(path, split, notes, cache, reading, spec.segmented)
    return loaded


def read_file(
    path: Path,
    split: str,
    notes: list[str],
    cache: bool,
    reading: dict[str, Any],
    segmented: bool = False,
    text: TextConfig | None = None,
) -> tuple[Sentence, ...]:
    """Read the sentences of a file.

    Args:
        path: The file.
        split: Its name, for the notes.
        notes: Gets a line for what was repaired.
        cache: Whether to keep what is read in the user's cache, and to look for it there.
        reading: Options of `read_sentences`, the format among them.
        segmented: Whether each token is a character and the digit of its place in the word; the
            digit is removed.
        text: How texts of annotation tools are cut; see `read_sentences`.

    Raises:
        InputError: The file cannot be read.
    """

    def read(said: list[str]) -> Iterator[Sentence]:
        report = ReadReport()
        sentences = read_sentences(path, **reading, report=report, text=text)
        yield from map(_without_places, sentences) if segmented else sentences
        if report.repaired_tags:
            said.append(f"{split}: {_count(report.repaired_tags, 'invalid tag')} repaired")
        if report.unmarked:
            said.append(
                f"{split}: {_count(report.unmarked, 'text')} that nobody annotated, read as texts "
                "without entities"
            )
        if report.empty:
            said.append(f"{split}: {_count(report.empty, 'text')} without a token left out")

    settings = reading | {"split": split, "segmented": segmented}
    if text is not None and reading["format"] in DOCUMENT_FORMATS:
        settings["text"] = text.model_dump()
    return cached_sentences([path], settings, read, notes, cache)


def _folder(name: str, data_dir: Path | None, notes: list[str]) -> Path | None:
    """Find the user's folder of a corpus; None if it is absent and the corpus can be downloaded."""
    spec = CORPORA[name]
    try:
        folder = find_folder(name, data_dir)
    except InputError:
        if not spec.pinned:
            raise
        notes.append(f"{data_dir} holds no folder {name}: its published files are read")
        return None
    if folder is None and not spec.pinned:
        raise InputError(
            f"expected {name}, which cannot be downloaded, in a folder given by --data-dir or "
            f"{DATA_DIR_VARIABLE}: {spec.source}"
        )
    return folder


def _without_places(sentence: Sentence) -> Sentence:
    """Remove the digit behind each character that gives its place in the word."""
    for token in sentence.tokens:
        if len(token) < 2 or not token[-1].isdigit():
            raise InputError(f"expected a character and its place in the word, got {token!r}")
    return sentence.replace(tokens=[token[:-1] for token in sentence.tokens])


def _paths(
    name: str, spec: CorpusSpec, split: str, folder: Path | None, notes: list[str]
) -> list[Path]:
    """Return the files of a split: any version in the user's folder, else the pinned ones."""
    pinned = spec.pinned.get(split, ())
    if folder is None:
        return [fetch(file, name) for file in pinned]
    paths = [folder / file for file in spec.files[split]]
    for path in paths:
        if not path.is_file():
            raise InputError(f"expected the file {path}, got none there")
    for file, path in zip(pinned, paths, strict=bool(pinned)):
        got = file.checksum_of(path.read_bytes())
        if got != file.checksum:
            known = f"{file.kind} {got}, not {file.checksum}"
            notes.append(f"{path} is {known} of commit {file.commit}")
    return paths


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


LOADERS: dict[str, Callable[[Path | None, Sequence[str], list[str], bool], Splits]] = {
    "sample": _read_sample,
    "uner-ewt": _read_uner_ewt,
}
"""Corpora that are more than a file a split: data folder, splits, notes to add to, cache or not."""
