"""Systems on the command line: their options, and the scores of those that `eval` names."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from synner_graph.cli import options
from synner_graph.cli.console import print_notes
from synner_graph.cli.reading import Reading
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.scores import Report, score_entities
from synner_graph.evaluation.signature import Signature
from synner_graph.evaluation.systems import Runtime, read_systems
from synner_graph.evaluation.systems.formats import (
    RUN,
    SYSTEM_FORMATS,
    has_tags,
    one_each,
    system_format,
)
from synner_graph.evaluation.systems.system import Found

SystemFormats = Annotated[
    list[str] | None,
    typer.Option(
        help="Format of the systems: one for all, or the option once for each; default: by "
        f"suffix. Formats: {', '.join(SYSTEM_FORMATS)}.",
        rich_help_panel=options.DATA,
    ),
]
SystemScheme = Annotated[
    list[str] | None,
    typer.Option(
        help="Tag scheme of the systems: one for all that write tags, or the option once for each "
        "of these; default: the usual one of each format.",
        rich_help_panel=options.DATA,
    ),
]
SystemParser = Annotated[
    str | None,
    typer.Option(
        help="Where run folders find trees: run, spacy:PACKAGE, stanza:LANGUAGE; default: in "
        "the sentences.",
        rich_help_panel=options.RUNTIME,
    ),
]


def check_parser(
    parser: str | None, systems: Sequence[Path | str], formats: Sequence[str] = ()
) -> None:
    """Refuse a parser where there is no run folder that could read its trees.

    Raises:
        InputError: There is none.
    """
    has_run = RUN in formats or any(Path(system).is_dir() for system in systems)
    if parser is not None and not has_run:
        raise InputError("--parser gives trees to run folders, and none is named.")


def score_systems(
    systems: Sequence[str],
    formats: Sequence[str],
    schemes: Sequence[str],
    sentences: Sequence[Sentence],
    signature: Signature,
    split: str,
    reading: Reading,
    runtime: Runtime,
) -> dict[str, tuple[Report, Found]]:
    """Score systems against gold entities.

    Args:
        systems: A file or a run folder each.
        formats: Of the systems; where none is given that of the gold file, if that was given.
        schemes: Of the systems; where none is given that of the gold file, if that was given.
        sentences: With gold entities.
        signature: Of scores on these sentences.
        split: Name for the reports.
        reading: How the gold file is read.
        runtime: How run folders are run.

    Returns:
        The scores of each system, and what it found in every sentence.

    Raises:
        InputError: As `read_systems`.
    """
    folders = [Path(system).is_dir() for system in systems]
    if not formats and reading.format is not None:
        formats = [RUN if is_folder else reading.format for is_folder in folders]
    named = zip(systems, one_each(formats, systems), strict=True)
    has_any = any(has_tags(system_format(*pair)) for pair in named)
    if not schemes and reading.scheme is not None and has_any:
        schemes = [reading.scheme]
    read = read_systems(
        systems, sentences, formats, schemes=schemes, repair=reading.repair, runtime=runtime
    )
    gold = [sentence.entities for sentence in sentences]
    found = {}
    for system, is_folder in zip(read, folders, strict=True):
        print_notes(system.notes)
        report = score_entities(gold, system.entities, split)
        # What trees another program has read is not known here.
        signed = signature if is_folder else replace(signature, trees="")
        found[system.name] = replace(report, signature=signed), system.entities
    return found
