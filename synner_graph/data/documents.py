"""Sentences by document."""

from collections.abc import Iterable, Iterator

from synner_graph.data.sentence import Sentence


def documents(sentences: Iterable[Sentence]) -> list[list[Sentence]]:
    """The sentences of each document, in order; see `iter_documents`."""
    return list(iter_documents(sentences))


def iter_documents(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    """Cut sentences into documents, one at a time.

    A document is a run of sentences with the same `document`; a sentence without one is a document
    of its own.
    """
    run: list[Sentence] = []
    for sentence in sentences:
        if run and (sentence.document is None or sentence.document != run[-1].document):
            yield run
            run = []
        run.append(sentence)
    if run:
        yield run
