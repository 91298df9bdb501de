import pytest
import torch

from synner_graph.operators.ragged import restore, time_major

OFFSETS = torch.tensor([0, 2, 3, 7])


def test_steps_visit_the_longest_sentence_first_and_shrink(device: str) -> None:
    time = time_major(OFFSETS, torch.zeros(7, device=device))

    assert time.batch_sizes == [3, 2, 1, 1]
    assert time.order.tolist() == [3, 0, 2, 4, 1, 5, 6]
    assert time.reversed_order.tolist() == [6, 1, 2, 5, 0, 4, 3]


def test_sentences_of_equal_length_keep_their_order() -> None:
    time = time_major(torch.tensor([0, 2, 4]), torch.zeros(4))

    assert time.order.tolist() == [0, 2, 1, 3]


def test_restore_undoes_both_orders(device: str) -> None:
    rows = torch.randn(7, 2, device=device, requires_grad=True)
    time = time_major(OFFSETS, rows)

    for order in (time.order, time.reversed_order):
        assert torch.equal(restore(rows[order], order), rows)
        upstream = torch.randn_like(rows)
        (gradient,) = torch.autograd.grad(restore(rows[order], order), rows, upstream)
        assert torch.equal(gradient, upstream)


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ([0], r"expected offsets of shape \[B \+ 1\], B >= 1, got \[1\]"),
        ([0, 6], "expected offsets from 0 to 7, the number of rows, got 0 to 6"),
        ([1, 7], "got 1 to 7"),
        ([0, 3, 3, 7], "expected sentences of a token or more"),
        ([0, 5, 3, 7], "expected sentences of a token or more"),
    ],
)
def test_offsets_that_do_not_cut_the_rows_are_refused(offsets: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        time_major(torch.tensor(offsets), torch.zeros(7))
