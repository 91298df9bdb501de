"""Processes on one machine that name texts side by side; what comes out keeps its order."""

import logging
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple, Self

from synner_graph.data.dictionary import Dictionary, Remarks
from synner_graph.data.segmentation.segment import Segment
from synner_graph.errors import InputError
from synner_graph.text.pipeline import Item, TextPipeline

AHEAD = 2
"""Chunks that wait for each worker, so that none is idle and memory stays bounded."""

Opener = Callable[[Dictionary | None], TextPipeline]


class Named(NamedTuple):
    """What a worker gives for a chunk.

    Attributes:
        texts: The named sentences of each text.
        unknown: How often each dependency relation came that the model does not know.
        remarks: What the dictionary has to say.
    """

    texts: list[list[Segment]]
    unknown: Counter[str]
    remarks: Remarks


class Workers:
    """Names chunks of texts in processes of one thread each.

    A chunk gives the same whoever names it, so that all chunks together give, to the last digit,
    what one process of one thread gives. The processes live as long as the `with` block.

    Args:
        number: How many processes.
        open_pipeline: What each of them opens, given the dictionary; it must be picklable.
        dictionary: The user's, if there is one; it learns what its copies have to remark.

    Attributes:
        unknown: How often each dependency relation came that the model does not know.
    """

    def __init__(
        self, number: int, open_pipeline: Opener, dictionary: Dictionary | None = None
    ) -> None:
        self.number = number
        self.dictionary = dictionary
        self.unknown: Counter[str] = Counter()
        # Forked processes would share the locks of threads that they do not have.
        self._pool = ProcessPoolExecutor(
            number,
            multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(open_pipeline, dictionary),
        )

    def __enter__(self) -> Self:
        """Return the workers."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes, once they are done with the chunks that they have begun."""
        self._pool.shutdown(cancel_futures=True)

    def parts(
        self, parts: Iterable[list[Item]], text_of: Callable[[Item], str]
    ) -> Iterator[tuple[list[Item], Iterator[Iterator[Segment]]]]:
        """See `TextPipeline.parts`.

        Raises:
            InputError: A worker ended before its work was done, or what it read is at fault.
        """
        waiting: deque[tuple[list[Item], Future[Named]]] = deque()
        try:
            for part in parts:
                waiting.append((part, self._pool.submit(_name, [text_of(item) for item in part])))
                if len(waiting) >= self.number * AHEAD:
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)
        except BrokenProcessPool as error:
            raise InputError(
                "A worker ended before its work was done, for want of memory perhaps: go on with "
                "--resume, and fewer --workers."
            ) from error

    def _next(
        self, waiting: deque[tuple[list[Item], Future[Named]]]
    ) -> tuple[list[Item], Iterator[Iterator[Segment]]]:
        """Wait for the chunk that has waited longest."""
        part, future = waiting.popleft()
        named = future.result()
        self.unknown += named.unknown
        if self.dictionary is not None:
            self.dictionary.remark(named.remarks)
        return part, map(iter, named.texts)


class _Worker:
    """What a process holds that is a worker: its pipeline, or why there is none."""

    pipeline: TextPipeline | None = None
    dictionary: Dictionary | None = None
    complaint = ""


def _begin(open_pipeline: Opener, dictionary: Dictionary | None) -> None:
    """Open the pipeline of a worker. The main process has opened one, and said what is to say."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process hears it, and ends the others
    os.environ["OMP_NUM_THREADS"] = "1"
    logging.disable(logging.WARNING)
    import torch

    torch.set_num_threads(1)
    try:
        _Worker.pipeline = open_pipeline(dictionary)
    except InputError as error:
        _Worker.complaint = str(error)
    _Worker.dictionary = dictionary


def _end_with_parent() -> None:
    """End a worker whose main process was killed: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _name(texts: Sequence[str]) -> Named:
    """Name a chunk in a worker."""
    pipeline, dictionary = _Worker.pipeline, _Worker.dictionary
    if pipeline is None:
        raise InputError(_Worker.complaint)
    try:
        named = [list(segments) for segments in pipeline.chunk(texts)]
    except InputError as error:
        raise InputError(str(error)) from None  # others cannot all be sent to the main process
    unknown = Counter(pipeline.unknown)
    pipeline.unknown.clear()
    return Named(named, unknown, Remarks() if dictionary is None else dictionary.take_remarks())
