"""Load a server on the loopback, beside prediction of one text after the other."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from itertools import cycle, islice
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from synner_graph.errors import InputError
from synner_graph.recogniser.synner import SynNER

PROGRAM = "from synner_graph.cli import app; app()"
WARM_UP = 20
"""Texts that are read before anything is timed."""

PATIENCE = 120
"""Seconds until a client gives up."""


@dataclass(frozen=True)
class Load:
    """How texts were answered.

    Attributes:
        clients: That asked at once, each for one text after the other; 0 for prediction without a
            server.
        requests: Texts that were asked for.
        answered: Those whose answer came whole.
        seconds: From the first to the last.
        p50: Median milliseconds from a question to its answer.
        p99: Milliseconds within which 99 of 100 answers came.
    """

    clients: int
    requests: int
    answered: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Texts answered in a second."""
        return self.answered / self.seconds

    def to_json(self, alone: "Load") -> dict[str, Any]:
        """Return plain values.

        Args:
            alone: Prediction without a server.
        """
        return asdict(self) | {"requests_per_second": self.rate, "ratio": self.rate / alone.rate}


def measure_serving(
    run: str, texts: Sequence[str], requests: int, clients: Sequence[int]
) -> list[Load]:
    """Time prediction of one text after the other, and then a server.

    Both have the same texts, in the same order, and a process of their own for the model.

    Args:
        run: Run folder, or a hub repository.
        texts: What is read, again and again.
        requests: How many texts are read each time.
        clients: Numbers of clients that ask at once, each timed.

    Raises:
        InputError: There is no such run, or it cannot be served.
    """
    work = list(islice(cycle(texts), requests))
    loads = [_alone(run, work)]
    with _server(run) as (host, port):
        _asked(host, port, work[:WARM_UP], 4)
        loads += [_asked(host, port, work, number) for number in clients]
    return loads


def _alone(run: str, texts: Sequence[str]) -> Load:
    ner = SynNER.from_pretrained(run)
    for text in texts[:WARM_UP]:
        ner(text)
    times = []
    began = time.perf_counter()
    for text in texts:
        asked = time.perf_counter()
        json.dumps(ner(text).to_json())
        times.append(time.perf_counter() - asked)
    return _load(0, len(texts), times, time.perf_counter() - began)


def _asked(host: str, port: int, texts: Sequence[str], clients: int) -> Load:
    """Have clients ask for texts, each on a connection of its own."""
    waiting = iter(texts)  # next() on it is one step for all threads

    def client(_: int) -> list[float]:
        times = []
        connection = HTTPConnection(host, port, timeout=PATIENCE)
        for text in waiting:
            asked = time.perf_counter()
            try:
                body = json.dumps({"text": text})
                connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                found = json.loads(answer.read())
            except (OSError, HTTPException, ValueError):
                connection.close()  # the next request opens it again
                continue
            if answer.status == 200 and found["text"] == text:
                times.append(time.perf_counter() - asked)
        connection.close()
        return times

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        times = [seconds for found in threads.map(client, range(clients)) for seconds in found]
    return _load(clients, len(texts), times, time.perf_counter() - began)


def _load(clients: int, requests: int, times: list[float], seconds: float) -> Load:
    if not times:
        raise InputError(f"None of {requests} requests was answered.")
    times = sorted(1000 * second for second in times)
    return Load(
        clients,
        requests,
        len(times),
        seconds,
        p50=times[ceil(0.5 * len(times)) - 1],
        p99=times[ceil(0.99 * len(times)) - 1],
    )


@contextmanager
def _server(run: str) -> Iterator[tuple[str, int]]:
    """Serve a run in a process of its own; yield host and port."""
    command = [sys.executable, "-c", PROGRAM, "--quiet", "serve", run, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stdout is not None
    try:
        _, found, url = process.stdout.readline().partition(" is served at ")
        if not found:
            raise InputError(f"{run} could not be served.")
        address = urlsplit(url.split()[0])
        assert address.hostname is not None and address.port is not None
        yield address.hostname, address.port
    finally:
        process.terminate()
        process.communicate()
