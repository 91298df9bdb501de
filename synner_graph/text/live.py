"""Read lines as they arrive, and tell when nothing more is at hand."""

import os
import select
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

PAUSE = 0.3
"""Seconds without a further line that count as a pause."""

_SIZE = 1 << 16


class LiveLines:
    """The lines of a pipe or terminal.

    Args:
        source: Descriptor to read from.
        output: Descriptor of a pipe that is written to. Where nobody reads it any more, waiting
            for input ends; None to wait in any case.
        pause: Seconds without a further line that count as a pause.
    """

    def __init__(self, source: int, output: int | None = None, pause: float = PAUSE) -> None:
        self.source = source
        self.output = output
        self.pause = pause
        self._held = bytearray()
        self._seen = 0  # bytes held that end no line
        self._ended = False
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN)
        if output is not None:
            self._poll.register(output, 0)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines with their ends.

        Raises:
            BrokenPipeError: Nobody reads the output any more.
        """
        while True:
            while not (end := self._end_of_line()) and not self._ended:
                self._fill(None)
            end = end or len(self._held)
            if not end:
                return
            line = bytes(self._held[:end])
            del self._held[:end]
            self._seen = 0
            yield line

    def pauses(self) -> bool:
        """Wait for a further line; whether none comes within `pause`.

        Raises:
            BrokenPipeError: Nobody reads the output any more.
        """
        until = time.monotonic() + self.pause
        while not self._end_of_line() and not self._ended:
            left = until - time.monotonic()
            if left <= 0 or not self._fill(left):
                return True
        return False

    def _end_of_line(self) -> int:
        """Return where the first line ends that is held; 0 where none does."""
        found = self._held.find(b"\n", self._seen) + 1
        if not found:
            self._seen = len(self._held)
        return found

    def _fill(self, seconds: float | None) -> bool:
        """Wait for input and read what there is; whether there was any."""
        ready = self._poll.poll(None if seconds is None else min(seconds, 1e6) * 1000)
        for descriptor, event in ready:
            if descriptor == self.output and event & (select.POLLERR | select.POLLHUP):
                raise BrokenPipeError
        if not any(descriptor == self.source for descriptor, _ in ready):
            return False
        read = os.read(self.source, _SIZE)
        self._held += read
        self._ended = not read
        return True


def live_input(source: str, prints: bool) -> LiveLines | None:
    """Return the lines of standard input where they may come one by one.

    Args:
        source: File to read; `-` for standard input.
        prints: Whether standard output is written to.

    Returns:
        None for a file, also one that standard input is redirected to, and where the system cannot
        tell.
    """
    if source != "-" or not hasattr(select, "poll"):
        return None
    with suppress(OSError, ValueError):  # it may be closed, or no file at all
        descriptor = sys.stdin.fileno()
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return LiveLines(descriptor, _pipe() if prints else None)
    return None


def _pipe() -> int | None:
    """Return the descriptor of standard output where it is a pipe."""
    with suppress(OSError, ValueError):
        descriptor = sys.stdout.fileno()
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return descriptor
    return None
