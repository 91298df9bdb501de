"""What the program says when the user's input is wrong."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """The input, not the program, is at fault; the command line prints it and exits with 2."""


def suggest(name: str, choices: Iterable[str]) -> str:
    """Ending for an error about an unknown name: the nearest choice, if any, and all of them."""
    known = sorted(choices)
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{hint} Known: {', '.join(known)}."
