"""Which settings have no effect beside the others, and what would read them."""

from collections.abc import Iterator, Mapping
from typing import Any

from synner_graph.config import ModelConfig, RunConfig, dotted, nested
from synner_graph.encoders.choice import has_transformer, reads_words
from synner_graph.encoders.depth import EVERYTHING, NOTHING
from synner_graph.encoders.settings import unread_settings
from synner_graph.errors import InputError
from synner_graph.gnn import NONE, layer_class
from synner_graph.graph.edges import (
    ARC_KINDS,
    GATED_KINDS,
    GAZETTEER,
    SAME_FORM,
    EdgeInventory,
)
from synner_graph.heads.biaffine import BIAFFINE
from synner_graph.model.kinds import KINDS
from synner_graph.parsers import TREES
from synner_graph.parts import Kind

Flat = dict[str, Any]
"""Settings by dotted name; an option of a part stands beside its other settings: `gnn.heads`."""

FIELDS = {name: type(getattr(RunConfig(), name)).model_fields for name in RunConfig.model_fields}
"""The settings of each section."""


def flatten(tables: Mapping[str, Any]) -> Flat:
    """Return nested settings by dotted name.

    An option of a part that is called like a setting of its section keeps its whole name, as
    `gnn.options.dropout`.
    """
    flat = dict(dotted(tables))
    for section in KINDS:
        prefix = f"{section}.options."
        for key in [key for key in flat if key.startswith(prefix)]:
            option = key.removeprefix(prefix)
            if option not in FIELDS[section]:
                flat[f"{section}.{option}"] = flat.pop(key)
    return flat


def unread(config: RunConfig) -> dict[str, str]:
    """Find every setting that this configuration does not read, with the reason.

    Raises:
        InputError: A part or an edge kind is unknown.
    """
    found = dict(_options(config))
    found |= {f"encoder.{name}": why for name, why in unread_settings(config.encoder)}
    found |= {key: why for keys, read, why in _rules(config) if not read for key in keys.split()}
    if config.training.from_run is not None and reads_words(config.encoder):
        found.pop("encoder.fix_words", None)  # the words of the run stay as they are
    if not _drops_out(config, found):
        found["training.rdrop"] = "nothing is dropped out, so two passes are alike"
    return found


def _drops_out(config: RunConfig, skipped: Mapping[str, str]) -> bool:
    """Return whether any part has dropout; settings in `skipped` are not read."""
    encoder = config.encoder
    values = usual(config) | flatten(config.model_dump(mode="json"))
    rates = {key: rate for key, rate in values.items() if key.endswith("dropout")}
    own = rates.pop("encoder.transformer_dropout")
    if has_transformer(encoder) and encoder.freeze != EVERYTHING:
        rates["encoder.transformer_dropout"] = own is None or own  # pretrained with some
    return any(rate for key, rate in rates.items() if key not in skipped)


def _options(config: RunConfig) -> Iterator[tuple[str, str]]:
    """Yield the options that other parts of the same kind have, and say whose they are."""
    for section, kind in KINDS.items():
        settings = getattr(config, section)
        for option in _options_of_others(kind, settings.name) - FIELDS[section].keys():
            readers = " or ".join(map(repr, kind.readers(option)))
            yield (
                f"{section}.{option}",
                f"it belongs to the {kind.noun} {readers}, not to {settings.name!r}",
            )


def _options_of_others(kind: Kind[Any], name: str) -> set[str]:
    """Return the options that other parts of a kind have and this one cannot take."""
    part = kind.find(name).Options
    if part.model_config.get("extra") == "allow":
        return set()
    others: set[str] = set()
    for other in kind.parts.values():
        others.update(other.Options.model_fields)
    others.difference_update(part.model_fields)
    return others


def _rules(config: RunConfig) -> Iterator[tuple[str, bool, str]]:
    """Yield settings, whether they are read, and what is missing if they are not."""
    yield from _rules_of_parts(config)
    yield from _rules_of_trees(config)
    yield from _rules_of_files(config)
    yield from _rules_of_training(config)


