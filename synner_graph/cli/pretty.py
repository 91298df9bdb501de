"""Print sentences for reading."""

from collections.abc import Iterable

from rich.text import Text

from synner_graph.cli.console import output as stdout
from synner_graph.data.segmentation.blanks import has_no_blanks, parted, side_by_side
from synner_graph.data.sentence import Sentence
from synner_graph.data.unicode import visible

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


def print_pretty(sentences: Iterable[Sentence]) -> None:
    """Print a line for each sentence, with each entity in brackets before its label.

    Tokens have blanks between them where their script has any.
    """
    colours: dict[str, str] = {}
    for sentence in sentences:
        sentence = side_by_side(sentence) if has_no_blanks([sentence]) else parted(sentence)
        text, offsets = sentence.text or "", sentence.offsets or ()
        parts: list[str | tuple[str, str]] = []
        position = 0
        for entity in sentence.entities:
            start, end = offsets[entity.start][0], offsets[entity.end - 1][1]
            colour = colours.setdefault(entity.label, COLOURS[len(colours) % len(COLOURS)])
            parts.append(text[position:start].strip(" "))
            parts.append((f"[{text[start:end]} {entity.label}]", f"bold {colour}"))
            position = max(position, end)  # of nested entities the outer one goes on
        parts.append(text[position:].strip(" "))
        line = Text(" ").join(Text.assemble(part) for part in parts if part)
        line.plain = visible(line.plain)
        stdout.print(line, soft_wrap=True)
