"""Settings of a new recogniser: checked by themselves, then completed from a corpus."""

import logging
from collections.abc import Iterator, Sequence

from synner_graph.config import ModelConfig, RunConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.features import open_features
from synner_graph.data.segmentation import resolve_tokenizer
from synner_graph.data.segmentation.languages import language
from synner_graph.data.sentence import Sentence
from synner_graph.data.words.lexicon import Lexicon, count_words
from synner_graph.data.words.vectors import read_vectors
from synner_graph.encoders.choice import reads_words, spelling
from synner_graph.encoders.columns import parts_of_speech
from synner_graph.encoders.settings import check_encoder
from synner_graph.errors import InputError
from synner_graph.gnn import NONE
from synner_graph.graph.edges import EdgeInventory
from synner_graph.heads.biaffine import BIAFFINE
from synner_graph.model.kinds import KINDS
from synner_graph.parsers import TREES
from synner_graph.recogniser.unread import flatten, unread, usual

logger = logging.getLogger(__name__)


def check(config: RunConfig) -> RunConfig:
    """Refuse settings that cannot be trained with, before a corpus is read.

    Returns:
        The settings with every option of the chosen parts spelled out.

    Raises:
        InputError: A part, an option, an edge kind or a language is unknown, a setting has no
            effect, or settings contradict each other.
    """
    defaults = usual(config)
    given = flatten(config.model_dump(mode="json"))
    for key, why in unread(config).items():
        if key in given and given[key] != defaults.get(key):
            raise InputError(f"The setting {key!r} has no effect: {why}.")
    config = spell_out(config)
    check_encoder(config.encoder)
    language(config.text.language)
    needed = KINDS["recurrent"].find(config.recurrent.name).edges
    if config.gnn.name != NONE and (lacking := set(needed) - set(config.gnn.edges)):
        raise InputError(
            f"The recurrent layer {config.recurrent.name!r} reads edges of the graph: add "
            f"{', '.join(sorted(lacking))} to --edges."
        )
    if config.parser.name == BIAFFINE and config.encoder.relation_size:
        raise InputError(
            "The parser 'biaffine' cannot read the relations that it is to find: leave "
            "encoder.relation_size at 0."
        )
    if config.parser.soft_heads and config.recurrent.name == "dglstm":
        raise InputError(
            "The recurrent layer 'dglstm' reads one head of each token: leave parser.soft_heads at "
            "0, or choose another layer."
        )
    if config.parser.soft_heads and "." in config.gnn.name:
        raise InputError(
            f"The messages of {config.gnn.name} cannot be weighted, since they do not pass through "
            "the graph backend: leave parser.soft_heads at 0."
        )
    if config.parser.name not in (TREES, BIAFFINE) and config.data.shuffle is not None:
        raise InputError("data.shuffle spoils the trees of the corpus: leave parser.name at trees.")
    return config


def resolve(config: RunConfig, corpus: Corpus) -> tuple[RunConfig, Lexicon | None]:
    """Decide from a corpus what settings leave open, and refuse a corpus that does not fit them.

    Args:
        config: Settings that `check` has passed.
        corpus: With the trees that the model is to read.

    Returns:
        Settings that leave nothing open, and the words of the model, where it reads words.

    Raises:
        InputError: The training split has no entities, or sentences lack what the model reads.
    """
    sentences = corpus.splits.get("train", ())
    others = [s for split in ("dev", "test", "unlabelled") for s in corpus.splits.get(split, ())]
    if not any(sentence.entities for sentence in sentences):
        raise InputError("The training split has no entities, so there is nothing to learn.")
    if config.training.patience is not None and not corpus.splits.get("dev"):
        logger.warning(
            "There is no dev split for training.patience to watch: all epochs are trained"
        )
    for split, rows in corpus.splits.items():
        _check_columns(config, split, rows)
    lexicon = read_lexicon(config, sentences, others)
    config = complete(config, sentences, lexicon)
    if config.encoder.features is not None:
        file = open_features(config.encoder.features)
        for sentence in (*sentences, *others):
            file.check(sentence, config.encoder.features_size)
    return config, lexicon


