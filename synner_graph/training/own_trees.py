"""Which sentences of a training are read with trees of the model's own parser."""

from dataclasses import replace

import torch

from synner_graph.model.batch import Batch


def own_share(share: float, epoch: int, epochs: int) -> float:
    """Return the share of an epoch: it rises evenly from 0 in the first to `share` in the last.

    It begins at 0 because the trees of a parser that has learned nothing are of no use.

    Source: Bengio et al. (NIPS 2015): scheduled sampling with linear decay.

    Args:
        share: Between 0 and 1.
        epoch: From 1.
        epochs: How many there will be.
    """
    return share * (epoch - 1) / max(epochs - 1, 1)


def draw_own_trees(batch: Batch, share: float) -> Batch:
    """Choose at random which sentences of a batch are read with trees of the model's own parser.

    At share 0 nothing is drawn from PyTorch's generator.

    Args:
        batch: Whose sentences are drawn.
        share: Probability that a sentence is chosen.
    """
    if not share:
        return batch
    drawn = torch.rand(len(batch.sentences)) < share
    return replace(batch, own_trees=tuple(drawn.tolist()))
