"""Graph backends by name: `dgl`, `torch`, and `auto`, which takes dgl where it can run."""

from synner_graph.graph.backends.base import GraphBackend
from synner_graph.graph.backends.choice import BACKENDS, graph_backend
from synner_graph.graph.backends.torch import TorchBackend

__all__ = ["BACKENDS", "GraphBackend", "TorchBackend", "graph_backend"]
