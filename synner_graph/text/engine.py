"""Engines: what does the same work on one block after the other, or on several side by side."""

import logging
import os
import sys
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

from synner_graph.data.dictionary import Dictionary, Remarks
from synner_graph.data.segmentation.segment import Segment
from synner_graph.errors import InputError

Item = TypeVar("Item")


def program_version() -> str:
    """Return the version of this package, whose root no module of it may import."""
    return str(sys.modules[__name__.partition(".")[0]].__version__)


class Work(Protocol):
    """What is done with a block: the outcome must follow from the block alone."""

    @property
    def unknown(self) -> Counter[str]:
        """How often each dependency relation came that the model does not know."""

    def __call__(self, block: Any, /) -> Any:
        """Do it."""


Opener = Callable[[Dictionary | None], Work]
"""Opens the work in a process of its own, given the dictionary; it must be picklable."""


class Engine(Protocol):
    """Does the work on every block, and gives what comes out in the order of the blocks."""

    @property
    def unknown(self) -> Counter[str]:
        """How often each dependency relation came that the model does not know."""

    def map(
        self, items: Iterable[Item], block_of: Callable[[Item], Any]
    ) -> Iterator[tuple[Item, Any]]:
        """Yield each item with what the work gives for its block.

        Args:
            items: Blocks, and what goes with them; read a bounded number ahead.
            block_of: The block of an item.
        """


class Alone:
    """The engine of this process: one block after the other.

    Args:
        work: What is done.
    """

    def __init__(self, work: Work) -> None:
        self.work = work

    @property
    def unknown(self) -> Counter[str]:
        """See `Engine.unknown`."""
        return self.work.unknown

    def map(
        self, items: Iterable[Item], block_of: Callable[[Item], Any]
    ) -> Iterator[tuple[Item, Any]]:
        """See `Engine.map`."""
        for item in items:
            yield item, self.work(block_of(item))


class Done(NamedTuple):
    """What a worker gives for a block.

    Attributes:
        outcome: What its work gave.
        unknown: How often each dependency relation came that the model does not know.
        remarks: What the dictionary has to say.
    """

    outcome: Any
    unknown: Counter[str]
    remarks: Remarks


class Worker:
    """What a process holds that works for others: its work, or why there is none.

    It computes in one thread, and keeps its notes to itself: the main process has opened the work,
    too, and said what is to say.

    Args:
        open_work: Opens the work.
        dictionary: The user's, if there is one.
    """

    def __init__(self, open_work: Opener, dictionary: Dictionary | None) -> None:
        self.dictionary = dictionary
        self.work: Work | None = None
        self.complaint = ""
        os.environ["OMP_NUM_THREADS"] = "1"
        logging.disable(logging.WARNING)
        import torch

        torch.set_num_threads(1)
        try:
            self.work = open_work(dictionary)
        except InputError as error:
            self.complaint = str(error)

    def do(self, block: Any) -> Done:
        """Do the work on a block.

        Raises:
            InputError: The work could not be opened, or what it reads is at fault.
        """
        work, dictionary = self.work, self.dictionary
        if work is None:
            raise InputError(self.complaint)
        try:
            outcome = work(block)
        except InputError as error:
            raise InputError(str(error)) from None  # others cannot all be sent to another process
        unknown = Counter(work.unknown)
        work.unknown.clear()
        return Done(
            outcome, unknown, Remarks() if dictionary is None else dictionary.take_remarks()
        )


class Pool(ABC):
    """Workers side by side. A block gives the same whoever works on it.

    Args:
        number: How many.
        dictionary: The user's, if there is one; it learns what its copies have to remark.

    Attributes:
        unknown: See `Engine.unknown`.
    """

    ahead = 2
    """Blocks that wait for each worker, so that none is idle and memory stays bounded."""

    def __init__(self, number: int, dictionary: Dictionary | None) -> None:
        self.number = number
        self.dictionary = dictionary
        self.unknown: Counter[str] = Counter()

    @abstractmethod
    def _submit(self, block: Any) -> Any:
        """Give a block to a worker, and return what `_result` waits for."""

    @abstractmethod
    def _result(self, handle: Any) -> Done:
        """Wait for a block."""

    def map(
        self, items: Iterable[Item], block_of: Callable[[Item], Any]
    ) -> Iterator[tuple[Item, Any]]:
        """See `Engine.map`.

        Raises:
            InputError: A worker ended before its work was done, or what it read is at fault.
        """
        waiting: deque[tuple[Item, Any]] = deque()
        for item in items:
            waiting.append((item, self._submit(block_of(item))))
            if len(waiting) >= self.number * self.ahead:
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def parts(
        self, parts: Iterable[list[Item]], text_of: Callable[[Item], str]
    ) -> Iterator[tuple[list[Item], Iterator[Iterator[Segment]]]]:
        """See `TextPipeline.parts`; the work must be such a pipeline.

        Raises:
            InputError: See `map`.
        """
        for part, named in self.map(parts, lambda part: [text_of(item) for item in part]):
            yield part, map(iter, named)

    def _next(self, waiting: deque[tuple[Item, Any]]) -> tuple[Item, Any]:
        """Wait for the block that has waited longest."""
        item, handle = waiting.popleft()
        done = self._result(handle)
        self.unknown += done.unknown
        if self.dictionary is not None:
            self.dictionary.remark(done.remarks)
        return item, done.outcome
