from functools import partial

import pytest
import torch

from synner_graph.benchmarking import kernels
from synner_graph.benchmarking.comparison import compare_memory, peak_bytes
from synner_graph.benchmarking.crf import BASELINE, TAGS, _lean_log_partition, measure_crf
from synner_graph.benchmarking.span import WIDTHS, measure_span
from synner_graph.operators.crf import crf_log_partition
from tests.crfs import random_crf


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "SHAPES", {"real": (3, 1)})


def allocate(rows: int) -> None:
    first = torch.ones(rows, 1000)
    second = first + 1
    del first
    torch.add(second, 1)


def test_the_peak_is_the_most_that_was_held_at_once() -> None:
    assert 2 * 4_000_000 <= peak_bytes(partial(allocate, 1000)) < 2.1 * 4_000_000


def test_memory_is_compared_with_the_baseline() -> None:
    works = {"one": partial(allocate, 1000), "two": partial(allocate, 500)}

    one, two = compare_memory("adding", "rows", works, "one")

    assert (one.ratio, two.ratio) == (1, pytest.approx(0.5, rel=0.01))
    assert one.megabytes == pytest.approx(8, rel=0.05)


def test_the_lean_loop_is_a_log_partition() -> None:
    crf = random_crf(lengths=[3, 1, 5])

    values = _lean_log_partition(*crf)

    torch.testing.assert_close(values[[1, 2, 0]], crf_log_partition(*crf, kernel="naive"))


@pytest.mark.slow
def test_the_crf_is_compared_at_every_number_of_tags() -> None:
    rows = measure_crf(rounds=1, num_threads=1)

    assert {row.shape for row in rows} == {f"K = {tags}" for tags in TAGS}
    assert {row.name for row in rows} == {"CRF log-partition + gradients", "CRF Viterbi"}
    assert {"fused", "naive", BASELINE} <= {row.kernel for row in rows}
    for row in rows:
        assert row.seconds is not None and row.seconds > 0
        assert (row.ratio == 1) == (row.kernel == row.baseline)


@pytest.mark.slow
def test_span_scores_are_compared_in_time_and_memory() -> None:
    rows = measure_span(rounds=1, num_threads=1)

    assert {row.shape for row in rows} == {f"W = {width}" for width in WIDTHS}
    assert {row.kernel for row in rows} == {"fused", "naive"}
    assert sum(row.seconds is None for row in rows) == len(rows) / 2
    assert all((row.ratio == 1) == (row.kernel == "naive") for row in rows)
