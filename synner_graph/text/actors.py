"""Actors of Ray that work side by side, on this machine or a cluster; the order is kept."""

import logging
import os
import platform
import secrets
from typing import Any, Self

from synner_graph.data.dictionary import Dictionary
from synner_graph.errors import InputError
from synner_graph.text.engine import Done, Opener, Pool, Worker, program_version

LOCAL = "local"
STORE = 128 << 20
"""Bytes of the object store on this machine: blocks on their way are far smaller."""
TRIES = 4
"""How often a block is begun before it is given up: it may be what ends the actors."""
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray would report each start to its makers
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # what Ray itself advises in a warning
}


class Actors(Pool):
    """The engine of Ray: an actor of one thread for each core, with the work opened once.

    Where an actor dies, with its machine perhaps, Ray starts another, which does the blocks that
    were given to it again. Only the main process writes, so nothing is lost or doubled. The
    actors live as long as the `with` block, and Ray on this machine, too.

    Args:
        number: How many actors; None for one for each core of the cluster.
        address: Of the cluster's head, as `ray.init` takes it; None starts Ray on this machine
            alone.
        open_work: What each of them does.
        dictionary: See `Pool`.

    Raises:
        InputError: Ray is not installed, cannot be reached, or has fewer cores.
    """

    ahead = 4
    """More than for processes: while an actor starts anew, the others go on."""

    def __init__(
        self,
        number: int | None,
        address: str | None,
        open_work: Opener,
        dictionary: Dictionary | None = None,
    ) -> None:
        self._ray = ray = _ray()
        _start(ray, number, address)
        try:
            cores = int(ray.cluster_resources().get("CPU", 0))
            super().__init__(number or cores, dictionary)
            if not 0 < self.number <= cores:
                raise InputError(f"expected at most {cores} --workers, one a core, got {number}")
            actor = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=TRIES - 1)(_Actor)
            given = (open_work, dictionary, program_version())
            self._actors = [actor.remote(*given) for _ in range(self.number)]
        except BaseException:
            ray.shutdown()
            raise
        self._busy: dict[Any, int] = {}  # what waits -> the actor that has it

    def __enter__(self) -> Self:
        """Return the actors."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the actors."""
        self._ray.shutdown()

    def _submit(self, block: Any) -> Any:
        """Give a block to the actor with the fewest."""
        if self._busy:
            waiting = list(self._busy)
            ended, _ = self._ray.wait(
                waiting, num_returns=len(waiting), timeout=0, fetch_local=False
            )
            for handle in ended:
                del self._busy[handle]
        loads = [0] * self.number
        for actor in self._busy.values():
            loads[actor] += 1
        chosen = loads.index(min(loads))
        handle = self._actors[chosen].do.remote(block)
        self._busy[handle] = chosen
        return handle

    def _result(self, handle: Any) -> Done:
        exceptions = self._ray.exceptions
        try:
            done: Done | str = self._ray.get(handle)
        except exceptions.RayTaskError:
            raise  # an error of the program, with the place where it came up
        except exceptions.RayError as error:
            raise InputError(
                f"A block was begun {TRIES} times and its actor ended each time, for want of "
                f"memory perhaps; Ray says: {_first_line(error)}"
            ) from error
        if isinstance(done, str):
            raise InputError(done)
        return done


class _Actor:
    """A process of Ray: a worker, or why there is none."""

    def __init__(self, open_work: Opener, dictionary: Dictionary | None, version: str) -> None:
        self.worker = Worker(open_work, dictionary)
        self.wrong = ""
        if (own := program_version()) != version:
            self.wrong = f"expected synner-graph {version}, got {own}"

    def do(self, block: Any) -> Done | str:
        """Do the work on a block; a complaint in place of an `InputError`, which Ray would wrap."""
        try:
            if self.wrong:
                raise InputError(self.wrong)
            return self.worker.do(block)
        except InputError as error:
            return f"an actor on {platform.node()} says: {error}"


def _ray() -> Any:
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise InputError("--engine ray needs Ray: pip install 'synner-graph[ray]'.") from error
    return ray


def _start(ray: Any, number: int | None, address: str | None) -> None:
    """Join a cluster, or start Ray on this machine, with a token of its own."""
    if not address:  # else Ray would write one into the user's home
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    here = {} if address else {"num_cpus": number, "object_store_memory": STORE}
    here |= {} if address else {"include_dashboard": False}
    try:
        ray.init(address or LOCAL, log_to_driver=False, logging_level=logging.ERROR, **here)
    except Exception as error:  # Ray raises no more special one where it gives up to start
        place = f"the Ray cluster at {address}" if address else "Ray on this machine"
        raise InputError(f"{place} cannot be used: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), repr(error))
