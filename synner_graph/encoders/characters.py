"""Read the characters of each token, beside another encoder or alone."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.data.words.lexicon import with_zeros
from synner_graph.data.words.memo import Memo
from synner_graph.encoders.base import TokenEncoder
from synner_graph.errors import InputError
from synner_graph.graph.tensors import Tensors
from synner_graph.operators.ragged import time_major


@dataclass(frozen=True, eq=False)
class CharacterInputs(Tensors):
    """The characters of all tokens in one line.

    Attributes:
        line: Ids of the characters, with a blank after each token.
            *Shape:* [line]
        places: Where the characters stand in the line.
            *Shape:* [characters]
        counts: How many each token has, one at least.
            *Shape:* [N]
    """

    line: Tensor
    places: Tensor
    counts: Tensor


class CharacterEncoder(TokenEncoder[CharacterInputs]):
    """Embeds characters; subclasses read them.

    All tokens of a batch lie in one line of characters with a blank between neighbours, so that a
    very long token costs what it has and nothing is padded or cut.

    Args:
        characters: Known characters.
        embedding_size: Width of a character's embedding.
        output_size: The width of a token's features.
        dropout: On the embeddings.
        zero_digits: Read digits as 0.
    """

    def __init__(
        self,
        characters: Vocabulary,
        embedding_size: int,
        output_size: int,
        dropout: float,
        zero_digits: bool = False,
    ) -> None:
        super().__init__()
        self.characters = characters
        self.zero_digits = zero_digits
        self.blank = len(characters)
        self.embedding = nn.Embedding(
            len(characters) + 1, embedding_size, padding_idx=len(characters)
        )
        self.named_axes = {"embedding.weight": ((*characters.all_names, None),)}
        self.dropout = nn.Dropout(dropout)
        self.output_size = output_size
        self.spelled = Memo(self._spell)

    def collate(self, sentences: Sequence[Sentence]) -> CharacterInputs:
        """See TokenEncoder."""
        spelled = [self.spelled[token] for sentence in sentences for token in sentence.tokens]
        line = np.concatenate(spelled)
        counts = np.fromiter(map(len, spelled), np.int64, len(spelled))
        places = np.delete(np.arange(len(line)), counts.cumsum() - 1)
        return CharacterInputs(*map(torch.from_numpy, (line, places, counts - 1)))

    def _spell(self, token: str) -> NDArray[np.int64]:
        """Return the ids of the characters of a token, and of a blank."""
        spelled = with_zeros(token) if self.zero_digits else token
        return np.array([*map(self.characters.id_of, spelled), self.blank])

    def forward(self, inputs: CharacterInputs) -> Tensor:
        """See TokenEncoder."""
        line = self.dropout(self.embedding(inputs.line))
        return self.read(line, inputs.places, inputs.counts)

    @abstractmethod
    def read(self, line: Tensor, places: Tensor, counts: Tensor) -> Tensor:
        """Token features.

        Args:
            line: Embedded characters, a blank after each token. *Shape:* [line, embedding]
            places: Where the characters stand in the line. *Shape:* [characters]
            counts: How many each token has, one at least. *Shape:* [N]

        Returns:
            *Shape:* [N, D]
        """


class CharacterCNN(CharacterEncoder):
    """One convolution of width three, maximum over the characters of the token.

    Source: Ma and Hovy (ACL 2016), section 2.1.
    """

    def __init__(
        self,
        characters: Vocabulary,
        embedding_size: int,
        output_size: int,
        dropout: float,
        zero_digits: bool = False,
    ) -> None:
        super().__init__(characters, embedding_size, output_size, dropout, zero_digits)
        self.convolution = nn.Conv1d(embedding_size, output_size, kernel_size=3, padding=1)

    def read(self, line: Tensor, places: Tensor, counts: Tensor) -> Tensor:
        """See CharacterEncoder."""
        # [line, embedding] -> [line, output] -> [characters, output]
        filtered: Tensor = self.convolution(line.T).T[places]
        token = torch.arange(len(counts), device=counts.device)
        token = token.repeat_interleave(counts, output_size=len(filtered))
        # Not segment_reduce: where maxima tie, its backward multiplies negative gradients.
        nothing = filtered.new_full((len(counts), self.output_size), -torch.inf)
        return nothing.scatter_reduce(0, token.unsqueeze(1).expand_as(filtered), filtered, "amax")


class CharacterLSTM(CharacterEncoder):
    """A bidirectional LSTM over the characters of the token: the last state of each direction.

    Source: Lample et al. (NAACL 2016), section 4.1.

    Raises:
        InputError: `output_size` is odd.
    """

    def __init__(
        self,
        characters: Vocabulary,
        embedding_size: int,
        output_size: int,
        dropout: float,
        zero_digits: bool = False,
    ) -> None:
        super().__init__(characters, embedding_size, output_size, dropout, zero_digits)
        if output_size % 2:
            raise InputError(
                "expected an even encoder.character_size for the two directions of the lstm, got "
                f"{output_size}"
            )
        self.lstm = nn.LSTM(embedding_size, output_size // 2, bidirectional=True)

    def read(self, line: Tensor, places: Tensor, counts: Tensor) -> Tensor:
        """See CharacterEncoder."""
        characters = line[places]
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        time = time_major(offsets, characters)
        packed = PackedSequence(characters[time.order], torch.tensor(time.batch_sizes))
        last: Tensor = self.lstm(packed)[1][0]  # [2, N, D / 2], longest token first
        # The first step holds the first character of every token, in that order.
        longest_first = torch.searchsorted(offsets, time.order[: len(counts)])
        return torch.empty_like(last).index_copy(1, longest_first, last).transpose(0, 1).flatten(1)


CHARACTER_MODELS: dict[str, type[CharacterEncoder]] = {
    "cnn": CharacterCNN,
    "lstm": CharacterLSTM,
}
