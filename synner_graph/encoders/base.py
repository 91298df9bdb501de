"""TokenEncoder: from collated inputs to one vector a token, and the concatenation of several."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from synner_graph.data.features import FeatureFile
from synner_graph.data.sentence import Sentence
from synner_graph.data.words.lexicon import Lexicon
from synner_graph.graph.tensors import Tensors

InputsT = TypeVar("InputsT", bound=Tensors)


@dataclass(frozen=True, eq=False)
class TokenIds(Tensors):
    """One id for each token.

    Attributes:
        ids: *Shape:* [N]
    """

    ids: Tensor


@dataclass(frozen=True, eq=False)
class ConcatInputs(Tensors):
    """The inputs of encoders side by side.

    Attributes:
        parts: Those of each encoder.
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
        """Collate what this encoder reads of the sentences of a batch."""

    @abstractmethod
    def forward(self, inputs: InputsT) -> Tensor:
        """Token features. *Shape:* [N, D]"""

    def piece_counts(self, inputs: InputsT) -> Tensor | None:
        """Return the number of pieces of each token; None if it reads no pieces. *Shape:* [N]"""
        return None

    @property
    def pretrained(self) -> nn.Module | None:
        """The pretrained model inside, if there is one."""
        return None

    def load_pretrained(self, source: str, rows: Sequence[int] | None = None) -> None:
        """Take over the weights of a hub id or folder, if the encoder has a pretrained part.

        Args:
            source: Hub id or folder.
            rows: For a pruned vocabulary, the old ids of its pieces; None takes all.

        Raises:
            InputError: There are none.
        """

    def load_vectors(self, lexicon: Lexicon) -> None:
        """Start from the word vectors of a lexicon, if the encoder reads words."""

    def use_features(self, file: FeatureFile) -> bool:
        """Read precomputed features from this file from now on; False if it reads no features."""
        return False

    def refuse_long_sentences(self, refuse: bool) -> None:
        """Choose whether a sentence beyond the limit is an error or is read in windows."""

    def read_in_one_pass(self) -> None:
        """Pass all sentences of a batch through the encoder together, padded."""

    def compute_in(self, precision: str) -> bool:
        """Predict in less than float32 from now on; False if nothing here can be narrowed.

        Args:
            precision: BFLOAT16 or INT8 of `encoders.precision`.
        """
        return False

    def depths(self) -> Iterator[tuple[nn.Parameter, int]]:
        """Pair each pretrained weight with the number of layers between it and the topmost one.

        Raises:
            InputError: The pretrained model has no list of layers.
        """
        return iter(())

    def embeddings(self) -> Iterator[Tensor]:
        """Return the embeddings: a step changes only the rows that its batch holds."""
        return iter(())

    def lexical_embeddings(self) -> Iterator[Tensor]:
        """Return the matrices with a row for each word or word piece, frozen ones too."""
        return iter(())


class ConcatEncoder(TokenEncoder[ConcatInputs]):
    """Several encoders side by side."""

    def __init__(self, encoders: Sequence[TokenEncoder[Any]]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.output_size = sum(encoder.output_size for encoder in encoders)

    @property
    def parts(self) -> list[TokenEncoder[Any]]:
        """The encoders, typed: a ModuleList does not keep their type."""
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

    def load_pretrained(self, source: str, rows: Sequence[int] | None = None) -> None:
        """See TokenEncoder."""
        for part in self.parts:
            part.load_pretrained(source, rows)

    def load_vectors(self, lexicon: Lexicon) -> None:
        """See TokenEncoder."""
        for part in self.parts:
            part.load_vectors(lexicon)

    def use_features(self, file: FeatureFile) -> bool:
        """See TokenEncoder."""
        return any([part.use_features(file) for part in self.parts])

    def refuse_long_sentences(self, refuse: bool) -> None:
        """See TokenEncoder."""
        for part in self.parts:
            part.refuse_long_sentences(refuse)

    def read_in_one_pass(self) -> None:
        """See TokenEncoder."""
        for part in self.parts:
            part.read_in_one_pass()

    def compute_in(self, precision: str) -> bool:
        """See TokenEncoder."""
        return any([part.compute_in(precision) for part in self.parts])

    def depths(self) -> Iterator[tuple[nn.Parameter, int]]:
        """See TokenEncoder."""
        return chain.from_iterable(part.depths() for part in self.parts)

    def embeddings(self) -> Iterator[Tensor]:
        """See TokenEncoder."""
        return chain.from_iterable(part.embeddings() for part in self.parts)

    def lexical_embeddings(self) -> Iterator[Tensor]:
        """See TokenEncoder."""
        return chain.from_iterable(part.lexical_embeddings() for part in self.parts)

    @property
    def pretrained_parameters(self) -> list[nn.Parameter]:
        """Return the pretrained weights."""
        models = [part.pretrained for part in self.parts]
        return [p for model in models if model is not None for p in model.parameters()]
