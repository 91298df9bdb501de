"""`torch.nn.LSTM` on the sentences of a batch."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from synner_graph.operators.ragged import TimeMajor, restore


def read_packed(lstm: nn.Module, rows: Tensor, time: TimeMajor) -> Tensor:
    """What a bidirectional `torch.nn.LSTM` makes of each sentence. *Shape:* [N, ...] to [N, 2H]"""
    packed = PackedSequence(rows.index_select(0, time.order), torch.tensor(time.batch_sizes))
    return restore(lstm(packed)[0].data, time.order)
