"""BERT without padding, against transformers' BertModel: states and every gradient."""

import pytest
import torch
from torch import Tensor
from transformers import BertConfig, BertModel

from synner_graph.encoders.bert import Bert, is_bert


def config(**changes: object) -> BertConfig:
    settings = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4}
    settings |= {"intermediate_size": 40, "vocab_size": 50, "max_position_embeddings": 64}
    return BertConfig(**(settings | changes))


def twins(seed: int = 0) -> tuple[Bert, BertModel]:
    torch.manual_seed(seed)
    theirs = BertModel(config(), add_pooling_layer=False).eval()
    with torch.no_grad():  # biases and norms are constants at the start
        for parameter in theirs.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    ours = Bert(config()).eval()
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def windows(lengths: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    ids = torch.randint(1, 50, (len(lengths), max(lengths)))
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    return ids * mask, mask


@pytest.mark.parametrize("packs", [True, False])
@pytest.mark.parametrize("lengths", [(3, 9, 1, 30, 9, 3), (1,), (5, 5), (60, 1, 44)])
def test_states_and_gradients_are_those_of_transformers(
    lengths: tuple[int, ...], packs: bool
) -> None:
    ours, theirs = twins()
    ours.packs = packs
    ids, mask = windows(lengths)
    found = ours(ids, mask, output_hidden_states=True)
    expected = theirs(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    pieces = mask.bool()
    assert len(found.hidden_states or ()) == len(expected.hidden_states) == 4
    for mine, other in zip(found.hidden_states or (), expected.hidden_states, strict=True):
        torch.testing.assert_close(mine[pieces], other[pieces], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.last_hidden_state, (found.hidden_states or ())[-1])
    upstream = torch.randn(int(mask.sum()), 24)
    gradients = [
        torch.autograd.grad(states[pieces], list(model.parameters()), upstream)
        for model, states in (
            (ours, found.last_hidden_state),
            (theirs, expected.last_hidden_state),
        )
    ]
    names = [name for name, _ in ours.named_parameters()]
    assert names == [name for name, _ in theirs.named_parameters()]
    for name, mine, other in zip(names, *gradients, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-4, msg=lambda m, n=name: n + m)


def test_without_a_mask_every_place_is_a_piece() -> None:
    ours, _ = twins()
    ids, mask = windows((7, 7))
    torch.testing.assert_close(ours(ids).last_hidden_state, ours(ids, mask).last_hidden_state)


def test_dropout_works_in_training_alone() -> None:
    ours, _ = twins()
    ids, mask = windows((4, 9))
    still = ours(ids, mask).last_hidden_state
    ours.train()
    moved = [ours(ids, mask).last_hidden_state for _ in range(2)]
    assert not torch.equal(moved[0], moved[1]) and not torch.equal(moved[0], still)
    assert torch.equal(ours.eval()(ids, mask).last_hidden_state, still)


def test_a_linear_map_computes_no_padding() -> None:
    ours, _ = twins()
    ids, mask = windows((3, 9, 1))
    rows: list[int] = []
    dense = ours.encoder.layer[0].output.dense  # type: ignore[union-attr]
    dense.register_forward_pre_hook(lambda _, inputs: rows.append(len(inputs[0])))
    ours(ids, mask)
    ours.packs = False
    ours(ids, mask)
    assert rows == [13, 27]


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"hidden_act": "gelu_new"}, False),
        ({"is_decoder": True}, False),
        ({"position_embedding_type": "relative_key"}, False),
    ],
)
def test_other_configurations_are_left_to_transformers(
    changes: dict[str, object], fits: bool
) -> None:
    assert is_bert(config(**changes)) is fits


def test_weights_are_drawn_as_transformers_draws_them() -> None:
    torch.manual_seed(0)
    ours = Bert(config())
    for name, weight in ours.state_dict().items():
        if name.endswith("bias"):
            assert not weight.any()
        elif "LayerNorm" in name:
            assert torch.equal(weight, torch.ones_like(weight))
        else:
            assert weight.std() == pytest.approx(config().initializer_range, rel=0.2)
