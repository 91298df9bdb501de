"""Reference Syn-LSTM: the equations in one loop over time, any device, differentiable."""

import torch
from torch import Tensor

from synner_graph.operators.ragged import restore, time_major
from synner_graph.operators.syn_lstm.weights import SynLSTMWeights


def syn_lstm(x: Tensor, g: Tensor, weights: SynLSTMWeights, offsets: Tensor) -> Tensor:
    """See `synner_graph.operators.syn_lstm.syn_lstm`."""
    time = time_major(offsets, x)
    orders = (time.order, time.reversed_order)
    x = torch.stack([x.index_select(0, order) for order in orders])  # [2, N, D]
    g = torch.stack([g.index_select(0, order) for order in orders])  # [2, N, G]
    from_x = x @ weights.weight_x.mT  # [2, N, 4H]: i, u, f, o
    from_g = g @ weights.weight_g.mT  # [2, N, 4H]: m, n, f, o
    x_iu, x_fo = from_x.chunk(2, dim=-1)
    g_mn, g_fo = from_g.chunk(2, dim=-1)
    inputs = torch.cat([x_iu, g_mn, x_fo + g_fo], dim=-1) + weights.bias.unsqueeze(1)  # [2, N, 6H]

    recurrent = weights.weight_h.mT  # [2, H, 6H]
    h = c = inputs.new_zeros(2, time.batch_sizes[0], recurrent.shape[1])
    states = []
    for step in torch.split(inputs, time.batch_sizes, dim=1):  # [2, b, 6H]
        running = step.shape[1]
        gates = step + h[:, :running] @ recurrent
        i, u, m, n, f, o = gates.chunk(6, dim=-1)  # [2, b, H] each
        c = f.sigmoid() * c[:, :running] + i.sigmoid() * u.tanh() + m.sigmoid() * n.tanh()
        h = o.sigmoid() * c.tanh()
        states.append(h)

    forward, backward = torch.cat(states, dim=1)  # [N, H] each
    return torch.cat([restore(forward, time.order), restore(backward, time.reversed_order)], dim=-1)
