"""A server in a process of its own, on the loopback."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROGRAM = "from synner_graph.cli import app; app()"


class Server:
    """A running server."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process = process
        self.url = url
        self.host, self.port = urlsplit(url).hostname or "", urlsplit(url).port or 0

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Status and answer of a request on a connection of its own."""
        connection = HTTPConnection(self.host, self.port, timeout=120)
        headers = {"Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@contextmanager
def served(run: Path, *options: str, program: str = PROGRAM) -> Iterator[Server]:
    """`synner serve RUN` at any free port; it is killed at the end if it still runs."""
    command = [sys.executable, "-c", program, "serve", str(run), "--port", "0", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()  # from then on connections wait
        assert " is served at http" in line, process.communicate()
        yield Server(process, line.split(" is served at ")[1].split()[0])
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
