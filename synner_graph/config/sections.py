"""Every setting of a run, typed, those of `training` apart."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from synner_graph.config.section import Section
from synner_graph.config.training import TrainingConfig


class EncoderConfig(Section):
    """How a token becomes a vector."""

    name: str = Field(
        "minilm",
        description="hub id or folder of a transformer, 'minilm' or 'e5'; without a transformer: "
        "'lexical' (words and characters) or 'characters'",
    )
    pooling: Literal["first", "mean"] = Field(
        "first", description="pieces that a token is read from"
    )
    context: Literal["sentence", "document"] = Field(
        "sentence",
        description="what a transformer reads at once: a sentence, or several of its document",
    )
    window: int | None = Field(
        None, gt=0, description="context document: pieces read at once; default 128"
    )
    freeze: str = Field(
        "none",
        pattern="^(none|all|embeddings|[1-9][0-9]*)$",
        description="weights of a transformer that do not learn: none, all, embeddings, or a "
        "number N: the embeddings and the lowest N layers",
    )
    prune_vocabulary: bool = Field(
        False,
        description="drop pieces of a transformer in characters that the training split lacks",
    )
    layer_mix: bool = Field(
        False, description="read a learned mix of a transformer's layers, not the last one"
    )
    lora_rank: int = Field(
        0,
        ge=0,
        description="rank of LoRA adapters, which learn in place of the transformer; 0: off",
    )
    lora_alpha: int = Field(16, gt=0, description="LoRA: weight of the adapters, over the rank")
    features: Path | None = Field(
        None,
        description="precomputed features of the tokens of each sentence, by its id: .h5, .npz or "
        ".safetensors",
    )
    features_size: int = Field(0, ge=0, description="width of the features, read off their file")
    transformer_dropout: float | None = Field(
        None, ge=0, lt=1, description="dropout in the transformer; default: as it was pretrained"
    )
    words: bool = Field(
        False, description="word embeddings beside a transformer; 'lexical' always has them"
    )
    vectors: Path | None = Field(
        None, description="word vectors to start from: GloVe's or fastText's text, or its .gz; none"
    )
    word_size: int = Field(
        100, gt=0, description="width of word embeddings; vectors have their own"
    )
    fix_words: bool = Field(
        False, description="keep the vectors fixed; words without a vector are unknown"
    )
    word_dropout: float = Field(
        0.05, ge=0, lt=1, description="share of words read as unknown in training"
    )
    lowercase_words: bool = Field(
        True, description="read words that are unknown, or lack a vector, in lower case"
    )
    zero_digits: bool = Field(False, description="read digits as 0, in words and in characters")
    upos_size: int = Field(0, ge=0, description="width of the part of speech; 0: not read")
    upos_column: Literal["upos", "xpos"] = Field("upos", description="where upos_size reads it")
    relation_size: int = Field(
        0, ge=0, description="width of the relation to the head; 0: not read"
    )
    gazetteer_size: int = Field(
        0,
        ge=0,
        description="width of the types of the dictionary entries around a token (gnn.gazetteer); "
        "0: not read",
    )
    orthography: bool = Field(True, description="add case/shape and character features")
    shape_size: int = Field(10, ge=0, description="width of the case/shape embedding; 0: none")
    character_model: Literal["cnn", "lstm"] = Field(
        "cnn", description="network that reads the characters of a token"
    )
    character_embedding_size: int = Field(32, gt=0, description="width of character embeddings")
    character_size: int | None = Field(
        None, gt=0, description="width of character features; default 200 for 'characters', else 50"
    )
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout on the token features")

    @field_validator("vectors", mode="before")
    @classmethod
    def no_vectors(cls, value: Any) -> Any:
        """Take `none` for no file; a file of that name is `./none`."""
        return None if value == "none" else value

    @field_validator("freeze", mode="before")
    @classmethod
    def spell_number(cls, value: Any) -> Any:
        """Take a number of layers as a number, too."""
        return str(value) if type(value) is int else value


class PartSection(Section):
    """The settings of a swappable part.

    A key that is not among the fields is an option of the part that `name` chooses, which checks
    it: `[gnn] heads = 4`, or `--gnn.heads 4` on the command line. See `synner_graph.parts`.
    """

    options: dict[str, Any] = Field({}, description="settings that only the chosen part reads")

    @model_validator(mode="before")
    @classmethod
    def gather_options(cls, table: Any) -> Any:
        """Put the part's own settings where they belong."""
        if not isinstance(table, dict) or not isinstance(table.get("options", {}), dict):
            return table
        own = {key: value for key, value in table.items() if key in cls.model_fields}
        others = {key: value for key, value in table.items() if key not in own}
        return own | {"options": own.get("options", {}) | others}


