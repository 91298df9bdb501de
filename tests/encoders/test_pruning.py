"""A pruned vocabulary against the whole one: same pieces and states where pieces were kept."""

import logging
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoModel, BertConfig, BertModel, PreTrainedTokenizerFast

from synner_graph.data.sentence import Sentence
from synner_graph.encoders.pieces import cut_words
from synner_graph.encoders.pruning import prune_vocabulary
from synner_graph.encoders.transformer import TransformerEncoder, load_blueprint
from synner_graph.errors import InputError
from tests.fixtures import tiny_tokenizer

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
LETTERS = "abcdeé中"
SOME = "abcd"
TRAIN = ["abc", "bad", "dd", "cab"]


def tiny_unigram(draw: random.Random) -> PreTrainedTokenizerFast:
    """Single characters and 200 random longer pieces, with random scores."""
    longer = {"".join(draw.choices(LETTERS, k=draw.randint(2, 4))) for _ in range(200)}
    pieces = ["▁", *LETTERS, *sorted(longer), *(f"▁{piece}" for piece in sorted(longer)[::2])]
    draw.shuffle(pieces)
    scored = [(piece, 0.0) for piece in SPECIAL]
    scored += [(piece, -draw.uniform(3, 20)) for piece in pieces] + [("<mask>", 0.0)]
    backend = Tokenizer(models.Unigram(scored, unk_id=3))
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = dict(zip(("cls", "pad", "sep", "unk", "mask"), [*SPECIAL, "<mask>"], strict=True))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, **{f"{name}_token": piece for name, piece in names.items()}
    )


