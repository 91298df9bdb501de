"""The interface of the two models that an end-to-end benchmark compares."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from synner_graph.benchmarking.parts import PartClock
from synner_graph.data.sentence import Sentence
from synner_graph.encoders.bert import Bert

ENCODER, OPTIMISER, OTHER = "encoder", "optimiser", "other"
"""Names of parts."""


class Side(ABC):
    """One of the two models.

    Attributes:
        name: What it is called in the results.
        clock: What it spent its time on.
        places: Of sub-words that its encoder computed, padding included.
        pieces: Sub-words among them.
        entities: How many it found when it last predicted.
    """

    name: ClassVar[str]

    def __init__(self) -> None:
        self.clock = PartClock()
        self.places = self.pieces = self.entities = 0

    def watch_transformer(self, transformer: nn.Module) -> None:
        """Count the places and sub-words that pass through the transformer."""

        def enter(_: nn.Module, __: tuple[Any, ...], named: dict[str, Any]) -> None:
            if self.clock.runs:
                mask: Tensor = named["attention_mask"]
                packed = isinstance(transformer, Bert) and transformer.leaves_out_padding(mask)
                self.places += int(mask.sum()) if packed else mask.numel()
                self.pieces += int(mask.sum())

        transformer.register_forward_pre_hook(enter, with_kwargs=True)

    @abstractmethod
    def start_learning(self, steps: int) -> None:
        """Prepare for that many steps."""

    @abstractmethod
    def batches(self) -> Iterator[list[Sentence]]:
        """Return batches of the sentences to learn from, as this side draws them."""

    @abstractmethod
    def learn(self, sentences: Sequence[Sentence]) -> None:
        """Take a step."""

    @abstractmethod
    def start_predicting(self) -> None:
        """Stop learning, and take the precision to predict in."""

    @abstractmethod
    def predict(self, sentences: Sequence[Sentence]) -> None:
        """Find the entities of all sentences."""