class GNNConfig(PartSection):
    """How messages pass along the tree."""

    name: str = Field("compgcn", description="a layer's name, a library's dotted name, or 'none'")
    layers: int = Field(2, gt=0, description="rounds of message passing")
    size: int = Field(200, gt=0, description="width of the graph features")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout between layers")
    residual: bool = Field(False, description="add a layer's input to its output")
    norm: bool = Field(False, description="layer norm on a layer's output")
    jump: Literal["last", "concat", "max"] = Field(
        "last",
        description="layers whose output is read: the last one, or all, joined or by maximum",
    )
    edges: tuple[str, ...] = Field(
        ("head-dependent", "dependent-head", "self"),
        min_length=1,
        description="edge kinds of the graph",
    )
    fold_subtypes: bool = Field(
        False, description="read relations without subtype: nmod:poss as nmod"
    )
    frequent: float = Field(
        0.005,
        ge=0,
        le=1,
        description="same-form: a word in more than this share of the training sentences, in more "
        "than ten of them, and most often outside entities, is no content word",
    )
    gazetteer: tuple[str, ...] = Field(
        ("train",),
        description="dictionaries that the edge kind gazetteer and encoder.gazetteer_size read: "
        "files of phrases and types, and 'train' for the names of the training split",
    )
    gazetteer_case: Literal["exact", "casefold"] = Field(
        "exact", description="how the case of phrases is compared, unless the entry says it"
    )
    gate: bool = Field(
        True,
        description="learn a weight for each relation type of the edge kinds that join sentences",
    )

    @field_validator("gazetteer", mode="before")
    @classmethod
    def split_names(cls, value: Any) -> Any:
        """Take names with commas between them, as a command line has them, too."""
        return tuple(value.split(",")) if isinstance(value, str) else value


class RecurrentConfig(PartSection):
    """What reads tokens and graph features in order."""

    name: str = Field("syn-lstm", description="syn-lstm, lstm, dglstm or none")


class HeadConfig(PartSection):
    """What names the entities."""

    name: str = Field("crf", description="crf or span")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout before the first layer")


class ParserConfig(PartSection):
    """Whose trees the model reads."""

    name: str = Field(
        "trees",
        description="where trees come from: trees, the corpus; biaffine, the corpus, and the model "
        "learns to parse; another parser's name, that parser",
    )

    @property
    def jackknife(self) -> int | None:
        """In how many parts the training split is parsed before entities are learned; or None."""
        parts: int | None = self.options.get("jackknife")
        return parts

    @property
    def own_trees(self) -> float:
        """The share of training sentences read on the model's own trees in the last epoch."""
        share: float = self.options.get("own_trees", 0.0)
        return share

    @property
    def soft_heads(self) -> int:
        """How many heads of each token the parser puts into the graph; 0: those of a tree."""
        heads: int = self.options.get("soft_heads", 0)
        return heads


class TextConfig(Section):
    """How raw text becomes sentences of tokens."""

    tokenizer: Literal["rules", "characters", "blanks"] | None = Field(
        None, description="default: characters if the training tokens are, else rules"
    )
    characters: Literal["first", "last"] | None = Field(
        None,
        description="cut the words of corpora into characters, too; this one takes the place of "
        "the word in its tree",
    )
    hyphens: Literal["rules", "whole"] | None = Field(
        None,
        description="words with a hyphen: as the rules cut them, or one token each; default: whole "
        "if most of the training tokens have it so",
    )
    splitter: Literal["rules", "lines"] = Field("rules", description="where sentences end")
    language: str = Field(
        "en",
        description="language of the rules: en, any other that spacy.blank has rules for, "
        "or xx for none",
    )
    max_tokens: int = Field(1000, gt=1, description="longest sentence; longer ones are cut")


class DataConfig(Section):
    """Where sentences come from."""

    dataset: str | None = Field(None, description="a corpus of the catalogue; default: sample")
    data_dir: Path | None = Field(None, description="folder that holds the catalogue's corpora")
    train: Path | None = Field(None, description="training file, instead of a dataset")
    dev: Path | None = Field(None, description="development file")
    test: Path | None = Field(None, description="test file")
    format: str | None = Field(None, description="format of the files; default: by suffix")
    scheme: str | None = Field(None, description="tag scheme of the files; default: the format's")
    repair: bool = Field(False, description="repair broken tag sequences and count them")
    multiple_roots: bool = Field(False, description="accept sentences with several roots")
    cache: bool = Field(True, description="keep what is read in the user's cache, and use it")
    train_subset: int | None = Field(
        None, gt=0, description="train on that many sentences, drawn with a fixed seed"
    )
    train_documents: int | None = Field(
        None, gt=0, description="train on that many whole documents, drawn with a fixed seed"
    )
    shuffle: Literal["heads", "relations"] | None = Field(
        None,
        description="shuffle this part of the trees in all splits, to see what it is worth",
    )


class ModelConfig(Section):
    """The architecture: all that rebuilding a saved model needs beside its vocabularies."""

    encoder: EncoderConfig = EncoderConfig()
    gnn: GNNConfig = GNNConfig()
    recurrent: RecurrentConfig = RecurrentConfig()
    head: HeadConfig = HeadConfig()
    parser: ParserConfig = ParserConfig()
    text: TextConfig = TextConfig()


class RunConfig(ModelConfig):
    """A whole training run."""

    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()

    @property
    def model(self) -> ModelConfig:
        """The architecture alone."""
        return ModelConfig(**{name: getattr(self, name) for name in ModelConfig.model_fields})
