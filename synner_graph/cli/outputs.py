"""Check that commands never write onto what they read."""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from synner_graph.errors import InputError
from synner_graph.files import same_file

STANDARD = "-"


def check_output(output: Path | str | None, inputs: Iterable[Path | str | None]) -> None:
    """Refuse an output that is one of the inputs, by whatever name or link.

    Args:
        output: File to write; None and `-` for standard output.
        inputs: Files to read; None where there is none, `-` for standard input.

    Raises:
        InputError: The output is an input.
    """
    if output is None or str(output) == STANDARD or not Path(output).is_file():
        return
    for source in inputs:
        if source is None:
            continue
        if _is_standard_input(output) if str(source) == STANDARD else same_file(source, output):
            raise InputError(
                f"The output {output} is the same file as the input {source}: name another output."
            )


def _is_standard_input(output: Path | str) -> bool:
    with suppress(OSError, ValueError, AttributeError):  # it may be closed, or no file at all
        return os.path.samestat(os.fstat(sys.stdin.fileno()), os.stat(output))
    return False
