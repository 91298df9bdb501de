"""Sentences that only a teacher labels: `training.unlabelled`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from synner_graph.config import RunConfig
from synner_graph.data.corpora.catalogue import Corpus, as_settings_say
from synner_graph.data.corpora.reading import read_file
from synner_graph.data.formats import FORMATS, format_of
from synner_graph.data.sentence import Sentence

UNLABELLED = "unlabelled"
"""What these sentences are called among the splits of a corpus."""


def with_unlabelled(config: RunConfig, corpus: Corpus) -> Corpus:
    """Add the sentences of `training.unlabelled` to a corpus, as a split of their own.

    A file whose suffix tells no format has that of `data.format`. Entities are dropped, and broken
    tags with them; trees stay, spoilt as all others where `data.shuffle` says so, and words are cut
    into characters where `text.characters` does.

    Args:
        config: Every setting.
        corpus: What is trained on.

    Raises:
        InputError: A file cannot be read.
    """
    rows = tuple(s for path in config.training.unlabelled for s in _read(path, config))
    if not rows:
        return corpus
    return replace(corpus, splits=corpus.splits | {UNLABELLED: rows})


def _read(path: Path, config: RunConfig) -> Iterator[Sentence]:
    """The sentences of one file, without entities."""
    data = config.data
    format = format_of(path, None if path.suffix.removeprefix(".") in FORMATS else data.format)
    reading = {"format": format, "repair": True, "multiple_roots": data.multiple_roots}
    for sentence in read_file(path, UNLABELLED, [], data.cache, reading, text=config.text):
        # Files may name their documents alike: a document ends where its file ends.
        document = sentence.document and f"{path}: {sentence.document}"
        sentence = sentence.replace(entities=(), candidates=None, document=document)
        yield as_settings_say(sentence, data, config.text)
