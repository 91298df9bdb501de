"""Read and score the systems that `eval --system` names."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from synner_graph.cli.console import print_notes
from synner_graph.cli.reading import Reading
from synner_graph.data.sentence import Sentence
from synner_graph.evaluation.scores import Report, score_entities
from synner_graph.evaluation.signature import Signature
from synner_graph.evaluation.systems import Runtime, read_systems
from synner_graph.evaluation.systems.formats import RUN, has_tags, one_each, system_format
from synner_graph.evaluation.systems.system import Found


def score_systems(
    systems: Sequence[str],
    formats: Sequence[str],
    scheme: str | None,
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
        scheme: Of the systems; by default that of the gold file, if that was given.
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
    if scheme is None and any(has_tags(system_format(*pair)) for pair in named):
        scheme = reading.scheme
    read = read_systems(
        systems, sentences, formats, scheme=scheme, repair=reading.repair, runtime=runtime
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
