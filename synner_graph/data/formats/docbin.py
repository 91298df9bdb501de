"""spaCy's DocBin (`.spacy`): Docs with tokens, entities in `doc.ents`, trees if parsed.

A Doc is a document of its sentences; without sentences it is one. Tokens of white space belong to
the text but to no sentence. `doc.ents` cannot nest, so nested entities are refused on the way out;
what stands in `doc.spans` is counted and not read.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from synner_graph.data.formats.characters import placed
from synner_graph.data.formats.lines import Stream, name_of
from synner_graph.data.formats.rows import ReadOptions
from synner_graph.data.formats.whole import Document, DocumentFormat, DocumentWriter, Record
from synner_graph.data.sentence import ROOT, ConlluExtra, Entity, Sentence, SentenceError
from synner_graph.data.unicode import encodable
from synner_graph.errors import InputError

SUFFIX = "spacy"
ZLIB = b"x"
"""What every DocBin begins with, as it is compressed."""

Place = tuple[int, int]
"""A sentence, and a token in it."""


def docs(source: Stream) -> Iterator[tuple[str, Any]]:
    """Yield the Docs of a file, each with its name for errors.

    Raises:
        InputError: spaCy is missing, or the file cannot be read or holds something else.
    """
    path = name_of(source)
    content = _content(source)
    other = InputError(f"{path}: expected a DocBin of spaCy, got something else")
    if not content.startswith(ZLIB):
        raise other
    spacy = _spacy(path)
    try:
        found = list(spacy.tokens.DocBin().from_bytes(content).get_docs(spacy.blank("xx").vocab))
    except Exception as error:  # spaCy checks the first bytes only, and then fails in any way
        raise other from error
    for number, doc in enumerate(found, 1):
        yield f"{path}: Doc {number}", doc


def entities_in(where: str, doc: Any, places: Mapping[int, Place]) -> Iterator[tuple[int, Entity]]:
    """Yield the entities of a Doc, each with its sentence.

    Args:
        where: Name of the Doc.
        doc: The Doc.
        places: Of each token that is no white space.

    Raises:
        InputError: An entity goes beyond its sentence, or has no label.
    """
    for span in doc.ents:
        inside = [places[token.i] for token in span if token.i in places]
        if len({sentence for sentence, _ in inside}) != 1:
            raise InputError(
                f"{where}: expected an entity inside one sentence, got {span.label_} {span.text!r}"
            )
        if not span.label_:
            raise InputError(f"{where}: expected a label for the entity {span.text!r}, got none")
        (sentence, start), (_, last) = inside[0], inside[-1]
        yield sentence, Entity(start, last + 1, str(span.label_))


def tree_in(doc: Any, places: Sequence[int]) -> dict[str, Any]:
    """Return heads and relations of a sentence of a Doc, without its tokens of white space.

    Args:
        doc: A Doc that is parsed.
        places: The tokens of the sentence.
    """
    position = {place: i for i, place in enumerate(places)}
    heads = []
    for place in places:
        head = doc[place].head
        while head.i not in position and head.head.i != head.i:
            head = head.head  # white space may be a head
        heads.append(ROOT if head.i == place else position.get(head.i, ROOT))
    return {"heads": heads, "relations": [doc[place].dep_ or "dep" for place in places]}


def records(source: Stream) -> Iterator[Record]:
    """Cut a file into its Docs."""
    for number, (where, doc) in enumerate(docs(source), 1):
        yield Record(number, number, (where, doc))


def read(record: Record, options: ReadOptions) -> list[Sentence]:
    """Read the sentences of a Doc."""
    where, doc = record.content
    parts = list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]]
    rows = [[token.i for token in part if not token.is_space] for part in parts]
    rows = [row for row in rows if row]
    options.documents.begin("")
    options.report.empty += not rows
    options.report.stripped += bool(sum(map(len, doc.spans.values())))
    places = {i: (number, k) for number, row in enumerate(rows) for k, i in enumerate(row)}
    entities: list[list[Entity]] = [[] for _ in rows]
    for number, entity in entities_in(where, doc, places):
        entities[number].append(entity)
    if not rows:
        return []
    begins = [0, *(doc[row[0]].idx for row in rows[1:]), len(doc.text)]
    found = []
    for row, named, (first, end) in zip(rows, entities, pairwise(begins), strict=True):
        spans = [(doc[i].idx, doc[i].idx + len(doc[i])) for i in row]
        try:
            sentence = Sentence(
                entities=tuple(named),
                document=options.documents.current if len(rows) > 1 else None,
                **_columns(doc, row, placed(doc.text, spans, first, end)),
            )
            found.append(sentence.check(single_root=not options.multiple_roots, flat=False))
        except SentenceError as error:
            raise InputError(f"{where}: {error}") from error
    return found


def _columns(doc: Any, row: Sequence[int], parts: dict[str, Any]) -> dict[str, Any]:
    """Add the columns that the tokens of a sentence have to its other parts."""
    if doc.has_annotation("DEP"):
        parts |= tree_in(doc, row)
    given = {
        "upos": [doc[i].pos_ for i in row],
        "xpos": [doc[i].tag_ for i in row],
        "lemmas": [doc[i].lemma_ for i in row],
        "feats": [str(doc[i].morph) for i in row],
    }
    columns = {name: [v or "_" for v in values] for name, values in given.items() if any(values)}
    extra = parts.get("extra") or ConlluExtra()
    more = ConlluExtra(
        lemmas=tuple(columns["lemmas"]) if "lemmas" in columns else None,
        feats=tuple(columns["feats"]) if "feats" in columns else None,
        misc=extra.misc,
    )
    parts |= {name: columns[name] for name in ("upos", "xpos") if name in columns}
    return parts | {"extra": None if more == ConlluExtra() else more}


class Writer(DocumentWriter):
    """Gathers Docs, and writes them all at the end."""

    def __init__(self) -> None:
        spacy = _spacy("the format spacy")
        self._vocab = spacy.blank("xx").vocab
        self._tokens = spacy.tokens
        self._bin = spacy.tokens.DocBin()

    def add(self, document: Document) -> bytes:
        """See DocumentWriter."""
        self._bin.add(self._doc(document))
        return b""

    def finish(self) -> bytes:
        """See DocumentWriter."""
        content: bytes = self._bin.to_bytes()
        return content

    def _doc(self, document: Document) -> Any:
        """Make the Doc; white space beyond a blank between tokens becomes a token of its own."""
        columns: dict[str, list[Any]] = {
            name: [] for name in ("words", "spaces", "sent_starts", *_OPTIONAL)
        }
        entities: list[tuple[int, int, str]] = []
        end = 0
        for start, sentence in document.segments:
            sentence.check(single_root=False)
            place: list[int] = []  # in the Doc, of each token
            assert sentence.offsets is not None
            for token, (first, last) in zip(sentence.tokens, sentence.offsets, strict=True):
                _blank(columns, document.text[end : max(end, start + first)])
                place.append(len(columns["words"]))
                _append(columns, encodable(token), sent_starts=len(place) == 1)
                end = max(end, start + last)
            self._fill(columns, sentence, place)
            entities += [(place[e.start], place[e.end - 1] + 1, e.label) for e in sentence.entities]
        _blank(columns, document.text[end:])
        # Without `spaces`, spaCy takes a blank for granted.
        used = {name: values for name, values in columns.items() if any(values) or name == "spaces"}
        if "heads" in used:
            used["heads"] = [i if head is None else head for i, head in enumerate(used["heads"])]
            used["deps"] = [dep or "dep" for dep in used["deps"]]
            del used["sent_starts"]
        doc = self._tokens.Doc(self._vocab, **{"words": [], **used})
        doc.ents = [self._tokens.Span(doc, *entity) for entity in entities]
        return doc

    @staticmethod
    def _fill(columns: dict[str, list[Any]], sentence: Sentence, place: Sequence[int]) -> None:
        """Set what else is known of the tokens of a sentence."""
        extra = sentence.extra or ConlluExtra()
        given: dict[str, Sequence[str] | None] = {
            "pos": sentence.upos,
            "tags": sentence.xpos,
            "lemmas": extra.lemmas,
            "morphs": extra.feats,
            "deps": sentence.relations,
        }
        for name, values in given.items():
            for i, value in zip(place, values or (), strict=False):
                columns[name][i] = "" if value == "_" and name != "deps" else value
        for i, head in zip(place, sentence.heads or (), strict=False):
            columns["heads"][i] = i if head == ROOT else place[head]


_OPTIONAL = ("heads", "deps", "pos", "tags", "lemmas", "morphs")


def _append(columns: dict[str, list[Any]], word: str, sent_starts: bool = False) -> None:
    """Add a token without annotation, and no blank behind it."""
    for values in columns.values():
        values.append("")
    columns["words"][-1] = word
    columns["spaces"][-1] = False
    columns["sent_starts"][-1] = sent_starts
    columns["heads"][-1] = None


def _blank(columns: dict[str, list[Any]], gap: str) -> None:
    """Add the white space that stands behind the last token."""
    if gap.startswith(" ") and columns["words"]:
        columns["spaces"][-1] = True
        gap = gap[1:]
    if gap:
        _append(columns, gap)


def _content(source: Stream) -> bytes:
    if not isinstance(source, (str, Path)):
        raise InputError(f"{name_of(source)}: expected a file of bytes for spacy, got a text")
    if str(source) == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {source}: {error.strerror}") from error


def _spacy(what: str) -> Any:
    try:
        import spacy
        import spacy.tokens
    except ImportError as error:
        raise InputError(f"{what} needs spaCy: pip install 'synner-graph[parse]'.") from error
    return spacy


FORMAT = DocumentFormat(
    records, read, Writer, has_texts=False, holds=frozenset({"heads", "upos", "xpos"})
)