def _rules_of_parts(config: RunConfig) -> Iterator[tuple[str, bool, str]]:
    """The rules of GNN and head."""
    encoder, gnn, has_gnn = config.encoder, config.gnn, config.gnn.name != NONE
    has_relations = _reads_relations(config) or config.parser.name == BIAFFINE
    yield (
        "gnn.layers gnn.size gnn.dropout gnn.residual gnn.norm gnn.jump gnn.edges",
        has_gnn,
        f"it needs a GNN layer, but gnn.name is {NONE!r}",
    )
    yield (
        "gnn.dropout gnn.jump",
        not has_gnn or gnn.layers > 1,
        "it needs gnn.layers above 1",
    )
    yield (
        "gnn.frequent",
        has_gnn and SAME_FORM in gnn.edges,
        f"it needs the edge kind {SAME_FORM} in gnn.edges",
    )
    yield (
        "gnn.gazetteer gnn.gazetteer_case",
        encoder.gazetteer_size > 0 or (has_gnn and GAZETTEER in gnn.edges),
        f"it needs the edge kind {GAZETTEER} in gnn.edges, or encoder.gazetteer_size",
    )
    yield (
        "gnn.gate",
        has_gnn and bool(set(GATED_KINDS) & set(gnn.edges)),
        "it needs edges that join sentences: " + " or ".join(GATED_KINDS),
    )
    yield (
        "gnn.fold_subtypes",
        has_gnn or has_relations,
        "nothing in this model reads relations",
    )
    yield (
        "head.width_size",
        config.head.options.get("width", True) is not False,
        "it needs head.width true",
    )


def _rules_of_trees(config: RunConfig) -> Iterator[tuple[str, bool, str]]:
    """The rules of what reads trees, and of what makes them."""
    encoder, gnn, training = config.encoder, config.gnn, config.training
    learns_trees = config.parser.name == BIAFFINE
    edges = _edges(config)
    in_graph = gnn.name != NONE and ("." in gnn.name or layer_class(gnn.name).reads_relations)
    if config.data.shuffle == "heads":
        read = edges.needs_trees or learns_trees
    else:
        has_relations = bool(set(ARC_KINDS) & set(edges.kinds))
        read = (in_graph and has_relations) or _reads_relations(config) or learns_trees
    yield (
        "data.shuffle",
        read,
        f"nothing in this model reads the {config.data.shuffle or 'relations'} of a tree",
    )
    yield (
        "parser.name",
        config.parser.name in (TREES, BIAFFINE) or edges.needs_trees or encoder.relation_size > 0,
        "nothing in this model reads trees",
    )
    if learns_trees:
        in_trees = tuple(kind for kind in edges.kinds if kind not in ARC_KINDS)
        yield (
            "parser.jackknife parser.own_trees",
            not config.parser.soft_heads or EdgeInventory(in_trees, ()).needs_trees,
            "the graph reads arcs of the parser in place of trees (parser.soft_heads)",
        )
        yield (
            "parser.jackknife parser.own_trees",
            edges.needs_trees,
            "nothing in this model reads trees",
        )
        yield (
            "parser.soft_heads",
            bool(set(ARC_KINDS) & set(edges.kinds)),
            "it needs the edge kinds " + " or ".join(ARC_KINDS),
        )
        yield (
            "parser.soft_relations",
            config.parser.soft_heads > 0,
            "it needs parser.soft_heads above 0",
        )
        yield (
            "parser.soft_relations",
            in_graph,
            "no layer of this model reads the relations of edges",
        )
        yield (
            "parser.own_trees",
            training.epochs > 1,
            "the share rises from 0 in the first epoch: it needs training.epochs above 1",
        )
        yield (
            "parser.tree_noise",
            config.parser.own_trees > 0,
            "it needs parser.own_trees above 0",
        )


def _rules_of_files(config: RunConfig) -> Iterator[tuple[str, bool, str]]:
    """The rules of corpora and raw text."""
    encoder, text = config.encoder, config.text
    files = config.data.train or config.data.dev or config.data.test
    yield (
        "data.data_dir",
        not files or encoder.vectors is not None,
        "the files are named one by one",
    )
    yield (
        "text.language",
        text.tokenizer in (None, "rules") or text.splitter == "rules",
        "no rules read raw text: text.tokenizer and text.splitter name others",
    )
    yield (
        "text.characters",
        text.tokenizer in (None, "characters"),
        f"text.tokenizer {text.tokenizer} cuts raw text otherwise",
    )
    yield (
        "text.hyphens",
        text.tokenizer in (None, "rules") and text.characters is None,
        "raw text is cut by no rules",
    )


