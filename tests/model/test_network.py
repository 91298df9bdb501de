"""The whole network, in every combination of its parts."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.vocabulary import Vocabularies, Vocabulary
from synner_graph.encoders.transformer import load_blueprint
from synner_graph.errors import InputError
from synner_graph.gnn import LAYERS
from synner_graph.graph.backends import graph_backend
from synner_graph.heads.span_features import CASES, case_of
from synner_graph.model.network import SynNERModel
from tests.fixtures import tiny_config

COMBINATIONS = [
    (head, recurrent, gnn)
    for head in ("crf", "span")
    for recurrent in ("syn-lstm", "lstm", "dglstm", "none")
    for gnn in ("gcn", "none")
]


def build(
    transformer: Path | str, corpus: Corpus, backend: str = "torch", **overrides: object
) -> SynNERModel:
    if overrides.get("head__name") == "span":
        overrides["head__max_width"] = 3
    config = tiny_config(transformer, **overrides)
    alone = transformer in ("characters", "lexical")
    blueprint = None if alone else load_blueprint(str(transformer))
    train = corpus.splits["train"]
    words = Vocabulary(tuple({token for s in train[1:] for token in s.tokens}))
    vocabularies = replace(Vocabularies.collect(train), words=words)
    return SynNERModel(config, vocabularies, graph_backend(backend), blueprint)


@pytest.mark.parametrize(("head", "recurrent", "gnn"), COMBINATIONS)
def test_gradient_reaches_every_parameter(
    head: str, recurrent: str, gnn: str, tiny_transformer: Path, small_corpus: Corpus
) -> None:
    model = build(
        tiny_transformer, small_corpus, head__name=head, recurrent__name=recurrent, gnn__name=gnn
    )
    batch = model.collator(small_corpus.splits["train"][:12])
    loss = model(batch)
    loss.backward()
    assert loss.shape == () and torch.isfinite(loss)
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


MIXED = [
    *(("crf", "syn-lstm", gnn) for gnn in LAYERS),
    *((head, recurrent, "gcn") for head, recurrent, gnn in COMBINATIONS if gnn == "gcn"),
]


@pytest.mark.parametrize("backend", ["torch", "dgl"])
@pytest.mark.parametrize(("head", "recurrent", "gnn"), MIXED)
def test_learns_in_mixed_precision(
    head: str, recurrent: str, gnn: str, backend: str, tiny_transformer: Path, small_corpus: Corpus
) -> None:
    if backend == "dgl":
        pytest.importorskip("dgl")
    model = build(
        tiny_transformer,
        small_corpus,
        backend,
        head__name=head,
        recurrent__name=recurrent,
        gnn__name=gnn,
        parser__name="biaffine",
    ).eval()
    batch = model.collator(small_corpus.splits["train"][:6])
    exact = model(batch)
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(batch)
    loss.backward()
    assert loss.item() == pytest.approx(exact.item(), rel=0.05)
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


def test_a_parser_beside_learns_and_changes_nothing_else(
    tiny_transformer: Path, small_corpus: Corpus
) -> None:
    models = []
    for name in ("trees", "biaffine"):
        torch.manual_seed(0)
        models.append(build(tiny_transformer, small_corpus, parser__name=name).eval())
    plain, parsing = models
    assert plain.parser is None and parsing.parser is not None
    state = parsing.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in plain.state_dict().items())
    batch = parsing.collator(small_corpus.splits["train"][:12])
    x, offsets = parsing.features(batch.inputs), batch.graph.offsets
    apart = plain(batch) + 0.1 * parsing.parser.loss(x, offsets, batch.trees)
    torch.testing.assert_close(parsing(batch), apart)
    parsing.parser.weight = 0.25
    apart = plain(batch) + 0.25 * parsing.parser.loss(x, offsets, batch.trees)
    torch.testing.assert_close(parsing(batch), apart)
    parsing(batch).backward()
    without = [n for n, p in parsing.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_marked_sentences_are_read_on_the_trees_of_the_parser(
    noise: float, tiny_transformer: Path, small_corpus: Corpus
) -> None:
    """The parser goes on learning the trees of the corpus."""
    model = build(tiny_transformer, small_corpus, parser__name="biaffine").eval()
    assert model.parser is not None
    model.parser.tree_noise = noise
    sentences = small_corpus.splits["train"][:6]
    batch = model.collator(sentences)
    own = (True, False, False, True, False, True)
    chosen = [sentence for sentence, mark in zip(sentences, own, strict=True) if mark]
    x = model.features(model.collator(chosen).inputs)
    torch.manual_seed(3)
    trees = iter(model.parser.sample(x, model.collator(chosen).graph.offsets))
    mixed = []
    for sentence, mark in zip(sentences, own, strict=True):
        heads, relations = next(trees) if mark else (sentence.heads, sentence.relations)
        mixed.append(sentence.replace(heads=heads, relations=relations))
    assert [m.heads == s.heads for m, s in zip(mixed, sentences, strict=True)].count(False) >= 2
    expected = model(model.collator(mixed, gold_trees=sentences))

    torch.manual_seed(3)
    found = model(replace(batch, own_trees=own))

    torch.testing.assert_close(found, expected)
    assert abs(found - model(batch)) > 1e-3
    torch.testing.assert_close(model(replace(batch, own_trees=(False,) * 6)), model(batch))
    torch.manual_seed(3)
    torch.testing.assert_close(model(replace(batch, own_trees=own), 2.0), expected)


@pytest.mark.parametrize(("head", "recurrent", "gnn"), COMBINATIONS)
def test_a_batch_predicts_the_same_as_its_sentences(
    head: str, recurrent: str, gnn: str, tiny_transformer: Path, small_corpus: Corpus
) -> None:
    model = build(
        tiny_transformer, small_corpus, head__name=head, recurrent__name=recurrent, gnn__name=gnn
    ).eval()
    sentences = small_corpus.splits["test"][:7]
    with torch.no_grad():
        together = model.states(model.collator(sentences))
        alone = torch.cat([model.states(model.collator([sentence])) for sentence in sentences])
        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
        entities = model.decode(model.collator(sentences))
        assert entities == [model.decode(model.collator([s]))[0] for s in sentences]


def test_loss_of_a_batch_is_the_sum_over_its_sentences(
    tiny_transformer: Path, small_corpus: Corpus
) -> None:
    model = build(tiny_transformer, small_corpus).eval()
    sentences = small_corpus.splits["train"][:7]
    together = model(model.collator(sentences))
    alone = sum(model(model.collator([sentence])) for sentence in sentences)
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-4)


def test_trees_change_the_states(tiny_transformer: Path, small_corpus: Corpus) -> None:
    model = build(tiny_transformer, small_corpus).eval()
    sentence = small_corpus.splits["train"][0]
    chain = sentence.replace(heads=range(-1, len(sentence) - 1))
    with torch.no_grad():
        states, others = (model.states(model.collator([s])) for s in (sentence, chain))
    assert not torch.allclose(states, others, atol=1e-3)


@pytest.mark.parametrize("encoder", ["characters", "transformer"])
def test_the_span_head_reads_case_and_pieces_of_the_tokens(
    encoder: str, tiny_transformer: Path, small_corpus: Corpus
) -> None:
    source = "characters" if encoder == "characters" else tiny_transformer
    options = {"head__morphology_size": 3, "head__length_size": 4}
    model = build(source, small_corpus, head__name="span", **options)
    sentences = small_corpus.splits["train"][:7]

    batch = model.collator(sentences)

    tokens = [token for sentence in sentences for token in sentence.tokens]
    assert batch.marks.cases.tolist() == [CASES.index(case_of(token)) for token in tokens]
    counts = batch.marks.pieces.tolist()
    if encoder == "characters":
        assert counts == list(map(len, tokens))
    else:
        tokenizer = load_blueprint(str(source))[1]
        assert counts == [len(tokenizer.tokenize(token)) for token in tokens]
    model(batch).backward()
    for name in ("morphology", "length"):
        for parameter in model.head.features[name].parameters():
            assert parameter.grad is not None and parameter.grad.any()
    model.eval()
    with torch.no_grad():
        together = model.decode(batch)
        assert together == [model.decode(model.collator([s]))[0] for s in sentences]


def test_characters_alone(small_corpus: Corpus) -> None:
    model = build("characters", small_corpus)
    model(model.collator(small_corpus.splits["train"][:12])).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("character_model", ["cnn", "lstm"])
def test_lexical(character_model: str, small_corpus: Corpus) -> None:
    model = build(
        "lexical",
        small_corpus,
        encoder__character_model=character_model,
        encoder__upos_size=5,
        encoder__relation_size=6,
        gnn__name="none",
    )
    sentences = small_corpus.splits["train"][:12]
    model(model.collator(sentences)).backward()
    assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []
    model.eval()
    together = model.states(model.collator(sentences))
    alone = torch.cat([model.states(model.collator([sentence])) for sentence in sentences])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    strange = sentences[0].replace(relations=("strange", *(sentences[0].relations or ())[1:]))
    assert model.collator.unknown_relations([strange]) == {"strange": 1}


def test_asks_for_trees_only_where_it_reads_them(
    tiny_transformer: Path, small_corpus: Corpus
) -> None:
    bare = small_corpus.splits["train"][0].replace(heads=None, relations=None)
    without = build(tiny_transformer, small_corpus, gnn__name="none")
    assert torch.isfinite(without(without.collator([bare])))
    with_gcn = build(tiny_transformer, small_corpus)
    with pytest.raises(InputError, match="sample-train-001' has no dependency tree"):
        with_gcn.collator([bare])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"gnn__name": "gccn"}, "Unknown GNN layer 'gccn'. Did you mean 'gcn'?"),
        ({"recurrent__name": "synlstm"}, "Did you mean 'syn-lstm'?"),
        ({"head__name": "spans"}, "Unknown head 'spans'. Did you mean 'span'?"),
        ({"gnn__edges": ("slef",)}, "Unknown edge kind 'slef'. Did you mean 'self'?"),
    ],
)
def test_unknown_parts_are_refused(
    setting: dict[str, object], message: str, small_corpus: Corpus
) -> None:
    with pytest.raises(InputError) as caught:
        build("characters", small_corpus, **setting)
    assert message in str(caught.value)


@pytest.mark.parametrize("head", ["crf", "span"])
def test_two_passes_differ_in_dropout_alone(
    head: str, tiny_transformer: Path, small_corpus: Corpus
) -> None:
    parts = {"head__name": head, "parser__name": "biaffine"}
    off = {
        f"{part}__dropout": 0.0 for part in ("head", "gnn", "parser")
    }  # the encoder alone has some
    model = build(tiny_transformer, small_corpus, **parts, **off)
    batch = model.collator(small_corpus.splits["train"][:6])
    model.eval()
    torch.testing.assert_close(model(batch, 2.0), model(batch))
    model.train()
    losses = []
    for weight in (0.0, 1e-12, 1.0, 3.0):
        torch.manual_seed(1)
        losses.append(model(batch, weight))
    torch.manual_seed(1)
    once = model(batch)
    assert torch.equal(losses[0], once), "one pass"
    apart = losses[2] - losses[1]
    assert apart > 0.01 * once
    torch.testing.assert_close(losses[3] - losses[1], 3 * apart, rtol=1e-3, atol=1e-3)
    losses[3].backward()
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []
