"""What the biaffine head is told: its settings, and gold trees."""

from dataclasses import dataclass

from pydantic import Field
from torch import Tensor

from synner_graph.config import Section
from synner_graph.graph.tensors import Tensors


@dataclass(frozen=True, eq=False)
class TreeGold(Tensors):
    """The gold trees of a batch.

    Attributes:
        heads: Head of each token, counted in its sentence; `ROOT` for a root.
            *Shape:* [N]
        relations: Position in `BiaffineHead.relations` of each token's relation.
            *Shape:* [N]
    """

    heads: Tensor
    relations: Tensor


class BiaffineOptions(Section):
    """Options of `biaffine`."""

    arc_size: int = Field(256, gt=0, description="width of an arc's end")
    relation_size: int = Field(128, gt=0, description="width of a relation's end")
    dropout: float = Field(0.3, ge=0, lt=1, description="on both")
    weight: float = Field(0.1, gt=0, description="of its loss beside the head's")
    jackknife: int | None = Field(
        None,
        gt=1,
        description="learn entities on trees as the parser gives them: cut the training split into "
        "this many parts, and parse each with a parser that learned from the others",
    )
    own_trees: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the training sentences that are read with the tree that the parser "
        "gives them at that moment; it rises evenly from 0 in the first epoch to this in the last",
    )
    tree_noise: float = Field(
        0.0,
        ge=0,
        description="how far those trees stray from the best ones: scale of the Gumbel noise on "
        "the scores of arcs and relations",
    )
    soft_heads: int = Field(
        0,
        ge=0,
        description="the graph has the arcs to this many best heads of each token, each weighted "
        "by its probability, in training and prediction; 0: those of one tree",
    )
    soft_relations: int = Field(
        1,
        ge=1,
        description="each of these arcs is an edge for each of its this many best relations, which "
        "share its weight by their probabilities; 1: the best relation has all of it",
    )
