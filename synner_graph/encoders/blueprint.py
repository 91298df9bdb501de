"""Configuration and tokenizer of a transformer, from transformers or straight from a saved run.

To import transformers takes longer than to name the entities of a sentence. A run whose transformer
is a BERT needs nothing of it: `Bert` computes the states, and the tokenizer is that of the package
tokenizers, which transformers itself calls.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tokenizers import Tokenizer

from synner_graph.encoders.bert import is_bert
from synner_graph.errors import InputError
from synner_graph.files import write_bytes

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

CONFIG, TOKENIZER, SETTINGS = "config.json", "tokenizer.json", "tokenizer_config.json"
BERT_NEEDS = (
    *("attention_probs_dropout_prob", "hidden_act", "hidden_dropout_prob", "hidden_size"),
    *("initializer_range", "intermediate_size", "layer_norm_eps", "max_position_embeddings"),
    *("num_attention_heads", "num_hidden_layers", "pad_token_id", "type_vocab_size", "vocab_size"),
)
"""What a config.json must say of a BERT; other defaults are known to transformers alone."""
UNLIMITED = 10**30
DROPOUTS = (
    *("hidden_dropout_prob", "attention_probs_dropout_prob"),  # BERT and most others
    *("embedding_dropout", "attention_dropout", "mlp_dropout", "dropout"),  # ModernBERT, DistilBERT
)
"""Names that architectures give to the dropout of their layers, without those of classifiers."""

SIZES = {"num_hidden_layers": 1000, "num_attention_heads": 10**6, "vocab_size": 10**9}
SIZES |= {"hidden_size": 10**9, "intermediate_size": 10**9}
"""The greatest sizes that a configuration may have; how much memory they take is said elsewhere."""


class StoredConfig:
    """What a config.json says, as attributes.

    Args:
        values: Of the file.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        """Say that the file does not have it; typed, because attributes are not declared."""
        raise AttributeError(name)

    def to_dict(self) -> dict[str, Any]:
        """Return what the file says."""
        return dict(self.__dict__)

    def save_pretrained(self, folder: str) -> None:
        """Write the file into a folder."""
        write_bytes(Path(folder, CONFIG), _json(self.to_dict()))


class StoredTokenizer:
    """The tokenizer of a saved run, without transformers.

    Args:
        backend: What cuts words into pieces.
        settings: What tokenizer_config.json says.
    """

    is_fast = True

    def __init__(self, backend: Tokenizer, settings: Mapping[str, Any]) -> None:
        self.backend_tokenizer = backend
        self.settings = settings
        self.model_max_length = int(settings.get("model_max_length") or UNLIMITED)
        self.pad_token_id = self._id(settings.get("pad_token"))
        self.unk_token_id = self._id(settings.get("unk_token"))
        self.eos_token_id = self._id(settings.get("eos_token"))

    def save_pretrained(self, folder: str) -> None:
        """Write its two files into a folder."""
        write_bytes(Path(folder, TOKENIZER), self.backend_tokenizer.to_str(True).encode())
        write_bytes(Path(folder, SETTINGS), _json(self.settings))

    def __len__(self) -> int:
        """Count the pieces."""
        return self.backend_tokenizer.get_vocab_size()

    def get_vocab(self) -> dict[str, int]:
        """Return the id of each piece."""
        return self.backend_tokenizer.get_vocab()

    def _id(self, piece: str | Mapping[str, Any] | None) -> int | None:
        name = piece["content"] if isinstance(piece, Mapping) else piece
        return None if name is None else self.backend_tokenizer.token_to_id(name)


AnyConfig: TypeAlias = "PretrainedConfig | StoredConfig"
AnyTokenizer: TypeAlias = "PreTrainedTokenizerBase | StoredTokenizer"
Blueprint: TypeAlias = tuple[AnyConfig, AnyTokenizer]


def stored_blueprint(files: Mapping[str, bytes]) -> Blueprint | None:
    """Read a blueprint from the files of a saved run.

    Args:
        files: Name -> content; JSON files hold JSON.

    Returns:
        None where it takes transformers to know what the files mean.

    Raises:
        InputError: A size is beyond bounds, another value is no number, or the tokenizer cannot
            be read.
    """
    config = StoredConfig(json.loads(files[CONFIG]))
    values = config.to_dict()
    if values.get("model_type") != "bert" or not all(name in values for name in BERT_NEEDS):
        return None
    check_sizes(config, f"the transformer in {CONFIG}")
    for name in set(BERT_NEEDS) - {"hidden_act", "pad_token_id"}:
        if isinstance(values[name], bool) or not isinstance(values[name], int | float):
            raise InputError(f"expected a number as {name} in {CONFIG}, got {values[name]!r}")
    if not is_bert(config):
        return None
    try:
        backend = Tokenizer.from_buffer(files[TOKENIZER])
    except Exception as error:  # the library raises Exception itself
        raise InputError(f"{TOKENIZER} does not describe a tokenizer: {error}") from error
    try:
        return config, StoredTokenizer(backend, json.loads(files[SETTINGS]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{SETTINGS} does not describe a tokenizer: {error!r}") from error


def check_sizes(config: AnyConfig, name: str) -> None:
    """Refuse sizes below 1, and a depth that would be built layer by layer without end.

    Args:
        config: Of a transformer.
        name: What to call it.

    Raises:
        InputError: A size is no whole number within its bounds.
    """
    for size_name, most in SIZES.items():
        size = getattr(config, size_name, 1)
        if not isinstance(size, int) or not 0 < size <= most:
            raise InputError(
                f"expected {size_name} of {name} to be from 1 to {most:,}, got {size!r}"
            )


def max_length(config: AnyConfig, tokenizer: AnyTokenizer) -> int:
    """Return the number of pieces that fit into the transformer, special tokens included."""
    # RoBERTa's position table has two rows more than it has positions. Where there is no table,
    # XLNet says -1 and others nothing.
    positions = int(getattr(config, "max_position_embeddings", None) or -1)
    return min(positions - 2 if positions > 0 else 512, tokenizer.model_max_length)


def backend_of(tokenizer: AnyTokenizer) -> Tokenizer:
    """Return what a fast tokenizer calls to cut words into pieces."""
    backend: Tokenizer = tokenizer.backend_tokenizer
    return backend


def hub_config(config: AnyConfig) -> "PretrainedConfig":
    """Return a configuration as transformers has it."""
    if not isinstance(config, StoredConfig):
        return config
    from transformers import AutoConfig  # slow

    values = config.to_dict()
    return AutoConfig.for_model(values.pop("model_type"), **values)


def with_dropout(config: AnyConfig, dropout: float, source: str) -> "PretrainedConfig":
    """Return a copy of a configuration in which all layers have this dropout.

    Args:
        config: Of a transformer.
        dropout: Of its layers.
        source: What to call it.

    Raises:
        InputError: It is not known where its dropout is set.
    """
    places = [name for name in DROPOUTS if hasattr(config, name)]
    if not places:
        raise InputError(f"encoder.transformer_dropout cannot be set for {source!r}.")
    changed = deepcopy(hub_config(config))
    changed.update(dict.fromkeys(places, dropout))
    return changed


def _json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
