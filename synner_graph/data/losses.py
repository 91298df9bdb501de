"""Count what sentences have that a file format cannot hold."""

from collections.abc import Iterable, Iterator

from synner_graph.data.formats import FORMATS, scheme_of
from synner_graph.data.formats.rows import ReadOptions
from synner_graph.data.formats.whole import DocumentFormat
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError

COLUMNS = {
    "heads": "dependency trees",
    "upos": "parts of speech (upos)",
    "xpos": "parts of speech (xpos)",
}


class Losses:
    """Watches sentences on their way to a file.

    What the format holds is seen by writing a sentence and reading it back, the first that has the
    column in question.

    Args:
        format: A name in `FORMATS`.
        scheme: The tagging scheme; by default the usual one.

    Attributes:
        counts: How often something is lost, by what it is.
    """

    def __init__(self, format: str, scheme: str | None = None) -> None:
        self.name = format
        self.scheme = scheme_of(format, scheme)
        self.counts: dict[str, int] = {}
        self._held: dict[str, bool] = {}

    def watch(self, sentences: Iterable[Sentence]) -> Iterator[Sentence]:
        """Hand on the sentences and count."""
        document = None
        for sentence in sentences:
            for column, what in COLUMNS.items():
                if getattr(sentence, column) is not None and not self._holds(column, sentence):
                    self._add(f"sentences whose {what} {self.name} cannot hold")
            if sentence.document not in (None, document) and not self._holds("document", sentence):
                self._add(f"documents whose marks {self.name} cannot hold")
            document = sentence.document
            yield sentence

    def _add(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def _holds(self, column: str, sentence: Sentence) -> bool:
        format = FORMATS[self.name]
        if isinstance(format, DocumentFormat):
            return column == "document" or column in format.holds
        if column == "document" and format.documents is not None:
            return True
        if column not in self._held:
            try:
                lines = format.write(sentence, self.scheme)
                options = ReadOptions("", self.scheme, repair=True, multiple_roots=True)
                back = format.read(list(enumerate(lines, 1)), options)
            except InputError:  # the writer says what is wrong with it
                return True
            self._held[column] = back is not None and getattr(back, column) is not None
        return self._held[column]
