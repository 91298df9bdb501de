"""The names of the formats of systems."""

from collections.abc import Sequence
from pathlib import Path

from synner_graph.data.formats import FORMATS
from synner_graph.errors import InputError, suggest

OWN_SUFFIXES = {"seqeval": ".json"}
RUN = "run"
SYSTEM_FORMATS = (*FORMATS, *OWN_SUFFIXES, RUN)
SUFFIXES = {f".{name}": name for name in FORMATS} | {v: k for k, v in OWN_SUFFIXES.items()}
PREDICTED = {
    "spanner": "spanner-predicted",
    "spanner-spans": "spanner-spans-predicted",
    "label-studio": "label-studio-predicted",
}
"""A system is what a dump holds as predicted, also where the format's name stands for its gold."""


def one_each(formats: Sequence[str], paths: Sequence[object]) -> list[str | None]:
    """Spread formats over systems: none, one for all, or one each.

    Raises:
        InputError: There is another number of them.
    """
    if len(formats) == len(paths):
        return list(formats)
    if len(formats) > 1:
        raise InputError(
            f"expected one format for all {len(paths)} systems or one each, got {len(formats)}"
        )
    return [formats[0] if formats else None] * len(paths)


def scheme_each(schemes: Sequence[str], formats: Sequence[str]) -> list[str | None]:
    """Spread tag schemes over the systems whose format writes tags: none, one for all, or one each.

    Args:
        schemes: The schemes.
        formats: Of all systems.

    Returns:
        A scheme for each system; None where the format has its usual one, or no tags.

    Raises:
        InputError: There is another number of schemes, or no system has tags.
    """
    tagged = sum(map(has_tags, formats))
    if schemes and not tagged:
        raise InputError(f"expected no tagging scheme: {', '.join(formats)} have no tags")
    if len(schemes) > 1 and len(schemes) != tagged:
        raise InputError(
            f"expected one tag scheme for all {tagged} systems with tags or one each, got "
            f"{len(schemes)}"
        )
    given = iter(schemes if len(schemes) == tagged else [*schemes] * tagged)
    return [next(given, None) if has_tags(format) else None for format in formats]


def system_format(path: Path | str, format: str | None = None) -> str:
    """Return the name of a system's format: the one given, else by suffix, `run` for a folder.

    Raises:
        InputError: Neither is a known format, or the path is standard input.
    """
    if str(path) == "-":  # which cannot be read twice: for its sentences, and for what is in them
        raise InputError("expected a file or a run folder for a system, got standard input")
    name = format or (RUN if Path(path).is_dir() else SUFFIXES.get(Path(path).suffix))
    if name in SYSTEM_FORMATS:
        return PREDICTED.get(name, name)
    if format is not None:
        raise InputError(f"expected a format, got {format!r}.{suggest(format, SYSTEM_FORMATS)}")
    if not Path(path).exists():
        raise InputError(f"cannot read {path}: no such file or run folder")
    raise InputError(
        f"expected a run folder or a file named {', '.join(SUFFIXES)}, got {path}; "
        "name the format of any other (--format, for eval --system-format)"
    )


def has_tags(format: str) -> bool:
    """Say whether a format of systems writes entities as tags."""
    return format == "seqeval" or (format in FORMATS and bool(FORMATS[format].scheme))
