"""Pieces in windows: every piece is read exactly once, from where it has most context."""

from collections.abc import Callable, Sequence
from dataclasses import astuple
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from synner_graph.data.sentence import Sentence
from synner_graph.encoders import pieces
from synner_graph.encoders.pieces import PieceInputs, PieceTokenizer
from synner_graph.errors import InputError
from tests.fixtures import tiny_tokenizer

LIMIT = 38
ROOM = LIMIT - 2  # beside [CLS] and [SEP]
ZERO_WIDTH = "\u200b"
SENTENCES = [
    Sentence(["The", "Drs", "sing", "in", "Paris", "!"]),
    Sentence(["an"]),
    Sentence(["x" * 90, "Johnson's", "y" * 50]),
    Sentence([ZERO_WIDTH]),
    Sentence(["a", ZERO_WIDTH, "b"] * 20),
    Sentence(["東京", "[MASK]", "é"]),
]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return tiny_tokenizer()


def letters(count: int) -> Sentence:
    """As many tokens, of one piece each, that differ from their neighbors."""
    return Sentence(["abcdefghijklmnopqrstuvw"[i % 23] for i in range(count)])


def pieces_by_hand(tokenizer: PreTrainedTokenizerFast, sentence: Sentence) -> list[list[int]]:
    """Pieces of each token, tokenised on its own; [UNK] where nothing is left of it."""
    kind = {"add_special_tokens": False, "split_special_tokens": True}
    alone = [tokenizer(token, **kind)["input_ids"] for token in sentence.tokens]
    return [list(pieces) or [tokenizer.unk_token_id] for pieces in alone]


def bodies(inputs: PieceInputs) -> list[list[int]]:
    """Each window without padding and special tokens, which are checked on the way."""
    found = []
    for ids, mask in zip(inputs.input_ids, inputs.attention_mask, strict=True):
        length = int(mask.sum())
        assert mask.tolist() == [1] * length + [0] * (len(mask) - length)
        assert (ids[length:] == 0).all()
        assert (ids[0], ids[length - 1]) == (2, 3)
        assert length <= LIMIT
        found.append(ids[1 : length - 1].tolist())
    return found


def test_pieces_of_all_tokens_are_read_in_order(tokenizer: PreTrainedTokenizerFast) -> None:
    inputs = PieceTokenizer(tokenizer, LIMIT, first_only=False)(SENTENCES)
    expected = [pieces for s in SENTENCES for pieces in pieces_by_hand(tokenizer, s)]
    assert inputs.piece_counts.tolist() == list(map(len, expected))
    read = inputs.input_ids.flatten()[inputs.piece_index]
    assert read.tolist() == [piece for pieces in expected for piece in pieces]
    owners = [token for token, pieces in enumerate(expected) for _ in pieces]
    assert inputs.piece_token.tolist() == owners
    assert inputs.piece_index.unique().numel() == len(owners)


def test_first_pieces_of_all_tokens_are_read_in_order(tokenizer: PreTrainedTokenizerFast) -> None:
    inputs = PieceTokenizer(tokenizer, LIMIT, first_only=True)(SENTENCES)
    expected = [pieces[0] for s in SENTENCES for pieces in pieces_by_hand(tokenizer, s)]
    assert inputs.input_ids.flatten()[inputs.piece_index].tolist() == expected
    assert inputs.piece_token.tolist() == list(range(len(expected)))
    counts = [len(pieces) for s in SENTENCES for pieces in pieces_by_hand(tokenizer, s)]
    assert inputs.piece_counts.tolist() == counts


@pytest.mark.parametrize("first_only", [True, False])
def test_every_kind_of_tensor_is_for_indexing(
    tokenizer: PreTrainedTokenizerFast, first_only: bool
) -> None:
    inputs = PieceTokenizer(tokenizer, LIMIT, first_only)(SENTENCES)
    assert {tensor.dtype for tensor in astuple(inputs)} == {torch.int64}


def test_windows_overlap_and_add_up_to_the_sentence(tokenizer: PreTrainedTokenizerFast) -> None:
    collate = PieceTokenizer(tokenizer, LIMIT, first_only=False)
    assert 0 < collate.overlap < ROOM // 2
    for count in range(1, 4 * ROOM):
        sentence = letters(count)
        windows = bodies(collate([sentence]))
        assert all(len(window) == ROOM for window in windows[:-1])
        assert len(windows) == 1 or len(windows[-1]) > collate.overlap
        whole = windows[0]
        for window in windows[1:]:
            assert whole[-collate.overlap :] == window[: collate.overlap]
            whole = whole + window[collate.overlap :]
        assert whole == [pieces[0] for pieces in pieces_by_hand(tokenizer, sentence)]


