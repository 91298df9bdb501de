"""Say in one line what a recogniser runs on: its graph backend and its kernels."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from synner_graph.graph.backends import choice as backends
from synner_graph.operators import choice as kernels

logger = logging.getLogger(__name__)


class _Gathered(logging.Filter):
    """Keeps what a logger would say."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Take a record."""
        self.records.append(record)
        return False


@contextmanager
def announced() -> Iterator[None]:
    """Join what is said of the choice of backend and kernels, at the first time, to one line."""
    gathered = _Gathered()
    loggers = (backends.logger, kernels.logger)
    for each in loggers:
        each.addFilter(gathered)
    try:
        yield
    finally:
        for each in loggers:
            each.removeFilter(gathered)
    parts: list[str] = []
    operators: dict[str, list[str]] = {}
    for record in gathered.records:
        if record.name == kernels.logger.name and isinstance(record.args, tuple):
            operator, chosen = map(str, record.args)
            operators.setdefault(chosen, []).append(operator.removeprefix("the "))
        else:
            parts.append(record.getMessage())
    parts += [f"Kernel of {', '.join(names)}: {chosen}" for chosen, names in operators.items()]
    if parts:
        logger.info("%s", ". ".join(parts))
