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
    """Show a progress bar, and yield the function that moves it on by one batch.

    Args:
        title: What stands before the bar.
        total: Batches in all.
        enabled: Whether to show it; only the main process does.
        accelerator: What knows the main process.
        done: Batches that were done before.
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
