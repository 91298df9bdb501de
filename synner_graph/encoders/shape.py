"""The case and shape of each token: what an uncased transformer does not see."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from synner_graph.data.sentence import Sentence
from synner_graph.data.words.memo import Memo
from synner_graph.encoders.base import TokenEncoder, TokenIds

SHAPES = (
    "lower",
    "upper",
    "initial",
    "title",
    "mixed",
    "number",
    "with digit",
    "caseless",
    "other",
)


def shape_of(token: str) -> str:
    """Return a token's shape, one of SHAPES: `Ann` is title, `A` initial, `iPod` mixed."""
    if any(character.isdigit() for character in token):
        return "number" if not any(c.isalpha() for c in token) else "with digit"
    letters = [character for character in token if character.isalpha()]
    if not letters:
        return "other"
    word = "".join(letters)
    if word.islower():
        return "lower"
    if word.isupper():
        return "initial" if len(word) == 1 else "upper"
    if word[0].isupper() and word[1:].islower():
        return "title"
    if not any(c.isupper() or c.islower() for c in letters):
        return "caseless"
    return "mixed"


def shape_id(token: str) -> int:
    """Return the place of a token's shape in SHAPES."""
    return SHAPES.index(shape_of(token))


class ShapeEncoder(TokenEncoder[TokenIds]):
    """An embedding of each token's shape.

    Args:
        output_size: Width of the embedding.
    """

    def __init__(self, output_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(SHAPES), output_size)
        self.output_size = output_size
        self.shapes = Memo(shape_id)

    def collate(self, sentences: Sequence[Sentence]) -> TokenIds:
        """See TokenEncoder."""
        ids = [self.shapes[token] for s in sentences for token in s.tokens]
        return TokenIds(torch.tensor(ids))

    def forward(self, inputs: TokenIds) -> Tensor:
        """See TokenEncoder."""
        shapes: Tensor = self.embedding(inputs.ids)
        return shapes
