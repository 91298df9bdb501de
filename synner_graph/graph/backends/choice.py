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


def backend_to_predict(name: str, gnn: str) -> str:
    """Return the backend that a saved run predicts with: for `auto` torch, unless DGL is needed.

    Both give the same numbers, but DGL takes time to import, and memory.

    Args:
        name: What was asked for.
        gnn: The GNN layer of the run; a layer of DGL, such as dgl.nn.SAGEConv, needs it.
    """
    own = gnn.partition(".")[0] != "dgl"
    return TorchBackend.name if name == "auto" and own else name


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
