"""Soft targets for the tests of heads: teachers whose probabilities are of sets of entities."""

import random
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from synner_graph.data.sentence import Entity
from synner_graph.heads.soft import SoftTarget
from tests.fixtures import random_entities

LABELS = ("LOC", "PER")


def flat_teacher(draw: random.Random, length: int, sets: int = 4) -> tuple[Entity, ...]:
    """Probabilities of entities under a random distribution over sets that share no tokens."""
    weights = [draw.random() for _ in range(sets)]
    found: dict[Entity, float] = {}
    for weight in weights:
        for entity in random_entities(draw, length, LABELS):
            found[entity] = found.get(entity, 0) + weight / sum(weights)
    return tuple(Entity(e.start, e.end, e.label, p) for e, p in sorted(found.items()))


def random_targets(draw: random.Random, lengths: Sequence[int]) -> list[SoftTarget]:
    """Sentences with and without gold entities, a teacher for each, and any share of it."""
    return [
        SoftTarget(
            length,
            None if number % 3 == 1 else tuple(random_entities(draw, length, LABELS)),
            flat_teacher(draw, length),
            draw.uniform(0.1, 1),
        )
        for number, length in enumerate(lengths)
    ]


def certain(
    targets: Sequence[Sequence[Entity]], lengths: Sequence[int], share: float
) -> list[SoftTarget]:
    """A teacher that says of each sentence what its gold entities say."""
    return [
        SoftTarget(
            length,
            tuple(entities),
            tuple(Entity(e.start, e.end, e.label, 1.0) for e in entities),
            share,
        )
        for entities, length in zip(targets, lengths, strict=True)
    ]


def gradients(loss: Tensor, head: nn.Module, h: Tensor) -> list[Tensor]:
    """By the states and by every weight of the head; 0 where the loss does not read one."""
    leaves = [h, *head.parameters()]
    found = torch.autograd.grad(loss, leaves, allow_unused=True)
    return [
        torch.zeros_like(leaf) if one is None else one
        for leaf, one in zip(leaves, found, strict=True)
    ]
