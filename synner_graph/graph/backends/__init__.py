"""Graph backends by name; `auto` is dgl to train, if it can run, and torch to predict."""

from synner_graph.graph.backends.base import GraphBackend
from synner_graph.graph.backends.choice import BACKENDS, backend_to_predict, graph_backend
from synner_graph.graph.backends.torch import TorchBackend

__all__ = ["BACKENDS", "GraphBackend", "TorchBackend", "backend_to_predict", "graph_backend"]
