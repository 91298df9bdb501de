"""A recogniser that has learned nothing yet: architecture, vocabularies, pretrained weights."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from synner_graph.config import ModelConfig, RunConfig
from synner_graph.data.entries import Entry
from synner_graph.data.gazetteer import gather
from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabularies, Vocabulary
from synner_graph.data.words.forms import frequent_forms
from synner_graph.data.words.lexicon import Lexicon
from synner_graph.encoders.blueprint import Blueprint
from synner_graph.encoders.choice import has_transformer
from synner_graph.encoders.packages import resolve as resolve_encoder
from synner_graph.encoders.pruning import prune_vocabulary
from synner_graph.encoders.transformer import load_blueprint
from synner_graph.errors import InputError
from synner_graph.gnn import NONE
from synner_graph.graph.edges import GAZETTEER, SAME_FORM
from synner_graph.recogniser.memory import check_learning, room_for_new
from synner_graph.recogniser.resolve import complete, read_lexicon
from synner_graph.recogniser.synner import SynNER


def new_recogniser(
    config: RunConfig,
    sentences: Sequence[Sentence],
    backend: str,
    device: torch.device,
    kernel: str,
    lexicon: Lexicon | None = None,
    unlabelled: Sequence[Sentence] = (),
) -> SynNER:
    """Build a recogniser for the labels, relations and characters of the training sentences.

    Args:
        config: Settings; what they leave open is decided from the sentences.
        sentences: The training sentences.
        backend: Graph backend: auto, dgl or torch.
        device: Where it runs.
        kernel: Implementation of the operators: see `operators.choice.NAMES`.
        lexicon: Its words, where it reads words; by default those of the sentences.
        unlabelled: What it will learn from beside them: it knows their relations and characters.

    Raises:
        InputError: A part, the backend or the kernel cannot be used with these settings.
    """
    lexicon = lexicon or read_lexicon(config, sentences, ())
    config = complete(config, sentences, lexicon)
    read = (*sentences, *unlabelled)
    vocabularies = read_vocabularies(config, read, lexicon)
    if config.gnn.name != NONE and SAME_FORM in config.gnn.edges:
        frequent = frozenset(frequent_forms(sentences, config.gnn.frequent))
        vocabularies = replace(vocabularies, frequent=frequent)
    entries = read_entries(config, sentences)
    vocabularies = replace(vocabularies, gazetteer=entries)
    source = rows = None
    blueprint: Blueprint | None = None
    if has_transformer(config.encoder):
        source = resolve_encoder(config.encoder.name)
        blueprint = load_blueprint(source, config.encoder.transformer_dropout)
        if config.encoder.prune_vocabulary:
            tokens = {token for sentence in read for token in sentence.tokens}
            blueprint, rows = prune_vocabulary(blueprint, tokens)
    with room_for_new():
        ner = SynNER.build(architecture(config), vocabularies, blueprint, backend, device, kernel)
    check_learning(ner.model)
    ner.model.gazetteer.hide_own(sentences)
    if source is not None:
        ner.load_encoder(source, rows)
    if lexicon is not None:
        ner.load_words(lexicon)
    if config.encoder.features is not None:
        ner.use_features(config.encoder.features)
    return ner


def read_vocabularies(
    config: RunConfig, sentences: Sequence[Sentence], lexicon: Lexicon | None
) -> Vocabularies:
    """Collect the names that a model knows from sentences, without forms and a gazetteer.

    Args:
        config: Settings.
        sentences: All that it learns from.
        lexicon: Its words, where it reads words.
    """
    vocabularies = Vocabularies.collect(sentences, config.gnn.fold_subtypes)
    if config.encoder.upos_column == "xpos":
        tags = Vocabulary.collect(tag for s in sentences for tag in s.xpos or ())
        vocabularies = replace(vocabularies, upos=tags)
    if lexicon is not None:
        vocabularies = replace(vocabularies, words=lexicon.words)
    return vocabularies


def architecture(config: RunConfig) -> ModelConfig:
    """Return what a run keeps of its settings.

    It holds its words, so it names no file of vectors; and features belong to sentences.
    """
    encoder = config.encoder.model_copy(update={"vectors": None, "features": None})
    return config.model.model_copy(update={"encoder": encoder})


def read_entries(config: RunConfig, sentences: Sequence[Sentence]) -> tuple[Entry, ...]:
    """Gather the dictionary entries that a model reads; none for a model without a gazetteer.

    Raises:
        InputError: A file cannot be read, or no dictionary is named although one is to be read.
    """
    in_graph = config.gnn.name != NONE and GAZETTEER in config.gnn.edges
    if not in_graph and not config.encoder.gazetteer_size:
        return ()
    entries = gather(config.gnn.gazetteer, sentences, config.gnn.gazetteer_case)
    if not entries:
        raise InputError("A gazetteer is to be read, but gnn.gazetteer names none.")
    return entries
