"""The progress bar of training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from accelerate import Accelerator
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def progress_bar(
    title: str, total: int, enabled: bool, accelerator: Accelerator, done: int = 0
) -> Iterator[Callable[[str], None]]:
    """A progress bar; yields the function that advances it by one batch.

    Args:
        title: what stands before the bar.
        total: batches in all.
        enabled: whether to show it; only the main process does.
        accelerator: what knows the main process.
        done: batches that were done before.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    hidden = not (enabled and accelerator.is_main_process)
    with Progress(*columns, console=Console(stderr=True), disable=hidden) as bar:
        task = bar.add_task(title, total=total, completed=done, note="")
        yield lambda note: bar.update(task, advance=1, note=note)
