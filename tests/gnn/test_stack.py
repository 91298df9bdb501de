"""Residuals, norms and jumping knowledge: around any layer, never inside one."""

import pytest
import torch
from torch.nn import functional as F

from synner_graph.config import GNNConfig
from synner_graph.gnn import GNN, build_gnn
from synner_graph.graph.backends import graph_backend
from tests.gnn.layers import ALL_KINDS, INPUT, LENGTHS, document, inventory, trees

SIZE = 8
X = torch.arange(sum(LENGTHS) * INPUT).view(-1, INPUT).sin()


def build(**settings: object) -> GNN:
    base = {"name": "gcn", "size": SIZE, "dropout": 0.0, "layers": 3}
    config = GNNConfig.model_validate(base | settings)
    gnn = build_gnn(config, INPUT, inventory(), graph_backend("torch"), needs_graph=True)
    assert isinstance(gnn, GNN)
    return gnn


def test_nothing_is_around_a_layer_unless_asked_for() -> None:
    assert [name for name, _ in build().named_parameters()] == [
        f"layers.{i}.linear.{part}" for i in range(3) for part in ("weight", "bias")
    ]


def test_residuals_add_what_the_layer_read() -> None:
    gnn, graph = build(residual=True), trees()
    first, second, _ = gnn.layers
    expected = first.layer(graph, X) + F.linear(X, first.skip.weight)
    torch.testing.assert_close(first(graph, X), expected)
    torch.testing.assert_close(second(graph, expected), second.layer(graph, expected) + expected)


def test_norm_is_on_what_the_residual_gives() -> None:
    plain, normed, graph = build(residual=True), build(residual=True, norm=True), trees()
    state = {f"{name[:8]}.layer{name[8:]}": value for name, value in plain.state_dict().items()}
    missing = normed.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys
    g = X
    for layer in plain.layers:
        g = F.layer_norm(layer(graph, g), (SIZE,))
    torch.testing.assert_close(normed(graph, X), g)


@pytest.mark.parametrize("name", ["gcn", "gat"])
def test_jumps_read_every_layer(name: str) -> None:
    gnn, graph = build(name=name), trees()
    states = [X]
    for layer in gnn.layers:
        states.append(layer(graph, states[-1]))
    expected = {
        "last": states[-1],
        "concat": torch.cat(states[1:], dim=1),
        "max": torch.stack(states[1:]).amax(0),
    }
    for jump, wanted in expected.items():
        other = build(name=name, jump=jump)
        other.load_state_dict(gnn.state_dict())
        found = other(graph, X)
        assert found.shape[1] == other.output_size
        torch.testing.assert_close(found, wanted)


def test_entries_stand_behind_the_tokens_and_are_cut_off_again() -> None:
    settings = {"name": "gcn", "size": SIZE, "dropout": 0.0, "gate": False, "edges": ALL_KINDS}
    config = GNNConfig.model_validate(settings)
    gnn = build_gnn(config, INPUT, inventory(ALL_KINDS), graph_backend("torch"), needs_graph=True)
    assert isinstance(gnn, GNN) and gnn.entries is not None
    graph = document()
    x = torch.randn(graph.num_tokens, INPUT)
    nodes = torch.cat([x, gnn.entries.embedding.weight[[1, 0] * 3]])
    first, second = gnn.layers
    expected = second(graph, first(graph, nodes))
    assert len(expected) == graph.num_tokens + 6
    found = gnn(graph, x)
    torch.testing.assert_close(found, expected[: graph.num_tokens])
    found.sum().backward()
    assert gnn.entries.embedding.weight.grad is not None
    assert gnn.entries.embedding.weight.grad.any(1).all()