def _rules_of_training(config: RunConfig) -> Iterator[tuple[str, bool, str]]:
    """The rules of how a model learns."""
    encoder, training = config.encoder, config.training
    yield (
        "training.encoder_learning_rate training.layer_decay",
        has_transformer(encoder) and (encoder.freeze != EVERYTHING or encoder.lora_rank > 0),
        "no pretrained weights learn",
    )
    yield (
        "training.part_tokens",
        encoder.context == "document" or _edges(config).reads_documents,
        "it needs a model that reads documents: encoder.context document, or edges that join "
        "sentences",
    )
    yield (
        "training.adversarial",
        (has_transformer(encoder) and encoder.freeze == NOTHING and not encoder.lora_rank)
        or (reads_words(encoder) and not encoder.fix_words),
        "no embeddings of words or word pieces learn",
    )
    yield (
        "training.accumulation",
        training.accumulation <= training.batch_size,
        f"a batch of {training.batch_size} sentences has not so many parts",
    )
    yield (
        "training.decay",
        training.schedule == "inverse",
        "it needs training.schedule 'inverse'",
    )
    yield (
        "training.teacher_weight training.unlabelled",
        training.teacher is not None,
        "it needs training.teacher",
    )
    yield "training.betas", training.optimizer == "adamw", "it needs training.optimizer 'adamw'"


def _edges(config: RunConfig) -> EdgeInventory:
    """Return the edges along which messages pass, or those that the recurrent layer reads."""
    if config.gnn.name != NONE:
        return EdgeInventory(config.gnn.edges, ())
    return EdgeInventory(KINDS["recurrent"].find(config.recurrent.name).edges, ())


def _reads_relations(config: RunConfig) -> bool:
    """Return whether anything but the GNN reads the relations of trees."""
    recurrent = KINDS["recurrent"].find(config.recurrent.name)
    return bool(recurrent.edges) or config.encoder.relation_size > 0


USUAL = flatten(RunConfig().model_dump(mode="json"))


def usual(config: RunConfig) -> Flat:
    """Return the default of every setting of a configuration with these parts.

    Raises:
        InputError: A part is unknown.
    """
    flat = dict(USUAL)
    for section, kind in KINDS.items():
        fields = kind.find(getattr(config, section).name).Options.model_fields
        flat |= flatten({section: {"options": {name: f.default for name, f in fields.items()}}})
    return flat


def effective(tables: Mapping[str, Any]) -> Flat:
    """Return the settings that are read and differ from their defaults: they identify a run.

    Args:
        tables: All settings, as `RunConfig.model_dump(mode="json")` gives them, or as an earlier
            version did. What no longer exists counts as read.
    """
    flat = flatten(tables)
    try:
        known = {key: value for key, value in flat.items() if _exists(key)}
        config = RunConfig.model_validate(nested(known))
        skipped, defaults = unread(config), usual(config)
    except (InputError, ValueError):  # of a version that had other values: nothing equals it
        return flat
    return {
        key: value
        for key, value in flat.items()
        if key not in skipped and value != defaults.get(key)
    }


def drop_unread_options(config: ModelConfig) -> ModelConfig:
    """Drop the options of a saved run that belong to other parts than its own.

    Runs of earlier versions hold the options of all parts.

    Raises:
        InputError: A part is unknown.
    """
    update = {}
    for section, kind in KINDS.items():
        settings = getattr(config, section)
        others = _options_of_others(kind, settings.name)
        options = {k: v for k, v in settings.options.items() if k not in others}
        update[section] = settings.model_copy(update={"options": options})
    return config.model_copy(update=update)


def _exists(key: str) -> bool:
    section, _, name = key.partition(".")
    return section in KINDS or name in FIELDS.get(section, {})
