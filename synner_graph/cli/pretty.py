"""Print sentences for reading."""

from collections.abc import Iterable

from rich.text import Text

from synner_graph.cli.console import output as stdout
from synner_graph.data.sentence import Sentence
from synner_graph.data.unicode import visible

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


def print_pretty(sentences: Iterable[Sentence]) -> None:
    """Print a line for each sentence, with each entity in brackets before its label."""
    colours: dict[str, str] = {}
    for sentence in sentences:
        line = Text()
        position = 0
        for entity in sentence.entities:
            line.append("".join(f"{token} " for token in sentence.tokens[position : entity.start]))
            colour = colours.setdefault(entity.label, COLOURS[len(colours) % len(COLOURS)])
            words = " ".join(sentence.tokens[entity.start : entity.end])
            line.append(f"[{words} {entity.label}]", style=f"bold {colour}")
            line.append(" ")
            position = max(position, entity.end)  # of nested entities the outer one goes on
        line.append(" ".join(sentence.tokens[position:]))
        line.plain = visible(line.plain)
        stdout.print(line, soft_wrap=True)
