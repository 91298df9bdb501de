"""The Syn-LSTM against its equations, sentence by sentence, and against `torch.nn.LSTM`."""

import pytest
import torch
from torch import Tensor, nn

from synner_graph.errors import InputError
from synner_graph.operators.syn_lstm import SynLSTMWeights, syn_lstm
from tests.operators.syn_lstm.compiler import needs_compiler

LENGTHS = [4, 1, 7, 3, 1]
OFFSETS = torch.tensor([0, *LENGTHS]).cumsum(0)
N, D, G, H = sum(LENGTHS), 5, 3, 7


def normal(*shape: int, device: str = "cpu") -> Tensor:
    return torch.randn(*shape, dtype=torch.float64).to(device).requires_grad_()


def random_weights(device: str = "cpu") -> SynLSTMWeights:
    return SynLSTMWeights(
        weight_x=normal(2, 4 * H, D, device=device),
        weight_g=normal(2, 4 * H, G, device=device),
        weight_h=normal(2, 6 * H, H, device=device),
        bias=normal(2, 6 * H, device=device),
    )


def read_sentence(x: Tensor, g: Tensor, weights: SynLSTMWeights, direction: int) -> Tensor:
    """The equations as they stand in the paper, one token at a time."""
    W = dict(zip("iufo", weights.weight_x[direction].split(H), strict=True))
    Q = dict(zip("mnfo", weights.weight_g[direction].split(H), strict=True))
    U = dict(zip("iumnfo", weights.weight_h[direction].split(H), strict=True))
    b = dict(zip("iumnfo", weights.bias[direction].split(H), strict=True))
    h = c = x.new_zeros(H)
    states: list[Tensor] = []
    for t in range(len(x)) if direction == 0 else reversed(range(len(x))):
        i = torch.sigmoid(W["i"] @ x[t] + U["i"] @ h + b["i"])
        u = torch.tanh(W["u"] @ x[t] + U["u"] @ h + b["u"])
        m = torch.sigmoid(Q["m"] @ g[t] + U["m"] @ h + b["m"])
        n = torch.tanh(Q["n"] @ g[t] + U["n"] @ h + b["n"])
        f = torch.sigmoid(W["f"] @ x[t] + Q["f"] @ g[t] + U["f"] @ h + b["f"])
        o = torch.sigmoid(W["o"] @ x[t] + Q["o"] @ g[t] + U["o"] @ h + b["o"])
        c = f * c + i * u + m * n
        h = o * torch.tanh(c)
        states.append(h)
    return torch.stack(states if direction == 0 else states[::-1])


@pytest.mark.parametrize("kernel", ["naive", "fused"])
def test_equals_its_equations_forward_and_in_all_gradients(device: str, kernel: str) -> None:
    x, g, weights = normal(N, D, device=device), normal(N, G, device=device), random_weights(device)
    inputs = (x, g, *weights)

    actual = syn_lstm(x, g, weights, OFFSETS, kernel)

    sentences = zip(x.split(LENGTHS), g.split(LENGTHS), strict=True)
    expected = torch.cat(
        [
            torch.cat([read_sentence(*sentence, weights, direction) for direction in (0, 1)], dim=1)
            for sentence in sentences
        ]
    )
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-12)
    upstream = torch.randn_like(actual)
    torch.testing.assert_close(
        torch.autograd.grad(actual, inputs, upstream),
        torch.autograd.grad(expected, inputs, upstream),
        rtol=1e-9,
        atol=1e-11,
    )


