"""Run the application until the process is told to stop."""

import signal
import socket
from contextlib import ExitStack, suppress
from math import ceil
from types import FrameType

import torch
import uvicorn
from starlette.types import ASGIApp

from synner_graph.errors import InputError
from synner_graph.serving.limits import Limits

ROUNDS = 2
"""Rounds of the model that go on at once, each on its share of the cores."""

CONNECTIONS = 1000
"""Most connections at once; one more is answered 503."""


def bound(host: str, port: int) -> socket.socket:
    """Reserve an address, so that one in use is found before a model is loaded.

    Args:
        host: Name or address of an interface.
        port: 0 for any that is free.

    Raises:
        InputError: It cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with ExitStack() as stack:
            made = stack.enter_context(socket.socket(family, kind, protocol))
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            stack.pop_all()
    except OSError as error:
        raise InputError(f"cannot serve at {host} port {port}: {error.strerror}") from error
    return made


def address_of(made: socket.socket) -> str:
    """Return the URL of an address."""
    host, port = made.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def shared_cores(device: torch.device) -> int:
    """Share the cores out among rounds of the model, and return how many go on at once.

    Two rounds on half of the cores each read more than one on all of them: of the small matrices of
    a round a second core makes little, and between two rounds one alone would stand still.

    Args:
        device: Of the model; on a GPU there is one round.
    """
    cores = torch.get_num_threads()
    if device.type != "cpu" or cores < ROUNDS:
        return 1
    torch.set_num_threads(cores // ROUNDS)
    return ROUNDS


def run_server(app: ASGIApp, made: socket.socket, limits: Limits) -> None:
    """Serve until SIGTERM or Ctrl-C, and then answer what was taken.

    Args:
        app: What to serve.
        made: Where; see `bound`.
        limits: A request that stands still does not hold up the end for longer than they allow.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # what people send is nobody's business
        server_header=False,
        limit_concurrency=CONNECTIONS + 1,  # uvicorn counts the one that asks
        timeout_graceful_shutdown=ceil(2 * limits.seconds) + 1,
        ws="none",
    )
    # uvicorn handles both signals, ends, and raises them again: then these end the process well.
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[made])
    except SystemExit as stop:
        if stop.code:
            raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
