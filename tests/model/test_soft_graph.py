"""The graph of the parser's probabilities, through the whole network."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.gnn import LAYERS
from synner_graph.graph.arcs import Arcs
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.model.network import SynNERModel
from synner_graph.recogniser.synner import SynNER
from tests.fixtures import tiny_config
from tests.gnn.layers import BACKENDS
from tests.model.test_network import build

Build = Callable[..., SynNERModel]


@pytest.fixture
def soft(small_corpus: Corpus) -> Build:
    def model(k: int = 2, **settings: object) -> SynNERModel:
        backend = settings.pop("backend", "torch")
        assert isinstance(backend, str)
        built = build(
            "characters",
            small_corpus,
            backend,
            parser__name="biaffine",
            parser__soft_heads=k,
            **settings,
        )
        assert built.parser is not None
        return built.eval()

    return model


def certain(model: SynNERModel) -> None:
    """Let the best head of every token, and its relation, have all of the probability."""
    assert model.parser is not None
    with torch.no_grad():
        for parameter in (model.parser.arc.weight, model.parser.arc.bias, model.parser.relation):
            parameter *= 1e8


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", LAYERS)
def test_one_certain_head_equals_the_hard_graph(
    name: str, backend: str, soft: Build, small_corpus: Corpus
) -> None:
    model = soft(1, gnn__name=name, backend=backend)
    assert model.parser is not None
    certain(model)
    batch = model.collator(small_corpus.splits["train"][:8])
    x = torch.randn_like(model.features(batch.inputs))  # no two tokens are alike
    arcs = model.parser.best_arcs(x, batch.graph.offsets)
    assert torch.equal(arcs.weight, torch.ones_like(arcs.weight))
    heads = torch.full((len(x),), -1)
    heads[arcs.dependents] = arcs.heads
    ids = torch.zeros_like(heads)
    ids[arcs.dependents] = arcs.relations + 1
    starts = batch.graph.offsets[:-1][batch.graph.sentence_index]
    lengths = batch.graph.lengths.tolist()
    hard = TokenGraph.build(
        lengths,
        model.inventory,
        [row.tolist() for row in torch.where(heads < 0, heads, heads - starts).split(lengths)],
        [row.tolist() for row in ids.split(lengths)],
    )
    graph = model.soften(x, batch.graph)
    for column in ("src", "dst", "relation", "direction"):
        assert torch.equal(getattr(graph, column), getattr(hard, column))
    torch.testing.assert_close(model.read(x, graph), model.read(x, hard))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", LAYERS)
def test_the_loss_of_entities_teaches_parser_and_encoder(
    name: str, backend: str, soft: Build, small_corpus: Corpus
) -> None:
    """Derivatives through the weights alone, against finite differences."""
    model = soft(3, gnn__name=name, backend=backend).double()
    assert model.parser is not None
    batch = model.collator(small_corpus.splits["train"][:3])
    x = torch.randn_like(model.features(batch.inputs))  # no two tokens are alike

    def loss(features: Tensor) -> Tensor:
        h = model.read(x, model.soften(features, batch.graph))
        return model.head.loss(h, batch.graph.offsets, batch.gold, batch.marks)

    parser = [p for n, p in model.parser.named_parameters() if n.startswith(("arc", "root"))]
    leaves = [x.clone().requires_grad_(), *parser]
    found = torch.autograd.grad(loss(leaves[0]), leaves)
    with torch.no_grad():
        for leaf, gradient in zip(leaves, found, strict=True):
            assert gradient.abs().max() > 1e-9
            way = gradient / gradient.norm()
            change = []
            for step in (1e-6, -1e-6):
                leaf += step * way
                change.append(loss(leaves[0]))
                leaf -= step * way
            slope = (change[0] - change[1]) / 2e-6
            torch.testing.assert_close(slope, gradient.norm(), rtol=1e-4, atol=1e-7)


def naive_arcs(model: SynNERModel, x: Tensor, offsets: Tensor) -> Arcs:
    """What `best_arcs` gives, one arc at a time."""
    head = model.parser
    assert head is not None
    rows, weights = [], []
    for start, scores in zip(offsets.tolist(), head.arc_scores(x, offsets), strict=False):
        n = len(scores)
        part, ends = x[start : start + n], torch.tensor([0, n])
        relations = [head.relation_scores(part, ends, torch.full((n,), h)).exp() for h in range(n)]
        for token, row in enumerate(scores):
            others = [column for column in range(n + 1) if column != token + 1]
            p = dict(zip(others, row[others].softmax(0), strict=True))
            for column in sorted(others, key=lambda column: -p[column])[: head.soft_heads]:
                if column == 0:
                    continue
                every = relations[column - 1][token]
                best = sorted(range(len(every)), key=lambda r: -every[r])[: head.soft_relations]
                for relation in best:
                    rows.append((start + column - 1, start + token, relation))
                    weights.append(p[column] * every[relation] / every[best].sum())
    return Arcs(*torch.tensor(rows).T, torch.stack(weights))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [name for name in LAYERS if LAYERS[name].reads_relations])
@pytest.mark.parametrize("relations", [2, 99])
def test_a_mixture_of_relations_reads_as_its_loop_does(
    relations: int, name: str, backend: str, soft: Build, small_corpus: Corpus
) -> None:
    """Outputs, and the gradient of every parameter and feature, on both kinds of edges."""
    settings = {"gnn__name": name, "parser__soft_relations": relations}
    model = soft(3, **settings, backend=backend).double()
    assert model.parser is not None
    for parameter in model.gnn.parameters():  # some start at zero, and would hide a mistake
        torch.nn.init.normal_(parameter, std=0.3)
    batch = model.collator(small_corpus.splits["train"][:3])
    x = torch.randn_like(model.features(batch.inputs), requires_grad=True)
    offsets = batch.graph.offsets
    arcs = naive_arcs(model, x, offsets)
    twin = batch.graph.with_arcs(replace(arcs, relations=arcs.relations + 1))
    graph = model.soften(x, batch.graph)
    for column in ("src", "dst", "relation", "direction"):
        assert torch.equal(getattr(graph, column), getattr(twin, column))
    found, expected = model.read(x, graph), model.read(x, twin)
    torch.testing.assert_close(found, expected)
    upstream = torch.randn_like(found)
    leaves = {
        "x": x,
        **dict(model.parser.named_parameters()),
        **dict(model.gnn.named_parameters()),
        **dict(model.recurrent.named_parameters()),
    }
    gradients, wanted = (
        torch.autograd.grad(out, list(leaves.values()), upstream) for out in (found, expected)
    )
    for leaf, gradient, want in zip(leaves, gradients, wanted, strict=True):
        assert want.abs().max() > 1e-12, leaf
        torch.testing.assert_close(gradient, want, msg=leaf)


@pytest.mark.parametrize("relations", [1, 2, 5])
def test_relations_share_the_weight_of_their_arc(
    relations: int, soft: Build, small_corpus: Corpus
) -> None:
    one, many = soft(3), soft(3, parser__soft_relations=relations)
    many.load_state_dict(one.state_dict())
    batch = one.collator(small_corpus.splits["train"][:6])
    x, offsets = torch.randn_like(one.features(batch.inputs)), batch.graph.offsets
    assert one.parser is not None and many.parser is not None
    arcs, mixed = one.parser.best_arcs(x, offsets), many.parser.best_arcs(x, offsets)
    copies = mixed.weight.view(-1, relations)
    torch.testing.assert_close(copies.sum(1), arcs.weight)
    assert torch.equal(mixed.heads.view(-1, relations)[:, 0], arcs.heads)
    assert torch.equal(mixed.relations.view(-1, relations)[:, 0], arcs.relations)
    assert bool((copies.diff(dim=1) <= 0).all())


@pytest.mark.parametrize("relations", [1, 2])
def test_gradient_reaches_every_parameter(
    relations: int, soft: Build, small_corpus: Corpus
) -> None:
    model = soft(parser__soft_relations=relations).train()
    model(model.collator(small_corpus.splits["train"][:12])).backward()
    assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_trees_of_the_corpus_teach_the_parser_and_are_not_read(
    soft: Build, small_corpus: Corpus
) -> None:
    model = soft()
    assert model.parser is not None
    sentences = small_corpus.splits["train"][:6]
    chains = [s.replace(heads=range(-1, len(s) - 1)) for s in sentences]
    batch, other = model.collator(sentences), model.collator(chains)
    torch.testing.assert_close(model.states(other), model.states(batch))
    x = model.features(batch.inputs)
    offsets = batch.graph.offsets
    difference = model.parser.loss(x, offsets, other.trees) - model.parser.loss(
        x, offsets, batch.trees
    )
    assert abs(difference) > 1e-2
    found = model(other) - model(batch)
    torch.testing.assert_close(found, model.parser.weight * difference, rtol=1e-3, atol=1e-4)


def test_two_passes_read_the_same_arcs_as_one(soft: Build, small_corpus: Corpus) -> None:
    model = soft()  # without dropout, so that the passes agree
    batch = model.collator(small_corpus.splits["train"][:6])
    torch.testing.assert_close(model(batch, rdrop=1.0), model(batch))


def test_a_batch_predicts_the_same_as_its_sentences(soft: Build, small_corpus: Corpus) -> None:
    model, sentences = soft(3, parser__soft_relations=2), small_corpus.splits["test"][:7]
    with torch.no_grad():
        together = model.states(model.collator(sentences))
        alone = torch.cat([model.states(model.collator([sentence])) for sentence in sentences])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_text_and_trees_of_any_kind_are_read_alike(tmp_path: Path, small_corpus: Corpus) -> None:
    settings = {"parser__name": "biaffine", "parser__soft_heads": 2, "head__dropout": 0.0}
    config = tiny_config("characters", **settings).model
    vocabularies = Vocabularies.collect(small_corpus.splits["train"])
    SynNER.build(config, vocabularies, None, "torch").save_pretrained(tmp_path / "run")
    ner = SynNER.from_pretrained(tmp_path / "run", "torch")
    assert ner.model.parser is not None and ner.model.parser.soft_heads == 2
    sentences = small_corpus.splits["test"][:5]
    bare = [sentence.without_tree() for sentence in sentences]
    found, parsed = ner.predict(sentences), ner.predict(bare)
    assert any(sentence.entities for sentence in found)
    assert [s.entities for s in parsed] == [s.entities for s in found]
    assert [(s.heads, s.relations) for s in parsed] == [
        (tuple(heads), tuple(relations)) for heads, relations in ner.trees(sentences)
    ]


def test_other_kinds_keep_the_trees(
    tiny_transformer: Path, small_corpus: Corpus, soft: Build
) -> None:
    """So that a share of own trees has a meaning beside soft heads, too."""
    edges = ("head-dependent", "dependent-head", "2-hop")
    model = soft(2, gnn__edges=edges, parser__own_trees=0.5)
    sentences = small_corpus.splits["train"][:6]
    batch = model.collator(sentences)
    graph = model.soften(model.features(batch.inputs), batch.graph)
    assert torch.equal(graph.by_kind[2].src, batch.graph.by_kind[2].src)
    own = replace(batch, own_trees=(True,) * 6)
    assert abs(model(own) - model(batch)) > 1e-3
