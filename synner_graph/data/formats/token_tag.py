"""Two columns, TOKEN and TAG, and nothing else: `bmes` and `wnut`.

- `bmes`: MSRA, Weibo, Resume and their like: one character a line, a space or a tab, a tag of the
  scheme BMES (with O, so BMOES is the same). A token may not hold white space.
- `wnut`: the shared tasks WNUT-16 and WNUT-17: a tab between the columns, BIO tags.
"""

from synner_graph.data.formats.lines import Block
from synner_graph.data.formats.rows import Format, ReadOptions, Rows, join
from synner_graph.data.schemes import entities_to_tags
from synner_graph.data.sentence import Sentence

LAYOUT = "TOKEN TAG"


def two_columns(scheme: str, separators: str) -> Format:
    """Make the format with these separators; the first is the one written."""

    def read(block: Block, options: ReadOptions) -> Sentence:
        lines = [(number, cut(line, separators)) for number, line in block]
        rows = Rows(lines, LAYOUT, options.path)
        tokens, tags = rows.columns
        return rows.sentence(options, tags, tokens=tokens)

    def write(sentence: Sentence, scheme: str) -> list[str]:
        tags = entities_to_tags(sentence.entities, len(sentence), scheme)
        return [join(row, separators) for row in zip(sentence.tokens, tags, strict=True)]

    return Format(scheme=scheme, read=read, write=write)


def cut(line: str, separators: str) -> list[str]:
    """Cut at each tab; where spaces separate as well, at each run of either.

    `str.split` would also cut tokens at a no-break or ideographic space.
    """
    if " " not in separators:
        return line.split("\t")
    return [field for field in line.replace("\t", " ").split(" ") if field]


BMES = two_columns("bmes", " \t")
WNUT = two_columns("bio", "\t")
