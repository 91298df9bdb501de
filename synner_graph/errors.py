"""What the program says when the user's input is wrong."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 1000
"""Characters of the longest message: one sentence may quote a whole file."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class InputError(ValueError):
    """The input, not the program, is at fault; the command line prints it and exits with 2."""


def lacks_memory(error: Exception) -> bool:
    """Say whether an error means that no more memory can be had, on a CPU or a GPU.

    PyTorch is not imported for this: it takes seconds, and without it no such error is raised.
    """
    on_cpu = "DefaultCPUAllocator" in str(error)
    return isinstance(error, MemoryError) or on_cpu or type(error).__name__ == "OutOfMemoryError"


def suggest(name: str, choices: Iterable[str]) -> str:
    """Ending for an error about an unknown name: the nearest choice, if any, and all of them."""
    known = sorted(choices)
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{hint} Known: {', '.join(known)}."


def message_line(text: str, longest: int = LONGEST) -> str:
    """Return a message as one line that any terminal can show.

    Control characters, which could move the cursor or clear the screen, are escaped, and so are
    lone surrogates, which UTF-8 cannot write. Of a message
    that is too long, the middle is left out.
    """
    half = longest // 2
    if len(text) > longest:
        text = f"{text[:half]} [... {len(text) - 2 * half:,} characters ...] {text[-half:]}"
    return _CONTROL.sub(lambda match: repr(match.group())[1:-1], text)
