"""Word embeddings, which may start from vectors that others trained."""

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.data.words.lexicon import Lexicon, Spelling
from synner_graph.data.words.memo import Memo
from synner_graph.encoders.base import TokenEncoder, TokenIds


class WordEncoder(TokenEncoder[TokenIds]):
    """An embedding of each word.

    Weights start uniform in ±√(3 / size); `load_vectors` puts vectors in their place. Unknown words
    have a vector that is always learned, from the words that dropout takes for unknown and, where
    the vectors are fixed, from those without one.

    Source: the initial range is that of Ma and Hovy (ACL 2016), section 3.1.

    Args:
        words: Known words.
        size: Width of a word.
        spelling: How tokens are looked up.
        dropout: Share of words read as unknown in training.
        fixed: Do not train the vectors.
    """

    def __init__(
        self, words: Vocabulary, size: int, spelling: Spelling, dropout: float, fixed: bool
    ) -> None:
        super().__init__()
        self.words = words
        self.spelling = spelling
        self.dropout = dropout
        self.output_size = size
        self.ids = Memo(partial(spelling.id_of, words=words))
        bound = (3 / size) ** 0.5
        self.vectors = nn.Embedding(len(words), size, padding_idx=0)
        self.unknown = nn.Parameter(torch.empty(size).uniform_(-bound, bound))
        with torch.no_grad():
            self.vectors.weight[1:].uniform_(-bound, bound)
        self.vectors.requires_grad_(not fixed)
        self.named_axes = {"vectors.weight": (words.all_names,)}

    def embeddings(self) -> Iterator[Tensor]:
        """See TokenEncoder."""
        yield self.vectors.weight

    def lexical_embeddings(self) -> Iterator[Tensor]:
        """See TokenEncoder."""
        yield self.vectors.weight

    @torch.no_grad()
    def load_vectors(self, lexicon: Lexicon) -> None:
        """Start from the vectors of a lexicon, if it has any."""
        if len(lexicon.ids) == 0:
            return
        weight = self.vectors.weight
        weight[torch.from_numpy(lexicon.ids)] = torch.from_numpy(lexicon.matrix).to(weight)

    def collate(self, sentences: Sequence[Sentence]) -> TokenIds:
        """See TokenEncoder."""
        tokens = (token for sentence in sentences for token in sentence.tokens)
        return TokenIds(torch.tensor([self.ids[token] for token in tokens]))

    def forward(self, inputs: TokenIds) -> Tensor:
        """See TokenEncoder."""
        ids = inputs.ids
        if self.training and self.dropout > 0:
            ids = ids.masked_fill(torch.rand(ids.shape, device=ids.device) < self.dropout, 0)
        known: Tensor = self.vectors(ids)
        return torch.where((ids == 0).unsqueeze(1), self.unknown, known)
