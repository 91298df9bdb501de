"""Lines as they arrive at a pipe."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import pytest

from synner_graph.text.live import LiveLines, live_input
from synner_graph.text.pipeline import chunks

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):  # a test may have closed it
            os.close(end)


def test_lines_are_those_of_the_stream(pipe: Pipe) -> None:
    content = b"a\r\n\n" + b"x" * 200_000 + b"\nno end"
    writer = threading.Thread(target=lambda: (os.write(pipe[1], content), os.close(pipe[1])))
    writer.start()
    found = list(LiveLines(pipe[0]))
    writer.join()
    assert found == content.splitlines(keepends=True)


def test_a_pause_closes_a_chunk(pipe: Pipe) -> None:
    """The pipe stays open: without pauses the second chunk would never come."""
    lines = LiveLines(pipe[0], pause=0.01)
    parts = chunks(lines, bytes.decode, pauses=lines.pauses)
    for content in (b"a\nb\n", b"c\n", b"d\ne"):
        os.write(pipe[1], content)
        ended = content.splitlines(keepends=True)
        assert next(parts) == [line for line in ended if line.endswith(b"\n")]
    os.close(pipe[1])
    assert list(parts) == [[b"e"]]


def test_a_chunk_that_is_full_does_not_wait(pipe: Pipe) -> None:
    lines = LiveLines(pipe[0], pause=1e9)
    os.write(pipe[1], b"a\nb\nc\n")
    assert list(islice(chunks(lines, bytes.decode, 4, lines.pauses), 1)) == [[b"a\n", b"b\n"]]


def test_a_closed_output_ends_the_wait(pipe: Pipe) -> None:
    back, output = os.pipe()
    os.close(back)
    with pytest.raises(BrokenPipeError):
        next(iter(LiveLines(pipe[0], output=output)))
    with pytest.raises(BrokenPipeError):
        LiveLines(pipe[0], output=output).pauses()
    os.close(output)


def test_only_what_may_pause_is_read_so(monkeypatch: pytest.MonkeyPatch, pipe: Pipe) -> None:
    with open(__file__) as file:
        monkeypatch.setattr("sys.stdin", file)
        assert live_input("-", False) is None
        assert live_input(__file__, False) is None
    with os.fdopen(os.dup(pipe[0])) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert isinstance(live_input("-", False), LiveLines)
        assert live_input("file.txt", False) is None
