"""TokenEncoder: from collated inputs to one vector a token, and the concatenation of several."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from synner_graph.data.sentence import Sentence

Inputs = Mapping[str, Tensor]


class TokenEncoder(nn.Module, ABC):
    """Turns its share of a batch's inputs into token features.

    Attributes:
        output_size: D, width of the features.
    """

    output_size: int

    @abstractmethod
    def collate(self, sentences: Sequence[Sentence]) -> dict[str, Tensor]:
        """The input tensors this encoder reads, under names of its own."""

    @abstractmethod
    def forward(self, inputs: Inputs) -> Tensor:
        """Token features. *Shape:* [N, D]"""

    def piece_counts(self, inputs: Inputs) -> Tensor | None:
        """How many pieces it reads each token as; None if it reads no pieces. *Shape:* [N]"""
        return None


class ConcatEncoder(TokenEncoder):
    """Several encoders side by side."""

    def __init__(self, encoders: Sequence[TokenEncoder]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.output_size = sum(encoder.output_size for encoder in encoders)

    def collate(self, sentences: Sequence[Sentence]) -> dict[str, Tensor]:
        """See TokenEncoder."""
        inputs: dict[str, Tensor] = {}
        for encoder in self.encoders:
            assert isinstance(encoder, TokenEncoder)
            inputs |= encoder.collate(sentences)
        return inputs

    def forward(self, inputs: Inputs) -> Tensor:
        """See TokenEncoder."""
        return torch.cat([encoder(inputs) for encoder in self.encoders], dim=-1)

    def piece_counts(self, inputs: Inputs) -> Tensor | None:
        """See TokenEncoder; those of the first encoder that reads pieces."""
        for encoder in self.encoders:
            assert isinstance(encoder, TokenEncoder)
            counts = encoder.piece_counts(inputs)
            if counts is not None:
                return counts
        return None
