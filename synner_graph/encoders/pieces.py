"""Sub-word pieces of pre-tokenised sentences, in windows, with the way back to the tokens.

Nothing is truncated: a sentence beyond the encoder's limit is cut into overlapping windows, and
every piece is read from the window in which it stands farther from the edge.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synner_graph.data.documents import follows_on
from synner_graph.data.sentence import Sentence
from synner_graph.data.unicode import encodable
from synner_graph.encoders.blueprint import AnyTokenizer, backend_of
from synner_graph.errors import InputError
from synner_graph.graph.tensors import Tensors

WORDS_KEPT = 1 << 18
"""At this number of known words all are forgotten."""


@dataclass(frozen=True, eq=False)
class PieceInputs(Tensors):
    """Windows of pieces, P in number and L long, and the way back to the tokens.

    Attributes:
        input_ids: The pieces of each window, padded.
            *Shape:* [P, L]
        attention_mask: 1 for pieces, 0 for padding.
            *Shape:* [P, L]
        piece_index: The positions in the flattened windows that are read, M in number.
            *Shape:* [M]
        piece_token: The row of the token that each of them belongs to, ascending.
            *Shape:* [M]
        piece_counts: How many pieces each token has, read or not.
            *Shape:* [N]
    """

    input_ids: Tensor
    attention_mask: Tensor
    piece_index: Tensor
    piece_token: Tensor
    piece_counts: Tensor


class PieceTokenizer:
    """Collates sentences for a transformer.

    Args:
        tokenizer: A fast tokenizer, of transformers or of a saved run.
        max_length: Positions the transformer has, special tokens included.
        first_only: Read each token off its first piece instead of all of them.
        window: Encode neighbouring sentences of a document together, in windows of at most that
            many pieces; 0 encodes each sentence by itself.
        vocabulary: How many pieces the transformer knows; None where that is not checked.

    Attributes:
        refuses_long: Raise for a sentence that needs several windows.
        known: Pieces of the words seen so far.

    Raises:
        InputError: If the tokenizer is not a fast one, which alone knows the word of each piece,
            or if it gives pieces that the transformer does not know.
    """

    def __init__(
        self,
        tokenizer: AnyTokenizer,
        max_length: int,
        first_only: bool,
        window: int = 0,
        vocabulary: int | None = None,
    ) -> None:
        if not tokenizer.is_fast:
            raise InputError(
                f"The tokenizer {type(tokenizer).__name__} cannot map its pieces to tokens; "
                "a fast tokenizer (tokenizer.json) is needed."
            )
        self.tokenizer = tokenizer
        self.first_only = first_only
        self.refuses_long = False
        self.known: dict[str, NDArray[np.int64]] = {}
        self.prefix, self.suffix = _special_tokens(tokenizer)
        self.room = max_length - len(self.prefix) - len(self.suffix)
        self.overlap = self.room // 4
        if window > self.room:
            raise InputError(
                f"The setting encoder.window is {window}, but the transformer reads {self.room} "
                "pieces at once."
            )
        self.window = window
        self.pad = tokenizer.pad_token_id or 0
        self.stand_in = next(
            i for i in (tokenizer.unk_token_id, tokenizer.eos_token_id, self.pad) if i is not None
        )
        self.vocabulary = vocabulary
        self._check_known([*self.prefix, *self.suffix, self.pad, self.stand_in])

    def __call__(self, sentences: Sequence[Sentence]) -> PieceInputs:
        """Cut the tokens of a batch into windows of pieces.

        Raises:
            InputError: A sentence is too long for one window, and `refuses_long`.
        """
        self._learn(token for sentence in sentences for token in sentence.tokens)
        of_token = [self.known[token] for sentence in sentences for token in sentence.tokens]
        pieces = np.concatenate(of_token)
        counts = np.fromiter(map(len, of_token), np.int64, len(of_token))
        ends = counts.cumsum()[np.cumsum(list(map(len, sentences))) - 1]  # of sentences, in pieces
        last = self._read_together(sentences, np.diff(ends, prepend=0))
        ends = ends[last]  # of what is read together
        lengths = np.diff(ends, prepend=0)
        step = self.room - self.overlap
        spans = np.where(lengths <= self.room, 1, -(-(lengths - self.overlap) // step))  # windows
        if self.refuses_long and (spans > 1).any():
            long = int(last[np.flatnonzero(spans > 1)[0]])
            raise InputError(
                f"expected sentences of up to {self.room} pieces, got one of {lengths.max()}: "
                f"{' '.join(sentences[long].tokens[:8])[:60]!r} ..."
            )
        width = len(self.prefix) + min(lengths.max(), self.room) + len(self.suffix)
        ids = np.full((spans.sum(), width), self.pad)
        mask = np.zeros_like(ids)
        row = 0
        for end, length, count in zip(ends, lengths, spans, strict=True):
            for start in range(end - length, end - length + count * step, step):
                window = [*self.prefix, *pieces[start : min(start + self.room, end)], *self.suffix]
                ids[row, : len(window)] = window
                mask[row, : len(window)] = 1
                row += 1
        read = counts.cumsum() - counts if self.first_only else np.arange(len(pieces))
        unit = np.searchsorted(ends, read, side="right")
        position = read - (ends - lengths)[unit]
        window = ((position - self.overlap // 2) // step).clip(0, spans[unit] - 1)
        rows = (spans.cumsum() - spans)[unit] + window
        owners = np.arange(len(counts))
        places = rows * width + position - window * step + len(self.prefix)
        tokens = owners if self.first_only else owners.repeat(counts)
        return PieceInputs(*map(torch.from_numpy, (ids, mask, places, tokens, counts)))

    def _read_together(
        self, sentences: Sequence[Sentence], lengths: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Find the last sentence of each run of sentences that are encoded together.

        A run takes as many sentences of a document as fit into the window, from the first one on;
        so what a sentence is read with follows from its document alone.

        Args:
            sentences: B of them.
            lengths: Pieces of each. *Shape:* [B]
        """
        if not self.window:
            return np.arange(len(sentences))
        last: list[int] = []
        pieces = 0
        for row, (sentence, length) in enumerate(zip(sentences, lengths.tolist(), strict=True)):
            follows = row and follows_on(sentences[row - 1], sentence)
            pieces += length
            if row and (not follows or pieces > self.window):
                last.append(row - 1)
                pieces = length
        return np.array([*last, len(sentences) - 1])

    def _learn(self, tokens: Iterable[str]) -> None:
        """Look up the pieces of tokens that were not seen before.

        Tokenizers cut each word of a text that is given in words on its own, so the pieces of a
        word are the same in every sentence.
        """
        words = set(tokens)
        if len(self.known) + len(words) > WORDS_KEPT:
            self.known.clear()
        new = [word for word in words if word not in self.known]
        if not new:
            return
        for word, pieces in zip(new, cut_words(self.tokenizer, new), strict=True):
            self._check_known(pieces)
            # What the tokenizer keeps nothing of (a zero-width character) still needs a piece.
            self.known[word] = np.array(pieces or [self.stand_in])

    def _check_known(self, pieces: Sequence[int]) -> None:
        """Refuse a tokenizer that is not the transformer's."""
        highest = max(pieces, default=0)
        if self.vocabulary is not None and highest >= self.vocabulary:
            raise InputError(
                f"The tokenizer does not fit its transformer: it gives the piece {highest}, and "
                f"the transformer knows those from 0 to {self.vocabulary - 1}."
            )


def cut_words(tokenizer: AnyTokenizer, words: Sequence[str]) -> list[list[int]]:
    """Return the ids of the pieces of each word; an empty list if the tokenizer drops the word."""
    backend = backend_of(tokenizer)
    backend.encode_special_tokens = True  # "[SEP]" in a text is text
    encoding = backend.encode(
        [encodable(word) for word in words], is_pretokenized=True, add_special_tokens=False
    )
    found: list[list[int]] = [[] for _ in words]
    for piece, word in zip(encoding.ids, encoding.word_ids, strict=True):
        if word is not None:  # only special pieces belong to no word, and none were asked for
            found[word].append(piece)
    return found


def _special_tokens(tokenizer: AnyTokenizer) -> tuple[list[int], list[int]]:
    """Return the ids that the tokenizer puts before and after a text."""
    backend = backend_of(tokenizer)
    backend.no_truncation()  # as it may be stored with a tokenizer
    backend.no_padding()
    body = backend.encode("a", add_special_tokens=False).ids
    whole = backend.encode("a").ids
    start = next(i for i in range(len(whole)) if whole[i : i + len(body)] == body)
    return whole[:start], whole[start + len(body) :]
