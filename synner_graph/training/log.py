"""The log of a training: what the package says, in the run folder as well as on the screen."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from synner_graph.files import growing


class _Lines(logging.Handler):
    """Writes a line for each record; one that cannot be written ends the training.

    The handlers of the library print a traceback of that and go on without the line.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self.file = file
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Append a record."""
        self.file.write(f"{self.format(record)}\n".encode(errors="backslashreplace"))
        self.file.flush()


@contextmanager
def log_file(path: Path, enabled: bool) -> Iterator[None]:
    """Append what the package logs in the block to a file.

    Args:
        path: The file; its folder must exist.
        enabled: Do nothing otherwise.

    Raises:
        WriteError: It cannot be written.
    """
    if not enabled:
        yield
        return
    package = logging.getLogger("synner_graph")
    previous = package.level
    with growing(path, "ab") as file:
        handler = _Lines(file)
        package.addHandler(handler)
        package.setLevel(min(previous or logging.INFO, logging.INFO))
        try:
            yield
        finally:
            package.removeHandler(handler)
            package.setLevel(previous)
