"""Processes on one machine that work side by side; what comes out keeps its order."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any, Self

from synner_graph.data.dictionary import Dictionary
from synner_graph.errors import InputError
from synner_graph.text.engine import Done, Opener, Pool, Worker


class Workers(Pool):
    """The engine of several processes of one thread each.

    All blocks together give, to the last digit, what one process of one thread gives. The
    processes live as long as the `with` block.

    Args:
        number: How many processes.
        open_work: What each of them does.
        dictionary: See `Pool`.
    """

    def __init__(
        self, number: int, open_work: Opener, dictionary: Dictionary | None = None
    ) -> None:
        super().__init__(number, dictionary)
        # Forked processes would share the locks of threads that they do not have.
        context = multiprocessing.get_context("spawn")
        ending, self._wanted = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            number, context, initializer=_begin, initargs=(open_work, dictionary, ending)
        )

    def __enter__(self) -> Self:
        """Return the workers."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes, whatever they are doing: nobody wants it any more.

        The pool would ask them to end. One that was killed while it held the lock of the pool's
        queue would leave the others waiting for that lock, and the pool for them.
        """
        self._wanted.close()
        self._pool.shutdown(cancel_futures=True)

    def _submit(self, block: Any) -> Future[Done]:
        with _whole():
            return self._pool.submit(_do, block)

    def _result(self, handle: Future[Done]) -> Done:
        with _whole():
            return handle.result()


@contextmanager
def _whole() -> Iterator[None]:
    """Say in one sentence that a process has ended."""
    try:
        yield
    except BrokenProcessPool as error:
        raise InputError(
            "A worker ended before its work was done, for want of memory perhaps: go on with "
            "--resume, and fewer --workers."
        ) from error


class _Own:
    """What this process holds, if it is a worker."""

    worker: Worker | None = None


def _begin(open_work: Opener, dictionary: Dictionary | None, ending: Connection) -> None:
    """Make this process a worker.

    Args:
        open_work: What it does.
        dictionary: See `Pool`.
        ending: Is closed at the other end when nobody wants workers any more.
    """
    threading.Thread(target=_end_when_unwanted, args=(ending,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process hears it, and ends the others
    _Own.worker = Worker(open_work, dictionary)


def _end_when_unwanted(ending: Connection) -> None:
    """End this worker with the `with` block, or the main process: both close the pipe."""
    wait([ending])
    os._exit(1)


def _do(block: Any) -> Done:
    """Do the work of this process on a block."""
    assert _Own.worker is not None
    return _Own.worker.do(block)
