"""What any system found in given sentences: files of every format, and run folders.

The sentences are those of a gold file, or of whatever else the systems read. A system's tokens must
be theirs, one by one; its entities are counted in their tokens.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from synner_graph.data.formats import read_sentences
from synner_graph.data.schemes import check_scheme
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.systems import docbin, files, runs, tag_lists
from synner_graph.evaluation.systems.formats import (
    RUN,
    SYSTEM_FORMATS,
    has_tags,
    one_each,
    scheme_each,
    system_format,
)
from synner_graph.evaluation.systems.system import Runtime, System, SystemOptions

__all__ = [
    "SYSTEM_FORMATS",
    "Runtime",
    "System",
    "read_system",
    "read_systems",
    "sentences_of",
    "system_format",
]

Reader = Callable[[str, Sequence[Sentence], SystemOptions], System]

READERS: dict[str, Reader] = {
    "seqeval": tag_lists.read,
    "spacy": docbin.read,
    RUN: runs.read,
}


def read_system(
    path: Path | str,
    sentences: Sequence[Sentence],
    format: str | None = None,
    *,
    scheme: str | None = None,
    repair: bool = False,
    runtime: Runtime | None = None,
) -> System:
    """Read what a system found in given sentences.

    Args:
        path: A file, or a run folder, which names the sentences now.
        sentences: What the system read, such as the sentences of a gold file.
        format: A name in `SYSTEM_FORMATS`; by default that of the suffix, `run` for a folder.
        scheme: The tagging scheme; by default the usual one of the format, if it writes tags.
        repair: Read invalid tag sequences by conlleval's rule, with a note, instead of refusing.
        runtime: How a run folder is run.

    Returns:
        The entities of every sentence.

    Raises:
        InputError: The format is unknown, the file cannot be read, is malformed, has more or fewer
            sentences, or other tokens: the first difference is named.
    """
    name = system_format(path, format)
    if scheme is not None:
        check_scheme(scheme)
        if not has_tags(name):
            raise InputError(f"expected no tagging scheme for {path}: {name} has no tags")
    options = SystemOptions(name, scheme, repair, runtime or Runtime())
    return READERS.get(name, files.read)(str(path), sentences, options)


def read_systems(
    paths: Sequence[Path | str],
    sentences: Sequence[Sentence],
    formats: Sequence[str] = (),
    *,
    schemes: Sequence[str] = (),
    repair: bool = False,
    runtime: Runtime | None = None,
) -> list[System]:
    """Read several systems; see `read_system`.

    Args:
        formats: None, one for all systems, or one each.
        schemes: None, one for all systems whose format writes tags, or one for each of these.

    Raises:
        InputError: As `read_system`; also for another number of formats or schemes, a scheme where
            no system has tags, and two systems of one name.
    """
    names = [system_format(*pair) for pair in zip(paths, one_each(formats, paths), strict=True)]
    for path in paths:
        if list(map(str, paths)).count(str(path)) > 1:
            raise InputError(f"expected each system once, got {path} twice")
    each = zip(paths, names, scheme_each(schemes, names), strict=True)
    return [
        read_system(path, sentences, name, scheme=scheme, repair=repair, runtime=runtime)
        for path, name, scheme in each
    ]


def sentences_of(
    path: Path | str, format: str | None = None, *, scheme: str | None = None, repair: bool = False
) -> list[Sentence] | None:
    """Return the sentences that a system's file holds, with its entities.

    Returns:
        None if it holds none of its own: a run folder, and lists of tags.

    Raises:
        InputError: As for `read_system`.
    """
    name = system_format(path, format)
    if name in (RUN, "seqeval"):
        return None
    known = scheme if has_tags(name) else None
    return list(read_sentences(path, name, scheme=known, repair=repair, multiple_roots=True))
