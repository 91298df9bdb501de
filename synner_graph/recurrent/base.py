"""Recurrent: what the recurrent layers share."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

from synner_graph.config import Section
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.parts import Part


class LSTMOptions(Section):
    """What every layer with a hidden state has."""

    size: int = Field(100, gt=0, description="hidden size per direction")


class Recurrent(nn.Module, Part, ABC):
    """What the recurrent layers share.

    Args:
        input_size: Width D of the token vectors.
        graph_size: Width G of the graph features; 0 where there is no graph layer.
        inventory: Edge kinds and relation types of the graphs to come.
        options: Each of the fields of `Options` by its name.

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
    def __init__(
        self, input_size: int, graph_size: int, inventory: EdgeInventory, **options: Any
    ) -> None:
        super().__init__()

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
