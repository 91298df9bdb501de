import pytest
import torch
from torch import Tensor, nn

from synner_graph.errors import InputError
from synner_graph.recurrent import LSTM, RECURRENT, SynLSTM, recurrent_class

LENGTHS = [3, 1, 6, 2]
OFFSETS = torch.tensor([0, *LENGTHS]).cumsum(0)
N, D, G, H = sum(LENGTHS), 5, 3, 4


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def inputs(graph_size: int = G) -> tuple[Tensor, Tensor]:
    return torch.randn(N, D), torch.randn(N, graph_size)


@pytest.mark.parametrize("name", RECURRENT)
def test_a_batch_equals_its_sentences_alone(name: str) -> None:
    layer = RECURRENT[name](D, G, H)
    x, g = inputs()

    together = layer(x, g, OFFSETS)

    assert together.shape == (N, layer.output_size)
    alone = [
        layer(*sentence, torch.tensor([0, len(sentence[0])]))
        for sentence in zip(x.split(LENGTHS), g.split(LENGTHS), strict=True)
    ]
    torch.testing.assert_close(together, torch.cat(alone))


@pytest.mark.parametrize("name", RECURRENT)
def test_no_parameter_and_no_input_is_left_without_gradient(name: str) -> None:
    layer = RECURRENT[name](D, G, H)
    x, g = (tensor.requires_grad_() for tensor in inputs())

    (layer(x, g, OFFSETS) * torch.randn(N, layer.output_size)).sum().backward()

    for tensor in (x, g, *layer.parameters()):
        assert tensor.grad is not None
        assert (tensor.grad != 0).any()


@pytest.mark.parametrize("name", RECURRENT)
def test_sentences_do_not_see_each_other(name: str) -> None:
    layer = RECURRENT[name](D, G, H)
    x, g = inputs()
    before = layer(x, g, OFFSETS)

    x[OFFSETS[2] : OFFSETS[3]] += 1

    changed = (layer(x, g, OFFSETS) != before).any(dim=1)
    assert changed.nonzero().squeeze(1).tolist() == list(range(4, 10))


@pytest.mark.parametrize("name", ["lstm", "none"])
def test_graph_features_may_be_missing(name: str) -> None:
    layer = RECURRENT[name](D, 0, H)

    assert not layer.needs_graph
    assert layer(*inputs(graph_size=0), OFFSETS).shape == (N, layer.output_size)


def test_the_syn_lstm_needs_graph_features() -> None:
    assert SynLSTM.needs_graph
    with pytest.raises(InputError, match="reads graph features"):
        SynLSTM(D, 0, H)


def test_the_syn_lstm_starts_with_orthogonal_blocks_and_open_forget_gates() -> None:
    layer = SynLSTM(D, G, H)

    blocks = layer.weight_h.detach().view(2, 6, H, H)
    torch.testing.assert_close(blocks @ blocks.mT, torch.eye(H).expand(2, 6, H, H))
    is_forget = torch.zeros(2, 6, H, dtype=torch.bool)
    is_forget[:, 4] = True
    bias = layer.bias.detach().view(2, 6, H)
    assert (bias[is_forget] == 1).all()
    assert (bias[~is_forget].abs() <= H**-0.5).all()


def test_the_lstm_is_that_of_torch_on_joined_features() -> None:
    layer = LSTM(D, G, H)
    x, g = inputs()

    reference = nn.LSTM(D + G, H, bidirectional=True)
    reference.load_state_dict(layer.lstm.state_dict())

    joined = torch.cat([x, g], dim=1)
    expected = torch.cat([reference(sentence)[0] for sentence in joined.split(LENGTHS)])
    torch.testing.assert_close(layer(x, g, OFFSETS), expected)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    assert recurrent_class("lstm") is LSTM
    with pytest.raises(InputError, match=r"Unknown recurrent layer 'synlstm'\. Did you mean 'syn-"):
        recurrent_class("synlstm")
