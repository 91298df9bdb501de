"""Embed what dictionaries say of each token: the types of the entries around it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from synner_graph.data.gazetteer import Gazetteer
from synner_graph.data.sentence import Sentence
from synner_graph.encoders.base import TokenEncoder
from synner_graph.graph.kinds.gazetteer import POSITIONS, positions
from synner_graph.graph.tensors import Tensors


@dataclass(frozen=True, eq=False)
class EntryIds(Tensors):
    """Types and positions of the matches that each token is part of.

    Attributes:
        ids: Those of one token after those of the other. *Shape:* [P]
        starts: The first of each token. *Shape:* [N]
    """

    ids: Tensor
    starts: Tensor


class GazetteerEncoder(TokenEncoder[EntryIds]):
    """The sum of a vector for each match around a token, by type and position.

    A model without a graph so reads what the edge kind `gazetteer` brings to one that has one.

    Args:
        gazetteer: Finds the matches.
        output_size: Width of the vectors.
    """

    def __init__(self, gazetteer: Gazetteer, output_size: int) -> None:
        super().__init__()
        self.gazetteer = gazetteer
        self.output_size = output_size
        count = len(gazetteer.types) * len(POSITIONS)
        self.embedding = nn.EmbeddingBag(count, output_size, mode="sum")

    def collate(self, sentences: Sequence[Sentence]) -> EntryIds:
        """See TokenEncoder."""
        ids: list[int] = []
        starts: list[int] = []
        for sentence in sentences:
            of_token: list[list[int]] = [[] for _ in sentence.tokens]
            for start, end, entry in self.gazetteer.find(sentence):
                first = self.gazetteer.type_ids[entry] * len(POSITIONS)
                for token, place in enumerate(positions(end - start), start):
                    of_token[token].append(first + place)
            for found in of_token:
                starts.append(len(ids))
                ids += found
        return EntryIds(torch.tensor(ids, dtype=torch.int64), torch.tensor(starts))

    def forward(self, inputs: EntryIds) -> Tensor:
        """See TokenEncoder."""
        summed: Tensor = self.embedding(inputs.ids, inputs.starts)
        return summed
