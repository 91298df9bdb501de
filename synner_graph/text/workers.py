"""Processes on one machine that name texts side by side; what comes out keeps its order."""

import logging
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from synner_graph.data.segmentation.segment import Segment
from synner_graph.errors import InputError
from synner_graph.text.pipeline import Item, TextPipeline

AHEAD = 2
"""Chunks that wait for each worker, so that none is idle and memory stays bounded."""

Named = tuple[list[list[Segment]], Counter[str]]

_pipelines: list[TextPipeline] = []
"""That of this process, if it is a worker."""


class Workers:
    """Names chunks of texts in processes of one thread each.

    A chunk gives the same whoever names it, so that all chunks together give, to the last digit,
    what one process of one thread gives.

    Args:
        number: How many processes.
        open_pipeline: What each of them opens; it must be picklable.

    Attributes:
        unknown: How often each dependency relation came that the model does not know.
    """

    def __init__(self, number: int, open_pipeline: Callable[[], TextPipeline]) -> None:
        self.number = number
        self.open_pipeline = open_pipeline
        self.unknown: Counter[str] = Counter()

    def parts(
        self, parts: Iterable[list[Item]], text_of: Callable[[Item], str]
    ) -> Iterator[tuple[list[Item], Iterator[Iterator[Segment]]]]:
        """See `TextPipeline.parts`.

        Raises:
            InputError: A worker ended before its work was done, or what it read is at fault.
        """
        waiting: deque[tuple[list[Item], Future[Named]]] = deque()
        # Forked processes would share the locks of threads that they do not have.
        pool = ProcessPoolExecutor(
            self.number, get_context("spawn"), initializer=_begin, initargs=(self.open_pipeline,)
        )
        try:
            for part in parts:
                waiting.append((part, pool.submit(_name, [text_of(item) for item in part])))
                if len(waiting) >= self.number * AHEAD:
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)
        except BrokenProcessPool as error:
            raise InputError(
                "A worker ended before its work was done, for want of memory perhaps: go on with "
                "--resume, and fewer --workers."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)

    def _next(
        self, waiting: deque[tuple[list[Item], Future[Named]]]
    ) -> tuple[list[Item], Iterator[Iterator[Segment]]]:
        """Wait for the chunk that has waited longest."""
        part, future = waiting.popleft()
        named, unknown = future.result()
        self.unknown += unknown
        return part, map(iter, named)


def _begin(open_pipeline: Callable[[], TextPipeline]) -> None:
    """Open the pipeline of a worker. The main process has opened one, and said what is to say."""
    os.environ["OMP_NUM_THREADS"] = "1"
    logging.disable(logging.WARNING)
    import torch

    torch.set_num_threads(1)
    _pipelines[:] = [open_pipeline()]


def _name(texts: Sequence[str]) -> Named:
    """Name a chunk in a worker."""
    [pipeline] = _pipelines
    named = [list(segments) for segments in pipeline.chunk(texts)]
    unknown = Counter(pipeline.unknown)
    pipeline.unknown.clear()
    return named, unknown
