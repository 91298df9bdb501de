"""Which edges spoke for an entity: gates or attention, and gradient times input, as data."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from threading import Lock
from typing import Any

import torch
from torch import Tensor

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.drawing import Drawing, draw_sentence
from synner_graph.errors import InputError
from synner_graph.gnn import GraphLayer, WeightedLayer
from synner_graph.gnn.stack import Probe
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.model.batch import Batch
from synner_graph.model.network import SynNERModel
from synner_graph.recogniser.synner import SynNER

_CUDNN = Lock()


@dataclass(frozen=True)
class EdgeContribution:
    """One edge in one layer.

    Attributes:
        layer: which GNN layer, from 0.
        source: row of the node that the message comes from: a token, or an entry behind them.
        target: row of the node that it goes to.
        relation: relation type of the edge.
        kind: edge kind.
        weight: gate or attention, the mean over heads; None for a layer that has neither.
        contribution: derivative of the entity's log-probability by the strength of the edge's
            message, which is gradient times input, summed over the message.
    """

    layer: int
    source: int
    target: int
    relation: str
    kind: str
    weight: float | None
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """What the edges of a sentence contribute to the score of an entity.

    Attributes:
        sentence: the sentence.
        entity: the entity, with the probability that the model gives it as score.
        edges: every edge in every layer.
        graph: the graph of the sentence, or of its document; the weight of an edge is the sum of
            its contributions.
        document: the sentences of the graph.
        place: which of them the sentence is.
    """

    sentence: Sentence
    entity: Entity
    edges: tuple[EdgeContribution, ...] = field(repr=False)
    graph: TokenGraph = field(repr=False)
    document: tuple[Sentence, ...] = field(repr=False)
    place: int = 0

    def draw(self) -> Drawing:
        """The entity under the sentence, and in the tree's place the edges by contribution.

        Edges that speak for the entity differ in colour from those that speak against it. Of the
        edges of a document those are drawn that touch the sentence.
        """
        named = self.sentence.replace(entities=(self.entity,))
        graph, document, place = self.graph, self.document, self.place
        return draw_sentence(named, graph=graph, document=document, place=place)

    def _repr_html_(self) -> str:
        return self.draw()._repr_html_()

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "tokens": list(self.sentence.tokens),
            "first_row": int(self.graph.offsets[self.place]),
            "nodes": [*(t for s in self.document for t in s.tokens), *self.graph.entry_names],
            "entity": asdict(self.entity),
            "edges": [asdict(edge) for edge in self.edges],
        }


def explain(
    ner: SynNER,
    sentence: Sentence,
    entity: Entity,
    before: Sequence[Sentence] = (),
    after: Sequence[Sentence] = (),
) -> Explanation:
    """What each edge contributes to the log-probability of an entity.

    To first order: a message that is stronger by one percent raises the log-probability by one
    percent of its contribution. Under a dictionary the probability is that under its rules: no
    edge contributes to an entity that is forced.

    Args:
        ner: a recogniser with a GNN.
        sentence: with its tree.
        entity: found by the model or not; it need not be right.
        before: the sentences of its document that stand before it, for a model that reads them.
        after: those that stand after it.

    Raises:
        InputError: if the model has no GNN, the GNN is a library's, or the head cannot score the
            entity.
    """
    model = ner.model.eval()
    layers = [module for module in model.gnn.modules() if isinstance(module, GraphLayer)]
    if not layers:
        raise InputError("The model has no GNN, so there are no edges to explain.")
    document = (*before, sentence, *after)
    batch = model.collator(document, with_gold=False).to(ner.device)
    marks = model.collator([sentence], with_gold=False).to(ner.device).marks
    (rules,) = ner.rules([sentence]) or [()]
    x, graph = _as_read(model, batch)
    first, end = graph.offsets[len(before) : len(before) + 2].tolist()
    strengths = [torch.ones(graph.num_edges, device=ner.device) for _ in layers]
    probe = Probe(strengths)
    with torch.enable_grad(), _backward_of_recurrent_layers(ner.device):
        for strength in strengths:
            strength.requires_grad_()
        states = model.read(x, graph, probe)[first:end]
        score = model.head.log_probability(states, entity, marks, rules)
        gradients = torch.autograd.grad(score, strengths, allow_unused=True)
    edges: list[EdgeContribution] = []
    for index, (layer, x, gradient) in enumerate(zip(layers, probe.inputs, gradients, strict=True)):
        if gradient is None:
            raise InputError(
                f"The messages of {type(layer).__name__} cannot be explained: "
                "they do not pass through the graph backend."
            )
        edges.extend(_contributions(index, layer, graph, x, gradient))
    scored = replace(entity, score=score.exp().item())
    # The edges come layer by layer, in the order of the graph.
    total = torch.tensor([edge.contribution for edge in edges]).view(-1, graph.num_edges).sum(0)
    weighted = replace(graph, weight=total.to(ner.device))
    return Explanation(sentence, scored, tuple(edges), weighted, document, len(before))


def weighted_graph(
    ner: SynNER,
    sentence: Sentence,
    before: Sequence[Sentence] = (),
    after: Sequence[Sentence] = (),
) -> TokenGraph:
    """The graph of a sentence or its document, each edge as heavy as it counts for the entities.

    A weight is the sum of the edge's contributions, without their signs, over all layers and
    entities of the sentence, as a share of the greatest. Without entities there are no weights.

    Args:
        ner: a recogniser with a GNN.
        sentence: with its tree, and with entities found by the model or not.
        before: the sentences of its document that stand before it, for a model that reads them.
        after: those that stand after it.

    Raises:
        InputError: as `explain` does.
    """
    if not sentence.entities:
        batch = ner.model.eval().collator([*before, sentence, *after], with_gold=False)
        graph = _as_read(ner.model, batch.to(ner.device))[1]
        return replace(graph, weight=None).to("cpu")
    found = [explain(ner, sentence, entity, before, after) for entity in sentence.entities]
    rows = [[edge.contribution for edge in explanation.edges] for explanation in found]
    graph = found[0].graph.to("cpu")
    weight = torch.tensor(rows).abs().view(-1, graph.num_edges).sum(0)
    return replace(graph, weight=weight / weight.max().clamp(min=torch.finfo().tiny))


@torch.no_grad()
def _as_read(model: SynNERModel, batch: Batch) -> tuple[Tensor, TokenGraph]:
    """Return the token features and the graph that the GNN reads."""
    x = model.features(batch.inputs)
    return x, model.soften(x, batch.graph)


@torch.no_grad()
def _contributions(
    index: int, layer: GraphLayer, graph: TokenGraph, x: Tensor, gradient: Tensor
) -> Iterator[EdgeContribution]:
    weights: Sequence[float | None] = [None] * graph.num_edges
    if isinstance(layer, WeightedLayer):
        weights = layer.edge_weights(graph, x).mean(1).tolist()
    names, kinds = graph.inventory.relation_types, graph.inventory.kinds
    columns = (graph.src, graph.dst, graph.relation, graph.direction, gradient)
    rows = zip(*(column.tolist() for column in columns), weights, strict=True)
    for source, target, relation, kind, contribution, weight in rows:
        yield EdgeContribution(
            index, source, target, names[relation], kinds[kind], weight, contribution
        )


@contextmanager
def _backward_of_recurrent_layers(device: torch.device) -> Iterator[None]:
    """Do without cuDNN, which has no backward pass for recurrent layers outside training.

    The switch is the whole program's, so one thread at a time may turn it.
    """
    if device.type != "cuda":
        yield
        return
    with _CUDNN, torch.backends.cudnn.flags(enabled=False):
        yield