def tiny_wordpiece(draw: random.Random) -> PreTrainedTokenizerFast:
    """Single characters and 200 random longer pieces."""
    longer = {"".join(draw.choices(LETTERS, k=draw.randint(2, 4))) for _ in range(100)}
    pieces = [*LETTERS, *sorted(longer)]
    pieces = [*pieces, *(f"##{piece}" for piece in pieces)]
    draw.shuffle(pieces)
    special = ["[PAD]", "[unused]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {piece: i for i, piece in enumerate([*special, *pieces])}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.BertProcessing(("[SEP]", 4), ("[CLS]", 3))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


MODELS = [tiny_unigram, tiny_wordpiece]
Make = Callable[[random.Random], PreTrainedTokenizerFast]


def save(folder: Path, tokenizer: PreTrainedTokenizerFast) -> str:
    """A tiny BERT with five more rows than there are pieces."""
    config = BertConfig(
        vocab_size=len(tokenizer) + 5,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=60,
        initializer_range=0.4,
        pad_token_id=tokenizer.pad_token_id,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def random_words(draw: random.Random, letters: str, count: int) -> list[str]:
    return ["".join(draw.choices(letters, k=draw.randint(1, 9))) for _ in range(count)]


@pytest.mark.parametrize("make", MODELS)
def test_words_whose_pieces_are_kept_are_cut_as_before(make: Make, tmp_path: Path) -> None:
    draw = random.Random(1)
    kept = cut = 0
    for round_ in range(10):
        whole = load_blueprint(save(tmp_path / str(round_), make(draw)))
        (_, tokenizer), rows = prune_vocabulary(whole, [SOME, *random_words(draw, SOME, 10)])
        words = random_words(draw, SOME, 50) + random_words(draw, LETTERS + "x𓀀", 200)
        before, after = cut_words(whole[1], words), cut_words(tokenizer, words)
        for word, old, new in zip(words, before, after, strict=True):
            assert set(old) <= set(rows) or not set(word) <= set(SOME)
            if set(old) <= set(rows):
                assert [rows[piece] for piece in new] == old, word
                kept += 1
            else:
                known = set(word) <= set(LETTERS)
                assert known == (tokenizer.unk_token_id not in new)
                cut += 1
    assert kept > 100 and cut > 100


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_states_of_kept_pieces_are_those_of_the_whole(
    make: Make, pooling: str, tmp_path: Path
) -> None:
    source = save(tmp_path, make(random.Random(2)))
    blueprint = load_blueprint(source, 0.3)
    whole = TransformerEncoder(*blueprint, pooling)
    whole.load_pretrained(source)
    smaller, rows = prune_vocabulary(blueprint, TRAIN)
    pruned = TransformerEncoder(*smaller, pooling)
    pruned.load_pretrained(source, rows)
    embedding = pruned.transformer.get_input_embeddings()
    assert embedding.weight.shape == (len(rows), 16)
    assert smaller[0].vocab_size == pruned.transformer.config.vocab_size == len(rows)
    assert smaller[0].hidden_dropout_prob == 0.3
    whole.eval()
    pruned.eval()
    sentences = [Sentence(TRAIN), Sentence(["bad", "[SEP]", "a"]), Sentence(["abc"])]
    assert torch.equal(pruned(pruned.collate(sentences)), whole(whole.collate(sentences)))
    others = [Sentence(random_words(random.Random(3), "eé中", 6))]
    inputs = pruned.collate(others)
    assert not torch.equal(inputs.input_ids, whole.collate(others).input_ids)
    assert pruned(inputs).isfinite().all()


@pytest.mark.parametrize("make", MODELS)
def test_only_what_is_needed_is_kept(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = load_blueprint(save(tmp_path, make(random.Random(4))))
    with caplog.at_level(logging.INFO):
        (_, tokenizer), rows = prune_vocabulary(whole, ["abc"])
    expected = set(whole[1].all_special_tokens)
    for piece in whole[1].get_vocab():
        spelled = piece.removeprefix("##")
        if len(spelled) == 1 or set(spelled) <= set("▁abc"):
            expected.add(piece)
    extra = set(tokenizer.get_vocab()) - expected
    assert expected <= set(tokenizer.get_vocab())
    assert len(extra) <= (make is tiny_unigram)  # the piece with the lowest score
    assert len(rows) < whole[0].vocab_size / 2
    assert caplog.messages == [
        f"Kept {len(rows)} of {whole[0].vocab_size} pieces: embeddings of 0 MB in place of 0 MB"
    ]


@pytest.mark.parametrize("make", [*MODELS, lambda draw: tiny_tokenizer()])
def test_special_pieces_keep_their_place_and_name(make: Make, tmp_path: Path) -> None:
    whole = load_blueprint(save(tmp_path, make(random.Random(5))))
    whole[1].backend_tokenizer.enable_padding(pad_id=whole[1].pad_token_id)
    (config, tokenizer), rows = prune_vocabulary(whole, TRAIN)
    for name in ("cls", "sep", "pad", "unk", "mask"):
        old, new = (getattr(t, f"{name}_token_id") for t in (whole[1], tokenizer))
        assert rows[new] == old
    assert config.pad_token_id == tokenizer.pad_token_id
    encoding = tokenizer("abc")["input_ids"]
    assert [rows[piece] for piece in encoding] == whole[1]("abc")["input_ids"]


def test_a_pruned_encoder_is_saved_as_an_ordinary_one(tmp_path: Path) -> None:
    source = save(tmp_path / "whole", tiny_unigram(random.Random(6)))
    (config, tokenizer), rows = prune_vocabulary(load_blueprint(source), TRAIN)
    encoder = TransformerEncoder(config, tokenizer, "first")
    encoder.load_pretrained(source, rows)
    folder = tmp_path / "pruned"
    hub = AutoModel.from_config(config, add_pooling_layer=False)
    hub.load_state_dict(encoder.transformer.state_dict())
    hub.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    again = TransformerEncoder(*load_blueprint(str(folder)), "first")
    again.load_pretrained(str(folder))
    sentences = [Sentence(TRAIN)]
    assert torch.equal(
        again.eval()(again.collate(sentences)), encoder.eval()(encoder.collate(sentences))
    )
    assert AutoModel.from_pretrained(folder).get_input_embeddings().num_embeddings == len(rows)


def test_an_unknown_character_costs_what_it_did(tmp_path: Path) -> None:
    """It costs ten more than the worst piece, which nobody uses here."""
    scored = [("<pad>", 0.0), ("<unk>", 0.0), ("yz", -15.0), ("w", -15.0), ("zw", -1.0)]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.Unigram([*scored, ("qq", -20.0)], unk_id=1)),
        pad_token="<pad>",
        unk_token="<unk>",
    )
    whole = load_blueprint(save(tmp_path, tokenizer))
    (_, pruned), rows = prune_vocabulary(whole, ["xyzw", "zw"])
    assert len(rows) == 6
    assert pruned.tokenize("xyzw") == whole[1].tokenize("xyzw") == ["x", "yz", "w"]


def test_byte_pieces_are_kept_where_a_model_falls_back_to_them(tmp_path: Path) -> None:
    scored = [("<pad>", 0.0), ("<unk>", 0.0), ("a", -2.0), ("aa", -3.0), ("bb", -4.0)]
    scored += [(f"<0x{byte:02X}>", -5.0) for byte in range(256)]
    backend = Tokenizer(models.Unigram(scored, unk_id=1, byte_fallback=True))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", unk_token="<unk>"
    )
    whole = load_blueprint(save(tmp_path, tokenizer))
    (_, pruned), _ = prune_vocabulary(whole, ["a"])
    assert pruned.tokenize("aa中") == ["aa", "<0xE4>", "<0xB8>", "<0xAD>"]
    assert "bb" not in pruned.get_vocab()


def test_other_kinds_of_tokenizers_are_refused(tmp_path: Path) -> None:
    backend = Tokenizer(models.BPE({"<pad>": 0, "a": 1, "b": 2, "ab": 3}, [("a", "b")]))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>")
    whole = load_blueprint(save(tmp_path, tokenizer))
    with pytest.raises(InputError, match="a Unigram or WordPiece tokenizer, got one of the kind B"):
        prune_vocabulary(whole, ["ab"])


def test_a_padding_piece_that_would_move_is_refused(tmp_path: Path) -> None:
    scored = [("<unk>", 0.0), ("aa", -1.0), ("<pad>", 0.0), ("b", -2.0)]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.Unigram(scored, unk_id=0)),
        pad_token="<pad>",
        unk_token="<unk>",
    )
    whole = load_blueprint(save(tmp_path, tokenizer))
    with pytest.raises(InputError, match="padding piece would move from 2 to 1"):
        prune_vocabulary(whole, ["b"])
