"""Sub-word pieces of pre-tokenised sentences, in windows, with the way back to the tokens.

Nothing is truncated: a sentence beyond the encoder's limit is cut into overlapping windows, and
every piece is read from the window in which it stands farther from the edge.
"""

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from synner_graph.data.sentence import Sentence
from synner_graph.data.unicode import encodable
from synner_graph.errors import InputError


class PieceTokenizer:
    """Collates sentences for a transformer.

    Args:
        tokenizer: a fast tokenizer of transformers.
        max_length: positions the transformer has, special tokens included.
        first_only: read each token off its first piece instead of all of them.

    Attributes:
        refuses_long: raise for a sentence that needs several windows.

    Raises:
        InputError: if the tokenizer is not a fast one, which alone knows the word of each piece.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, max_length: int, first_only: bool
    ) -> None:
        if not tokenizer.is_fast:
            raise InputError(
                f"The tokenizer {type(tokenizer).__name__} cannot map its pieces to tokens; "
                "a fast tokenizer (tokenizer.json) is needed."
            )
        self.tokenizer = tokenizer
        self.first_only = first_only
        self.refuses_long = False
        self.prefix, self.suffix = _special_tokens(tokenizer)
        self.room = max_length - len(self.prefix) - len(self.suffix)
        self.overlap = self.room // 4
        self.pad = tokenizer.pad_token_id or 0
        # A token of which the tokenizer keeps nothing (a zero-width character) still needs a piece.
        self.stand_in = next(
            i for i in (tokenizer.unk_token_id, tokenizer.eos_token_id, self.pad) if i is not None
        )

    def __call__(self, sentences: Sequence[Sentence]) -> dict[str, Tensor]:
        """Collate.

        Returns:
            `input_ids` and `attention_mask` [P, L] of the P windows; `piece_index` [M], positions
            in the flattened windows that are to be read; `piece_token` [M], the row of the token
            each of them belongs to, ascending; and `piece_counts` [N], the pieces of each token,
            read or not.

        Raises:
            InputError: a sentence is too long for one window, and `refuses_long`.
        """
        encoding = self.tokenizer(
            [[encodable(token) for token in sentence.tokens] for sentence in sentences],
            is_split_into_words=True,
            add_special_tokens=False,
            split_special_tokens=True,  # "[SEP]" in a text is text
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        windows: list[list[int]] = []
        places: list[tuple[int, int]] = []  # window and position of every piece that is read
        owners: list[int] = []
        counts: list[int] = []
        row = 0
        for index, sentence in enumerate(sentences):
            pieces, tokens = self._with_stand_ins(
                encoding["input_ids"][index], encoding.word_ids(index), len(sentence)
            )
            in_token = Counter(tokens)
            counts.extend(in_token[token] for token in range(len(sentence)))
            step = self.room - self.overlap
            count = 1 if len(pieces) <= self.room else -(-(len(pieces) - self.overlap) // step)
            if count > 1 and self.refuses_long:
                raise InputError(
                    f"expected sentences of up to {self.room} pieces, got one of {len(pieces)}: "
                    f"{' '.join(sentence.tokens[:8])[:60]!r} ..."
                )
            previous = -1
            for position, token in enumerate(tokens):
                if self.first_only and token == previous:
                    continue
                previous = token
                window = min(max((position - self.overlap // 2) // step, 0), count - 1)
                places.append((len(windows) + window, position - window * step + len(self.prefix)))
                owners.append(row + token)
            for start in range(0, count * step, step):
                body = pieces[start : start + self.room]
                windows.append([*self.prefix, *body, *self.suffix])
            row += len(sentence)
        width = max(map(len, windows))
        ids = torch.full((len(windows), width), self.pad)
        mask = torch.zeros((len(windows), width), dtype=torch.long)
        for i, row_of_ids in enumerate(windows):
            ids[i, : len(row_of_ids)] = torch.tensor(row_of_ids)
            mask[i, : len(row_of_ids)] = 1
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "piece_index": torch.tensor([window * width + column for window, column in places]),
            "piece_token": torch.tensor(owners),
            "piece_counts": torch.tensor(counts),
        }

    def _with_stand_ins(
        self, pieces: list[int], words: list[int | None], length: int
    ) -> tuple[list[int], list[int]]:
        """Pieces and the token of each, every token having at least one."""
        tokens = [word for word in words if word is not None]
        if len(set(tokens)) == length:
            return pieces, tokens
        of_token: list[list[int]] = [[] for _ in range(length)]
        for piece, token in zip(pieces, tokens, strict=True):
            of_token[token].append(piece)
        filled = [of or [self.stand_in] for of in of_token]
        return (
            [piece for of in filled for piece in of],
            [token for token, of in enumerate(filled) for _ in of],
        )


def _special_tokens(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before and after a text."""
    body = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    start = next(i for i in range(len(whole)) if whole[i : i + len(body)] == body)
    return whole[:start], whole[start + len(body) :]
