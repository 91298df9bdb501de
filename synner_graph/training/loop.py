"""The loop: epochs of steps, and where a training stands between two of them."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from synner_graph.config import TrainingConfig
from synner_graph.model.batch import Batch
from synner_graph.training.batches import LengthGroupedBatches
from synner_graph.training.learner import Learner

Bar = Callable[[int, int], AbstractContextManager[Callable[[str], None]]]
"""Open the bar of an epoch, given its number and how many of its batches are done.

The context gives a function that moves the bar on by one batch and shows a note.
"""


@dataclass
class Position:
    """Where a training stands between two steps, apart from weights and random states.

    Attributes:
        epoch: Number of the current epoch, from 1; after the last epoch, one more.
        batch: How many of its batches are done.
        loss: Summed over the sentences of those batches.
        seconds: Spent on those batches.
        history: The records of the epochs before.
        best_score: The best score of those epochs.
        best_epoch: Which of them it was; 0 before the first.
    """

    epoch: int = 1
    batch: int = 0
    loss: float = 0.0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    best_score: float = -1.0
    best_epoch: int = 0

    def add(self, record: dict[str, Any], score: float | None) -> bool:
        """Append the record of an epoch, and return whether the epoch is the best so far.

        Args:
            record: What `run_epochs` yielded, and what has been added to it since.
            score: Of the model after that epoch; None where there is nothing to score it on, and
                the latest epoch counts as the best.
        """
        self.history.append(record)
        if score is not None and score <= self.best_score:
            return False
        self.best_epoch = record["epoch"]
        if score is not None:
            self.best_score = score
        return True

    def waited(self, patience: int | None) -> bool:
        """Return whether `patience` epochs have passed without a better score."""
        return patience is not None and self.epoch - 1 - self.best_epoch >= patience


def run_epochs(
    learner: Learner,
    batches: LengthGroupedBatches,
    collate: Callable[[Sequence[int]], Batch],
    settings: TrainingConfig,
    position: Position,
    bar: Bar,
    after_step: Callable[[], None],
) -> Iterator[dict[str, Any]]:
    """Learn, epoch after epoch, from where the training stands.

    Args:
        learner: Takes the steps.
        batches: The rows of each batch of each epoch.
        collate: Makes a batch of rows.
        settings: How many epochs there are, and the patience.
        position: Where to begin; it is kept up to date. The caller adds each record to it (`add`),
            since patience counts those.
        bar: Shows the progress of an epoch.
        after_step: Called after each step.

    Yields:
        A record of each epoch, when its steps are done: its number, the mean loss and the seconds.

    Raises:
        InputError: The loss is no longer a number.
    """
    while position.epoch <= settings.epochs and not position.waited(settings.patience):
        epoch = position.epoch
        begun = time.perf_counter() - position.seconds
        learner.model.train()
        with bar(epoch, position.batch) as tick:
            left = batches.epoch(epoch)
            seen = sum(batches.sentences(rows) for rows in islice(left, position.batch))
            for rows in left:
                position.loss += learner.learn(rows, batches.sentences, collate)
                seen += batches.sentences(rows)
                position.batch += 1
                position.seconds = time.perf_counter() - begun
                tick(f"loss {position.loss / seen:.4f}")
                after_step()
        record = {
            "epoch": epoch,
            "loss": position.loss / batches.sentences(),
            "seconds": position.seconds,
        }
        position.epoch, position.batch, position.loss, position.seconds = epoch + 1, 0, 0.0, 0.0
        yield record
