"""Processes: what runs the loop, and what one process does for all."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import distributed

from synner_graph.errors import InputError
from synner_graph.recogniser.device import pick_device

Result = TypeVar("Result")

SETTLED = 0.5
"""Seconds in which threads of gloo let go of the last tensors that they sent."""

_GONE = re.compile(r"gloo|nccl|connection (closed|reset)|broken pipe|timed out", re.IGNORECASE)
"""What a collective says when one of those that take part in it is there no more."""


def build_accelerator(device: str, precision: str) -> Accelerator:
    """Build what runs the loop on a device, with a precision.

    Args:
        device: One of auto, cpu and cuda.
        precision: One of no, bf16 and fp16.

    Raises:
        InputError: This machine cannot, or this process has trained with others before: accelerate
            fixes both for the life of a process.
    """
    kind = pick_device(device).type
    try:
        accelerator = Accelerator(cpu=kind == "cpu", mixed_precision=precision)
        again = accelerator.device.type != kind
    except ValueError as error:
        again = "already been initialized" in str(error)
        if not again:
            message = f"Cannot train with --training.precision {precision} on {kind}: {error}"
            raise InputError(message) from error
    if again:
        raise InputError(
            "This process has trained with another precision or on another device before, and "
            f"accelerate keeps to the first: train with {precision} on {kind} in a new process."
        )
    _refuse_unread(accelerator, precision)
    return accelerator


def _refuse_unread(accelerator: Accelerator, precision: str) -> None:
    """Refuse what accelerate takes from its environment and the settings say otherwise."""
    told = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    if told not in ("no", precision):
        raise InputError(
            f"accelerate launch asks for --mixed_precision {told}, and training.precision is "
            f"{precision}: give both the same."
        )
    steps = accelerator.gradient_accumulation_steps
    if steps != 1:
        raise InputError(
            f"ACCELERATE_GRADIENT_ACCUMULATION_STEPS is {steps}: unset it, and give "
            f"--training.accumulation {steps} to `train`."
        )


def on_main(accelerator: Accelerator, work: Callable[[], Result]) -> Result:
    """Do something in the main process alone and tell all others what came out.

    Args:
        accelerator: What knows the processes; all of them must call this.
        work: What to do; its result must be picklable if there are several processes.

    Raises:
        InputError: The work raised it; every process does then, so that none waits for ever.
    """
    told: list[Any] = [None, None]
    if accelerator.is_main_process:
        try:
            told[0] = work()
        except InputError as error:
            told[1] = error
    broadcast_object_list(told)
    if told[1] is not None:
        raise told[1]
    result: Result = told[0]
    return result


@contextmanager
def together() -> Iterator[None]:
    """Train in the block; it ends in every process where one of them has ended before its time.

    Raises:
        InputError: Another process has ended.
    """
    try:
        yield
    except RuntimeError as error:
        if not _several() or not _GONE.search(str(error)):
            raise
        raise InputError(
            "Another process of this training has ended before its time, so this one ends, too: "
            "see what that one said, then give the same command again with --resume."
        ) from error
    finally:
        end_processes()


def _several() -> bool:
    """Return whether this process is one of several that train together."""
    return distributed.is_available() and distributed.is_initialized()


def end_processes() -> None:
    """End the process group, if this process is in one; no training may follow.

    Threads of gloo live on in DDP and need the interpreter to let go of the tensors that they sent;
    one that does so while the interpreter ends would abort the process, though its work is done.
    """
    if _several():
        distributed.destroy_process_group()
        time.sleep(SETTLED)
