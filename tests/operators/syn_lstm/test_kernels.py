"""The fast kernels of the Syn-LSTM against the plain one."""

import ctypes
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from synner_graph.errors import InputError
from synner_graph.operators import build, choice
from synner_graph.operators.syn_lstm import SynLSTMWeights, cpu, syn_lstm
from tests.operators.syn_lstm.cases import Case, assert_close, leaves, random_case
from tests.operators.syn_lstm.compiler import needs_compiler, no_compiler

FAST = [
    pytest.param("fused", torch.float64, 1e-12, id="fused"),
    needs_compiler("cpu", torch.float32, 2e-6),
]


def read(case: Case, inputs: list[Tensor], kernel: str) -> Tensor:
    x, g, *parts = inputs
    return syn_lstm(x, g, SynLSTMWeights(*parts), case.offsets, kernel)


def output_and_gradients(
    case: Case, kernel: str, dtype: torch.dtype = torch.float64
) -> list[Tensor]:
    inputs = leaves(case, dtype)
    h = read(case, inputs, kernel)
    return [h.detach(), *torch.autograd.grad(h, inputs, case.upstream.to(dtype))]


@pytest.mark.parametrize(("kernel", "dtype", "tolerance"), FAST)
@pytest.mark.parametrize(
    ("hidden", "lengths"),
    [
        (1, [3, 1, 5]),
        (7, [120, 1, 119, 2, 33, 7, 64, 5, 1]),
        (37, [1]),
        (37, [4]),
        (37, [1] * 9),
        (100, [2, 17, 1, 9, 30, 3]),
        (200, [5, 11, 1]),
        (384, [6, 2]),
    ],
)
def test_equals_the_plain_one_forward_and_in_all_gradients(
    kernel: str, dtype: torch.dtype, tolerance: float, hidden: int, lengths: list[int]
) -> None:
    case = random_case(hidden, lengths)
    assert_close(
        output_and_gradients(case, kernel, dtype),
        output_and_gradients(case, "naive"),
        tolerance,
    )


@pytest.mark.parametrize(("kernel", "dtype", "tolerance"), FAST)
@settings(max_examples=25, derandomize=True)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=40), hidden=st.integers(1, 20))
def test_any_lengths(
    kernel: str, dtype: torch.dtype, tolerance: float, lengths: list[int], hidden: int
) -> None:
    case = random_case(hidden, lengths)
    assert_close(
        output_and_gradients(case, kernel, dtype),
        output_and_gradients(case, "naive"),
        tolerance,
    )


@no_compiler
@pytest.mark.parametrize("threads", [2, 3, 8])
def test_the_kernel_computes_the_same_on_any_number_of_threads(threads: int) -> None:
    case = random_case(21, [7, 3, 1, 12, 5, 2, 9, 4, 4, 30, 6, 1, 8])
    expected = output_and_gradients(case, "naive")
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = output_and_gradients(case, "cpu", torch.float32)
    finally:
        torch.set_num_threads(before)
    assert_close(found, expected, 2e-6)


@no_compiler
def test_the_kernel_computes_a_sentence_the_same_in_any_batch() -> None:
    lengths = [7, 3, 1, 12, 5, 2, 9, 4, 4]
    case = random_case(21, lengths)
    x, g, *parts = (tensor.detach() for tensor in leaves(case, torch.float32))
    weights = SynLSTMWeights(*parts)
    together = syn_lstm(x, g, weights, case.offsets, "cpu")
    alone = [
        syn_lstm(*sentence, weights, torch.tensor([0, len(sentence[0])]), "cpu")
        for sentence in zip(x.split(lengths), g.split(lengths), strict=True)
    ]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("kernel", "dtype", "tolerance"), FAST)
def test_inputs_that_need_no_gradient_get_none(
    kernel: str, dtype: torch.dtype, tolerance: float
) -> None:
    case = random_case(5, [3, 2])
    expected = output_and_gradients(case, "naive")
    inputs = leaves(case, dtype)
    for tensor in inputs[:2]:
        tensor.requires_grad_(False)
    h = read(case, inputs, kernel)
    gradients = torch.autograd.grad(h, inputs[2:], case.upstream.to(dtype))
    for found, wanted in zip(gradients, expected[3:], strict=True):
        assert (found.double() - wanted).norm() <= tolerance * wanted.norm()


@pytest.mark.parametrize(("kernel", "dtype", "tolerance"), FAST)
def test_rows_and_gradients_may_lie_anyhow(
    kernel: str, dtype: torch.dtype, tolerance: float
) -> None:
    case = random_case(5, [3, 2, 6])
    inputs = [t.mT.contiguous().mT if t.dim() > 1 else t for t in leaves(case, dtype)]
    h = read(case, inputs, kernel)
    upstream = case.upstream.to(dtype).t().contiguous().t()
    assert_close(
        [h.detach(), *torch.autograd.grad(h, inputs, upstream)],
        output_and_gradients(case, "naive"),
        tolerance,
    )


