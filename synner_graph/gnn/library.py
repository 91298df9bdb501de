"""Layers of DGL and PyTorch Geometric, by dotted name."""

from importlib import import_module
from inspect import signature
from typing import Any, ClassVar

import torch
from pydantic import ConfigDict
from torch import Tensor, nn

from synner_graph.config import Section
from synner_graph.errors import InputError
from synner_graph.gnn.base import GraphLayer
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph

COUNTS_RELATIONS = ("num_rels", "num_relations")
"""Constructor arguments that get the number of relation types, where they are not given."""

TAKES_RELATIONS = ("etypes", "edge_type")
"""Arguments of `forward` that get the relation type of every edge."""


class LibraryOptions(Section):
    """Whatever the library's constructor takes."""

    model_config = ConfigDict(extra="allow", frozen=True)


class LibraryLayer(GraphLayer):
    """A layer of a graph library, between its calling convention and ours.

    The library's constructor gets the two widths, then the options by their names; several heads
    are joined. `library_layer` makes the subclasses.

    Attributes:
        dotted_name: Where the library keeps it.
        library_class: The library's class.
    """

    Options = LibraryOptions
    dotted_name: ClassVar[str]
    library_class: ClassVar[type[nn.Module]]

    def __init__(
        self,
        input_size: int,
        output_size: int,
        inventory: EdgeInventory,
        backend: GraphBackend,
        **options: Any,
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        arguments = signature(self.library_class).parameters
        relations = len(inventory.relation_types)
        counts = {name: relations for name in COUNTS_RELATIONS if name in arguments}
        try:
            self.inner = self.library_class(input_size, output_size, **(counts | options))
        except (TypeError, ValueError, AssertionError) as error:
            raise InputError(f"{self.dotted_name} cannot be built: {error}.") from error
        self.relation_argument = next(
            (n for n in TAKES_RELATIONS if n in signature(self.inner.forward).parameters), None
        )
        self.output_size = self._try(inventory)

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        extra = {} if self.relation_argument is None else {self.relation_argument: graph.relation}
        return self.call(graph, x, extra).flatten(1)

    def call(self, graph: TokenGraph, x: Tensor, extra: dict[str, Tensor]) -> Tensor:
        """Call the library's layer. *Shape:* [N, input_size] to [N, ..., F]"""
        raise NotImplementedError

    def _try(self, inventory: EdgeInventory) -> int:
        """Run it once, on a sentence of one token and one of two, and see how wide its output is.

        Such sentences have the fewest edges: what the library refuses, it refuses here.
        """
        graph = TokenGraph.build([1, 2], inventory, [[-1], [-1, 0]], [[0], [0, 0]])
        training = self.training
        try:
            with torch.no_grad():
                output = self.eval()(graph, torch.zeros(3, self.input_size))
        except Exception as error:  # a library raises what it likes
            reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise InputError(
                f"{self.dotted_name} does not run on these graphs: {reason}"
            ) from error
        finally:
            self.train(training)
        assert isinstance(output, Tensor)
        return output.shape[1]


class DGLLayer(LibraryLayer):
    """A layer of DGL: called with a DGLGraph and the node features."""

    def __init__(
        self,
        input_size: int,
        output_size: int,
        inventory: EdgeInventory,
        backend: GraphBackend,
        **options: Any,
    ) -> None:
        if backend.name != "dgl":
            raise InputError(
                f"{self.dotted_name} needs the dgl graph backend, got {backend.name}: "
                "use --graph-backend dgl."
            )
        super().__init__(input_size, output_size, inventory, backend, **options)

    def call(self, graph: TokenGraph, x: Tensor, extra: dict[str, Tensor]) -> Tensor:
        """See LibraryLayer."""
        g: Tensor = self.inner(graph.structure, x, **extra)
        return g


class PyGLayer(LibraryLayer):
    """A layer of PyTorch Geometric: called with the node features and the ends of all edges."""

    def call(self, graph: TokenGraph, x: Tensor, extra: dict[str, Tensor]) -> Tensor:
        """See LibraryLayer."""
        g: Tensor = self.inner(x, torch.stack([graph.src, graph.dst]), **extra)
        return g


ADAPTERS: dict[str, type[LibraryLayer]] = {"dgl": DGLLayer, "torch_geometric": PyGLayer}


def library_layer(dotted_name: str) -> type[LibraryLayer]:
    """A GraphLayer class around the library's layer of that name.

    Raises:
        InputError: If there is no such library here, or no such layer in it.
    """
    module_name, _, class_name = dotted_name.rpartition(".")
    library = module_name.partition(".")[0]
    if library not in ADAPTERS:
        raise InputError(
            f"expected a GNN layer of dgl or torch_geometric, such as dgl.nn.SAGEConv, "
            f"got {dotted_name!r}."
        )
    if library == "dgl":
        import_module("synner_graph.graph.dgl_graph")  # explains what is missing
    try:
        found = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise InputError(f"There is no GNN layer {dotted_name!r} here: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise InputError(f"expected a layer, but {dotted_name!r} is none.")
    return type(
        class_name,
        (ADAPTERS[library],),
        {
            "dotted_name": dotted_name,
            "library_class": found,
            "__doc__": found.__doc__,
        },
    )
