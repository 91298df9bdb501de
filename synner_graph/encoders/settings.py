"""Say which parts an encoder has, and which settings each part reads."""

from collections.abc import Iterator

from synner_graph.config import EncoderConfig
from synner_graph.encoders.characters import CHARACTER_MODELS
from synner_graph.encoders.choice import LEXICAL, has_transformer, reads_characters, reads_words
from synner_graph.encoders.columns import RelationEncoder, UposEncoder
from synner_graph.encoders.depth import NOTHING
from synner_graph.encoders.features import FeatureEncoder
from synner_graph.encoders.gazetteer import GazetteerEncoder
from synner_graph.encoders.shape import ShapeEncoder
from synner_graph.encoders.transformer import TransformerEncoder
from synner_graph.encoders.words import WordEncoder
from synner_graph.errors import InputError
from synner_graph.parts import EncoderPart


def _always(config: EncoderConfig) -> bool:
    return True


PARTS: dict[str, EncoderPart] = {
    "transformer": EncoderPart(
        TransformerEncoder,
        "a transformer (--encoder)",
        has_transformer,
        (
            *("pooling", "context", "window", "prune_vocabulary", "transformer_dropout"),
            *("freeze", "layer_mix", "lora_rank", "lora_alpha"),
        ),
    ),
    "features": EncoderPart(
        FeatureEncoder, "encoder.features", _always, ("features", "features_size")
    ),
    "words": EncoderPart(
        WordEncoder,
        "--encoder lexical, or --encoder.words true",
        reads_words,
        ("vectors", "word_size", "fix_words", "word_dropout", "lowercase_words", "zero_digits"),
    ),
    **{
        f"characters-{name}": EncoderPart(
            encoder,
            "encoder.orthography true, or --encoder characters",
            reads_characters,
            ("character_model", "character_size", "character_embedding_size", "zero_digits"),
        )
        for name, encoder in CHARACTER_MODELS.items()
    },
    "shape": EncoderPart(
        ShapeEncoder, "encoder.orthography true", lambda config: config.orthography, ("shape_size",)
    ),
    "upos": EncoderPart(
        UposEncoder, "encoder.upos_size above 0", _always, ("upos_size", "upos_column")
    ),
    "gazetteer": EncoderPart(
        GazetteerEncoder, "encoder.gazetteer_size above 0", _always, ("gazetteer_size",)
    ),
    "relation": EncoderPart(
        RelationEncoder, "encoder.relation_size above 0", _always, ("relation_size",)
    ),
}


def unread_settings(config: EncoderConfig) -> Iterator[tuple[str, str]]:
    """Settings that the encoder does not read, each with what it would need."""
    possible = {name for part in PARTS.values() if part.possible(config) for name in part.settings}
    needs: dict[str, list[str]] = {}
    for part in PARTS.values():
        for name in part.settings:
            if name not in possible and part.when not in needs.setdefault(name, []):
                needs[name].append(part.when)
    for name, when in needs.items():
        if when:
            yield name, f"it needs {', or '.join(when)}"
    if config.name == LEXICAL:
        yield "words", f"--encoder {LEXICAL} always reads words"
    if has_transformer(config) and not config.lora_rank:
        yield "lora_alpha", "it needs encoder.lora_rank above 0"
    if has_transformer(config) and config.context != "document":
        yield "window", "it needs encoder.context document"
    if not config.upos_size:
        yield "upos_column", "it needs encoder.upos_size above 0"
    if reads_words(config) and config.vectors is None:
        yield "fix_words", "it needs encoder.vectors"


def check_encoder(config: EncoderConfig) -> None:
    """Refuse settings of a new model that contradict each other, before work begins.

    Raises:
        InputError: They do.
    """
    if config.lora_rank and config.freeze != NOTHING:
        raise InputError("With encoder.lora_rank the transformer is frozen: leave encoder.freeze.")
    if config.features_size and config.features is None:
        raise InputError("The setting encoder.features_size is read off encoder.features: name it.")
