"""F1 of the rows of a study and differences between them, over documents and seeds."""

from collections.abc import Mapping, Sequence

import numpy as np

from synner_graph.errors import InputError
from synner_graph.evaluation.scores import Score
from synner_graph.evaluation.significance import (
    Estimate,
    compare,
    paired_bootstrap,
    same_trainings,
)
from synner_graph.study.grid import Protocol
from synner_graph.study.results import Record, counts_from_text

Side = Sequence[Record]
"""The records of a row, one for each seed."""


def f1_of(sides: Sequence[Side], protocol: Protocol | None = None) -> list[Estimate | None]:
    """Estimate the F1 of rows, on the same documents.

    Args:
        sides: The rows.
        protocol: How they are scored; None for the given trees.

    Returns:
        One each; None where the protocol asks for trees that a model does not make.

    Raises:
        InputError: The records are of different splits.
    """
    rows = [side for side in sides if scored(side, protocol)]
    found = iter(compare(unit_counts(rows, protocol)).f1 if rows else ())
    return [next(found) if scored(side, protocol) else None for side in sides]


def difference(ours: Side, control: Side, protocol: Protocol | None = None) -> Estimate | None:
    """Compare the F1 of a row with that of the control, by a paired bootstrap.

    Args:
        ours: The row.
        control: The control.
        protocol: How both are scored; None for the given trees.

    Returns:
        The difference; None where the protocol asks for trees that a model does not make.

    Raises:
        InputError: The records are of different splits.
    """
    if not (scored(ours, protocol) and scored(control, protocol)):
        return None
    row, other = unit_counts([ours, control], protocol)
    return paired_bootstrap(row, other)


def change(records: Side, protocol: Protocol) -> Estimate | None:
    """Compare the F1 of models by a protocol with that of the same models on the given trees.

    Args:
        records: The models' row.
        protocol: How they are scored.

    Returns:
        The difference; None where the protocol asks for trees that the models do not make.

    Raises:
        InputError: The records are of different splits.
    """
    if not scored(records, protocol):
        return None
    (ours,), (given,) = unit_counts([records], protocol), unit_counts([records])
    return same_trainings(ours, given)


def scored(records: Side, protocol: Protocol | None) -> bool:
    """Say whether records have scores by a protocol."""
    return protocol is None or all(record["protocols"][protocol] for record in records)


def judged_documents(records: Side) -> list[int] | None:
    """Return the number of sentences of each document on which records are judged.

    Records from before there were documents borrow those of another one. None where no record
    knows them.

    Raises:
        InputError: The records are of different splits.
    """
    if len({bool(record["test"]) for record in records}) > 1:
        raise InputError("Some of the records compared were judged on test, the others on dev.")
    found = {tuple(record["documents"]) for record in records if "documents" in record}
    if len(found) > 1:
        raise InputError("The records compared were judged on different documents.")
    return list(found.pop()) if found else None


def unit_counts(sides: Sequence[Side], protocol: Protocol | None = None) -> list[np.ndarray]:
    """Count gold, predicted and correct entities by document, the same documents for all rows.

    Where no record knows its documents, sentences take their place.

    Args:
        sides: The rows.
        protocol: How all are scored; None for the given trees.

    Returns:
        An array for each row. *Shape of each:* [seeds, documents, 3]

    Raises:
        InputError: The records are of different splits.
    """
    sizes = judged_documents([record for side in sides for record in side])
    counts = [[_counts(record, protocol) for record in side] for side in sides]
    rows = sorted({row for side in counts for one in side for row in one})
    if sizes is None:
        unit = {row: number for number, row in enumerate(rows)}
        units = len(rows)
    else:
        units = len(sizes)
        of_sentence = np.repeat(np.arange(units), sizes)
        known = np.arange(units) if protocol == "raw" else of_sentence  # raw: by document already
        if rows and rows[-1] >= len(known):
            raise InputError(
                f"A record has counts of row {rows[-1]}, but its documents end at {len(known) - 1}."
            )
        unit = {row: int(known[row]) for row in rows}
    return [np.stack([_array(one, unit, units) for one in side]) for side in counts]


def _counts(record: Record, protocol: Protocol | None) -> dict[int, Score]:
    """Return the counts by sentence; those from raw text, by document."""
    if protocol is None:
        return counts_from_text(record["per_sentence"])
    held = record["protocols"][protocol]
    return counts_from_text(held["per_document" if protocol == "raw" else "per_sentence"])


def _array(counts: Mapping[int, Score], unit: Mapping[int, int], units: int) -> np.ndarray:
    array = np.zeros((units, 3))
    for row, score in counts.items():
        array[unit[row]] += (score.gold, score.predicted, score.correct)
    return array
