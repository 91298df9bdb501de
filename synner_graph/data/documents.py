"""Sentences by document."""

import re
from collections.abc import Iterable, Iterator

from synner_graph.data.sentence import ConlluExtra, Sentence

NEW_PARAGRAPH = re.compile(r"#\s*newpar\b.*")

PART = "\0"
"""Stands between a document's id and the number of its part; no file can hold it."""


def follows_on(before: Sentence, sentence: Sentence) -> bool:
    """Say whether a sentence belongs to the same document as the one before it."""
    return sentence.document is not None and sentence.document == before.document


def documents(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    """Cut sentences into documents, one at a time.

    A document is a run of sentences with the same `document`; a sentence without one is a document
    of its own.
    """
    run: list[Sentence] = []
    for sentence in sentences:
        if run and not follows_on(run[-1], sentence):
            yield run
            run = []
        run.append(sentence)
    if run:
        yield run


def document_sizes(sentences: Iterable[Sentence]) -> list[int]:
    """Return the number of sentences of each document, in order."""
    return [len(document) for document in documents(sentences)]


def text_of(document: Iterable[Sentence]) -> tuple[str, list[int]]:
    """Join the texts of sentences into the text of their document.

    A blank stands between two sentences, unless the first ends with white space or says
    `SpaceAfter=No`; an empty line where CoNLL-U has `# newpar`.

    Args:
        document: Its sentences, all with a text.

    Returns:
        The text, and the character at which each sentence begins.
    """
    text = ""
    starts: list[int] = []
    between = ""
    for sentence in document:
        extra = sentence.extra or ConlluExtra()
        if starts and any(NEW_PARAGRAPH.fullmatch(comment) for comment in extra.comments):
            between = "\n\n"
        starts.append(len(text) + len(between))
        text += between + (sentence.text or "")
        glued = extra.misc is not None and "SpaceAfter=No" in extra.misc[-1].split("|")
        between = "" if glued or text[-1:].isspace() else " "
    return text, starts


def parts(sentences: Iterable[Sentence], tokens: int) -> Iterator[list[Sentence]]:
    """Cut long documents into parts, which count as documents until `whole` is called.

    Args:
        sentences: Any; a document may be endless.
        tokens: Greatest size of a part; a longer sentence is a part by itself.
    """
    part: list[Sentence] = []
    size = number = 0
    before: Sentence | None = None
    for sentence in sentences:
        follows = before is not None and follows_on(before, sentence)
        if part and (not follows or size + len(sentence) > tokens):
            yield part
            part, size = [], 0
            number = number + 1 if follows else 0
        before = sentence
        if number:
            sentence = sentence.replace(document=f"{sentence.document}{PART}{number}")
        part.append(sentence)
        size += len(sentence)
    if part:
        yield part


def whole(sentence: Sentence) -> Sentence:
    """Turn a sentence of a part into a sentence of the document again."""
    if sentence.document is None or PART not in sentence.document:
        return sentence
    return sentence.replace(document=sentence.document.partition(PART)[0])
