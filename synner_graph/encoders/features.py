"""Read token features that another program computed beforehand, such as ELMo's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from synner_graph.data.features import FeatureFile
from synner_graph.data.sentence import Sentence
from synner_graph.encoders.base import TokenEncoder
from synner_graph.errors import InputError
from synner_graph.graph.tensors import Tensors


@dataclass(frozen=True, eq=False)
class TokenFeatures(Tensors):
    """The features that a file has for each token.

    Attributes:
        rows: *Shape:* [N, D]
    """

    rows: Tensor


class FeatureEncoder(TokenEncoder[TokenFeatures]):
    """Returns the features that a file has for each sentence.

    The file is no part of a model: whoever has other sentences has other features.

    Args:
        size: Width of the features.

    Attributes:
        file: Where they are; None before it is known.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.output_size = size
        self.file: FeatureFile | None = None

    def use_features(self, file: FeatureFile) -> bool:
        """See TokenEncoder."""
        self.file = file
        return True

    def collate(self, sentences: Sequence[Sentence]) -> TokenFeatures:
        """See TokenEncoder."""
        file = self._given()
        rows = [file.features(sentence, self.output_size) for sentence in sentences]
        return TokenFeatures(torch.from_numpy(np.concatenate(rows)))

    def forward(self, inputs: TokenFeatures) -> Tensor:
        """See TokenEncoder."""
        return inputs.rows

    def _given(self) -> FeatureFile:
        if self.file is None:
            raise InputError(
                f"The model reads precomputed features of width {self.output_size}: name the file "
                "that has those of these sentences with --encoder.features."
            )
        return self.file
