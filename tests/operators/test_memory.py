"""The fixture of all operator tests: what is allocated and not written cannot pass for a result."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

ALLOCATE: dict[str, Callable[[Tensor], Tensor]] = {
    "empty": lambda like: torch.empty(like.shape, dtype=like.dtype, device=like.device),
    "empty_like": torch.empty_like,
    "new_empty": lambda like: like.new_empty(like.shape),
}


@pytest.mark.parametrize("allocate", ALLOCATE.values(), ids=ALLOCATE)
def test_fresh_memory_is_poisoned(allocate: Callable[[Tensor], Tensor], device: str) -> None:
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        assert allocate(torch.zeros(2, 3, dtype=dtype, device=device)).isnan().all()
    for dtype in (torch.int64, torch.int32):
        fresh = allocate(torch.zeros(2, 3, dtype=dtype, device=device))
        assert (fresh == torch.iinfo(dtype).max).all()
