"""The Syn-LSTM's kernels beside `torch.nn.LSTM`, on ragged batches of real shape."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

from synner_graph.benchmarking.timing import CPU, interleaved, threads
from synner_graph.operators.syn_lstm import KERNELS, SynLSTMWeights, syn_lstm

WIDTH = 384  # of x and of g: that of MiniLM
HIDDEN = (100, 200, 384)
SHAPES: dict[str, tuple[int, ...]] = {
    # A batch of 32 sentences whose lengths are distributed as those of UNER-EWT: mean 17, most 60.
    "real": (
        *(1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14),
        *(15, 15, 16, 17, 18, 19, 20, 21, 22, 24, 26, 28, 32, 42, 52, 60),
    ),
    "long": (120,) * 32,
}
BASELINE = "torch.nn.LSTM"


@dataclass(frozen=True, slots=True)
class Measurement:
    """The measurement of one kernel on one shape.

    Attributes:
        shape: Name of the batch.
        hidden: H, per direction.
        work: `"forward"` (without a graph) or `"forward + backward"` (gradients of everything).
        kernel: The name of the kernel, or `"torch.nn.LSTM"`.
        milliseconds: The median.
        ratio: That of the baseline is 1; less is faster.
    """

    shape: str
    hidden: int
    work: str
    kernel: str
    milliseconds: float
    ratio: float


def measure_syn_lstm(
    rounds: int, num_threads: int, device: torch.device = CPU
) -> list[Measurement]:
    """Measure all kernels that run here, and `torch.nn.LSTM`, on all shapes.

    `torch.nn.LSTM` reads x alone, packed beforehand; it does about half the arithmetic.
    """
    found: list[Measurement] = []
    with threads(num_threads):
        for shape, lengths in SHAPES.items():
            for hidden in HIDDEN:
                for work, contestants in _contestants(lengths, hidden, device).items():
                    seconds = interleaved(contestants, rounds, device)
                    found += [
                        Measurement(shape, hidden, work, name, 1000 * s, s / seconds[BASELINE])
                        for name, s in seconds.items()
                    ]
    return found


def to_json(
    measurements: Sequence[Measurement], num_threads: int, device: torch.device = CPU
) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "threads": num_threads,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "torch": torch.__version__,
        "shapes": {name: list(lengths) for name, lengths in SHAPES.items()},
        "width": WIDTH,
        "baseline": BASELINE,
        "measurements": [asdict(measurement) for measurement in measurements],
    }


def _contestants(
    lengths: tuple[int, ...], hidden: int, device: torch.device
) -> dict[str, dict[str, Callable[[], object]]]:
    """Return the functions to measure, by their work and their name."""
    draw = torch.Generator().manual_seed(0)

    def normal(*shape: int, scale: float = 1.0) -> Tensor:
        return (torch.randn(*shape, generator=draw) * scale).to(device).requires_grad_()

    rows, scale = sum(lengths), hidden**-0.5
    offsets = torch.tensor([0, *lengths]).cumsum(0)
    x, g = normal(rows, WIDTH), normal(rows, WIDTH)
    weights = SynLSTMWeights(
        normal(2, 4 * hidden, WIDTH, scale=scale),
        normal(2, 4 * hidden, WIDTH, scale=scale),
        normal(2, 6 * hidden, hidden, scale=scale),
        normal(2, 6 * hidden, scale=scale),
    )
    upstream = normal(rows, 2 * hidden).detach()
    lstm = nn.LSTM(WIDTH, hidden, bidirectional=True, device=device)
    packed = pack_sequence(list(torch.split(x.detach(), list(lengths))), enforce_sorted=False)
    packed.data.requires_grad_()

    readers: dict[str, tuple[Callable[[], Tensor], list[Tensor]]] = {
        BASELINE: (lambda: lstm(packed)[0].data, [packed.data, *lstm.parameters()])
    }
    for name, kernel in KERNELS.items():
        if kernel.obstacle(x) is None:

            def read(name: str = name) -> Tensor:
                return syn_lstm(x, g, weights, offsets, name)

            readers[name] = (read, [x, g, *weights])

    forward: dict[str, Callable[[], object]] = {}
    both: dict[str, Callable[[], object]] = {}
    for name, (function, inputs) in readers.items():
        forward[name] = torch.no_grad()(function)
        both[name] = lambda function=function, inputs=inputs: torch.autograd.grad(  # type: ignore[misc]
            function(), inputs, upstream
        )
    return {"forward": forward, "forward + backward": both}
