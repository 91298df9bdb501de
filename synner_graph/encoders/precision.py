"""The precision in which a transformer predicts: float32, bfloat16, or integers of 8 bits.

In bfloat16 all weights and states are rounded. In int8 the inputs and weights of linear maps are,
and their products are exact sums of integers; everything between the maps stays float32. Each
token's state has a scale of its own, and so has each output of a map (Yao et al., NeurIPS 2022,
section 4.1): with one scale for a batch, a few great numbers leave little of all others.
"""

import torch
from torch import Tensor, nn

FLOAT32, BFLOAT16, INT8 = "float32", "bfloat16", "int8"
LARGEST = 127
ROWS = 256
"""Tokens whose product is computed and scaled at once, so that it stays in the cache."""


class Int8Linear(nn.Module):
    """A linear map whose inputs and weights are integers of 8 bits; it does not learn.

        y = s W' x' + b,  x' = round(x / max|x| · 127),  W' = round(W / max|W| · 127) by row

    Args:
        linear: The map in float32.
    """

    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        weight = linear.weight.detach()
        scale = _scale(weight)
        self.register_buffer("weight", (weight / scale).round_().to(torch.int8))
        self.register_buffer("scale", scale.squeeze(1))
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach())

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """*Shape:* [..., in_features] to [..., out_features]"""
        rows = x.reshape(-1, self.in_features)
        y = rows.new_empty(len(rows), self.out_features)
        for start in range(0, len(rows), ROWS):
            read, written = rows[start : start + ROWS], y[start : start + ROWS]
            scale = _scale(read)
            rounded = read.mul(scale.reciprocal()).round_().to(torch.int8)
            torch.mul(torch._int_mm(rounded, self.weight.t()), scale, out=written)
            written.mul_(self.scale)
            if self.bias is not None:
                written.add_(self.bias)
        return y.view(*x.shape[:-1], self.out_features)


def narrow(model: nn.Module, precision: str) -> bool:
    """Give a model less than float32, in place.

    Args:
        model: In float32.
        precision: BFLOAT16 or INT8.

    Returns:
        False where nothing changed, since there is no linear map to be quantised.
    """
    if precision == BFLOAT16:
        model.to(torch.bfloat16)
        return True
    found = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.Linear)
    ]
    for parent, name, child in found:
        parent.add_module(name, Int8Linear(child))
    return bool(found)


def _scale(rows: Tensor) -> Tensor:
    """What one step of an integer is worth in each row. *Shape:* [R, D] to [R, 1]"""
    high, low = rows.amax(1, keepdim=True), rows.amin(1, keepdim=True)
    return torch.maximum(high, low.neg_()).clamp_min_(1e-12).div_(LARGEST)