@no_compiler
def test_the_kernel_saturates_and_keeps_nan_to_its_sentence() -> None:
    case = random_case(9, [4, 3])
    x = (case.x * 1e6).float()
    x[5] = torch.nan
    g, weights = case.g.float(), SynLSTMWeights(*(weight.float() for weight in case.weights))
    h = syn_lstm(x, g, weights, case.offsets, "cpu")
    assert h[:4].isfinite().all()
    assert (h[:4].abs() <= 1).all()
    assert h[5].isnan().all()
    torch.testing.assert_close(h[:4], syn_lstm(x, g, weights, case.offsets, "naive")[:4])


@no_compiler
def test_the_kernel_has_accurate_activations() -> None:
    steps = torch.linspace(-100, 100, 20001)
    x = torch.cat([steps, steps * 1e-2, steps * 1e-4, steps * 1e-8, torch.tensor([0.0, 1e30])])
    sigmoids, tanhs = torch.empty_like(x), torch.empty_like(x)
    pointers = (ctypes.c_void_p(tensor.data_ptr()) for tensor in (x, sigmoids, tanhs))
    build.library(cpu.SOURCE).activations(*pointers, ctypes.c_int64(len(x)))
    torch.testing.assert_close(tanhs.double(), x.double().tanh(), rtol=5e-7, atol=0)
    moderate = x > -87  # below, sigmoid is no normal float32
    expected = x.double().sigmoid()[moderate]
    torch.testing.assert_close(sigmoids.double()[moderate], expected, rtol=5e-7, atol=0)
    assert (sigmoids[~moderate] < 2e-38).all()


@pytest.mark.parametrize(("kernel", "dtype", "tolerance"), FAST)
def test_a_second_derivative_is_refused(kernel: str, dtype: torch.dtype, tolerance: float) -> None:
    case = random_case(3, [2, 1])
    inputs = leaves(case, dtype)
    h = read(case, inputs, kernel)
    with pytest.raises(RuntimeError, match=f"'{kernel}' of the Syn-LSTM has no second der"):
        torch.autograd.grad(h.sum(), inputs, create_graph=True)


def test_going_backward_twice_is_right_or_refused() -> None:
    case = random_case(3, [2, 1])
    inputs = leaves(case, torch.float64)
    h = read(case, inputs, "fused").sum()
    once, again = (torch.autograd.grad(h, inputs, retain_graph=True) for _ in range(2))
    torch.testing.assert_close(once, again, rtol=0, atol=0)


@no_compiler
def test_the_kernel_refuses_to_go_backward_twice() -> None:
    case = random_case(3, [2, 1])
    inputs = leaves(case, torch.float32)
    h = read(case, inputs, "cpu").sum()
    torch.autograd.grad(h, inputs, retain_graph=True)
    with pytest.raises(RuntimeError, match="went backward already"):
        torch.autograd.grad(h, inputs)


@pytest.mark.parametrize("kernel", ["auto", "fused", "naive"])
def test_autocast_may_narrow_the_inputs(kernel: str) -> None:
    case = random_case(8, [3, 5])
    x, g, *parts = leaves(case, torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        h = syn_lstm(x.bfloat16(), g, SynLSTMWeights(*parts), case.offsets, kernel)
    h.backward(case.upstream.to(h.dtype))
    assert h.dtype == torch.float32
    expected = output_and_gradients(case, "naive")
    assert (h.double() - expected[0]).norm() < 0.05 * expected[0].norm()
    assert x.grad is not None and parts[2].grad is not None


# ------------------------------------------------------------ choosing


@pytest.fixture
def forgetful() -> Iterator[None]:
    """Nothing was built or said so far."""
    build._outcome.cache_clear()
    said, choice._said = choice._said, set()
    yield
    build._outcome.cache_clear()
    choice._said = said


@pytest.mark.usefixtures("forgetful")
def test_without_a_compiler_fused_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(build.COMPILER_VARIABLE, raising=False)
    case = random_case(3, [2, 1])
    with caplog.at_level(logging.INFO, logger="synner_graph"):
        found = [output_and_gradients(case, "auto", torch.float32) for _ in range(2)]
    assert_close(found[1], output_and_gradients(case, "naive"), 2e-6)
    (record,) = caplog.records
    assert record.getMessage() == (
        "Kernel of the Syn-LSTM: fused; not cpu, because there is no C++ compiler "
        "(looked for c++, g++, clang++); "
        "not triton or triton-float32, because it runs on NVIDIA GPUs, not on cpu"
    )
    with pytest.raises(InputError, match="'cpu' of the Syn-LSTM cannot serve, because there is no"):
        output_and_gradients(case, "cpu", torch.float32)


@pytest.mark.usefixtures("forgetful")
@no_compiler
def test_auto_takes_the_kernel(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="synner_graph"):
        output_and_gradients(random_case(3, [2, 1]), "auto", torch.float32)
    assert [r.getMessage() for r in caplog.records] == ["Kernel of the Syn-LSTM: cpu"]


@no_compiler
def test_the_kernel_is_for_float32_on_the_cpu() -> None:
    with pytest.raises(InputError, match="because it computes in float32, not in float64"):
        output_and_gradients(random_case(3, [2, 1]), "cpu", torch.float64)
    assert cpu.obstacle(torch.empty(1, device="meta")) == "it runs on the CPU, not on meta"
