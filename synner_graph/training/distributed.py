"""Processes: what runs the loop, and what one process does for all."""

from collections.abc import Callable
from typing import Any, TypeVar

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import distributed

from synner_graph.errors import InputError
from synner_graph.recogniser.device import pick_device

Result = TypeVar("Result")


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
    return accelerator


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


def end_processes() -> None:
    """End the process group, if this process is in one; no training may follow.

    Threads of gloo may else abort the process as it ends, though all its work is done.
    """
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
