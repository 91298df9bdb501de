"""Threads that run the model, and a queue of texts and calls in front of them."""

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

LEAST = 256
"""Tokens from which it pays to read with several threads."""

CHARACTERS = 5
"""Characters of a token, about."""


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
    found: dict[int, tuple[Segment, ...]] = field(default_factory=dict)
    taken: int = 0
    following: list[Sentence] | None = None
    is_cut: bool = False

    def take(self) -> list[Sentence] | None:
        """Return the next unit, if there is one; `following` is then the one behind it."""
        unit = self.following if self.following is not None else next(self.units, None)
        self.following = next(self.units, None)
        return unit


@dataclass(eq=False)
class _Unit:
    """What a text gives to a round."""

    owner: _Text
    number: int
    sentences: list[Sentence]
    starts: list[int]


@dataclass(eq=False)
class _Call:
    """Something else that the model's thread has to do."""

    future: "asyncio.Future[Any]"
    call: Callable[[], Any]


@dataclass
class _Round:
    """What a thread does next: some units, and one call at most, so that texts wait for no two."""

    units: list[_Unit] = field(default_factory=list)
    call: _Call | None = None
    ends: list[tuple[_Text, Exception | None]] = field(default_factory=list)
    tokens: int = 0


class Batcher:
    """Reads texts that arrive together in common batches, in threads of its own.

    The threads work in rounds. In a round every waiting text gives one unit in turn (a sentence, or
    what must be read with it) until there are enough tokens for some batches; units of similar
    length are then read together. So a short text does not wait for a long one. With several
    threads a round takes its share of what waits: while one reads, answers of the other are sent.

    Call `start` and `stop` in the event loop in which `read` and `call` are awaited.

    Args:
        pipeline: Cuts, parses and names.
        waiting: Most characters that wait; see `Limits`.
        told: Called in the event loop with the number of tokens of each round.
        threads: How many rounds may go on at once.
    """

    def __init__(
        self,
        pipeline: TextPipeline,
        waiting: int,
        told: Callable[[int], None] = lambda n: None,
        threads: int = 1,
    ) -> None:
        self.pipeline = pipeline
        self.most = waiting
        self.waiting = 0
        self.threads = threads
        self._told = told
        self._numbers = count(1)
        self._turn: deque[_Text | _Call] = deque()
        self._arrivals: asyncio.Queue[_Text | _Call]
        self._pool: ThreadPoolExecutor
        self._task: asyncio.Task[None] | None = None

    @property
    def runs(self) -> bool:
        """Whether there is somebody to read."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Start the threads."""
        self._arrivals = asyncio.Queue()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="model")
        self._task = asyncio.create_task(self._rounds())

    async def stop(self) -> None:
        """Stop the threads once they have finished their rounds."""
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await asyncio.to_thread(self._pool.shutdown)

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
        """Call a function in a thread of the model.

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
        free = asyncio.Semaphore(self.threads)

        async def work(job: _Round) -> None:
            outcomes = await loop.run_in_executor(self._pool, self._done, job)
            free.release()
            if job.tokens:
                self._told(job.tokens)
            self._answer(job, *outcomes)

        async with asyncio.TaskGroup() as group:
            while True:
                await free.acquire()
                if not self._turn:
                    self._turn.append(await self._arrivals.get())
                while not self._arrivals.empty():
                    self._turn.append(self._arrivals.get_nowait())
                job = await loop.run_in_executor(self._pool, self._pick)
                for unit in job.units:
                    unit.owner.is_cut = unit.owner.following is None
                group.create_task(work(job))

    def _pick(self) -> _Round:
        """Take some of what waits; meanwhile the event loop leaves `_turn` alone."""
        most = float(ROUND * self.pipeline.budget)
        if self.threads > 1:
            most = min(most, max(LEAST, self.waiting / CHARACTERS / self.threads))
        job = _Round()
        put_off: list[_Call] = []
        while self._turn and job.tokens < most:
            owner = self._turn.popleft()
            if owner.future.done():
                continue
            if isinstance(owner, _Call):
                if job.call is None:
                    job.call = owner
                else:
                    put_off.append(owner)
                continue
            unit = _tried(owner.take)
            if isinstance(unit, Exception) or unit is None:
                job.ends.append((owner, unit))
                continue
            starts = [owner.starts.popleft() for _ in unit]
            job.units.append(_Unit(owner, owner.taken, unit, starts))
            owner.taken += 1
            job.tokens += cost(unit)
            if owner.following is not None:
                self._turn.append(owner)
        self._turn.extendleft(reversed(put_off))
        return job

    def _done(self, job: _Round) -> tuple[Any, dict[_Text, Exception]]:
        """Do the work of a round; return what the call gives, and the texts that failed."""
        called = _tried(job.call.call) if job.call is not None else None
        return called, self._name(job.units)

    def _name(self, units: list[_Unit]) -> dict[_Text, Exception]:
        """Name units; return the texts for which that failed, each with its error.

        One text's error must not become another's, so after an error each text is read alone.
        """
        named = _tried(lambda: list(self.pipeline.name_units([unit.sentences for unit in units])))
        if isinstance(named, Exception):
            owners = dict.fromkeys(unit.owner for unit in units)
            if len(owners) == 1:
                return dict.fromkeys(owners, named)
            failed: dict[_Text, Exception] = {}
            for owner in owners:
                failed |= self._name([unit for unit in units if unit.owner is owner])
            return failed
        sentences = iter(named)
        for unit in units:
            unit.owner.found[unit.number] = tuple(
                Segment(start, next(sentences)) for start in unit.starts
            )
        return {}

    def _answer(self, job: _Round, called: Any, failed: dict[_Text, Exception]) -> None:
        """Hand out what came of a round; in the event loop."""
        if job.call is not None:
            _settle(job.call.future, called)
        for owner, error in [*job.ends, *failed.items()]:
            _settle(owner.future, Reading(owner.text, ()) if error is None else error)
        for owner in dict.fromkeys(unit.owner for unit in job.units):
            if owner.is_cut and len(owner.found) == owner.taken:
                found = tuple(owner.found[number] for number in range(owner.taken))
                _settle(owner.future, Reading(owner.text, found))


def _settle(future: "asyncio.Future[Any]", outcome: Any) -> None:
    """Give a future its result or exception, unless its request has given up."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _tried(call: Callable[[], Any]) -> Any:
    """Return what a function returns, or the exception that it raises."""
    try:
        return call()
    except Exception as error:
        return error
