from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from synner_graph.config import RecurrentConfig
from synner_graph.data.sentence import ROOT
from synner_graph.errors import InputError
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.recurrent import (
    DGLSTM,
    KIND,
    LSTM,
    RECURRENT,
    Recurrent,
    SynLSTM,
    build_recurrent,
)
from tests.gnn.layers import RELATIONS, inventory, trees

LENGTHS = [3, 1, 6, 2]
GRAPH = trees(LENGTHS)
OFFSETS = GRAPH.offsets
N, D, G, H = sum(LENGTHS), 5, 3, 4


def build(name: str, graph_size: int = G, **settings: Any) -> Recurrent:
    usual = {"size": H, "dropout": 0.0}
    options = {k: v for k, v in usual.items() if name in KIND.readers(k)} | settings
    config = RecurrentConfig(name=name, options=options)
    return build_recurrent(config, D, graph_size, GRAPH.inventory)


def alone(graph: TokenGraph) -> list[TokenGraph]:
    """Every sentence of a graph as a graph of its own."""
    found = []
    for start, end in pairwise(graph.offsets.tolist()):
        heads = [h - start if h != i else ROOT for i, h in enumerate(graph.heads.tolist())]
        rows = slice(start, end)
        relations = graph.head_relations.clamp(min=0).tolist()
        found.append(
            TokenGraph.build([end - start], graph.inventory, [heads[rows]], [relations[rows]])
        )
    return found


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def inputs(graph_size: int = G) -> tuple[Tensor, Tensor]:
    return torch.randn(N, D), torch.randn(N, graph_size)


@pytest.mark.parametrize("name", RECURRENT)
def test_a_batch_equals_its_sentences_alone(name: str) -> None:
    layer = build(name)
    x, g = inputs()

    together = layer(x, g, GRAPH)

    assert together.shape == (N, layer.output_size)
    apart = [
        layer(*sentence)
        for sentence in zip(x.split(LENGTHS), g.split(LENGTHS), alone(GRAPH), strict=True)
    ]
    torch.testing.assert_close(together, torch.cat(apart))


@pytest.mark.parametrize("name", RECURRENT)
def test_no_parameter_and_no_input_is_left_without_gradient(name: str) -> None:
    layer = build(name)
    x, g = (tensor.requires_grad_() for tensor in inputs())

    (layer(x, g, GRAPH) * torch.randn(N, layer.output_size)).sum().backward()

    for tensor in (x, g, *layer.parameters()):
        assert tensor.grad is not None
        assert (tensor.grad != 0).any()


@pytest.mark.parametrize("name", RECURRENT)
def test_sentences_do_not_see_each_other(name: str) -> None:
    layer = build(name)
    x, g = inputs()
    before = layer(x, g, GRAPH)

    x[OFFSETS[2] : OFFSETS[3]] += 1

    changed = (layer(x, g, GRAPH) != before).any(dim=1)
    assert changed.nonzero().squeeze(1).tolist() == list(range(4, 10))


@pytest.mark.parametrize("name", ["lstm", "dglstm", "none"])
def test_graph_features_may_be_missing(name: str) -> None:
    layer = build(name, graph_size=0)

    assert not layer.needs_graph
    assert layer(*inputs(graph_size=0), GRAPH).shape == (N, layer.output_size)


def test_the_syn_lstm_needs_graph_features() -> None:
    assert SynLSTM.needs_graph
    with pytest.raises(InputError, match="reads graph features"):
        SynLSTM(D, 0, GRAPH.inventory, size=H)


def test_the_syn_lstm_starts_with_orthogonal_blocks_and_open_forget_gates() -> None:
    layer = SynLSTM(D, G, GRAPH.inventory, size=H)

    blocks = layer.weight_h.detach().view(2, 6, H, H)
    torch.testing.assert_close(blocks @ blocks.mT, torch.eye(H).expand(2, 6, H, H))
    is_forget = torch.zeros(2, 6, H, dtype=torch.bool)
    is_forget[:, 4] = True
    bias = layer.bias.detach().view(2, 6, H)
    assert (bias[is_forget] == 1).all()
    assert (bias[~is_forget].abs() <= H**-0.5).all()


