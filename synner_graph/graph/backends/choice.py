"""Choose a graph backend by name.

This is not in the package's `__init__`, where the name `torch` means the sibling module torch.py.
"""

import logging
from functools import cache

import torch

from synner_graph.errors import InputError, suggest
from synner_graph.graph.backends.base import GraphBackend
from synner_graph.graph.backends.torch import TorchBackend

BACKENDS = ("auto", "dgl", "torch")
logger = logging.getLogger(__name__)


def graph_backend(name: str = "auto", device: torch.device | str = "cpu") -> GraphBackend:
    """Return the backend of that name, ready for `device`.

    An explicit name that cannot be met raises; only `auto` chooses, and says once what it chose.

    Raises:
        InputError: For an unknown name, or a backend that cannot run here or on `device`.
    """
    device = torch.device(device)
    if name == "auto":
        return _choose(device)
    if name not in BACKENDS:
        raise InputError(f"Unknown graph backend {name!r}.{suggest(name, BACKENDS)}")
    backend = _dgl() if name == "dgl" else TorchBackend()
    backend.check_device(device)
    return backend


@cache
def _choose(device: torch.device) -> GraphBackend:
    try:
        backend = _dgl()
        backend.check_device(device)
    except InputError as reason:
        logger.info("Graph backend: torch, because dgl cannot serve: %s", reason)
        return TorchBackend()
    logger.info("Graph backend: dgl")
    return backend


def _dgl() -> GraphBackend:
    from synner_graph.graph.backends.dgl import DGLBackend

    return DGLBackend()