def complete(
    config: RunConfig, sentences: Sequence[Sentence], lexicon: Lexicon | None
) -> RunConfig:
    """Fill in what settings leave open: options, the tokenizer, the widest span, widths of files.

    A saved run holds these settings, so that a later default does not change it.

    Args:
        config: Settings.
        sentences: The training sentences.
        lexicon: The words of the model, where it reads words.

    Raises:
        InputError: `encoder.word_size` is given and is not the width of the word vectors.
    """
    config = spell_out(config)
    widths: dict[str, int] = {}
    if config.encoder.features is not None:
        widths["features_size"] = open_features(config.encoder.features).width(sentences[0])
    if lexicon is not None and config.encoder.vectors is not None:
        width = widths["word_size"] = lexicon.matrix.shape[1]
        given = "word_size" in config.encoder.model_fields_set
        if given and config.encoder.word_size != width:
            raise InputError(
                f"The setting encoder.word_size is {config.encoder.word_size}, but the vectors in "
                f"{config.encoder.vectors} have width {width}: leave it out."
            )
    head = KINDS["head"].find(config.head.name)
    options = head.resolve(config.head.options, sentences)
    return config.model_copy(
        update={
            "encoder": config.encoder.model_copy(update=widths),
            "head": config.head.model_copy(update={"options": options}),
            "text": resolve_tokenizer(config.text, sentences),
        }
    )


def spell_out(config: RunConfig) -> RunConfig:
    """Add the options of the chosen parts that the settings leave out, at their defaults.

    Raises:
        InputError: A part is unknown, or does not have or cannot take an option.
    """
    update = {}
    for section, kind in KINDS.items():
        settings = getattr(config, section)
        options = kind.options(settings.name, settings.options)
        update[section] = settings.model_copy(update={"options": options})
    return config.model_copy(update=update)


def read_lexicon(
    config: RunConfig, sentences: Sequence[Sentence], others: Sequence[Sentence]
) -> Lexicon | None:
    """Collect the words of a model that reads words, and their vectors where they have one.

    Args:
        config: Settings.
        sentences: The training sentences.
        others: Sentences whose words are known too where they have a vector.

    Raises:
        InputError: The vectors cannot be read, or no word has one.
    """
    settings = config.encoder
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


def unknown_labels(corpus: Corpus) -> Iterator[str]:
    """Yield a note for each split whose entities have labels that the training split lacks."""
    known = {e.label for s in corpus.splits.get("train", ()) for e in s.entities}
    for split, sentences in corpus.splits.items():
        labels = [e.label for s in sentences for e in s.entities if e.label not in known]
        if labels:
            yield (
                f"{len(labels)} entities of the {split} split have labels that the training split "
                f"lacks ({', '.join(sorted(set(labels)))}): they count as missed"
            )


def reads_trees(config: ModelConfig) -> bool:
    """Return whether a model with these settings reads or learns dependency trees."""
    recurrent = KINDS["recurrent"].find(config.recurrent.name)
    edges = config.gnn.edges if config.gnn.name != NONE else recurrent.edges
    in_graph = EdgeInventory(edges, ()).needs_trees
    return bool(in_graph or config.encoder.relation_size or config.parser.name == BIAFFINE)


def _check_columns(config: RunConfig, split: str, sentences: Sequence[Sentence]) -> None:
    """Refuse sentences without the trees or the parts of speech that the model reads."""
    trees, tags = reads_trees(config), config.encoder.upos_size > 0
    for sentence in sentences:
        name = repr(sentence.id or " ".join(sentence.tokens[:8]))
        if trees and (sentence.heads is None or sentence.relations is None):
            raise InputError(
                f"The sentence {name} of the {split} split has no dependency tree, but the model "
                "reads trees: parse the corpus with --parser spacy:PACKAGE or --parser "
                "biaffine:RUN, train without trees with --syntax none, or use a format with heads "
                "and relations (conllu, conllx)."
            )
        if tags:
            parts_of_speech(sentence, config.encoder.upos_column)
