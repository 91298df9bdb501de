"""A transformer's states, pooled to tokens, against loops over sentences and pieces."""

import random
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor, nn
from transformers import (
    AutoModel,
    BertConfig,
    DistilBertConfig,
    GPT2Config,
    ModernBertConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    XLNetConfig,
)

from synner_graph.data.sentence import Sentence
from synner_graph.encoders.bert import Bert
from synner_graph.encoders.transformer import (
    TransformerEncoder,
    load_blueprint,
    max_length,
    mean_of_pieces,
)
from synner_graph.errors import InputError
from tests.fixtures import random_sentence, tiny_tokenizer

SENTENCES = [
    Sentence(["The", "Drs", "sing", "in", "Paris", "!"]),
    Sentence(["an"]),
    Sentence(["\u200b", "Johnson's", "the", "end"]),
]
LONG = Sentence(["Parisians", "sing"] * 8)


@pytest.fixture(scope="module", params=["first", "mean"])
def encoder(request: pytest.FixtureRequest, tiny_transformer: Path) -> TransformerEncoder:
    return load(tiny_transformer, request.param)


def load(folder: Path, pooling: str) -> TransformerEncoder:
    encoder = TransformerEncoder(*load_blueprint(str(folder)), pooling)
    encoder.load_pretrained(str(folder))
    return encoder.eval()


def pool(encoder: TransformerEncoder, pieces: list[Tensor]) -> Tensor:
    """The states of a token's pieces as one vector."""
    return pieces[0] if encoder.pieces.first_only else torch.stack(pieces).mean(0)


def by_hand(encoder: TransformerEncoder, sentence: Sentence) -> Tensor:
    """Tokens of a sentence that fits into one window."""
    tokenizer = encoder.tokenizer
    split = [tokenizer(t, add_special_tokens=False)["input_ids"] or [1] for t in sentence.tokens]
    ids = [2, *(piece for pieces in split for piece in pieces), 3]
    states = encoder.transformer(input_ids=torch.tensor([ids])).last_hidden_state[0]
    rows, place = [], 1
    for pieces in split:
        rows.append(pool(encoder, list(states[place : place + len(pieces)])))
        place += len(pieces)
    return torch.stack(rows)


def encode(encoder: TransformerEncoder, sentences: list[Sentence]) -> Tensor:
    found: Tensor = encoder(encoder.collate(sentences))
    return found


def test_tokens_are_pooled_from_their_pieces(encoder: TransformerEncoder) -> None:
    expected = torch.cat([by_hand(encoder, sentence) for sentence in SENTENCES])
    found = encode(encoder, SENTENCES)
    assert found.shape == (sum(map(len, SENTENCES)), encoder.output_size)
    torch.testing.assert_close(found, expected)


def test_windows_are_stitched(encoder: TransformerEncoder) -> None:
    ids = encoder.tokenizer(list(LONG.tokens), is_split_into_words=True, add_special_tokens=False)
    room, overlap = encoder.pieces.room, encoder.pieces.overlap
    count = len(ids["input_ids"])
    assert room < count <= 2 * room - overlap  # two windows
    starts = [0, room - overlap]
    states = []
    for start in starts:
        window = torch.tensor([[2, *ids["input_ids"][start : start + room], 3]])
        states.append(encoder.transformer(input_ids=window).last_hidden_state[0, 1:-1])
    border = room - overlap + overlap // 2
    stitched = torch.cat([states[0][:border], states[1][border - starts[1] :]])
    assert len(stitched) == count
    owners = ids.word_ids()
    expected = [
        pool(encoder, [stitched[i] for i in range(count) if owners[i] == token])
        for token in range(len(LONG))
    ]
    torch.testing.assert_close(encode(encoder, [LONG]), torch.stack(expected))


def test_a_batch_gives_what_its_sentences_give_alone(encoder: TransformerEncoder) -> None:
    sentences = [SENTENCES[1], LONG, *SENTENCES]
    alone = torch.cat([encode(encoder, [sentence]) for sentence in sentences])
    torch.testing.assert_close(encode(encoder, sentences), alone)


