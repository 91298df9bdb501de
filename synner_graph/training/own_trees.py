"""Which sentences of a training are read with trees of the model's own parser."""

from dataclasses import replace

import torch

from synner_graph.model.batch import Batch


def own_share(share: float, epoch: int, epochs: int) -> float:
    """Return the share of an epoch: 0 in the first, `share` in the last of several.

    A parser that has learned nothing yet gives trees that say nothing.

    Source: Bengio et al. (NIPS 2015): scheduled sampling with linear decay.

    Args:
        share: between 0 and 1.
        epoch: from 1.
        epochs: how many there will be.
    """
    return share * (epoch - 1) / max(epochs - 1, 1)


def draw_own_trees(batch: Batch, share: float) -> Batch:
    """Mark each sentence of a batch with that probability.

    PyTorch's generator draws; at share 0 it is left alone.
    """
    if not share:
        return batch
    drawn = torch.rand(len(batch.sentences)) < share
    return replace(batch, own_trees=tuple(drawn.tolist()))
