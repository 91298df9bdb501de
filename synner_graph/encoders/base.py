"""TokenEncoder: from collated inputs to one vector a token, and the concatenation of several."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from synner_graph.data.sentence import Sentence
from synner_graph.graph.tensors import Tensors

InputsT = TypeVar("InputsT", bound=Tensors)


@dataclass(frozen=True, eq=False)
class TokenIds(Tensors):
    """One id a token.

    Attributes:
        ids: *Shape:* [N]
    """

    ids: Tensor


@dataclass(frozen=True, eq=False)
class ConcatInputs(Tensors):
    """The inputs of encoders side by side.

    Attributes:
        parts: those of each encoder.
    """

    parts: tuple[Tensors, ...]


class TokenEncoder(nn.Module, ABC, Generic[InputsT]):
    """Turns what it reads of the sentences, its `Inputs`, into token features.

    Attributes:
        output_size: D, width of the features.
    """

    output_size: int

    @abstractmethod
    def collate(self, sentences: Sequence[Sentence]) -> InputsT:
        """What this encoder reads of the sentences of one batch."""

    @abstractmethod
    def forward(self, inputs: InputsT) -> Tensor:
        """Token features. *Shape:* [N, D]"""

    def piece_counts(self, inputs: InputsT) -> Tensor | None:
        """How many pieces it reads each token as; None if it reads no pieces. *Shape:* [N]"""
        return None


class ConcatEncoder(TokenEncoder[ConcatInputs]):
    """Several encoders side by side."""

    def __init__(self, encoders: Sequence[TokenEncoder[Any]]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.output_size = sum(encoder.output_size for encoder in encoders)

    @property
    def parts(self) -> list[TokenEncoder[Any]]:
        """The encoders, with their type, which a ModuleList does not keep."""
        return [part for part in self.encoders if isinstance(part, TokenEncoder)]

    def collate(self, sentences: Sequence[Sentence]) -> ConcatInputs:
        """See TokenEncoder."""
        return ConcatInputs(tuple(part.collate(sentences) for part in self.parts))

    def forward(self, inputs: ConcatInputs) -> Tensor:
        """See TokenEncoder."""
        pairs = zip(self.parts, inputs.parts, strict=True)
        return torch.cat([part(read) for part, read in pairs], dim=-1)

    def piece_counts(self, inputs: ConcatInputs) -> Tensor | None:
        """See TokenEncoder; those of the first encoder that reads pieces."""
        pairs = zip(self.parts, inputs.parts, strict=True)
        counts = (part.piece_counts(read) for part, read in pairs)
        return next((found for found in counts if found is not None), None)
