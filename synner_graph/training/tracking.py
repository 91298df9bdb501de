"""What the trackers of accelerate, such as TensorBoard, are told of a training."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

from synner_graph.config import RunConfig, dotted
from synner_graph.errors import InputError, suggest
from synner_graph.training.distributed import on_main

AfterEpoch = Callable[[Mapping[str, Any]], None]
"""Gets the record of an epoch."""

FOLDER = "tracking"
"""Of a run folder: where trackers write that need a place."""


def pass_over(record: Mapping[str, Any]) -> None:
    """Do nothing with the record of an epoch."""


class Trackers:
    """The trackers of a training.

    Args:
        names: As accelerate has them, such as tensorboard.
        accelerator: What knows the processes; the main one alone tracks.
        output: Run folder. Trackers that need a place get `tracking` in it.

    Raises:
        InputError: A tracker is unknown, given twice, or not installed.
    """

    def __init__(self, names: Sequence[str], accelerator: Accelerator, output: Path) -> None:
        known = {str(kind): tracker for kind, tracker in LOGGER_TYPE_TO_CLASS.items()}
        installed = {str(kind) for kind in get_available_trackers()}
        for name in names:
            if name not in known:
                raise InputError(f"Unknown tracker {name!r}.{suggest(name, known)}")
            if list(names).count(name) > 1:
                raise InputError(f"expected each tracker once, got {name} twice")
            if name not in installed:
                extra = " (pip install 'synner-graph[track]')" if name == "tensorboard" else ""
                raise InputError(
                    f"The tracker {name} is not installed: install its package{extra}."
                )
        self.kinds = {name: known[name] for name in names}
        self.accelerator = accelerator
        self.output = output
        self.open: list[Any] = []

    @contextmanager
    def tracking(self, config: RunConfig) -> Iterator[None]:
        """Open the trackers for the block, and tell them every setting.

        Raises:
            InputError: A tracker cannot begin, for want of a login perhaps.
        """
        on_main(self.accelerator, lambda: self._begin(config))
        try:
            yield
        finally:
            for tracker in self.open:
                tracker.finish()
            self.open = []

    def log(self, record: Mapping[str, Any]) -> None:
        """Tell the trackers the record of an epoch, whose number is the step."""
        values = {name: value for name, value in record.items() if name != "epoch"}
        for tracker in self.open:
            tracker.log(values, step=record["epoch"])

    def _begin(self, config: RunConfig) -> None:
        settings = {
            key: value if isinstance(value, (bool, int, float, str)) else str(value)
            for key, value in dotted(config.model_dump(mode="json"))
        }
        for name, kind in self.kinds.items():
            place = (self.output / FOLDER,) if kind.requires_logging_directory else ()
            try:
                tracker = kind(self.output.name, *place)
                tracker.start()
                tracker.store_init_configuration(settings)
            except Exception as error:  # whatever a library says that is not ours
                raise InputError(f"The tracker {name} cannot begin: {error}") from error
            self.open.append(tracker)
