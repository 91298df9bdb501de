"""A server that is killed under load: every text is answered in the end, and rightly."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.faults.tally import tally
from tests.serving.process import Server, served

CLIENTS = 8
TEXTS = [
    f"Angela Merkel met Bob{number} Smith in Oslo. {'She left. ' * 20}" for number in range(80)
]


def ask(server: Server, texts: list[str]) -> list[tuple[str, Any]]:
    """Ask for every text, and return those that were answered whole."""

    def one(text: str) -> list[tuple[str, Any]]:
        try:
            status, answer = server.post("/predict", {"text": text})
        except (OSError, HTTPException, ValueError):
            return []
        return [(text, answer)] if status == 200 else []

    with ThreadPoolExecutor(CLIENTS) as threads:
        return [pair for found in threads.map(one, texts) for pair in found]


@pytest.mark.parametrize(
    "kills", [pytest.param(5, marks=pytest.mark.faults), pytest.param(1, marks=pytest.mark.slow)]
)
def test_a_server_killed_under_load(kills: int, text_run: Path) -> None:
    with served(text_run) as server:
        began = time.perf_counter()
        expected = dict(ask(server, TEXTS))
        seconds = time.perf_counter() - began
    assert expected.keys() == set(TEXTS)
    draw = random.Random(0)
    with tally("serve", "SIGKILL under load") as counts:
        for _ in range(kills):
            with served(text_run) as server:
                fault = threading.Timer(draw.uniform(0, seconds / 2), server.process.kill)
                fault.start()
                answers = ask(server, TEXTS)
                fault.join()
                server.process.wait(60)
            counts.injected += 1
            with served(text_run) as server:
                got = {text for text, _ in answers}
                answers += ask(server, [text for text in TEXTS if text not in got])
            counts.compare(TEXTS, [text for text, _ in answers])
            assert len(answers) == len(TEXTS) and dict(answers) == expected
            counts.survived += 1