def test_every_piece_is_read_where_it_is_farthest_from_a_cut(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    collate = PieceTokenizer(tokenizer, LIMIT, first_only=False)
    step = ROOM - collate.overlap
    for count in range(1, 4 * ROOM):
        inputs = collate([letters(count)])
        width = inputs.input_ids.shape[1]
        ends = [(w * step, w * step + len(body)) for w, body in enumerate(bodies(inputs))]

        def context(
            window: int, position: int, ends: Sequence[tuple[int, int]] = ends, last: int = count
        ) -> int:
            """Pieces between this one and where the sentence was cut."""
            start, end = ends[window]
            left = position - start if start else last
            right = end - 1 - position if end < last else last
            return min(left, right)

        for position, index in enumerate(inputs.piece_index.tolist()):
            window, column = divmod(index, width)
            assert ends[window][0] + column - 1 == position
            rivals = [w for w, (start, end) in enumerate(ends) if start <= position < end]
            assert context(window, position) == max(context(w, position) for w in rivals)


@pytest.mark.parametrize("limit", [3, 4, 5, 7, 12])
def test_narrow_encoders_read_everything_too(
    tokenizer: PreTrainedTokenizerFast, limit: int
) -> None:
    sentence = letters(29)
    inputs = PieceTokenizer(tokenizer, limit, first_only=False)([sentence, letters(1)])
    expected = [p for s in (sentence, letters(1)) for (p,) in pieces_by_hand(tokenizer, s)]
    assert inputs.input_ids.flatten()[inputs.piece_index].tolist() == expected
    assert inputs.input_ids.shape[1] <= limit


@pytest.mark.parametrize("first_only", [True, False])
def test_a_batch_holds_what_its_sentences_hold_alone(
    tokenizer: PreTrainedTokenizerFast, first_only: bool
) -> None:
    collate = PieceTokenizer(tokenizer, LIMIT, first_only)
    batch = collate(SENTENCES)
    alone = [collate([sentence]) for sentence in SENTENCES]
    assert bodies(batch) == [body for inputs in alone for body in bodies(inputs)]
    read = batch.input_ids.flatten()[batch.piece_index]
    parts = [inputs.input_ids.flatten()[inputs.piece_index] for inputs in alone]
    assert torch.equal(read, torch.cat(parts))


def test_a_token_of_which_nothing_is_left_gets_a_piece(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer(ZERO_WIDTH, add_special_tokens=False)["input_ids"] == []
    inputs = PieceTokenizer(tokenizer, LIMIT, first_only=True)([Sentence([ZERO_WIDTH])])
    unknown = tokenizer.unk_token_id
    assert inputs.input_ids.tolist() == [[2, unknown, 3]]
    assert inputs.piece_index.tolist() == [1]


def test_names_of_special_tokens_in_a_text_are_text(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = ["[SEP]", "a[MASK]", "[PAD]"]
    inputs = PieceTokenizer(tokenizer, LIMIT, first_only=False)([Sentence(tokens)])
    (body,) = bodies(inputs)
    assert not {*body} & {*tokenizer.all_special_ids}
    assert "".join(p.removeprefix("##") for p in tokenizer.convert_ids_to_tokens(body)) == (
        "".join(tokens).lower()
    )
    assert inputs.piece_token.unique().tolist() == [0, 1, 2]


def test_a_lone_surrogate_is_read_as_unknown(tokenizer: PreTrainedTokenizerFast) -> None:
    collate = PieceTokenizer(tokenizer, LIMIT, first_only=False)
    lone, replaced = (collate([Sentence(["a", f"x{c}y"])]) for c in "\ud83d\ufffd")
    assert torch.equal(lone.input_ids, replaced.input_ids)


def test_long_sentences_are_refused_on_request(tokenizer: PreTrainedTokenizerFast) -> None:
    collate = PieceTokenizer(tokenizer, LIMIT, first_only=True)
    collate.refuses_long = True
    collate([letters(ROOM)])
    with pytest.raises(InputError, match=f"up to {ROOM} pieces, got one of {ROOM + 1}: "):
        collate([letters(ROOM), letters(ROOM + 1)])


def test_truncation_and_padding_stored_with_a_tokenizer_are_not_obeyed() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.enable_truncation(5)
    tokenizer.backend_tokenizer.enable_padding(length=11)
    tokenizer.model_max_length = 7
    (body,) = bodies(PieceTokenizer(tokenizer, LIMIT, first_only=False)([letters(20)]))
    assert len(body) == 20


def test_a_tokenizer_without_special_tokens_uses_the_whole_room() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.post_processor = None
    inputs = PieceTokenizer(tokenizer, 10, first_only=False)([letters(10)])
    assert inputs.input_ids.shape == (1, 10)
    assert inputs.piece_index.tolist() == list(range(10))


def test_a_slow_tokenizer_is_refused() -> None:
    slow = SimpleNamespace(is_fast=False)
    message = "The tokenizer SimpleNamespace cannot map its pieces to tokens; a fast tokenizer"
    with pytest.raises(InputError, match=message):
        PieceTokenizer(slow, LIMIT, first_only=True)  # type: ignore[arg-type]


def byte_level() -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.BPE({c: i for i, c in enumerate("Ġab[")}, [], unk_token="["))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True)
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[")


def metaspace() -> PreTrainedTokenizerFast:
    scores = [("[", 0.0), ("▁", -1.0), ("a", -2.0), ("b", -2.0), ("▁a", -2.5), ("ab", -3.0)]
    backend = Tokenizer(models.Unigram(scores, unk_id=0))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[")


@pytest.mark.parametrize("kind", [tiny_tokenizer, byte_level, metaspace])
def test_the_pieces_of_a_word_are_those_that_it_has_in_its_sentence(
    kind: Callable[[], PreTrainedTokenizerFast],
) -> None:
    """What is known of a word is used in other sentences, so that each is tokenised once."""
    tokenizer = kind()
    tokens = ["ab", "a", "b", "aab", "a", "[", "ba", "ab"]
    whole = tokenizer(
        tokens, is_split_into_words=True, add_special_tokens=False, split_special_tokens=True
    )
    collate = PieceTokenizer(tokenizer, 99, first_only=False)
    for sentence in (tokens[::-1], tokens):
        inputs = collate([Sentence(sentence)])
    read = inputs.input_ids.flatten()[inputs.piece_index]
    assert read.tolist() == whole["input_ids"]
    assert inputs.piece_token.tolist() == whole.word_ids()


def test_no_more_words_are_kept_than_allowed(
    tokenizer: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "WORDS_KEPT", 8)
    forgetful, other = (PieceTokenizer(tokenizer, LIMIT, first_only=False) for _ in range(2))
    for sentence in (*SENTENCES, letters(30)):
        found = forgetful([sentence])
        assert len(forgetful.known) <= max(8, len(set(sentence.tokens)))
        assert all(map(torch.equal, astuple(found), astuple(other([sentence]))))


# ------------------------------------------------------------ documents


def in_document(sentence: Sentence, document: str | None) -> Sentence:
    return sentence.replace(document=document)


@pytest.mark.parametrize("first_only", [False, True])
def test_sentences_of_a_document_share_windows(
    tokenizer: PreTrainedTokenizerFast, first_only: bool
) -> None:
    lengths = [("a", 5), ("a", 6), ("a", 2), ("a", 12), ("a", 50), ("a", 3), ("b", 4), (None, 4)]
    lengths += [(None, 4), ("a", 1)]
    sentences = [in_document(letters(n), document) for document, n in lengths]
    inputs = PieceTokenizer(tokenizer, LIMIT, first_only, window=12)(sentences)
    # 50 letters take two windows of 36 that overlap; nothing else is cut.
    assert [len(body) for body in bodies(inputs)] == [11, 2, 12, 36, 23, 3, 4, 4, 4, 1]
    expected = [
        piece for s in sentences for pieces in pieces_by_hand(tokenizer, s) for piece in pieces
    ]
    assert inputs.input_ids.flatten()[inputs.piece_index].tolist() == expected


def test_what_a_sentence_is_read_with_follows_from_its_document(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    documents = [[in_document(letters(n), name) for n in (3, 7, 5, 9, 1)] for name in "abc"]
    read = PieceTokenizer(tokenizer, LIMIT, first_only=True, window=10)
    alone = [body for document in documents for body in bodies(read(document))]
    together = [sentence for document in documents for sentence in document]
    assert bodies(read(together)) == alone


def test_a_window_beyond_the_transformer(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(InputError, match=r"encoder\.window is 37, but the transformer reads 36"):
        PieceTokenizer(tokenizer, LIMIT, first_only=True, window=ROOM + 1)
