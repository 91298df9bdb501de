"""A recogniser that has learned nothing yet: architecture, vocabularies, pretrained weights."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from synner_graph.config import GNNConfig, ModelConfig, RunConfig
from synner_graph.data.features import open_features
from synner_graph.data.gazetteer import Entry, gather
from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.data.words.forms import frequent_forms
from synner_graph.data.words.lexicon import Lexicon, count_words
from synner_graph.data.words.vectors import read_vectors
from synner_graph.encoders import (
    check_encoder,
    has_transformer,
    load_blueprint,
    prune_vocabulary,
    reads_words,
    resolve,
    spelling,
)
from synner_graph.errors import InputError
from synner_graph.gnn import NONE, check_options
from synner_graph.graph.edges import GAZETTEER, SAME_FORM
from synner_graph.recogniser.synner import SynNER
from synner_graph.text import resolve_tokenizer


def new_recogniser(
    config: RunConfig,
    sentences: Sequence[Sentence],
    backend: str,
    device: torch.device,
    kernel: str,
    lexicon: Lexicon | None = None,
) -> SynNER:
    """A recogniser for the labels, relations and characters of the training sentences.

    Its words are those of the lexicon, where it reads words; by default those of the sentences.
    """
    lexicon = lexicon or read_lexicon(config, sentences, ())
    architecture = _resolved(config.model, sentences, lexicon)
    vocabularies = Vocabularies.collect(sentences, config.gnn.fold_subtypes)
    if lexicon is not None:
        vocabularies = replace(vocabularies, words=lexicon.words)
    if config.gnn.name != NONE and SAME_FORM in config.gnn.edges:
        frequent = frozenset(frequent_forms(sentences, config.gnn.frequent))
        vocabularies = replace(vocabularies, frequent=frequent)
    entries = read_entries(config, sentences)
    vocabularies = replace(vocabularies, gazetteer=entries)
    source = blueprint = rows = None
    if has_transformer(config.encoder):
        source = resolve(config.encoder.name)
        blueprint = load_blueprint(source, config.encoder.transformer_dropout)
        if config.encoder.prune_vocabulary:
            tokens = {token for sentence in sentences for token in sentence.tokens}
            blueprint, rows = prune_vocabulary(blueprint, tokens)
    ner = SynNER.build(architecture, vocabularies, blueprint, backend, device, kernel)
    ner.model.gazetteer.hide_own(sentences)
    if source is not None:
        ner.load_encoder(source, rows)
    if lexicon is not None:
        ner.load_words(lexicon)
    if config.encoder.features is not None:
        ner.use_features(config.encoder.features)
    return ner


def read_lexicon(
    config: RunConfig, sentences: Sequence[Sentence], others: Sequence[Sentence]
) -> Lexicon | None:
    """The words of a model that reads words, with the vectors of those that have one."""
    settings = config.encoder
    check_encoder(settings)
    if not reads_words(settings):
        return None
    how, vectors = spelling(settings), None
    if settings.vectors is not None:
        words = count_words((*sentences, *others), how)
        forms = {form for word in words for form in how.forms(word)}
        vectors = read_vectors(settings.vectors, forms)
    lexicon = Lexicon.collect(sentences, others, how, vectors, settings.fix_words)
    if vectors is not None and len(lexicon.ids) == 0:
        raise InputError(f"None of the words of the corpus has a vector in {settings.vectors}.")
    return lexicon


def read_entries(config: RunConfig, sentences: Sequence[Sentence]) -> tuple[Entry, ...]:
    """The dictionary entries of a model that reads some.

    Raises:
        InputError: A file cannot be read, a dictionary is named that nothing reads, or none is
            named that is to be read.
    """
    in_graph = config.gnn.name != NONE and GAZETTEER in config.gnn.edges
    if not in_graph and not config.encoder.gazetteer_size:
        for name in ("gazetteer", "gazetteer_case"):
            if getattr(config.gnn, name) != GNNConfig.model_fields[name].default:
                raise InputError(
                    f"The setting gnn.{name} needs the edge kind gazetteer, or "
                    "encoder.gazetteer_size."
                )
        return ()
    entries = gather(config.gnn.gazetteer, sentences, config.gnn.gazetteer_case)
    if not entries:
        raise InputError("A gazetteer is to be read, but gnn.gazetteer names none.")
    return entries


def _resolved(
    config: ModelConfig, sentences: Sequence[Sentence], lexicon: Lexicon | None
) -> ModelConfig:
    """What the settings leave open: the GNN layer's options, the tokenizer, the widest span.

    A saved run holds them, so that it stays what it is when a default changes. It also holds its
    words, so it names no file with vectors; and features belong to sentences, not to a model.
    """
    encoder: dict[str, Any] = {"vectors": None, "features": None}
    if config.encoder.features is not None:
        encoder["features_size"] = open_features(config.encoder.features).width(sentences[0])
    if lexicon is not None and config.encoder.vectors is not None:
        encoder["word_size"] = lexicon.matrix.shape[1]
    config = config.model_copy(
        update={
            "encoder": config.encoder.model_copy(update=encoder),
            "gnn": check_options(config.gnn),
            "text": resolve_tokenizer(config.text, sentences),
        }
    )
    if config.head.max_width is not None:
        return config
    widest = max(e.end - e.start for sentence in sentences for e in sentence.entities)
    head = config.head.model_copy(update={"max_width": widest})
    return config.model_copy(update={"head": head})