@pytest.mark.parametrize("sizes", [(1, 9, 30, 2, 30, 17), (1,), (5, 5), (60, 1, 44)])
def test_groups_of_windows_give_what_one_padded_batch_gives(
    sizes: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a transformer that is computed by transformers; a BERT computes no padding."""
    small = {"dim": 16, "hidden_dim": 32, "n_heads": 2, "n_layers": 2, "pad_token_id": 0}
    AutoModel.from_config(DistilBertConfig(vocab_size=150, **small)).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    encoder = load(tmp_path, "mean")
    draw = random.Random(0)
    inputs = encoder.collate([random_sentence(draw, size) for size in sizes])
    parameters = list(encoder.parameters())
    passes: list[int] = []
    found = {}
    upstream = torch.randn(sum(sizes), encoder.output_size)
    for cost in (0, 10**9):
        monkeypatch.setattr(encoder, "pass_cost", cost)
        handle = encoder.transformer.register_forward_pre_hook(lambda *_: passes.append(1))
        passes.clear()
        states = encoder(inputs)
        handle.remove()
        different = len(set(inputs.attention_mask.sum(1).tolist()))
        assert len(passes) == (different if cost == 0 else 1)
        gradients = torch.autograd.grad(states, parameters, upstream, allow_unused=True)
        found[cost] = states, gradients
    (grouped, ours), (padded, theirs) = found.values()
    torch.testing.assert_close(grouped, padded)
    for gradient, twin in zip(ours, theirs, strict=True):
        torch.testing.assert_close(gradient, twin, rtol=1e-4, atol=1e-5)


def test_pooling_is_seen_where_tokens_have_several_pieces(tiny_transformer: Path) -> None:
    first, mean = (encode(load(tiny_transformer, kind), [LONG]) for kind in ("first", "mean"))
    assert (first - mean).abs().max() > 0.1


def test_mean_of_pieces_against_a_loop() -> None:
    owners = [0, 0, 0, 1, 2, 2]
    states = torch.randn(6, 3, requires_grad=True)
    found = mean_of_pieces(states, torch.tensor(owners))
    rows = [[states[i] for i in range(6) if owners[i] == token] for token in range(3)]
    expected = torch.stack([torch.stack(row).mean(0) for row in rows])
    torch.testing.assert_close(found, expected)
    upstream = torch.randn(3, 3)
    torch.testing.assert_close(
        torch.autograd.grad(found, states, upstream),
        torch.autograd.grad(expected, states, upstream),
    )


def test_the_gradient_reaches_every_parameter(encoder: TransformerEncoder) -> None:
    encoder.zero_grad()
    # Not the sum: layer norm makes that a constant.
    (encode(encoder, [LONG, *SENTENCES]) * torch.randn(16)).sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        # A bias that adds the same to all scores of a softmax has no effect on it.
        if not name.endswith("key.bias"):
            assert parameter.grad.abs().max() > 1e-6, name


def test_pretrained_weights_are_taken_over(tiny_transformer: Path) -> None:
    saved = load_file(tiny_transformer / "model.safetensors")
    torch.manual_seed(1)  # 0 would draw the saved weights
    encoder = TransformerEncoder(*load_blueprint(str(tiny_transformer)), "first")
    random = {name: tensor.clone() for name, tensor in encoder.transformer.state_dict().items()}
    encoder.load_pretrained(str(tiny_transformer))
    loaded = encoder.transformer.state_dict()
    assert set(loaded) == set(random) == {name for name in saved if "pooler" not in name}
    for name, tensor in loaded.items():
        assert torch.equal(tensor, saved[name]), name
    assert any(not torch.equal(tensor, random[name]) for name, tensor in loaded.items())


@pytest.mark.parametrize("config", [BertConfig, DistilBertConfig, ModernBertConfig])
def test_the_dropout_inside_is_a_setting(config: type[PretrainedConfig], tmp_path: Path) -> None:
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "n_layers": 1}
    small |= {"intermediate_size": 32, "hidden_dim": 32, "dim": 16, "n_heads": 2}
    AutoModel.from_config(config(vocab_size=120, pad_token_id=0, **small)).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    for chosen in (None, 0.35):
        encoder = TransformerEncoder(*load_blueprint(str(tmp_path), chosen), "first")
        encoder.load_pretrained(str(tmp_path))
        found = {m.p for m in encoder.modules() if isinstance(m, nn.Dropout)}
        assert chosen is None or found == {0.35}
        assert chosen is not None or 0.35 not in found


def test_a_dropout_that_cannot_be_set_is_refused(tmp_path: Path) -> None:
    GPT2Config(vocab_size=120, n_layer=1, n_embd=16, n_head=2).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(InputError, match="transformer_dropout cannot be set for"):
        load_blueprint(str(tmp_path), 0.1)


def test_weights_saved_in_half_precision_are_float32_here(
    tiny_transformer: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_transformer, tmp_path / "half")
    AutoModel.from_pretrained(folder).to(torch.bfloat16).save_pretrained(folder)
    encoder = TransformerEncoder(*load_blueprint(str(folder)), "first")
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}
    encoder.load_pretrained(str(folder))
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("config", "own_limit", "expected"),
    [
        (BertConfig(max_position_embeddings=514), 512, 512),
        (BertConfig(max_position_embeddings=514), 128, 128),
        (BertConfig(max_position_embeddings=40), int(1e30), 38),
        (XLNetConfig(), int(1e30), 512),
    ],
)
def test_the_limit_is_the_encoders_or_the_tokenizers(
    config: BertConfig | XLNetConfig, own_limit: int, expected: int
) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.model_max_length = own_limit
    assert max_length(config, tokenizer) == expected


def test_byte_level_tokenizers_spell_tokens_as_in_running_text(tmp_path: Path) -> None:
    """The generic class ignores `add_prefix_space`, and has to be made to see a space."""
    pieces = ["<unk>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "Ġa"]
    model = models.BPE({piece: i for i, piece in enumerate(pieces)}, [("Ġ", "a")])
    backend = Tokenizer(model)
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    PreTrainedTokenizerFast(tokenizer_object=backend).save_pretrained(tmp_path)
    BertConfig(vocab_size=len(pieces)).save_pretrained(tmp_path)
    _, tokenizer = load_blueprint(str(tmp_path))
    assert tokenizer(["a", "a"], is_split_into_words=True).tokens() == ["Ġa", "Ġa"]


def test_a_folder_without_a_transformer_is_refused(tmp_path: Path) -> None:
    message = (
        rf"No transformer found at '{re.escape(str(tmp_path))}' \(neither a folder with config"
    )
    with pytest.raises(InputError, match=message):
        load_blueprint(str(tmp_path))


def test_missing_weights_are_refused(tiny_transformer: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_transformer, tmp_path / "empty")
    (folder / "model.safetensors").unlink()
    encoder = TransformerEncoder(*load_blueprint(str(folder)), "first")
    with pytest.raises(InputError, match=f"No weights found at '{re.escape(str(folder))}': "):
        encoder.load_pretrained(str(folder))


def test_a_bert_is_read_without_padding_unless_told(tiny_transformer: Path) -> None:
    encoder = load(tiny_transformer, "first")
    states = encode(encoder, SENTENCES)
    assert isinstance(encoder.transformer, Bert) and encoder.transformer.packs
    encoder.read_in_one_pass()
    assert not encoder.transformer.packs
    torch.testing.assert_close(encode(encoder, SENTENCES), states)
