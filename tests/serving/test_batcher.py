"""Texts that wait together are read together, fairly, and one text's failure stays its own."""

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

import pytest

from synner_graph.config import TextConfig
from synner_graph.data.segmentation import build_segmenter
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.serving.batcher import LEAST, Batcher, Busy, Reading
from synner_graph.text.pipeline import TextPipeline


class Names:
    """Names the tokens in capitals, one sentence at a time; counts what it is given."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()

    def units(self, sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
        return ([sentence] for sentence in sentences)

    def name(
        self,
        units: Sequence[Sequence[Sentence]],
        batches: Iterable[Sequence[int]],
        unknown: Counter[str] | None = None,
    ) -> Iterator[Sentence]:
        assert self.gate.wait(30)
        self.threads.add(threading.current_thread().name)
        for rows in batches:
            self.batches.append([units[row][0].text or "" for row in rows])
        if any("poison" in (s.text or "") for unit in units for s in unit):
            raise ValueError("poison")
        for unit in units:
            for s in unit:
                found = [
                    Entity(i, i + 1, "CAP", 1.0) for i, t in enumerate(s.tokens) if t.isupper()
                ]
                yield s.replace(entities=found)


def run(
    names: Names,
    work: Callable[[Batcher], Awaitable[Any]],
    budget: int = 8,
    waiting: int = 10_000,
    threads: int = 1,
) -> Any:
    async def main() -> Any:
        segmenter = build_segmenter(TextConfig(tokenizer="blanks", splitter="lines"))
        pipeline = TextPipeline(segmenter, names, None, budget)
        batcher = Batcher(pipeline, waiting, threads=threads)
        batcher.start()
        try:
            return await asyncio.wait_for(work(batcher), 60)
        finally:
            names.gate.set()
            await batcher.stop()

    return asyncio.run(main())


def entities(reading: Reading) -> list[str]:
    return [s.tokens[e.start] for _, s in reading.segments for e in s.entities]


def test_every_text_gets_its_own_entities() -> None:
    names = Names()
    texts = [f"a B{n} c\nD{n} e" for n in range(40)] + ["", " \n "]

    async def work(batcher: Batcher) -> list[Reading]:
        return list(await asyncio.gather(*map(batcher.read, texts)))

    found = run(names, work)
    assert [reading.text for reading in found] == texts
    assert [entities(r) for r in found] == [[f"B{n}", f"D{n}"] for n in range(40)] + [[], []]
    for reading in found:
        for start, sentence in reading.segments:
            assert reading.text[start:].startswith(sentence.text or "?")


def test_texts_that_wait_together_are_batched_by_length_within_the_budget() -> None:
    names = Names()
    names.gate.clear()
    texts = ["one", *(" ".join("x" * n) for n in (4, 1, 4, 2, 1, 2, 3))]

    async def work(batcher: Batcher) -> None:
        first = asyncio.create_task(batcher.read("first"))
        await asyncio.sleep(0.05)  # the model has taken it
        others = [asyncio.create_task(batcher.read(text)) for text in texts]
        await asyncio.sleep(0.05)
        names.gate.set()
        await asyncio.gather(first, *others)

    run(names, work)
    assert names.batches[0] == ["first"]
    lengths = [[len(text.split()) for text in batch] for batch in names.batches[1:]]
    assert lengths == [[1, 1, 1, 2], [2, 3], [4, 4]]
    assert all(max(batch) * len(batch) <= 8 for batch in lengths)


def test_a_short_text_does_not_wait_for_a_long_one() -> None:
    names = Names()
    names.gate.clear()
    ends: list[str] = []

    async def work(batcher: Batcher) -> None:
        async def read(name: str, text: str) -> None:
            await batcher.read(text)
            ends.append(name)

        long = asyncio.create_task(read("long", "a b c d\n" * 300))
        await asyncio.sleep(0.05)
        short = asyncio.create_task(read("short", "x"))
        await asyncio.sleep(0.05)
        names.gate.set()
        await asyncio.gather(long, short)

    run(names, work)
    assert ends == ["short", "long"]


def test_the_failure_of_a_text_is_its_own() -> None:
    names = Names()
    names.gate.clear()

    async def work(batcher: Batcher) -> list[Any]:
        texts = ["A\nb", "ok\npoison\nok", "C"]
        tasks = [asyncio.create_task(batcher.read(text)) for text in texts]
        await asyncio.sleep(0.05)
        names.gate.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    first, poisoned, last = run(names, work)
    assert isinstance(poisoned, ValueError)
    assert (entities(first), entities(last)) == (["A"], ["C"])


def test_too_much_is_not_taken_and_a_long_text_alone_is() -> None:
    names = Names()

    async def work(batcher: Batcher) -> None:
        await batcher.read("x" * 50)  # beyond the limit, but nothing waits
        names.gate.clear()
        first = asyncio.create_task(batcher.read("x" * 9))
        await asyncio.sleep(0)
        assert batcher.waiting == 10
        with pytest.raises(Busy):
            await batcher.read("x" * 10)
        second = asyncio.create_task(batcher.read("x" * 9))
        await asyncio.sleep(0)
        names.gate.set()
        await asyncio.gather(first, second)
        assert batcher.waiting == 0

    run(names, work, waiting=20)


def test_what_nobody_waits_for_is_not_read_on() -> None:
    names = Names()
    names.gate.clear()

    async def work(batcher: Batcher) -> None:
        long = asyncio.create_task(batcher.read("a b c d\n" * 300))
        await asyncio.sleep(0.05)
        long.cancel()
        await asyncio.sleep(0)
        names.gate.set()
        await batcher.read("x")
        assert batcher.waiting == 0

    run(names, work)
    assert sum(map(len, names.batches)) < 20


def test_the_model_has_one_thread_and_calls_run_there_too() -> None:
    names = Names()

    async def work(batcher: Batcher) -> list[str]:
        def fail() -> None:
            raise KeyError("no")

        with pytest.raises(KeyError):
            await batcher.call(fail, 1)
        calls = [batcher.call(lambda: threading.current_thread().name, 1) for _ in range(3)]
        *found, _ = await asyncio.gather(*calls, batcher.read("A"))
        return list(found)

    callers = run(names, work)
    assert set(callers) == names.threads
    assert len(names.threads) == 1
    assert threading.current_thread().name not in names.threads


class Together(Names):
    """Names only while another thread does, too."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2, timeout=30)

    def name(self, *of_a_round: Any) -> Iterator[Sentence]:
        self.meeting.wait()
        yield from super().name(*of_a_round)


