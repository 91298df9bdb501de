"""The Triton kernels in Triton's interpreter; `test_triton.py` runs this file with it switched on.

The interpreter knows float32 and float16, multiplies bfloat16 wrongly, and is slow.
"""

from functools import partial

import pytest
import torch
from torch import Tensor

from synner_graph.errors import InputError
from synner_graph.operators.syn_lstm import KERNELS, SynLSTMWeights, naive, syn_lstm, triton
from synner_graph.operators.syn_lstm.triton.launch import choose_method
from tests.operators.syn_lstm.cases import Case, assert_close, leaves, random_case

CPU = torch.device("cpu")
METHODS = ["resident", "streamed", "stepwise"]
OPERANDS = [(torch.float32, 2e-6), (torch.float16, 1e-3)]


def output_and_gradients(case: Case, operands: torch.dtype, method: str | None) -> list[Tensor]:
    x, g, *parts = inputs = leaves(case, torch.float32)
    weights = SynLSTMWeights(*parts)
    h = triton.syn_lstm(x, g, weights, case.offsets, operands, method)
    return [h.detach(), *torch.autograd.grad(h, inputs, case.upstream.float())]


def expected(case: Case) -> list[Tensor]:
    x, g, *parts = inputs = leaves(case, torch.float64)
    h = naive.syn_lstm(x, g, SynLSTMWeights(*parts), case.offsets)
    return [h.detach(), *torch.autograd.grad(h, inputs, case.upstream)]


@pytest.mark.parametrize(("operands", "tolerance"), OPERANDS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("hidden", "lengths"),
    [
        (1, [3, 1, 5]),
        (7, [1] * 17 + [3]),  # two tiles of sentences
        (37, [1]),
        (37, [2, 1]),  # two tiles of units in float32
        pytest.param(7, [19, 1, 4, 2, 5], marks=pytest.mark.slow),
        pytest.param(37, [9], marks=pytest.mark.slow),
        pytest.param(70, [3, 1], marks=pytest.mark.slow),  # and in float16
    ],
)
def test_equals_the_plain_one_forward_and_in_all_gradients(
    hidden: int, lengths: list[int], method: str, operands: torch.dtype, tolerance: float
) -> None:
    case = random_case(hidden, lengths)
    assert_close(output_and_gradients(case, operands, method), expected(case), tolerance)


@pytest.mark.parametrize(("operands", "tolerance"), OPERANDS)
@pytest.mark.slow
def test_a_hidden_size_of_100_stays_on_chip(operands: torch.dtype, tolerance: float) -> None:
    case = random_case(100, [3, 20, 1, 5])
    assert choose_method(100, operands, CPU) == "resident"
    assert_close(output_and_gradients(case, operands, None), expected(case), tolerance)


def test_h_and_gradients_are_rounded_to_the_operands() -> None:
    """Else the tests of float16 would be tests of float32."""
    case = random_case(16, [2])
    for method in ("resident", "streamed"):
        exact, rounded = (output_and_gradients(case, o, method) for o, _ in OPERANDS)
        for one, other in zip(exact, rounded, strict=True):
            assert (one - other).norm() > 5e-6 * one.norm()


def test_a_public_call_takes_the_float32_kernels() -> None:
    case = random_case(5, [3, 2])
    x, g, *parts = leaves(case, torch.float32)
    h = syn_lstm(x, g, SynLSTMWeights(*parts), case.offsets, "triton-float32")
    assert (h.double() - expected(case)[0]).norm() < 1e-6 * h.norm()
    with pytest.raises(InputError, match="'triton' of the Syn-LSTM cannot serve, because Triton's"):
        syn_lstm(x, g, SynLSTMWeights(*parts), case.offsets, "triton")


def test_inputs_that_need_no_gradient_get_none_and_rows_may_lie_anyhow() -> None:
    case = random_case(5, [3, 2])
    inputs = [t.mT.contiguous().mT if t.dim() > 1 else t for t in leaves(case, torch.float32)]
    x, g, *parts = [tensor.detach() for tensor in inputs[:2]] + inputs[2:]
    h = KERNELS["triton-float32"].run(x, g, SynLSTMWeights(*parts), case.offsets)
    upstream = case.upstream.float().t().contiguous().t()
    gradients = torch.autograd.grad(h, parts, upstream, retain_graph=True)
    for found, wanted in zip(gradients, expected(case)[3:], strict=True):
        assert (found - wanted).norm() < 2e-6 * wanted.norm()
    again = torch.autograd.grad(h, parts, upstream)
    torch.testing.assert_close(again, gradients, rtol=0, atol=0)


@pytest.mark.parametrize("method", METHODS)
def test_it_saturates_and_keeps_nan_to_its_sentence(method: str) -> None:
    case = random_case(9, [4, 3])
    x = (case.x * 1e6).float()
    x[5] = torch.nan
    g, weights = case.g.float(), SynLSTMWeights(*(weight.float() for weight in case.weights))
    h = triton.syn_lstm(x, g, weights, case.offsets, torch.float32, method)
    assert h[5].isnan().all()
    torch.testing.assert_close(h[:4], naive.syn_lstm(x, g, weights, case.offsets)[:4])


def test_small_activations_are_relatively_exact() -> None:
    case = random_case(5, [1])
    x, g, *parts = (tensor * 1e-5 for tensor in leaves(case, torch.float64))
    weights = SynLSTMWeights(*parts)
    narrow = SynLSTMWeights(*(weight.float() for weight in weights))
    h = triton.syn_lstm(x.float(), g.float(), narrow, case.offsets, torch.float32)
    torch.testing.assert_close(
        h.double(), naive.syn_lstm(x, g, weights, case.offsets), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize(
    ("name", "operands"), [("triton", torch.float16), ("triton-float32", torch.float32)]
)
def test_a_second_derivative_is_refused(name: str, operands: torch.dtype) -> None:
    case = random_case(3, [2, 1])
    x, g, *parts = inputs = leaves(case, torch.float32)
    run = partial(triton.syn_lstm, operands=operands)
    h = run(x, g, SynLSTMWeights(*parts), case.offsets)
    with pytest.raises(RuntimeError, match=f"'{name}' of the Syn-LSTM has no second derivative"):
        torch.autograd.grad(h.sum(), inputs, create_graph=True)


def test_offsets_that_do_not_fit_are_refused() -> None:
    case = random_case(3, [2, 1])
    x, g, *parts = leaves(case, torch.float32)
    with pytest.raises(ValueError, match="expected offsets from 0 to 3"):
        triton.syn_lstm(x, g, SynLSTMWeights(*parts), torch.tensor([0, 2]), torch.float32)
