"""Contributions of edges, against finite differences on a dense matrix and on every layer."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.errors import InputError
from synner_graph.evaluation.explain import explain, weighted_graph
from synner_graph.gnn import LAYERS, GraphLayer, WeightedLayer
from synner_graph.graph.edges import NAMED_KINDS
from synner_graph.recogniser.new import new_recogniser
from tests.drawing.conftest import data, elements, texts
from tests.fixtures import tiny_config
from tests.gnn.layers import needs_dgl


def recogniser(corpus: Corpus, backend: str = "torch", **settings: object) -> SynNER:
    if settings.get("head__name") == "span":
        settings["head__max_width"] = 3
    config = tiny_config("characters", **settings).model
    return SynNER.build(config, Vocabularies.collect(corpus.splits["train"]), None, backend)


def entity_of(corpus: Corpus) -> tuple[Sentence, Entity]:
    sentence = next(s for s in corpus.splits["train"] if s.entities and len(s) > 4)
    return sentence, sentence.entities[0]


def test_contributions_are_derivatives(trained_run: Path, small_corpus: Corpus) -> None:
    """The GCN written out as a dense matrix, one entry of which is a little stronger."""
    ner = SynNER.from_pretrained(trained_run)
    sentence, entity = entity_of(small_corpus)
    ner.model.double()
    found = explain(ner, sentence, entity)
    model = ner.model
    batch = model.collator([sentence], with_gold=False)
    x = model.encoder(batch.inputs)
    n = len(sentence)
    ends = list(zip(batch.graph.src.tolist(), batch.graph.dst.tolist(), strict=True))

    def score(changed: tuple[int, int, int] | None, by: float) -> Tensor:
        g = x
        for index, layer in enumerate(model.gnn.layers):
            strength = torch.zeros(n, n, dtype=torch.float64)
            for source, target in ends:
                strength[target, source] += 1
            degree = strength.sum(1, keepdim=True).clamp(min=1)
            if changed is not None and changed[0] == index:
                strength[changed[2], changed[1]] += by
            g = layer.linear(strength @ g / degree).relu()
        return model.head.log_probability(model.recurrent(x, g, batch.graph), entity)

    with torch.no_grad():
        assert found.entity.score == pytest.approx(score(None, 0).exp().item(), rel=1e-6)
        for edge in found.edges:
            place, step = (edge.layer, edge.source, edge.target), 1e-5
            slope = (score(place, step) - score(place, -step)) / (2 * step)
            assert edge.contribution == pytest.approx(slope.item(), rel=1e-3, abs=1e-5)
    assert len(found.edges) == 2 * len(ends)
    assert max(abs(edge.contribution) for edge in found.edges) > 1e-4


@pytest.mark.parametrize("relations", [1, 2])
def test_arcs_of_the_parser_are_explained(relations: int, small_corpus: Corpus) -> None:
    settings = {"parser__soft_heads": 3, "parser__soft_relations": relations}
    ner = recogniser(small_corpus, parser__name="biaffine", **settings)
    sentence, entity = entity_of(small_corpus)
    found = explain(ner, sentence, entity)
    batch = ner.model.collator([sentence], with_gold=False)
    arcs = ner.model.parser.best_arcs(ner.model.features(batch.inputs), batch.graph.offsets)
    kinds = found.graph.kind_sizes
    assert kinds == [len(arcs.heads), len(arcs.heads), len(sentence)]
    assert len(found.edges) == 2 * sum(kinds) > 2 * batch.graph.num_edges
    assert any(edge.contribution for edge in found.edges)
    assert len(elements(found.draw().svg(), "arc")) > 0
    assert torch.equal(weighted_graph(ner, sentence).src, found.graph.src)
    bare = weighted_graph(ner, sentence.replace(entities=()))
    assert torch.equal(bare.src, found.graph.src) and bare.weight is None


@pytest.mark.parametrize("head", ["crf", "span"])
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_can_be_explained(name: str, head: str, small_corpus: Corpus) -> None:
    ner = recogniser(small_corpus, gnn__name=name, head__name=head)
    sentence, entity = entity_of(small_corpus)
    found = explain(ner, sentence, entity)
    edges = len(ner.model.collator.graph([sentence]).src)
    assert [edge.layer for edge in found.edges] == [0] * edges + [1] * edges
    for layer in (0, 1):
        assert any(edge.contribution for edge in found.edges if edge.layer == layer)
    weighed = issubclass(LAYERS[name], WeightedLayer)
    assert all((edge.weight is not None) == weighed for edge in found.edges)
    assert found.entity == entity and found.entity.score is not None
    assert 0 < found.entity.score < 1
    assert json.loads(json.dumps(found.to_json()))["edges"][0]["kind"] == "head-dependent"


@needs_dgl
@pytest.mark.parametrize("name", LAYERS)
def test_backends_explain_alike(name: str, small_corpus: Corpus) -> None:
    first = recogniser(small_corpus, "torch", gnn__name=name)
    second = recogniser(small_corpus, "dgl", gnn__name=name)
    second.model.load_state_dict(first.model.state_dict())
    sentence, entity = entity_of(small_corpus)
    one, other = (explain(ner, sentence, entity).edges for ner in (first, second))
    for edge, twin in zip(one, other, strict=True):
        assert edge.contribution == pytest.approx(twin.contribution, rel=1e-3, abs=1e-6)
        if edge.weight is not None:
            assert edge.weight == pytest.approx(twin.weight, rel=1e-5)


def test_attention_of_a_token_sums_to_one(small_corpus: Corpus) -> None:
    ner = recogniser(small_corpus, gnn__name="gatv2")
    sentence, entity = entity_of(small_corpus)
    total = dict.fromkeys(range(len(sentence)), 0.0)
    for edge in explain(ner, sentence, entity).edges:
        if edge.layer == 0:
            assert edge.weight is not None
            total[edge.target] += edge.weight
    assert list(total.values()) == pytest.approx([1.0] * len(sentence))


def test_the_recogniser_is_left_as_it_was(small_corpus: Corpus) -> None:
    ner = recogniser(small_corpus, gnn__name="gat")
    sentence, entity = entity_of(small_corpus)
    backends = [m.backend for m in ner.model.modules() if isinstance(m, GraphLayer)]
    before = ner.predict([sentence])
    explain(ner, sentence, entity)
    with pytest.raises(InputError):
        explain(ner, sentence, Entity(0, 1, "NOTHING"))
    assert backends == [m.backend for m in ner.model.modules() if isinstance(m, GraphLayer)]
    assert all(parameter.grad is None for parameter in ner.model.parameters())
    assert ner.predict([sentence]) == before


def test_without_a_gnn_there_is_nothing_to_explain(small_corpus: Corpus) -> None:
    with pytest.raises(InputError, match="no GNN"):
        explain(recogniser(small_corpus, gnn__name="none"), *entity_of(small_corpus))


@needs_dgl
def test_layers_of_a_library_cannot_be_explained(small_corpus: Corpus) -> None:
    ner = recogniser(small_corpus, "dgl", gnn__name="dgl.nn.SAGEConv", gnn__aggregator_type="mean")
    with pytest.raises(InputError, match="SAGEConv cannot be explained"):
        explain(ner, *entity_of(small_corpus))


def test_weights_add_up_what_every_layer_gives_every_entity(small_corpus: Corpus) -> None:
    ner = recogniser(small_corpus, gnn__layers=2)
    sentence = next(s for s in small_corpus.splits["train"] if len(s.entities) > 1)
    totals: dict[tuple[int, int, str], float] = {}
    for entity in sentence.entities:
        for edge in explain(ner, sentence, entity).edges:
            key = (edge.source, edge.target, edge.relation)
            totals[key] = totals.get(key, 0.0) + abs(edge.contribution)
    graph = weighted_graph(ner, sentence)
    assert graph.weight is not None
    names = graph.inventory.relation_types
    columns = (graph.src.tolist(), graph.dst.tolist(), graph.relation.tolist())
    wanted = [
        totals[s, d, names[r]] / max(totals.values()) for s, d, r in zip(*columns, strict=True)
    ]
    torch.testing.assert_close(graph.weight, torch.tensor(wanted))
    assert weighted_graph(ner, sentence.replace(entities=())).weight is None


def test_an_explanation_draws_itself(small_corpus: Corpus) -> None:
    ner = recogniser(small_corpus, gnn__name="gatv2")
    sentence, entity = entity_of(small_corpus)
    found = explain(ner, sentence, entity)
    totals: dict[tuple[str, str, str], float] = {}
    for edge in found.edges:
        ends = str(edge.source), str(edge.target), edge.kind
        totals[ends] = totals.get(ends, 0.0) + edge.contribution
    drawn = found.draw().svg()
    arcs = [data(arc) for arc in elements(drawn, "arc")]
    weights = {(a["source"], a["target"], a["direction"]): float(a["weight"]) for a in arcs}
    assert weights == pytest.approx(totals, rel=1e-4, abs=1e-6) and len(arcs) == len(totals)
    (box,) = elements(drawn, "entity")
    assert data(box)["label"] == entity.label
    assert found._repr_html_() == found.draw()._repr_html_()


def document_recogniser() -> tuple[SynNER, list[Sentence]]:
    """A model that reads every kind of edge, and a document that it has not learned from."""
    torch.manual_seed(0)
    config = tiny_config("characters", gnn__edges=NAMED_KINDS, gnn__layers=2)
    learned = small_document("learned")
    ner = new_recogniser(config, learned, "torch", torch.device("cpu"), "naive")
    return ner, small_document("other")


def small_document(name: str) -> list[Sentence]:
    texts = ["Ann saw Rome", "Rome is old", "Ann Lee left"]
    trees = [(1, ROOT, 1), (2, 2, ROOT), (1, 2, ROOT)]
    return [
        Sentence(text.split(), heads, ["dep"] * 3, [Entity(0, 1, "NAME")], document=name)
        for text, heads in zip(texts, trees, strict=True)
    ]


def test_edges_from_other_sentences_and_entries_are_explained() -> None:
    ner, document = document_recogniser()
    before, sentence, after = document[:1], document[1], document[2:]
    found = explain(ner, sentence, Entity(0, 1, "NAME"), before, after)
    graph = ner.model.collator.graph(document)
    assert (found.graph.num_edges, found.graph.entry_names) == (graph.num_edges, ("Ann", "Rome"))
    assert {edge.kind for edge in found.edges if edge.contribution} == set(NAMED_KINDS)
    direct = [e for e in found.edges if e.layer == 1 and e.target == 3 and e.contribution]
    assert {edge.source for edge in direct} >= {2, 10}  # Rome before, and the entry
    assert all(e.target in (3, 4, 5) for e in found.edges if e.layer == 1 and e.contribution)
    alone = explain(ner, sentence, Entity(0, 1, "NAME"))
    assert alone.entity.score != found.entity.score
    row = found.to_json()
    assert row["first_row"] == 3 and row["nodes"][3:6] == row["tokens"] == ["Rome", "is", "old"]
    assert row["nodes"][-2:] == ["Ann", "Rome"]


def test_contributions_across_sentences_are_derivatives() -> None:
    ner, document = document_recogniser()
    ner.model.double()
    entity = Entity(0, 1, "NAME")
    found = explain(ner, document[1], entity, document[:1], document[2:])
    batch, model = ner.model.collator(document, with_gold=False), ner.model
    x = model.features(batch.inputs)

    def score(edge: int, by: float) -> float:
        weight = torch.ones(batch.graph.num_edges, dtype=torch.float64)
        weight[edge] += by
        with torch.no_grad():
            states = model.read(x, replace(batch.graph, weight=weight))[3:6]
            return float(model.head.log_probability(states, entity))

    assert found.graph.weight is not None
    for edge in range(0, batch.graph.num_edges, 3):
        slope = (score(edge, 1e-5) - score(edge, -1e-5)) / 2e-5
        assert found.graph.weight[edge].item() == pytest.approx(slope, rel=1e-2, abs=1e-5)


def test_an_explanation_draws_what_touches_the_sentence() -> None:
    ner, document = document_recogniser()
    found = explain(ner, document[1], Entity(0, 1, "NAME"), document[:1], document[2:])
    drawn = found.draw().svg()
    others = [texts(other)[0] for other in elements(drawn, "other")]
    assert others == ["saw [-1]", "Rome [-1]", "left [+1]", "Rome [train: NAME]"]
    arcs = [data(arc) for arc in elements(drawn, "arc")]
    assert {arc["direction"] for arc in arcs} == set(NAMED_KINDS)
    ends = [(int(arc["source"]), int(arc["target"])) for arc in arcs]
    assert all(min(pair) < 3 and max(pair) < 3 + len(others) for pair in ends)
