"""CoNLL-2003: 2 to 4 columns with white space between, the token first and the tag last.

The second of three or four columns is the part of speech; the chunk is not kept. A `-DOCSTART-`
line begins a document. Tags are read as BIO, like those of most copies; the original release is in
IOB1.
"""

from synner_graph.data.formats.documents import START_LINE, START_LINES
from synner_graph.data.formats.lines import Block, FormatError
from synner_graph.data.formats.rows import EMPTY, Format, ReadOptions, Rows, join, optional
from synner_graph.data.formats.token_tag import cut
from synner_graph.data.schemes import entities_to_tags
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError

LAYOUTS = {2: "TOKEN TAG", 3: "TOKEN POS TAG", 4: "TOKEN POS CHUNK TAG"}
SEPARATORS = " \t"


def read(block: Block, options: ReadOptions) -> Sentence | None:
    """Read one block of lines as a sentence, or None for the start of a document."""
    lines = [(number, cut(line, SEPARATORS)) for number, line in block]
    if lines[0][1][0] == START_LINE:
        lines = lines[1:]
    if not lines:
        return None
    number, first = lines[0]
    if len(first) not in LAYOUTS:
        expected = "expected 2 to 4 columns (TOKEN [POS [CHUNK]] TAG)"
        raise FormatError(options.path, number, f"{expected}, got {len(first)}")
    rows = Rows(lines, LAYOUTS[len(first)], options.path)
    tokens, *middle, tags = rows.columns
    xpos = optional(middle[0]) if middle else None
    if len(middle) == 2 and optional(middle[1]):
        options.report.chunked += 1
    return rows.sentence(options, tags, tokens=tokens, xpos=xpos)


def write(sentence: Sentence, scheme: str) -> list[str]:
    """Write lines of TOKEN TAG, or of TOKEN POS _ TAG where parts of speech are known."""
    if sentence.tokens[0] == START_LINE:
        raise InputError(f"expected no sentence to start with {START_LINE}, which is no token")
    tags = entities_to_tags(sentence.entities, len(sentence), scheme)
    if sentence.xpos is None:
        return [join(row, SEPARATORS) for row in zip(sentence.tokens, tags, strict=True)]
    chunks = [EMPTY] * len(sentence)
    rows = zip(sentence.tokens, sentence.xpos, chunks, tags, strict=True)
    return [join(row, SEPARATORS) for row in rows]


FORMAT = Format(scheme="bio", read=read, write=write, documents=START_LINES)
