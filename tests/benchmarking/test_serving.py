"""The load of a server: every request is asked once and counted once."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from synner_graph.benchmarking import serving
from synner_graph.errors import InputError


class Answers(BaseHTTPRequestHandler):
    """Answers every text but those that say `bad`, which get 503."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]] = Counter()

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        self.asked[text] += 1
        body = json.dumps({"text": text}).encode()
        self.send_response(503 if text == "bad" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    Answers.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield "127.0.0.1", server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("clients", [1, 5])
def test_every_text_is_asked_for_once(address: tuple[str, int], clients: int) -> None:
    texts = [f"text {n}" for n in range(40)]
    load = serving._asked(*address, texts, clients)
    assert Answers.asked == Counter(texts)
    assert (load.clients, load.requests, load.answered) == (clients, 40, 40)
    assert 0 < load.p50 <= load.p99


def test_what_is_refused_is_not_answered(address: tuple[str, int]) -> None:
    load = serving._asked(*address, ["a", "bad", "b", "bad"], 2)
    assert (load.requests, load.answered) == (4, 2)
    with pytest.raises(InputError, match="None of 2 requests was answered"):
        serving._asked(*address, ["bad", "bad"], 2)


def test_percentiles_are_those_of_the_sorted_times() -> None:
    load = serving._load(1, 200, [n / 1000 for n in range(200, 0, -1)], 10)
    assert (load.p50, load.p99) == (100, 198)
    assert load.rate == 20
    alone = serving._load(0, 10, [0.1] * 10, 1)
    assert load.to_json(alone)["ratio"] == 2


@pytest.mark.slow
def test_a_real_server_is_loaded(text_run: Path) -> None:
    alone, one, four = serving.measure_serving(str(text_run), ["In Oslo.", "New York"], 30, [1, 4])
    assert [load.clients for load in (alone, one, four)] == [0, 1, 4]
    assert [load.answered for load in (alone, one, four)] == [30] * 3
