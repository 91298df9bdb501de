"""A convolution over the characters of each token; beside a transformer or as the only encoder."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.encoders.base import Inputs, TokenEncoder


class CharacterEncoder(TokenEncoder):
    """Embedding, one convolution of width three, maximum over the characters of the token.

    All tokens of a batch lie in one line of characters with a blank between neighbours, so that a
    very long token costs what it has and nothing is padded or cut.

    Source: Ma and Hovy (ACL 2016), section 2.1.

    Args:
        characters: known characters.
        embedding_size: width of a character's embedding.
        output_size: filters, the width of a token's features.
        dropout: on the embeddings.
    """

    def __init__(
        self, characters: Vocabulary, embedding_size: int, output_size: int, dropout: float
    ) -> None:
        super().__init__()
        self.characters = characters
        self.blank = len(characters)
        self.embedding = nn.Embedding(
            len(characters) + 1, embedding_size, padding_idx=len(characters)
        )
        self.dropout = nn.Dropout(dropout)
        self.convolution = nn.Conv1d(embedding_size, output_size, kernel_size=3, padding=1)
        self.output_size = output_size

    def collate(self, sentences: Sequence[Sentence]) -> dict[str, Tensor]:
        """The line of characters with its blanks, and where each token's characters stand."""
        line: list[int] = []
        places: list[int] = []
        lengths: list[int] = []
        for token in (token for sentence in sentences for token in sentence.tokens):
            places.extend(range(len(line), len(line) + len(token)))
            lengths.append(len(token))
            line.extend(self.characters.id_of(character) for character in token)
            line.append(self.blank)
        return {
            "characters": torch.tensor(line),
            "character_places": torch.tensor(places),
            "character_counts": torch.tensor(lengths),
        }

    def forward(self, inputs: Inputs) -> Tensor:
        """See TokenEncoder."""
        counts = inputs["character_counts"]
        line = self.dropout(self.embedding(inputs["characters"]))
        # [line, embedding] -> [line, output] -> [characters, output]
        filtered: Tensor = self.convolution(line.T).T[inputs["character_places"]]
        token = torch.arange(len(counts), device=counts.device)
        token = token.repeat_interleave(counts, output_size=len(filtered))
        # Not segment_reduce: where maxima tie, its backward multiplies negative gradients.
        nothing = filtered.new_full((len(counts), self.output_size), -torch.inf)
        return nothing.scatter_reduce(0, token.unsqueeze(1).expand_as(filtered), filtered, "amax")
