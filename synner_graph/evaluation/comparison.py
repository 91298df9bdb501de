"""Systems compared on the same sentences: F1, differences, and where they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synner_graph.data.documents import document_sizes
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.buckets import Forms, bucket_counts
from synner_graph.evaluation.intervals import by_unit, unit_of
from synner_graph.evaluation.scores import score_entities
from synner_graph.evaluation.significance import Estimate, compare, holm, randomisation

Entities = Sequence[Sequence[Entity]]
"""The entities of every sentence."""
TYPE = "type"
"""The family of buckets that sorts entities by their labels."""


@dataclass(frozen=True)
class Group:
    """A system: one training, or several that differ in their seeds.

    Attributes:
        name: What it is called.
        trainings: What each training found.
    """

    name: str
    trainings: Sequence[Entities]


@dataclass(frozen=True)
class Versus:
    """The first system beside another one.

    Attributes:
        name: Of the other one.
        difference: F1 of the first less that of the other.
        p_randomisation: Of the exchange of documents; about these trainings alone.
        corrected: The p-value of the difference by Holm's correction over all comparisons.
        corrected_randomisation: The same for the other p-value.
    """

    name: str
    difference: Estimate
    p_randomisation: float
    corrected: float
    corrected_randomisation: float


@dataclass(frozen=True)
class Bucket:
    """The entities of one kind.

    Attributes:
        family: What they are sorted by.
        name: Of the kind.
        gold: How many gold entities there are.
        f1: Of each system.
        differences: Of the first system to each other one; not corrected.
    """

    family: str
    name: str
    gold: int
    f1: Sequence[Estimate]
    differences: Sequence[Estimate]


@dataclass(frozen=True)
class SystemComparison:
    """What a comparison says.

    Attributes:
        names: Of the systems, the first of which is compared with all others.
        trainings: How many each has.
        unit: What was resampled: documents, or sentences where there are no documents.
        units: How many there are.
        f1: Of each system.
        versus: The first system beside each other one.
        buckets: All kinds of entities.
    """

    names: Sequence[str]
    trainings: Sequence[int]
    unit: str
    units: int
    f1: Sequence[Estimate]
    versus: Sequence[Versus]
    buckets: Sequence[Bucket]

    def standing_out(self, other: int, most: int, gold: int = 10) -> list[Bucket]:
        """Return the kinds in which the first system and another differ most surely.

        Args:
            other: Number of the other system in `versus`.
            most: How many kinds at most.
            gold: Kinds with fewer gold entities are left out.
        """
        large = [bucket for bucket in self.buckets if bucket.gold >= gold]
        return sorted(large, key=lambda bucket: bucket.differences[other].p)[:most]

    def to_json(self) -> dict[str, Any]:
        """The object that `compare --json` prints."""
        return {
            "unit": self.unit,
            "units": self.units,
            "systems": [
                {"name": name, "trainings": trainings, "f1": _json(f1)}
                for name, trainings, f1 in zip(self.names, self.trainings, self.f1, strict=True)
            ],
            "differences": [
                {
                    "first": self.names[0],
                    "second": versus.name,
                    **_json(versus.difference),
                    "p": versus.difference.p,
                    "p_holm": versus.corrected,
                    "p_randomisation": versus.p_randomisation,
                    "p_randomisation_holm": versus.corrected_randomisation,
                }
                for versus in self.versus
            ],
            "buckets": [
                {
                    "family": bucket.family,
                    "name": bucket.name,
                    "gold": bucket.gold,
                    "f1": [_json(f1) for f1 in bucket.f1],
                    "differences": [_json(gap) | {"p": gap.p} for gap in bucket.differences],
                }
                for bucket in self.buckets
            ],
        }


def groups_of(arguments: Sequence[str]) -> dict[str, list[str]]:
    """Read which paths are trainings of one system: `NAME=PATH,PATH...`, or a path alone.

    Returns:
        Paths by name; the name of a path alone is the path.

    Raises:
        InputError: There are fewer than two systems, two of one name, or a group without paths.
    """
    groups: dict[str, list[str]] = {}
    for argument in arguments:
        name, equals, paths = argument.partition("=")
        if not equals or Path(argument).exists():
            name, paths = argument, argument
            parts = [argument]
        else:
            parts = paths.split(",")
        if not name or not all(parts):
            raise InputError(f"expected NAME=PATH,PATH or a path, got {argument!r}")
        if name in groups:
            raise InputError(f"expected a name for each system, got {name!r} twice")
        groups[name] = parts
    if len(groups) < 2:
        raise InputError(f"expected two systems or more, got {len(groups)}")
    return groups


def compare_systems(
    gold: Sequence[Sentence], groups: Sequence[Group], forms: Forms | None = None
) -> SystemComparison:
    """Compare the first system with all others on gold entities.

    Args:
        gold: Sentences with their gold entities, in the order of their documents.
        groups: The systems, two or more.
        forms: Of the training split, for the kinds of seen and unseen forms (`forms_of`).
    """
    sizes = document_sizes(gold)
    counted = [
        [by_kind(gold, training, forms, sizes) for training in group.trainings] for group in groups
    ]
    kinds = list(dict.fromkeys(kind for group in counted for one in group for kind in one))
    none = np.zeros((len(sizes), 3))
    # [system][kind] -> [seeds, documents, 3]
    systems = [
        [np.stack([one.get(kind, none) for one in group]) for kind in kinds] for group in counted
    ]
    flat = [counts for system in systems for counts in system]
    others = range(1, len(groups))
    pairs = [(k, other * len(kinds) + k) for other in others for k in range(len(kinds))]
    found = compare(flat, pairs)
    f1 = [found.f1[i : i + len(kinds)] for i in range(0, len(flat), len(kinds))]
    gaps = [found.differences[i : i + len(kinds)] for i in range(0, len(pairs), len(kinds))]
    exchanged = [randomisation(systems[0][0], systems[other][0]) for other in others]
    corrected = holm([gap[0].p for gap in gaps])
    versus = zip(others, gaps, exchanged, corrected, holm(exchanged), strict=True)
    return SystemComparison(
        names=[group.name for group in groups],
        trainings=[len(group.trainings) for group in groups],
        unit=unit_of(gold),
        units=len(sizes),
        f1=[system[0] for system in f1],
        versus=[Versus(groups[i].name, gap[0], *ps) for i, gap, *ps in versus],
        buckets=[
            Bucket(
                family,
                name,
                int(systems[0][k][0, :, 0].sum()),
                [system[k] for system in f1],
                [gap[k] for gap in gaps],
            )
            for k, (family, name) in enumerate(kinds)
            if family
        ],
    )


Kind = tuple[str, str]
"""A family of buckets and a bucket; empty for all entities."""


def by_kind(
    gold: Sequence[Sentence], found: Entities, forms: Forms | None, sizes: Sequence[int]
) -> dict[Kind, np.ndarray]:
    """Count gold, predicted and correct entities of each kind in each document.

    Args:
        gold: Sentences with their gold entities, in the order of their documents.
        found: The entities that a training found in each.
        forms: Of the training split, for the kinds of seen and unseen forms.
        sizes: The number of sentences of each document.

    Returns:
        All entities under `("", "")`, then every kind. *Shape of each:* [documents, 3]
    """
    report = score_entities((sentence.entities for sentence in gold), found, TYPE)
    types = dict(zip(report.per_type, report.counts, strict=True))
    families: dict[str, Mapping[str, np.ndarray]] = {TYPE: types}
    families |= bucket_counts(gold, found, forms)
    counts = {
        (family, name): by_unit(bucket, sizes)
        for family, buckets in families.items()
        for name, bucket in buckets.items()
    }
    every = [bucket for (family, _), bucket in counts.items() if family == TYPE]
    return {("", ""): np.sum(every, axis=0) if every else np.zeros((len(sizes), 3)), **counts}


def _json(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, **estimate.ends}
