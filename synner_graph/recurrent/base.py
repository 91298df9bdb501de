"""Recurrent: what the recurrent layers share."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

from torch import Tensor, nn

from synner_graph.config import RecurrentConfig
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class Recurrent(nn.Module, ABC):
    """What the recurrent layers share.

    Args:
        input_size: Width D of the token vectors.
        graph_size: Width G of the graph features; 0 where there is no graph layer.
        hidden_size: Width H of a state, per direction.

    Attributes:
        needs_graph: Whether it cannot do without graph features.
        output_size: Width of the output.
        edges: Kinds of edges that it reads itself.
        kernel: Name of the kernel that computes its operator, or `auto`.
    """

    needs_graph: ClassVar[bool] = False
    edges: ClassVar[tuple[str, ...]] = ()
    output_size: int
    kernel: str = "auto"

    @abstractmethod
    def __init__(self, input_size: int, graph_size: int, hidden_size: int) -> None:
        super().__init__()

    @classmethod
    def build(
        cls, config: RecurrentConfig, input_size: int, graph_size: int, inventory: EdgeInventory
    ) -> Self:
        """The layer that the settings describe.

        Args:
            config: Settings.
            input_size: Width D of the token vectors.
            graph_size: Width G of the graph features; 0 where there is no graph layer.
            inventory: Edge kinds and relation types of the graphs to come.

        Raises:
            InputError: The graphs lack what it reads.
        """
        return cls(input_size, graph_size, config.size)

    @abstractmethod
    def forward(self, x: Tensor, g: Tensor, graph: TokenGraph) -> Tensor:
        """Read each sentence.

        Args:
            x: Token vectors.
                *Shape:* [N, D]
            g: Graph features.
                *Shape:* [N, G]
            graph: The batch.

        Returns:
            *Shape:* [N, output_size]
        """

    def check_kernel(self) -> None:
        """See to it, before work begins, that the kernel asked for can serve here.

        Raises:
            InputError: It cannot.
        """
