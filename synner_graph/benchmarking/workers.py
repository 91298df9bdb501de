"""Time `predict --workers N` beside one worker."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import cycle, islice
from typing import Any

from synner_graph.data.dictionary import Dictionary
from synner_graph.evaluation.combination.saved import open_recogniser
from synner_graph.parsers import RUN
from synner_graph.text.pipeline import TextPipeline, chunks
from synner_graph.text.workers import Workers

WARM_UP = 20
"""Texts in each chunk that is named before anything is timed."""


@dataclass(frozen=True)
class Speed:
    """What some workers named.

    Attributes:
        workers: Processes of one thread each.
        sentences: That they found in the texts.
        seconds: From the first chunk to the last; the start of the processes does not count.
        main_seconds: Of the processor, that the main process took of them: it hands out the texts,
            and takes in what was named.
    """

    workers: int
    sentences: int
    seconds: float
    main_seconds: float

    @property
    def rate(self) -> float:
        """Sentences in a second."""
        return self.sentences / self.seconds

    def to_json(self, one: "Speed") -> dict[str, Any]:
        """Return plain values.

        Args:
            one: The speed of one worker.
        """
        return asdict(self) | {"sentences_per_second": self.rate, "speed_up": self.rate / one.rate}


def measure_workers(
    run: str, texts: Sequence[str], count: int, size: int, workers: Sequence[int]
) -> list[Speed]:
    """Time workers on the same texts, one number of them after the other.

    Args:
        run: Run folder, or a hub repository.
        texts: What is read, again and again.
        count: How many texts are read each time.
        size: Characters of texts in a chunk, which a worker names at a time.
        workers: Numbers of workers, each timed.

    Raises:
        InputError: There is no such run, or a worker ended before its work was done.
    """
    parts = list(chunks(islice(cycle(texts), count), str, size))
    warm = list(islice(cycle(texts), WARM_UP))
    return [_timed(run, parts, warm, number) for number in workers]


def _timed(run: str, parts: list[list[str]], warm: list[str], number: int) -> Speed:
    with Workers(number, partial(_open, run)) as pipeline:
        _read(pipeline, [warm] * (number * pipeline.ahead))
        began, main = time.perf_counter(), time.process_time()
        sentences = _read(pipeline, parts)
        seconds = time.perf_counter() - began
        return Speed(number, sentences, seconds, time.process_time() - main)


def _read(pipeline: Workers, parts: list[list[str]]) -> int:
    """Name all texts, and count their sentences."""
    return sum(
        sum(1 for _ in segments) for _, named in pipeline.parts(parts, str) for segments in named
    )


def _open(run: str, dictionary: Dictionary | None) -> TextPipeline:
    ner = open_recogniser(run)
    ner.dictionary = dictionary
    return ner.pipeline(RUN)
