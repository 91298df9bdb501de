"""Layers on top of each other, and what is put around and between them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from synner_graph.gnn.entries import EntryNodes
from synner_graph.gnn.gate import Gate
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.parts import Part


@dataclass(frozen=True)
class Probe:
    """What an explanation asks of the layers of one forward pass.

    Attributes:
        strengths: For each layer, what the messages of its edges are multiplied by.
            *Shape:* [E] each
        inputs: Takes what each layer reads. *Shape:* [N, size] each
    """

    strengths: Sequence[Tensor]
    inputs: list[Tensor] = field(default_factory=list)

    def scale(self, layer: int, graph: TokenGraph, x: Tensor) -> TokenGraph:
        """Return the graph that a layer reads, and keep its input."""
        self.inputs.append(x)
        return graph.scaled(self.strengths[layer].to(x.dtype))


class GNN(nn.Module):
    """Graph layers on top of each other, with dropout between them.

    Args:
        layers: Each reads what the one before gives.
        dropout: Between layers.
        jump: What becomes of the outputs of all layers.
        output_size: Width of what `jump` gives.
        gate: Gives edges their strengths; None: every message counts as it is.
        entries: Gives entry nodes their features; None where graphs have none.
    """

    def __init__(
        self,
        layers: Sequence[nn.Module],
        dropout: float,
        jump: "Jump",
        output_size: int,
        gate: Gate | None = None,
        entries: EntryNodes | None = None,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dropout = nn.Dropout(dropout)
        self.jump = jump
        self.output_size = output_size
        self.gate = gate
        self.entries = entries

    def forward(self, graph: TokenGraph, x: Tensor, probe: Probe | None = None) -> Tensor:
        """Compute the graph features of every token.

        Args:
            graph: The batch.
            x: Token features. *Shape:* [N, D]
            probe: Scales the messages of each layer, and keeps what the layers read.

        Returns:
            *Shape:* [N, output_size]
        """
        if self.gate is not None:
            graph = self.gate(graph)
        if self.entries is not None:
            x = self.entries(graph, x)
        states: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            read = self.dropout(states[-1]) if states else x
            seen = graph if probe is None else probe.scale(number, graph, read)
            states.append(layer(seen, read))
        g: Tensor = self.jump(states)
        return g[: graph.num_tokens]


class NoGNN(nn.Module, Part):
    """No message passing: the graph features are the token features, or nothing.

    Args:
        output_size: D, or 0.
    """

    def __init__(self, output_size: int) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """The first `output_size` columns of `x`. *Shape:* [N, output_size]"""
        return x[:, : self.output_size]


class Residual(nn.Module):
    """Adds a layer's input to its output, through a matrix where the widths differ.

    Args:
        layer: Reads a graph and node features.
        input_size: Width of its input.
        output_size: Width of its output.
    """

    def __init__(self, layer: nn.Module, input_size: int, output_size: int) -> None:
        super().__init__()
        self.layer = layer
        self.skip: nn.Module = nn.Identity()
        if input_size != output_size:
            self.skip = nn.Linear(input_size, output_size, bias=False)

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """*Shape:* [N, input_size] to [N, output_size]"""
        g: Tensor = self.layer(graph, x) + self.skip(x)
        return g


class Normed(nn.Module):
    """Layer norm on a layer's output.

    Args:
        layer: Reads a graph and node features.
        output_size: Width of its output.
    """

    def __init__(self, layer: nn.Module, output_size: int) -> None:
        super().__init__()
        self.layer = layer
        self.norm = nn.LayerNorm(output_size)

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """*Shape:* [N, input_size] to [N, output_size]"""
        g: Tensor = self.norm(self.layer(graph, x))
        return g


class Jump(nn.Module, ABC):
    """Makes one tensor of the outputs of all layers (jumping knowledge, Xu et al., ICML 2018)."""

    @abstractmethod
    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """*Shape:* [N, G] of each layer to [N, output_size]"""

    @staticmethod
    @abstractmethod
    def output_size(sizes: Sequence[int]) -> int:
        """Width of the output, from the widths of the layers."""


class Last(Jump):
    """The output of the last layer alone."""

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """See Jump."""
        return states[-1]

    @staticmethod
    def output_size(sizes: Sequence[int]) -> int:
        """See Jump."""
        return sizes[-1]


class Concat(Jump):
    """The outputs of all layers side by side."""

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """See Jump."""
        return torch.cat(list(states), dim=1)

    @staticmethod
    def output_size(sizes: Sequence[int]) -> int:
        """See Jump."""
        return sum(sizes)


class Max(Jump):
    """The maximum of each feature over the layers."""

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """See Jump."""
        return torch.stack(list(states)).amax(dim=0)

    @staticmethod
    def output_size(sizes: Sequence[int]) -> int:
        """See Jump."""
        return sizes[-1]


JUMPS: dict[str, type[Jump]] = {"last": Last, "concat": Concat, "max": Max}
