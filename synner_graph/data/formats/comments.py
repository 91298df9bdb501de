"""Read and write the comment lines above a sentence, and find its tokens in its text."""

from collections.abc import Iterable, Sequence

from synner_graph.data.formats.lines import Block, FormatError
from synner_graph.data.formats.rows import join
from synner_graph.data.sentence import Sentence

ID_LINE = "# sent_id ="
TEXT_LINE = "# text ="
_LINE_ENDS = str.maketrans("\n\r", "  ")


def split_comments(block: Block, path: str) -> tuple[list[str], Block]:
    """Split a block into its comments, which come first, and the lines below them.

    Raises:
        FormatError: There are none below.
    """
    end = next((i for i, (_, line) in enumerate(block) if not line.startswith("#")), None)
    if end is None:
        raise FormatError(path, block[-1][0], "expected tokens below the comments, got none")
    return [line for _, line in block[:end]], block[end:]


def read_comments(lines: Iterable[str]) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return the sentence id, the text, and the comments as `ConlluExtra` keeps them."""
    values: dict[str, str] = {}
    comments = []
    for line in lines:
        key, equals, value = line.removeprefix("#").partition("=")
        own = f"# {key.strip()} {equals}"
        if own in (ID_LINE, TEXT_LINE):
            values[own] = value.strip() if own == ID_LINE else value.removeprefix(" ")
            line = own
        comments.append(line)
    usual = [own for own in (ID_LINE, TEXT_LINE) if own in values]
    if comments[: len(usual)] == usual:
        comments = comments[len(usual) :]
    return values.get(ID_LINE), values.get(TEXT_LINE), tuple(comments)


def write_comments(sentence: Sentence) -> list[str]:
    """Write comment lines; a comment cannot hold a line end, so each becomes a space."""
    text = sentence.text.translate(_LINE_ENDS) if sentence.text is not None else None
    values = {ID_LINE: sentence.id, TEXT_LINE: text}
    comments = sentence.extra.comments if sentence.extra else ()
    lines = []
    for line in (*(own for own in values if own not in comments), *comments):
        if line not in values:
            lines.append(line)
        elif (value := values[line]) is not None:
            lines.append(f"{line} {value}")
    return [join([line], separators="") for line in lines]


def find_offsets(text: str | None, forms: Sequence[str]) -> list[tuple[int, int]] | None:
    """Return [start, end) of each form in `text`; only white space may lie between them.

    Returns:
        None where there is no text or it reads otherwise.
    """
    if text is None:
        return None
    offsets = []
    end = 0
    for form in forms:
        start = end
        while start < len(text) and text[start].isspace() and not text.startswith(form, start):
            start += 1
        if not text.startswith(form, start):
            return None
        end = start + len(form)
        offsets.append((start, end))
    return offsets
