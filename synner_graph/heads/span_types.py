"""What the span head is told: its settings, gold entities, and marks of tokens."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field
from torch import Tensor

from synner_graph.config import Section
from synner_graph.graph.tensors import Tensors

NULL = 0
"""The class of a span that is no entity; label `labels[i]` is class `i + 1`."""


class SpanOptions(Section):
    """Options of `span`."""

    max_width: int | None = Field(
        None, gt=0, description="widest candidate, in tokens; default: widest entity in train"
    )
    hidden_size: int = Field(150, gt=0, description="width of a candidate's hidden layer")
    width_size: int = Field(25, gt=0, description="width of the embedding of a span's width")
    endpoints: bool = Field(True, description="read the first and last token")
    width: bool = Field(True, description="read the number of tokens")
    pooling: bool = Field(True, description="read a self-attentive pooling of the tokens")
    morphology_size: int = Field(
        0, ge=0, description="vector of each token's case, summed over the span; 0: not read"
    )
    length_size: int = Field(
        0, ge=0, description="embedding of the number of sub-tokens; 0: not read"
    )
    decode: Literal["flat", "nested", "greedy", "all"] = Field(
        "flat",
        description="which spans are entities: the best set without overlaps, the best set without "
        "crossings, the most probable first as SPANNER prunes, or all that are more probably an "
        "entity than none",
    )
    negative_weight: float = Field(0.5, gt=0, description="loss weight of non-entities")


@dataclass(frozen=True, eq=False)
class SpanGold(Tensors):
    """The M gold entities that are candidates.

    Attributes:
        starts: The row of each one's first token.
            *Shape:* [M]
        widths: How many tokens each has.
            *Shape:* [M]
        classes: The class of its label: that of `labels[i]` is `i + 1`.
            *Shape:* [M]
    """

    starts: Tensor
    widths: Tensor
    classes: Tensor


@dataclass(frozen=True, eq=False)
class SpanMarks(Tensors):
    """What is summed over the tokens of a span; None where it is no feature.

    Attributes:
        cases: Position in CASES of each token's case.
            *Shape:* [N]
        pieces: How many pieces, or characters, each token has.
            *Shape:* [N]
    """

    cases: Tensor | None
    pieces: Tensor | None
