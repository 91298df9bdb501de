"""Real server processes: many clients, slow ones, and an end that answers what was taken."""

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.errors import InputError
from synner_graph.serving.server import address_of, bound
from tests.serving.process import PROGRAM, Server, served


def test_an_address_in_use_is_refused() -> None:
    with bound("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        assert address_of(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(InputError, match=f"cannot serve at 127.0.0.1 port {port}: Address"):
            bound("127.0.0.1", port)


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match=r"cannot serve at 256\.0\.0\.1 port 0: "):
        bound("256.0.0.1", 0)


def test_addresses_of_ipv6_stand_in_brackets() -> None:
    try:
        made = bound("::1", 0)
    except InputError:
        pytest.skip("this machine has no IPv6")
    with made:
        assert address_of(made).startswith("http://[::1]:")


@pytest.mark.slow
def test_the_end_answers_what_was_taken(text_run: Path) -> None:
    texts = [f"Bob{n} Smith went to Oslo. " * 40 for n in range(24)]
    with served(text_run) as server:
        assert server.post("/predict", {"text": "Oslo"})[0] == 200
        with ThreadPoolExecutor(24) as threads:
            answers = [threads.submit(server.post, "/predict", {"text": text}) for text in texts]
            time.sleep(0.3)  # long enough to be taken, too short to be answered
            server.process.send_signal(signal.SIGTERM)
            found = [answer.result() for answer in answers]
        _, errors = server.process.communicate(timeout=60)
        assert server.process.returncode == 0
    assert "Traceback" not in errors
    assert [status for status, _ in found] == [200] * 24
    for text, (_, answer) in zip(texts, found, strict=True):
        assert answer["text"] == text
        assert len(answer["entities"]) > 0
    with pytest.raises(OSError):
        Server(server.process, server.url).post("/predict", {"text": "Oslo"})


@pytest.mark.slow
def test_it_ends_while_nothing_happens_and_connections_are_open(text_run: Path) -> None:
    with served(text_run) as server:
        with socket.create_connection((server.host, server.port)):
            assert server.post("/predict", {"text": "Oslo"})[0] == 200
            server.process.send_signal(signal.SIGINT)
            _, errors = server.process.communicate(timeout=60)
        assert server.process.returncode == 0
    assert "Traceback" not in errors and "Aborted" not in errors


@pytest.mark.slow
def test_slow_and_broken_clients_hold_nobody_up(text_run: Path) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with served(text_run, "--timeout", "2") as server:
        place = (server.host, server.port)
        with socket.create_connection(place) as slow, socket.create_connection(place) as broken:
            slow.sendall(head + b"Content-Length: 100\r\n\r\n{")
            broken.sendall(head + b"Content-Length: 100\r\n\r\n{")
            broken.close()
            assert server.post("/predict", {"text": "Oslo"})[0] == 200
            slow.settimeout(60)
            answer = slow.recv(65536)
            assert answer.startswith(b"HTTP/1.1 408 ")
        with socket.create_connection(place) as wrong:
            wrong.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            wrong.settimeout(60)
            assert wrong.recv(65536).startswith(b"HTTP/1.1 400 ")
        with socket.create_connection(place) as endless:  # a body without a length, never over
            endless.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
            chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
            with pytest.raises(OSError):
                for _ in range(2000):
                    endless.sendall(chunk)
        assert server.post("/predict", {"text": "Oslo"})[0] == 200


@pytest.mark.slow
def test_more_connections_than_there_may_be_are_answered_503(text_run: Path) -> None:
    few = f"from synner_graph.serving import server; server.CONNECTIONS = 3; {PROGRAM}"
    with served(text_run, program=few) as server, ExitStack() as stack:
        place = (server.host, server.port)

        def status() -> int:
            connection = HTTPConnection(*place, timeout=120)
            try:
                connection.request("GET", "/run")
                return connection.getresponse().status
            finally:
                connection.close()

        for _ in range(2):
            stack.enter_context(socket.create_connection(place))
        assert status() == 200
        with socket.create_connection(place):
            assert status() == 503
        until = time.monotonic() + 60
        while status() != 200:  # until the server has seen that one is closed
            assert time.monotonic() < until


@pytest.mark.slow
def test_a_real_parser_and_a_gnn_under_load(finding_run: Path) -> None:
    texts = [f"Angela Merkel met Bob{n} in Geneva. {'She left. ' * (n % 7)}" for n in range(100)]
    with served(finding_run) as server, ThreadPoolExecutor(32) as threads:
        found = list(threads.map(lambda text: server.post("/predict", {"text": text}), texts))
    assert [status for status, _ in found] == [200] * 100
    for (_, answer), doc in zip(
        found, SynNER.from_pretrained(finding_run).pipe(texts), strict=True
    ):
        wanted = [(e.start_char, e.end_char, e.label) for e in doc.entities]
        spans = [(e["start_char"], e["end_char"], e["label"]) for e in answer["entities"]]
        assert spans == wanted
