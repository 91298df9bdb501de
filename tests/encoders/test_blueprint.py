"""Configuration and tokenizer of a saved run, read without transformers and with it."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from synner_graph.encoders.blueprint import (
    StoredConfig,
    StoredTokenizer,
    hub_config,
    max_length,
    stored_blueprint,
)
from synner_graph.encoders.pieces import PieceTokenizer, cut_words
from synner_graph.encoders.transformer import TransformerEncoder, load_blueprint
from synner_graph.errors import InputError

WORDS = ["Johnson's", "Paris", "[SEP]", "\u200b", "sings", "café", "in", "1999", "日本"]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def saved(tiny_transformer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a run saves them."""
    folder = tmp_path_factory.mktemp("saved")
    for part in load_blueprint(str(tiny_transformer)):
        part.save_pretrained(folder)
    return folder


def test_both_ways_say_the_same(saved: Path) -> None:
    found = stored_blueprint(files(saved))
    assert found is not None
    (config, tokenizer), (their_config, theirs) = found, load_blueprint(str(saved))
    assert isinstance(config, StoredConfig) and isinstance(tokenizer, StoredTokenizer)
    assert max_length(config, tokenizer) == max_length(their_config, theirs)
    for name in ("pad_token_id", "unk_token_id", "eos_token_id", "is_fast"):
        assert getattr(tokenizer, name) == getattr(theirs, name), name
    assert cut_words(tokenizer, WORDS) == cut_words(theirs, WORDS)
    ours, other = (PieceTokenizer(t, 20, first_only=True) for t in (tokenizer, theirs))
    assert (ours.prefix, ours.suffix, ours.pad) == (other.prefix, other.suffix, other.pad)
    assert (ours.prefix, ours.stand_in) == ([2], other.stand_in)
    theirs_said, said = their_config.to_dict(), hub_config(config).to_dict()
    assert said == theirs_said | {"_name_or_path": said["_name_or_path"]}


def test_what_is_saved_again_is_read_again(saved: Path, tmp_path: Path) -> None:
    for part in stored_blueprint(files(saved)) or ():
        part.save_pretrained(str(tmp_path))
    first, second = ({n: json.loads(c) for n, c in files(f).items()} for f in (saved, tmp_path))
    assert first == second


def test_other_transformers_are_left_to_transformers(saved: Path) -> None:
    kept = files(saved)
    config = json.loads(kept["config.json"])
    for changed in ({"model_type": "roberta"}, {"hidden_act": "relu"}):
        content = json.dumps(config | changed).encode()
        assert stored_blueprint(kept | {"config.json": content}) is None
    del config["layer_norm_eps"]  # the default of which transformers alone knows
    assert stored_blueprint(kept | {"config.json": json.dumps(config).encode()}) is None


def test_a_broken_tokenizer_is_refused(saved: Path) -> None:
    with pytest.raises(InputError, match=r"tokenizer\.json does not describe a tokenizer: "):
        stored_blueprint(files(saved) | {"tokenizer.json": b'{"model": 1}'})


def test_an_encoder_of_a_stored_blueprint_waits_for_its_weights(
    saved: Path, tiny_transformer: Path
) -> None:
    blueprint = stored_blueprint(files(saved))
    assert blueprint is not None
    encoder = TransformerEncoder(*blueprint, "first")
    encoder.load_pretrained(str(tiny_transformer))
    saved_weights = AutoModel.from_pretrained(tiny_transformer).state_dict()
    taken = encoder.transformer.state_dict()
    assert taken.keys() == {name for name in saved_weights if "pooler" not in name}
    assert all(torch.equal(weight, saved_weights[name]) for name, weight in taken.items())
