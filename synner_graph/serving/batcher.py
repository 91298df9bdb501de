"""One thread that runs the model, and a queue of texts and calls in front of it."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import Sentence
from synner_graph.text.pipeline import TextPipeline, cost

ROUND = 4
"""Batches that are sorted by length together."""

Outcome = tuple["asyncio.Future[Any]", Any]
"""A future, and its result or the exception that it gets."""


class Busy(Exception):
    """Too much is waiting: the request is not taken."""


@dataclass(frozen=True)
class Reading:
    """A text that has been read.

    Attributes:
        text: As it was given.
        units: Its sentences, named, grouped as the model read them.
    """

    text: str
    units: tuple[tuple[Segment, ...], ...]

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All sentences, in order."""
        return tuple(segment for unit in self.units for segment in unit)


@dataclass(eq=False)
class _Text:
    """A text on its way: cut lazily, so that a long one holds nobody up."""

    future: "asyncio.Future[Reading]"
    text: str
    units: Iterator[list[Sentence]]
    starts: deque[int]
    found: list[tuple[Segment, ...]] = field(default_factory=list)
    following: list[Sentence] | None = None
    is_begun: bool = False

    def take(self) -> list[Sentence] | None:
        """Return the next unit, if there is one; `following` is then the one behind it."""
        unit = self.following if self.is_begun else next(self.units, None)
        self.is_begun = True
        self.following = next(self.units, None)
        return unit


@dataclass(eq=False)
class _Call:
    """Something else that the model's thread has to do."""

    future: "asyncio.Future[Any]"
    call: Callable[[], Any]


class Batcher:
    """Reads texts that arrive together in common batches, in a thread of its own.

    The thread works in rounds. In a round every waiting text gives one unit in turn (a sentence, or
    what must be read with it) until there are enough tokens for some batches; units of similar
    length are then read together. So a short text does not wait for a long one.

    Call `start` and `stop` in the event loop in which `read` and `call` are awaited.

    Args:
        pipeline: Cuts, parses and names.
        waiting: Most characters that wait; see `Limits`.
        told: Called in the event loop with the number of tokens of each round.
    """

    def __init__(
        self, pipeline: TextPipeline, waiting: int, told: Callable[[int], None] = lambda n: None
    ) -> None:
        self.pipeline = pipeline
        self.most = waiting
        self.waiting = 0
        self._told = told
        self._numbers = count(1)
        self._turn: deque[_Text | _Call] = deque()
        self._arrivals: asyncio.Queue[_Text | _Call]
        self._thread: ThreadPoolExecutor
        self._task: asyncio.Task[None] | None = None

    @property
    def runs(self) -> bool:
        """Whether there is somebody to read."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Start the thread."""
        self._arrivals = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._task = asyncio.create_task(self._rounds())

    async def stop(self) -> None:
        """Stop the thread once it has finished its round."""
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await asyncio.to_thread(self._thread.shutdown)

    async def read(self, text: str) -> Reading:
        """Name a text.

        Raises:
            Busy: Too much is waiting.
        """
        future: asyncio.Future[Reading] = self._future(len(text) + 1)
        starts: deque[int] = deque()
        # The sentences of two texts are never those of one document.
        units = self.pipeline.namer.units(self._sentences(text, str(next(self._numbers)), starts))
        self._arrivals.put_nowait(_Text(future, text, units, starts))
        return await future

    async def call(self, call: Callable[[], Any], characters: int) -> Any:
        """Call a function in the thread of the model.

        Args:
            call: The function.
            characters: How much work it is, counted as a text of that length.

        Raises:
            Busy: Too much is waiting.
        """
        future = self._future(characters)
        self._arrivals.put_nowait(_Call(future, call))
        return await future

    def _future(self, characters: int) -> "asyncio.Future[Any]":
        if self.waiting and self.waiting + characters > self.most:
            raise Busy
        self.waiting += characters
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: self._left(characters))
        return future

    def _left(self, characters: int) -> None:
        self.waiting -= characters

    def _sentences(self, text: str, document: str, starts: deque[int]) -> Iterator[Sentence]:
        for start, sentence in self.pipeline.segmenter(text, document):
            starts.append(start)
            yield sentence

    async def _rounds(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._turn:
                self._turn.append(await self._arrivals.get())
            while not self._arrivals.empty():
                self._turn.append(self._arrivals.get_nowait())
            tokens, outcomes = await loop.run_in_executor(self._thread, self._round)
            for future, outcome in outcomes:
                if future.done():  # its request has given up
                    continue
                if isinstance(outcome, Exception):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)
            if tokens:
                self._told(tokens)

    def _round(self) -> tuple[int, list[Outcome]]:
        """Do some of what waits; in the thread of the model, while the event loop waits for it."""
        outcomes: list[Outcome] = []
        picked: list[tuple[_Text, list[Sentence]]] = []
        tokens, called = 0, False
        put_off: list[_Call] = []
        while self._turn and tokens < ROUND * self.pipeline.budget:
            job = self._turn.popleft()
            if job.future.done():
                continue
            if isinstance(job, _Call):
                if called:  # one a round, so that texts are not kept waiting
                    put_off.append(job)
                    continue
                called = True
                outcomes.append((job.future, _tried(job.call)))
                continue
            unit = _tried(job.take)
            if isinstance(unit, Exception):
                outcomes.append((job.future, unit))
            elif unit is None:
                outcomes.append((job.future, Reading(job.text, ())))
            else:
                picked.append((job, unit))
                tokens += cost(unit)
                if job.following is not None:
                    self._turn.append(job)
        self._turn.extendleft(reversed(put_off))
        failed = self._name(picked)
        self._turn = deque(job for job in self._turn if job not in failed)
        for job in dict.fromkeys(job for job, _ in picked):
            if job in failed:
                outcomes.append((job.future, failed[job]))
            elif job.following is None:
                outcomes.append((job.future, Reading(job.text, tuple(job.found))))
        return tokens, outcomes

    def _name(self, picked: list[tuple[_Text, list[Sentence]]]) -> dict[_Text | _Call, Exception]:
        """Name units; return the texts for which that failed, each with its error.

        One text's error must not become another's, so after an error each text is read alone.
        """
        named = _tried(lambda: list(self.pipeline.name_units([unit for _, unit in picked])))
        if isinstance(named, Exception):
            owners = dict.fromkeys(job for job, _ in picked)
            if len(owners) == 1:
                return dict.fromkeys(owners, named)
            failed: dict[_Text | _Call, Exception] = {}
            for owner in owners:
                failed |= self._name([(job, unit) for job, unit in picked if job is owner])
            return failed
        sentences = iter(named)
        for job, unit in picked:
            job.found.append(tuple(Segment(job.starts.popleft(), next(sentences)) for _ in unit))
        return {}


def _tried(call: Callable[[], Any]) -> Any:
    """Return what a function returns, or the exception that it raises."""
    try:
        return call()
    except Exception as error:
        return error
