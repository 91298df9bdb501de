"""Scores by kind of entity: seen or unseen, long or short, in one piece of the tree or not.

Each entity, gold or predicted, stands in one bucket of each family, by what can be read off its
tokens, its sentence and the training split. So a correct entity counts in the same bucket for gold
and predicted, and a bucket has precision, recall and F1 (Fu, Liu and Neubig, EMNLP 2020).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synner_graph.data.documents import documents
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.trees import is_subtree, tree_distance
from synner_graph.evaluation.counts import Counts, count, with_sides

Form = tuple[str, ...]
"""The tokens of an entity."""
Forms = Mapping[Form, frozenset[str]]
"""The labels that each form has in the training split."""


@dataclass(frozen=True)
class Place:
    """What an entity's bucket is read from.

    Attributes:
        sentence: With its gold entities.
        occurrences: How often each form stands in the sentence's document.
        forms: Those of the training split, if it is known.
    """

    sentence: Sentence
    occurrences: Mapping[Form, int]
    forms: Forms | None


@dataclass(frozen=True)
class Family:
    """One way to sort entities.

    Attributes:
        buckets: Their names, in order.
        find: The number of an entity's bucket.
        needs: What must be known: `train`, `trees` or nothing.
    """

    buckets: tuple[str, ...]
    find: Callable[[Place, Entity], int]
    needs: str = ""


def _ranges(value: Callable[[Place, Entity], int], *starts: int) -> dict[str, Any]:
    """Buckets of numbers that begin at `starts` and end before the next; the last has no end."""
    ends = (*(start - 1 for start in starts[1:]), None)
    names = tuple(
        f"{start}+" if end is None else str(start) if start == end else f"{start} to {end}"
        for start, end in zip(starts, ends, strict=True)
    )

    def find(place: Place, entity: Entity) -> int:
        return bisect_right(starts, value(place, entity)) - 1

    return {"buckets": names, "find": find}


def _seen(place: Place, entity: Entity) -> int:
    assert place.forms is not None
    labels = place.forms.get(form_of(place.sentence, entity))
    return 2 if labels is None else 0 if entity.label in labels else 1


def _density(place: Place, entity: Entity) -> int:
    tenfold, tokens = 10 * len(place.sentence.entities), len(place.sentence)
    return 0 if not tenfold else 1 + (tenfold >= tokens) + (tenfold >= 2 * tokens)


FAMILIES: dict[str, Family] = {
    "form in training": Family(
        ("seen with this type", "seen, other type", "unseen"), _seen, "train"
    ),
    "entity length": Family(**_ranges(lambda _, e: e.end - e.start, 1, 2, 3, 4, 6)),
    "sentence length": Family(**_ranges(lambda p, _: len(p.sentence), 1, 10, 20, 30, 50)),
    "entities per 10 tokens": Family(("none", "below 1", "1 to 2", "2 and more"), _density),
    "times in the document": Family(
        **_ranges(lambda p, e: p.occurrences[form_of(p.sentence, e)], 1, 2, 3, 6)
    ),
    "tree distance": Family(
        **_ranges(lambda p, e: tree_distance(p.sentence.heads or (), e), 0, 1, 2, 3, 4),
        needs="trees",
    ),
    "in the tree": Family(
        ("a whole subtree", "no whole subtree"),
        lambda p, e: int(not is_subtree(p.sentence.heads or (), e)),
        "trees",
    ),
}
"""By name. Density counts gold entities; the tree distance of an entity is the greatest number of
edges between two of its tokens."""


def form_of(sentence: Sentence, entity: Entity) -> Form:
    """Return the tokens of an entity."""
    return sentence.tokens[entity.start : entity.end]


def forms_of(training: Iterable[Sentence]) -> Forms:
    """Collect the forms of the training split's entities, with the labels that each has there."""
    forms: dict[Form, set[str]] = {}
    for sentence in training:
        for entity in sentence.entities:
            forms.setdefault(form_of(sentence, entity), set()).add(entity.label)
    return {form: frozenset(labels) for form, labels in forms.items()}


def bucket_counts(
    gold: Sequence[Sentence], predicted: Sequence[Sequence[Entity]], forms: Forms | None = None
) -> dict[str, dict[str, Counts]]:
    """Count gold, predicted and correct entities by bucket, for each sentence.

    Args:
        gold: Sentences with their gold entities, in the order of their documents.
        predicted: The entities found in each of them.
        forms: Of the training split (`forms_of`). Without them there is no family that says
            whether a form was seen; without trees in every sentence, none of trees.

    Returns:
        Families by name, in the order of `FAMILIES`; in each its buckets by name, empty ones too.
        The buckets of a family add up to the counts of all entities.

    Raises:
        ValueError: There are not equally many sentences on both sides.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"expected {len(gold)} sentences with predictions, got {len(predicted)}")
    known = {"": True, "train": forms is not None, "trees": all(s.heads is not None for s in gold)}
    families = {name: family for name, family in FAMILIES.items() if known[family.needs]}
    rows, numbers, sides = [], [], []
    row = 0
    for document in documents(gold):
        found = [set(entities) for entities in predicted[row : row + len(document)]]
        occurrences = _occurrences(document, found)
        for sentence, right in zip(document, found, strict=True):
            place = Place(sentence, occurrences, forms)
            for entity, side in with_sides(sentence.entities, right):
                rows.append(row)
                sides.append(side)
                numbers.append([family.find(place, entity) for family in families.values()])
            row += 1
    buckets = np.array(numbers, np.intp).reshape(len(rows), len(families))
    found_counts = {}
    for (name, family), column in zip(families.items(), buckets.T, strict=True):
        counts = count(column.tolist(), rows, sides, (len(family.buckets), len(gold)))
        found_counts[name] = dict(zip(family.buckets, counts, strict=True))
    return found_counts


def _occurrences(document: Sequence[Sentence], predicted: Sequence[set[Entity]]) -> Counter[Form]:
    """Count how often the form of each entity stands in the document, entity there or not."""
    by_first: dict[str, set[Form]] = {}
    for sentence, found in zip(document, predicted, strict=True):
        for entity in found.union(sentence.entities):
            form = form_of(sentence, entity)
            by_first.setdefault(form[0], set()).add(form)
    counts: Counter[Form] = Counter()
    for sentence in document:
        for start, token in enumerate(sentence.tokens):
            for form in by_first.get(token, ()):
                counts[form] += sentence.tokens[start : start + len(form)] == form
    return counts
