"""The device that a recogniser runs on, by name."""

import torch

from synner_graph.errors import InputError


def pick_device(name: str) -> torch.device:
    """Find a device by name; `auto` takes CUDA where there is one.

    Raises:
        InputError: PyTorch does not know the device, or this machine lacks it.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"The device {name!r} cannot be used here: {reason}") from error
    return device
