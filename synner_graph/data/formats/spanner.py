"""SPANNER's dumps: sentences with gold and predicted entities, in two layouts.

- Columns TOKEN TRUE PREDICTED, with a space between, tags in BIO, as its combiner reads the results
  of sequence models: `spanner`, or `spanner-predicted` for the predicted entities.
- One sentence a line, spans after it, as its span models write them: `spanner-spans` and
  `spanner-spans-predicted`. Words have spaces between; a tab comes before each span, and its words,
  its first word and the one after its last (from 0), its true and its predicted label stand between
  `:: `, O where it is none.

A sentence has one set of entities: what is written leaves the other column to `_`, which stands for
unknown. `-DOCSTART-` is no sentence and is skipped. Spans whose words are not where they are said
to be are refused: one release of the dumps counts word pieces.
"""

from synner_graph.data.formats.lines import Block, FormatError, is_number, raise_first
from synner_graph.data.formats.rows import EMPTY, Format, ReadOptions, Rows, build, join
from synner_graph.data.formats.token_tag import cut
from synner_graph.data.schemes import OUTSIDE, entities_to_tags
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError

LAYOUT = "TOKEN TRUE PREDICTED"
SPAN_LAYOUT = "WORDS:: START,END:: TRUE:: PREDICTED"
DOCUMENT_START = "-DOCSTART-"
SEPARATORS = " \t"
PART = ":: "


def columns(layer: int) -> Format:
    """Make the layout in columns; layer 0 is gold, layer 1 predicted."""

    def read(block: Block, options: ReadOptions) -> Sentence | None:
        lines = [(number, cut(line, SEPARATORS)) for number, line in block]
        lines = [(number, fields) for number, fields in lines if fields[0] != DOCUMENT_START]
        if not lines:
            return None
        rows = Rows(lines, LAYOUT, options.path)
        tokens, *tags = rows.columns
        return rows.sentence(options, tags[layer], tokens=tokens)

    def write(sentence: Sentence, scheme: str) -> list[str]:
        _check_start(sentence)
        known = entities_to_tags(sentence.entities, len(sentence), scheme)
        tags = [known, [EMPTY] * len(sentence)]
        rows = zip(sentence.tokens, tags[layer], tags[1 - layer], strict=True)
        return [join(row, SEPARATORS) for row in rows]

    return Format(scheme="bio", read=read, write=write)


def spans(layer: int) -> Format:
    """Make the layout in spans; layer 0 is gold, layer 1 predicted."""

    def read(block: Block, options: ReadOptions) -> Sentence | None:
        [(number, line)] = block
        words, *fields = line.split("\t")
        tokens = words.split(" ")
        if tokens[0] == DOCUMENT_START:
            return None
        problems: list[FormatError] = []
        entities = []
        for field in fields if not fields or fields[-1] else fields[:-1]:
            try:
                entity = _span(field, tokens, layer)
            except InputError as error:
                problems.append(FormatError(options.path, number, str(error)))
                continue
            if entity is not None:
                entities.append(entity)
        sentence, errors = build(options, tokens=tokens, entities=entities)
        problems += [FormatError(options.path, number, str(error)) for error in errors]
        raise_first(problems)
        return sentence

    def write(sentence: Sentence, scheme: str) -> list[str]:
        _check_start(sentence)
        fields = [join(sentence.tokens, SEPARATORS)]
        for entity in sentence.entities:
            if entity.label in (OUTSIDE, EMPTY) or "::" in entity.label:
                message = f"expected a label without '::' that is not {OUTSIDE} or {EMPTY}"
                raise InputError(f"{message}, got {entity.label!r}")
            words = " ".join(sentence.tokens[entity.start : entity.end])
            labels = [entity.label, EMPTY]
            span = (words, f"{entity.start},{entity.end}", labels[layer], labels[1 - layer])
            fields.append(PART.join(span))
        return [join([*fields, ""])]

    return Format(scheme="", read=read, write=write, by_line=True)


def _span(field: str, tokens: list[str], layer: int) -> Entity | None:
    """Return the entity that a field gives on a layer; None if it gives none there."""
    parts = field.rsplit(PART, 3)
    if len(parts) != 4:
        raise InputError(f"expected {SPAN_LAYOUT}, got {field!r}")
    words, place, *labels = parts
    start, _, end = place.partition(",")
    if not (is_number(start) and is_number(end)):
        raise InputError(f"expected START,END for {words!r}, got {place!r}")
    there = " ".join(tokens[int(start) : int(end)])
    if there != words:
        raise InputError(f"expected {words!r} at {place}, got {there!r}")
    if labels[layer] == EMPTY:
        raise InputError(f"expected a label or O for {words!r}, got {EMPTY}")
    return Entity(int(start), int(end), labels[layer]) if labels[layer] != OUTSIDE else None


def _check_start(sentence: Sentence) -> None:
    if sentence.tokens[0] == DOCUMENT_START:
        raise InputError(f"expected no sentence to start with {DOCUMENT_START}, which is no token")


TRUE_COLUMN, PREDICTED_COLUMN = columns(0), columns(1)
TRUE_SPANS, PREDICTED_SPANS = spans(0), spans(1)
