"""CoNLL-U: UD's 10 tab-separated columns, with entities in MISC as `NER=B-PER`.

A token without `NER=` is outside every entity. Lemmas, features, enhanced dependencies, MISC,
comments, multiword ranges and empty nodes travel in `Sentence.extra`, so that a file comes out as
it went in. Offsets are looked up in `# text`. Where the words of a multiword range spell it, one
after another (`do` `n't`), each has its own letters; else (`de` `el` for `del`) the whole range's.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from synner_graph.data.formats.comments import (
    find_offsets,
    read_comments,
    split_comments,
    write_comments,
)
from synner_graph.data.formats.documents import COMMENTS
from synner_graph.data.formats.lines import Block, FormatError, is_number
from synner_graph.data.formats.rows import (
    EMPTY,
    Format,
    ReadOptions,
    Row,
    Rows,
    head_column,
    join,
    optional,
    or_empty,
)
from synner_graph.data.schemes import OUTSIDE, entities_to_tags
from synner_graph.data.sentence import ConlluExtra, Sentence
from synner_graph.errors import InputError

LAYOUT = "ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC"
WIDTH = len(LAYOUT.split())
KEY = "NER="
NO_SPACE = "SpaceAfter=No"

Offsets = Sequence[tuple[int, int]]
Ranges = dict[int, tuple[int, str]]
"""By the 0-based first word of a multiword token: the end of its range, and its form."""


def read(block: Block, options: ReadOptions) -> Sentence:
    """Read one block of lines as a sentence."""
    comment_lines, lines = split_comments(block, options.path)
    identifier, text, comments = read_comments(comment_lines)
    words, others, ranges = _sort_out(lines, options.path)
    rows = Rows(words, LAYOUT, options.path)
    ids, tokens, lemmas, upos, xpos, feats, head_numbers, relations, deps, misc = rows.columns
    rows.check_ids(ids)
    heads = rows.heads(head_numbers)
    offsets = _find_offsets(text, tokens, ranges)
    tags, misc = _take_tags(rows, misc)
    extra = ConlluExtra(
        lemmas=optional(lemmas),
        feats=optional(feats),
        deps=optional(deps),
        misc=misc if misc != _spacing(offsets, len(tokens)) else None,
        comments=comments,
        other_lines=tuple(others),
    )
    return rows.sentence(
        options,
        tags,
        tokens=tokens,
        heads=heads,
        relations=relations if heads else optional(relations),
        upos=optional(upos),
        xpos=optional(xpos),
        id=identifier,
        text=text,
        offsets=offsets,
        extra=extra if extra != ConlluExtra() else None,
    )


def write(sentence: Sentence, scheme: str) -> list[str]:
    """Write a sentence as lines."""
    length = len(sentence)
    extra = sentence.extra or ConlluExtra()
    misc = extra.misc or _spacing(sentence.offsets, length)
    columns = (
        map(str, range(1, length + 1)),
        sentence.tokens,
        or_empty(extra.lemmas, length),
        or_empty(sentence.upos, length),
        or_empty(sentence.xpos, length),
        or_empty(extra.feats, length),
        head_column(sentence),
        or_empty(sentence.relations, length),
        or_empty(extra.deps, length),
        map(_add_tag, misc, entities_to_tags(sentence.entities, length, scheme)),
    )
    words = [join(row) for row in zip(*columns, strict=True)]
    for place, line in reversed(extra.other_lines):
        words.insert(place, line)
    return write_comments(sentence) + words


def _sort_out(lines: Block, path: str) -> tuple[list[Row], list[tuple[int, str]], Ranges]:
    """Sort lines into words, multiword ranges and empty nodes, and index the ranges by word."""
    words: list[Row] = []
    others: list[tuple[int, str]] = []
    ranges: Ranges = {}
    end = 0  # of the last multiword range
    for number, line in lines:
        fields = line.split("\t")
        if fields[0].isdigit():
            words.append((number, fields))
            continue
        place = len(words)
        before, mark, after = _cut(fields[0])
        fits_node = mark == "." and before == place
        fits_range = mark == "-" and before == place + 1 <= after and place >= end
        if not (fits_node or fits_range):
            raise FormatError(path, number, f"expected ID {place + 1}, got {fields[0]!r}")
        if len(fields) != WIDTH:
            message = f"expected {WIDTH} columns ({LAYOUT}), got {len(fields)}"
            raise FormatError(path, number, message)
        if fits_range:
            end = after
            ranges[place] = (end, fields[1])
        others.append((place, line))
    if end > len(words):
        message = f"expected the last multiword range to end by word {len(words)}, got {end}"
        raise FormatError(path, lines[-1][0], message)
    return words, others, ranges


def _cut(identifier: str) -> tuple[int, str, int]:
    """Cut `1-2` or `1.2` into its numbers and the mark between them; 0, "", 0 for anything else."""
    for mark in "-.":
        before, _, after = identifier.partition(mark)
        if is_number(before) and is_number(after):
            return int(before), mark, int(after)
    return 0, "", 0


def _find_offsets(text: str | None, tokens: Sequence[str], ranges: Ranges) -> Offsets | None:
    forms, sizes = [], []
    word = 0
    while word < len(tokens):
        end, form = ranges.get(word, (word + 1, tokens[word]))
        forms.append(form)
        sizes.append(end - word)
        word = end
    offsets = find_offsets(text, forms)
    if offsets is None:
        return None
    places: list[tuple[int, int]] = []
    for (start, end), form, size in zip(offsets, forms, sizes, strict=True):
        words = tokens[len(places) : len(places) + size]
        if size > 1 and "".join(words) == form:
            ends = [*accumulate(map(len, words), initial=start)]
            places += pairwise(ends)
        else:
            places += [(start, end)] * size
    return places


def _spacing(offsets: Offsets | None, length: int) -> tuple[str, ...]:
    """Return MISC as the offsets imply it: SpaceAfter=No where a token touches the next."""
    if offsets is None:
        return (EMPTY,) * length
    touches = [left[1] == right[0] for left, right in pairwise(offsets)]
    return tuple(NO_SPACE if touch else EMPTY for touch in [*touches, False])


def _take_tags(rows: Rows, misc: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Take the tags out of MISC, and return them with what remains."""
    tags, rest = [], []
    for position, entry in enumerate(misc):
        if KEY not in entry:
            tags.append(OUTSIDE)
            rest.append(entry)
            continue
        parts = entry.split("|")
        found = [part for part in parts if part.startswith(KEY)] or [KEY + OUTSIDE]
        if len(found) > 1:
            rows.refuse(position, f"expected one {KEY} in MISC, got {entry!r}")
        tags.append(found[0].removeprefix(KEY))
        rest.append("|".join(part for part in parts if part not in found) or EMPTY)
    return tags, tuple(rest)


def _add_tag(misc: str, tag: str) -> str:
    if tag == OUTSIDE:
        return misc
    if "|" in tag:
        raise InputError(f"expected a label without '|', which ends a value in MISC, got {tag!r}")
    return KEY + tag if misc == EMPTY else f"{misc}|{KEY}{tag}"


FORMAT = Format(scheme="bio", read=read, write=write, documents=COMMENTS)
