"""The Triton kernels: interpreted, compiled for GPUs that need not be there, run on one that is."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from synner_graph.errors import InputError
from synner_graph.operators.syn_lstm import KERNELS, SynLSTMWeights, syn_lstm, triton
from tests.operators.syn_lstm.cases import assert_close, leaves, random_case
from tests.places import ROOT

NAMES = ["triton", "triton-float32"]
needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")


@needs_triton
@pytest.mark.parametrize("tests", ["not slow", pytest.param("slow", marks=pytest.mark.slow)])
def test_in_the_interpreter(tests: str) -> None:
    file = Path(__file__).with_name("interpreted.py")
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", tests, file],
        cwd=ROOT,
        env={**os.environ, triton.INTERPRETER: "1"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


# ------------------------------------------------------------ choosing


@pytest.mark.parametrize("name", NAMES)
def test_it_is_for_float32_on_gpus(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(triton.INTERPRETER, raising=False)
    case = random_case(3, [2, 1])
    x, g, *parts = leaves(case, torch.float32)
    with pytest.raises(InputError, match=f"'{name}' of .* because it runs on NVIDIA GPUs, not"):
        syn_lstm(x, g, SynLSTMWeights(*parts), case.offsets, name)
    monkeypatch.setenv(triton.INTERPRETER, "1")
    obstacle = KERNELS[name].obstacle
    assert obstacle(torch.empty(1).double()) == "it computes in float32, not in float64"
    assert obstacle(torch.empty(1, device="meta")) == "it runs on NVIDIA GPUs, not on meta"


@pytest.mark.parametrize("name", NAMES)
def test_without_triton_the_reason_names_the_extra(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(triton.INTERPRETER, "1")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert KERNELS[name].obstacle(torch.empty(1)) == (
        "Triton is not installed: install `synner-graph[triton]`"
    )


def test_bfloat16_needs_a_gpu_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    triton._without_bfloat16.cache_clear()
    try:
        reason = triton._without_bfloat16(torch.device("cuda", 7))
    finally:
        triton._without_bfloat16.cache_clear()
    assert reason == "its GPU has compute capability 7.5 and no bfloat16, which comes with 8.0"


@needs_triton
@pytest.mark.parametrize(
    ("size", "operands", "shared", "method"),
    [
        (100, torch.bfloat16, 232_448, "resident"),  # H100
        (100, torch.bfloat16, 166_912, "streamed"),  # A100
        (64, torch.bfloat16, 101_376, "resident"),  # RTX 4090
        (64, torch.float32, 101_376, "streamed"),
        (64, torch.float32, 232_448, "resident"),
        (100, torch.float32, 232_448, "streamed"),
        (129, torch.bfloat16, 232_448, "streamed"),
        (257, torch.bfloat16, 232_448, "stepwise"),
    ],
)
def test_what_stays_on_chip_depends_on_the_gpu(
    size: int, operands: torch.dtype, shared: int, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synner_graph.operators.syn_lstm.triton.launch import choose_method

    class Properties:
        shared_memory_per_block_optin = shared

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: Properties)
    assert choose_method(size, operands, torch.device("cuda")) == method


# ------------------------------------------------------------ compiled


@pytest.mark.slow
@needs_triton
@pytest.mark.parametrize("capability", [75, 80, 90, 100])
@pytest.mark.parametrize(
    ("kernels", "operands", "sizes"),
    [
        ("resident", "bf16", {"H": 100, "UNITS": 128}),
        ("resident", "bf16", {"H": 1, "UNITS": 16}),
        ("resident", "fp32", {"H": 37, "UNITS": 64}),
        ("streamed", "bf16", {"H": 200, "WIDTH": 256, "TILE": 64}),
        ("streamed", "fp32", {"H": 200, "WIDTH": 224, "TILE": 32}),
    ],
)
def test_they_compile_and_fit_in_shared_memory(
    capability: int,
    kernels: str,
    operands: str,
    sizes: dict[str, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if operands == "bf16" and capability < 80:
        pytest.skip("it has no bfloat16")
    from synner_graph.operators.syn_lstm.triton import launch, resident, streamed

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[operands]
    if kernels == "resident":
        options = launch.resident_options(sizes["UNITS"])
        available = launch.resident_bytes(sizes["UNITS"], dtype)
    else:
        assert launch.tile_units(dtype) == sizes["TILE"]
        options, available = launch.STREAMED_OPTIONS, 64 * 1024  # what the smallest GPUs have
    module = {"resident": resident, "streamed": streamed}[kernels]
    for kernel in (module.read, module.read_back):
        compiled = compile_for(capability, kernel, operands, sizes, options)
        assert compiled.metadata.shared <= available


def compile_for(
    capability: int, kernel: Any, operands: str, sizes: dict[str, int], options: dict[str, Any]
) -> Any:
    """A kernel for a GPU of that compute capability, compiled as a launch there would."""
    compiler = pytest.importorskip("triton.compiler")
    backend = pytest.importorskip("triton.backends.compiler")
    constants = {"SENTENCES": 16, **sizes}
    integers = {"num_sentences", "first_step", "last_step", "steps"}
    types = {"all_starts": "*i64", "all_lengths": "*i64", "recurrent": f"*{operands}"}
    types |= dict.fromkeys(integers, "i32") | dict.fromkeys(constants, "constexpr")
    signature = {name: types.get(name, "*fp32") for name in kernel.arg_names}
    positions = {name: (position,) for position, name in enumerate(kernel.arg_names)}
    aligned = [["tt.divisibility", 16]]
    source = compiler.ASTSource(
        kernel,
        signature,
        {positions[name]: value for name, value in constants.items()},
        {positions[name]: aligned for name, kind in signature.items() if kind.startswith("*")},
    )
    return compiler.compile(source, backend.GPUTarget("cuda", capability, 32), options)


# ------------------------------------------------------------ on a GPU


@needs_gpu
@needs_triton
@pytest.mark.parametrize(
    ("operands", "tolerance"),
    [(torch.float32, 5e-6), (torch.float16, 2e-3), (torch.bfloat16, 2e-2)],
)
@pytest.mark.parametrize("method", [None, "streamed", "stepwise"])
@pytest.mark.parametrize(
    ("hidden", "lengths"),
    [
        (1, [3, 1, 5]),
        (7, [120, 1, 119, 2, 33, 7, 64, 5, 1]),
        (37, [1]),
        (100, [2, 17, 1, 9, 30, 3] * 7),
        (200, [5, 11, 1]),
        (384, [6, 2] * 9),
    ],
)
def test_a_gpu_equals_the_plain_one_forward_and_in_all_gradients(
    hidden: int, lengths: list[int], method: Any, operands: torch.dtype, tolerance: float
) -> None:
    case = random_case(hidden, lengths)
    found = []
    for dtype, device in ((torch.float64, "cpu"), (torch.float32, "cuda")):
        inputs = [leaf.detach().to(device).requires_grad_() for leaf in leaves(case, dtype)]
        x, g, *parts = inputs
        weights = SynLSTMWeights(*parts)
        if device == "cpu":
            h = syn_lstm(x, g, weights, case.offsets, "naive")
        else:
            h = triton.syn_lstm(x, g, weights, case.offsets, operands, method)
        gradients = torch.autograd.grad(h, inputs, case.upstream.to(device, dtype))
        found.append([tensor.detach().cpu() for tensor in (h, *gradients)])
    assert_close(found[1], found[0], tolerance)