@pytest.mark.parametrize(
    ("kernel", "dtype"),
    [("naive", torch.float64), ("fused", torch.float64), needs_compiler("cpu", torch.float32)],
)
def test_equals_torch_lstm_where_the_graph_says_nothing(kernel: str, dtype: torch.dtype) -> None:
    x, g, weights = normal(N, D), normal(N, G), random_weights()
    lstm = nn.LSTM(D, H, bidirectional=True, dtype=torch.float64)
    with torch.no_grad():
        weights.weight_g.zero_()
        for direction, suffix in enumerate(("", "_reverse")):
            W = dict(zip("iufo", weights.weight_x[direction].split(H), strict=True))
            U = dict(zip("iumnfo", weights.weight_h[direction].split(H), strict=True))
            b = dict(zip("iumnfo", weights.bias[direction].split(H), strict=True))
            U["n"].zero_()  # with Q_n and b_n: the graph candidate is tanh(0)
            b["n"].zero_()
            order = "ifuo"  # PyTorch calls them i, f, g, o
            getattr(lstm, f"weight_ih_l0{suffix}").copy_(torch.cat([W[gate] for gate in order]))
            getattr(lstm, f"weight_hh_l0{suffix}").copy_(torch.cat([U[gate] for gate in order]))
            getattr(lstm, f"bias_ih_l0{suffix}").copy_(torch.cat([b[gate] for gate in order]))
            getattr(lstm, f"bias_hh_l0{suffix}").zero_()

    narrow = SynLSTMWeights(*(weight.to(dtype) for weight in weights))
    actual = syn_lstm(x.to(dtype), g.to(dtype), narrow, OFFSETS, kernel)

    exact = dtype == torch.float64
    expected = torch.cat([lstm(sentence)[0] for sentence in x.split(LENGTHS)])
    torch.testing.assert_close(actual.double(), expected, rtol=0, atol=1e-12 if exact else 1e-6)
    upstream = torch.randn_like(actual)
    torch.testing.assert_close(
        torch.autograd.grad(actual, x, upstream),
        torch.autograd.grad(expected, x, upstream.double()),
        rtol=0,
        atol=1e-11 if exact else 1e-5,
    )


def test_gradients_are_those_of_finite_differences() -> None:
    weights = random_weights()
    offsets = torch.tensor([0, 1, 3])

    def read(x: Tensor, g: Tensor, *parts: Tensor) -> Tensor:
        return syn_lstm(x, g, SynLSTMWeights(*parts), offsets)

    assert torch.autograd.gradcheck(read, (normal(3, D), normal(3, G), *weights), fast_mode=True)


def test_a_batch_equals_its_sentences_alone(device: str) -> None:
    x, g, weights = normal(N, D, device=device), normal(N, G, device=device), random_weights(device)

    together = syn_lstm(x, g, weights, OFFSETS)

    alone = [
        syn_lstm(*sentence, weights, torch.tensor([0, len(sentence[0])]))
        for sentence in zip(x.split(LENGTHS), g.split(LENGTHS), strict=True)
    ]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-12, atol=1e-14)


def test_single_precision_is_close(device: str) -> None:
    x, g, weights = normal(N, D, device=device), normal(N, G, device=device), random_weights(device)

    actual = syn_lstm(x.float(), g.float(), SynLSTMWeights(*(w.float() for w in weights)), OFFSETS)

    assert actual.dtype == torch.float32
    # On a GPU the kernel that is chosen rounds the factors of its products to bfloat16.
    rtol, atol = (0, 5e-3) if device == "cuda" else (1e-4, 1e-5)
    torch.testing.assert_close(
        actual.double(), syn_lstm(x, g, weights, OFFSETS), rtol=rtol, atol=atol
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_x": torch.zeros(2, 4 * H, 6)}, r"expected weight_x of shape \[2, 28, 5\], got"),
        ({"weight_g": torch.zeros(2, 6 * H, G)}, r"expected weight_g of shape \[2, 28, 3\], got"),
        ({"weight_h": torch.zeros(6 * H, H)}, r"expected weight_h of shape \[2, 42, 7\], got"),
        ({"bias": torch.zeros(2, 4 * H)}, r"expected bias of shape \[2, 42\], got \[2, 28\]"),
    ],
)
def test_weights_that_do_not_fit_are_refused(change: dict[str, Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        syn_lstm(normal(N, D), normal(N, G), random_weights()._replace(**change), OFFSETS)


def test_tokens_and_graph_features_must_be_as_many() -> None:
    with pytest.raises(ValueError, match=r"expected x \[N, D\] and g \[N, G\], got \[16, 5\]"):
        syn_lstm(normal(N, D), normal(N - 1, G), random_weights(), OFFSETS)


def test_an_unknown_kernel_is_refused_with_the_choices() -> None:
    inputs = normal(N, D), normal(N, G), random_weights(), OFFSETS
    with pytest.raises(
        InputError,
        match=r"'fast' of the Syn-LSTM\. .* auto, cpu, triton, triton-float32, fused, naive\.",
    ):
        syn_lstm(*inputs, kernel="fast")
    assert torch.equal(syn_lstm(*inputs, kernel="fused"), syn_lstm(*inputs))