def test_the_lstm_is_that_of_torch_on_joined_features() -> None:
    layer = LSTM(D, G, GRAPH.inventory, size=H)
    x, g = inputs()

    reference = nn.LSTM(D + G, H, bidirectional=True)
    reference.load_state_dict(layer.lstm.state_dict())

    joined = torch.cat([x, g], dim=1)
    expected = torch.cat([reference(sentence)[0] for sentence in joined.split(LENGTHS)])
    torch.testing.assert_close(layer(x, g, GRAPH), expected)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    assert KIND.find("lstm") is LSTM
    with pytest.raises(InputError, match=r"Unknown recurrent layer 'synlstm'\. Did you mean 'syn-"):
        KIND.find("synlstm")


def one_lstm(lstm: nn.LSTM, rows: list[Tensor]) -> list[Tensor]:
    """A bidirectional LSTM, a token at a time."""
    found = []
    for suffix, order in (("", rows), ("_reverse", rows[::-1])):
        names = (f"{kind}_l0{suffix}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        weights = [getattr(lstm, name) for name in names]
        state = torch.zeros(1, H), torch.zeros(1, H)
        states = []
        for row in order:
            state = torch.lstm_cell(row.unsqueeze(0), state, *weights)
            states.append(state[0][0])
        found.append(states if suffix == "" else states[::-1])
    return [torch.cat(pair) for pair in zip(*found, strict=True)]


def dglstm_by_hand(layer: DGLSTM, x: Tensor, g: Tensor) -> Tensor:
    """The equations, a token at a time."""
    arcs = {int(d): e for e, d in enumerate(GRAPH.dst) if GRAPH.direction[e] == 0}
    states = []
    for start, end in zip(OFFSETS[:-1].tolist(), OFFSETS[1:].tolist(), strict=True):
        heads = {i: int(GRAPH.src[arcs[i]]) if i in arcs else i for i in range(start, end)}
        rows = []
        for i in range(start, end):
            relation = int(GRAPH.relation[arcs[i]]) if i in arcs else len(RELATIONS)
            p = heads[i]
            rows.append(torch.cat([x[i], g[i], x[p], g[p], layer.relations.weight[relation]]))
        h = one_lstm(layer.lstms[0], rows)
        for number, lstm in enumerate(layer.lstms[1:]):
            pairs = [(h[i - start], h[heads[i] - start]) for i in range(start, end)]
            if layer.interaction == "addition":
                met = [own + head for own, head in pairs]
            else:
                met = [torch.cat(pair) for pair in pairs]
            if layer.interaction == "mlp":
                weight, bias = layer.maps[number].weight, layer.maps[number].bias
                met = [(weight @ both + bias).clamp(min=0) for both in met]
            h = one_lstm(lstm, met)
        states.extend(h)
    return torch.stack(states)


@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize("interaction", ["mlp", "addition", "concatenation"])
def test_the_dglstm_equals_its_equations_token_by_token(interaction: str, layers: int) -> None:
    layer = build("dglstm", interaction=interaction, layers=layers, relation_size=6).eval()
    assert isinstance(layer, DGLSTM)
    x, g = (tensor.requires_grad_() for tensor in inputs())

    found, expected = layer(x, g, GRAPH), dglstm_by_hand(layer, x, g)

    torch.testing.assert_close(found, expected)
    upstream = torch.randn_like(found)
    leaves = [x, g, *layer.parameters()]
    torch.testing.assert_close(
        torch.autograd.grad(found, leaves, upstream),
        torch.autograd.grad(expected, leaves, upstream),
    )


def test_the_dglstm_reads_its_trees_wherever_their_edges_stand() -> None:
    kinds = ("self", "dependent-head", "head-dependent", "next-token")
    other = trees(LENGTHS, kinds)
    assert torch.equal(other.heads, GRAPH.heads)
    assert torch.equal(other.head_relations, GRAPH.head_relations)


def test_the_dglstm_asks_for_trees() -> None:
    config = RecurrentConfig(name="dglstm")
    with pytest.raises(InputError, match="add head-dependent to --edges"):
        build_recurrent(config, D, G, inventory(("self",)))


def test_the_dglstm_drops_out_between_layers_in_training() -> None:
    layer = build("dglstm", dropout=0.5)
    x, g = inputs()
    assert not torch.equal(layer(x, g, GRAPH), layer(x, g, GRAPH))
    layer.eval()
    assert torch.equal(layer(x, g, GRAPH), layer(x, g, GRAPH))
