"""A hub on the loopback: it takes repositories and commits as the real one does."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Hub(ThreadingHTTPServer):
    """What it holds.

    Attributes:
        repositories: Name -> files.
        private: Names of those that others do not see.
        token: The one that may write.
        commits: How many it has taken.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.private: set[str] = set()
        self.token = "hf_right"
        self.commits = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def hub() -> Iterator[Hub]:
    """Run a hub while the block lasts."""
    server = Hub()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/api/validate-yaml":
            self.answer(200, {"errors": [], "warnings": []})
        elif self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self.answer(403, {"error": "You don't have the rights to do that."})
        elif self.path == "/api/repos/create":
            self.create(json.loads(body))
        elif "/preupload/" in self.path:
            paths = [file["path"] for file in json.loads(body)["files"]]
            modes = [
                {"path": p, "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                for p in paths
            ]
            self.answer(200, {"files": modes})
        elif "/commit/" in self.path:
            self.commit([json.loads(line) for line in body.decode().splitlines()])
        else:
            self.answer(404, {"error": self.path})

    def do_GET(self) -> None:
        name = self.repository()
        if name not in self.server.repositories:
            self.answer(404, {"error": "Repository not found"})
        elif "/tree/" in self.path:
            files = self.server.repositories[name]
            self.answer(
                200,
                [
                    {"type": "file", "path": path, "size": len(content), "oid": "0"}
                    for path, content in files.items()
                ],
            )
        else:
            files = self.server.repositories[name]
            siblings = [{"rfilename": path} for path in files]
            self.answer(200, {"id": name, "sha": "0" * 40, "siblings": siblings})

    def create(self, wanted: dict[str, Any]) -> None:
        name = "/".join(filter(None, (wanted.get("organization"), wanted["name"])))
        url = {"url": f"{self.server.url}/{name}"}
        if name in self.server.repositories:
            self.answer(409, {"error": "You already created this model repo"} | url)
            return
        self.server.repositories[name] = {".gitattributes": b""}
        if wanted.get("private") or wanted.get("visibility") == "private":
            self.server.private.add(name)
        self.answer(200, url)

    def commit(self, lines: list[dict[str, Any]]) -> None:
        name = self.repository()
        files = self.server.repositories[name]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        self.server.commits += 1
        self.answer(
            200,
            {"commitUrl": f"{self.server.url}/{name}/commit/{'1' * 40}", "commitOid": "1" * 40},
        )

    def repository(self) -> str:
        return "/".join(self.path.removeprefix("/api/models/").split("/")[:2]).partition("?")[0]

    def answer(self, code: int, values: Any) -> None:
        content = json.dumps(values).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
