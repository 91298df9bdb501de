"""Choosing a kernel: what `auto` takes and says, and requests that cannot be met."""

import logging
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from synner_graph.cli.options import Kernels
from synner_graph.errors import InputError
from synner_graph.operators import choice, crf, span, syn_lstm
from synner_graph.operators.choice import NAMES, Kernel, choose, or_auto


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """`auto` speaks anew."""
    before = set(choice._said)
    choice._said.clear()
    yield
    choice._said.update(before)


def not_for_doubles(rows: Tensor) -> str | None:
    return "it knows no float64" if rows.dtype == torch.float64 else None


KERNELS = {
    "lost": Kernel("lost", lambda rows: "it was never built"),
    "quick": Kernel("quick", not_for_doubles),
    "plain": Kernel("plain"),
}


def pick(kernel: str, dtype: torch.dtype = torch.float32) -> str:
    return choose("the sum", kernel, KERNELS, torch.empty(0, dtype=dtype))


def test_auto_takes_the_first_that_can_serve_these_rows() -> None:
    assert pick("auto") == "quick"
    assert pick("auto", torch.float64) == "plain"


def test_auto_says_once_what_it_took_and_why_nothing_faster(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, logger="synner_graph"):
        for _ in range(3):
            pick("auto")
            pick("auto", torch.float64)
    assert [record.getMessage() for record in caplog.records] == [
        "Kernel of the sum: quick; not lost, because it was never built",
        "Kernel of the sum: plain; not lost, because it was never built; "
        "not quick, because it knows no float64",
    ]


def test_an_explicit_request_is_met_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="synner_graph"):
        assert pick("plain") == "plain"
        assert pick("quick") == "quick"
    assert not caplog.records


def test_an_explicit_request_that_cannot_be_met_raises_with_the_reason() -> None:
    with pytest.raises(InputError, match=r"'lost' of the sum cannot serve, because it was never"):
        pick("lost")
    with pytest.raises(InputError, match="'quick' of the sum cannot serve, because it knows no fl"):
        pick("quick", torch.float64)


def test_those_that_cannot_serve_for_one_reason_are_named_together(
    caplog: pytest.LogCaptureFixture,
) -> None:
    twice = {"first": KERNELS["lost"], **KERNELS}
    with caplog.at_level(logging.INFO, logger="synner_graph"):
        choose("the sum", "auto", twice, torch.empty(0, dtype=torch.float64))
    assert [record.getMessage() for record in caplog.records] == [
        "Kernel of the sum: plain; not first or lost, because it was never built; "
        "not quick, because it knows no float64"
    ]


def test_every_kernel_has_a_name_of_the_command_line() -> None:
    operators = [syn_lstm.KERNELS, span.KERNELS, *crf.KERNELS.values()]
    assert {"auto"}.union(*operators) == set(NAMES)
    assert tuple(Kernels) == NAMES


@pytest.mark.parametrize(
    ("name", "resolved"),
    [("triton", "auto"), ("fused", "fused"), ("auto", "auto"), ("fast", "fast")],
)
def test_an_operator_that_lacks_anothers_kernel_chooses_by_itself(name: str, resolved: str) -> None:
    known = {"fused": KERNELS["quick"], "naive": KERNELS["plain"]}
    assert or_auto(name, known) == resolved


def test_an_unknown_name_is_refused_with_the_choices() -> None:
    with pytest.raises(
        InputError, match=r"'fast' of the sum\. Choose from: auto, lost, quick, plain\."
    ):
        pick("fast")
