"""Which precision a recogniser predicts in: by name, by the processor, and by what dev said."""

import logging
from collections.abc import Mapping

import torch

from synner_graph.encoders.precision import BFLOAT16, FLOAT32, INT8
from synner_graph.errors import InputError, suggest

AUTO = "auto"
FAST = (BFLOAT16, INT8)
"""What `auto` tries, in turn: where a processor has both, the first keeps more of F1."""
PRECISIONS = (AUTO, FLOAT32, BFLOAT16, INT8)
KEPT = 0.2
"""Points of F1 on dev that `auto` gives for speed."""

logger = logging.getLogger(__name__)
_said: set[str] = set()


def obstacle(precision: str, device: torch.device | str = "cpu") -> str | None:
    """Say what a device lacks for a precision; None where it lacks nothing.

    A processor without the instructions would compute the same, more slowly than in float32.

    Args:
        precision: FLOAT32, BFLOAT16 or INT8.
        device: Where the model runs.
    """
    kind = torch.device(device).type
    if precision == FLOAT32:
        return None
    if precision == INT8:
        if kind == "cpu" and torch.cpu._is_vnni_supported():
            return None
        return "a CPU with AVX-512 VNNI instructions (avx512_vnni)"
    if kind == "cpu" and (
        torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    ):
        return None
    if kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return None
    return "a CPU with bfloat16 instructions (avx512_bf16 or amx_tile) or such a GPU"


def supported(device: torch.device | str = "cpu") -> list[str]:
    """List the precisions that a device computes in, float32 first."""
    return [name for name in (FLOAT32, BFLOAT16, INT8) if obstacle(name, device) is None]


def choose_precision(name: str, device: torch.device | str, f1: Mapping[str, float]) -> str:
    """Find the precision of that name; `auto` chooses, and says once what.

    Args:
        name: One of PRECISIONS.
        device: Where the model runs.
        f1: What the dev split gave, in percent, by precision; empty where it was not measured.

    Returns:
        FLOAT32, BFLOAT16 or INT8.

    Raises:
        InputError: The name is unknown, or the device lacks the precision.
    """
    if name not in PRECISIONS:
        raise InputError(f"Unknown precision {name!r}.{suggest(name, PRECISIONS)}")
    if name == AUTO:
        chosen, why = _best(device, f1)
        line = f"Precision: {chosen}, {why}"
        if line not in _said:
            _said.add(line)
            logger.info("%s", line)
        return chosen
    lacking = obstacle(name, device)
    if lacking is not None:
        raise InputError(
            f"The precision {name} needs {lacking}, which {str(device)!r} is not here: "
            f"choose {' or '.join(supported(device))}."
        )
    return name


def fastest(name: str, device: torch.device | str = "cpu") -> str:
    """Find the precision of that name; `auto` is a fast one that the device has, whatever F1 is.

    Raises:
        InputError: The name is unknown, or the device lacks the precision.
    """
    if name != AUTO:
        return choose_precision(name, device, {})
    return next((fast for fast in FAST if obstacle(fast, device) is None), FLOAT32)


def _best(device: torch.device | str, f1: Mapping[str, float]) -> tuple[str, str]:
    """Return what `auto` chooses, and why."""
    fast = [name for name in FAST if obstacle(name, device) is None]
    if not fast:
        return FLOAT32, "since this device has no instructions for less"
    measured = [name for name in fast if name in f1]
    if FLOAT32 not in f1 or not measured:
        return FLOAT32, "since the run does not hold its F1 in others (calibrate measures it)"
    for name in measured:
        if f1[FLOAT32] - f1[name] <= KEPT:
            return name, f"F1 on dev {f1[name]:.2f}, in float32 {f1[FLOAT32]:.2f}"
    lost = ", ".join(f"{f1[name]:.2f} in {name}" for name in measured)
    return FLOAT32, f"since F1 on dev is {f1[FLOAT32]:.2f} there, {lost}"
