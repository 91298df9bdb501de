"""A model takes over the weights of a run."""

from pathlib import Path

import pytest
import torch
from torch import nn

from synner_graph.errors import InputError
from synner_graph.recogniser.stored import give_weights


def model() -> nn.Module:
    linear = nn.Linear(3, 2)
    linear.bias.requires_grad_(False)
    return nn.Sequential(linear, nn.LSTM(2, 4))


def test_weights_are_taken_over_and_not_copied() -> None:
    taker, weights = model(), model().state_dict()
    sentence = torch.randn(5, 3)
    give_weights(taker, weights, Path("run"))
    for name, weight in taker.named_parameters():
        assert weight.data_ptr() == weights[name].data_ptr()
        assert weight.requires_grad == (name != "0.bias")
    expected = model()
    expected.load_state_dict(weights)
    assert torch.equal(taker(sentence)[0], expected(sentence)[0])


def test_weights_have_the_type_of_the_model() -> None:
    taker = model()
    give_weights(taker, {n: w.double() for n, w in model().state_dict().items()}, Path("run"))
    assert {weight.dtype for weight in taker.parameters()} == {torch.float32}


@pytest.mark.parametrize("change", ["missing", "strange", "shape"])
def test_weights_that_do_not_fit_are_refused(change: str) -> None:
    weights = model().state_dict()
    if change == "missing":
        del weights["0.bias"]
    else:
        weights["0.weights" if change == "strange" else "0.weight"] = torch.zeros(1)
    with pytest.raises(InputError, match=r"run do not fit its config\.json.*"):
        give_weights(model(), weights, Path("run"))