def test_two_rounds_go_on_at_once() -> None:
    names = Together()

    async def work(batcher: Batcher) -> list[Reading]:
        return await asyncio.gather(*(batcher.read(f"{name} " * LEAST) for name in "AB"))

    readings = run(names, work, budget=1000, threads=2)
    assert [set(entities(reading)) for reading in readings] == [{"A"}, {"B"}]
    assert len(names.threads) == 2


def test_a_text_that_several_threads_read_comes_in_order() -> None:
    draw = random.Random(1)

    class Slow(Names):
        def name(self, *of_a_round: Any) -> Iterator[Sentence]:
            time.sleep(draw.uniform(0, 0.002))
            yield from super().name(*of_a_round)

    names = Slow()
    texts = ["".join(f"N{i} of {name}\n" for i in range(1500)) for name in ("A", "B")]
    texts.insert(1, "poison\n" * 500)

    async def work(batcher: Batcher) -> list[Any]:
        return await asyncio.gather(*map(batcher.read, texts), return_exceptions=True)

    first, poisoned, last = run(names, work, waiting=1_000_000, threads=2)
    assert isinstance(poisoned, ValueError)
    for reading, text in ((first, texts[0]), (last, texts[2])):
        lines = [text[start : start + len(s.text or "")] for start, s in reading.segments]
        assert lines == text.splitlines()
        assert [s.text for _, s in reading.segments] == lines
    assert len(names.threads) == 2
