"""Growth: old rows are found again by name, and the model says of old names what it said."""

import random
from typing import Any

import pytest
import torch
from torch import nn

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.errors import InputError
from synner_graph.gnn import LAYERS
from synner_graph.graph.backends import graph_backend
from synner_graph.model.growth import named_axes, take_over
from synner_graph.model.network import SynNERModel
from tests.fixtures import random_sentence, tiny_config

EDGES = ("head-dependent", "dependent-head", "self")
PARSER = {"parser__name": "biaffine", "parser__arc_size": 6, "parser__relation_size": 4}


def sentences(*relations: str) -> list[Sentence]:
    draw = random.Random(5)
    return [random_sentence(draw, 9, relations) for _ in range(4)]


def models(**settings: Any) -> tuple[SynNERModel, SynNERModel, list[Sentence]]:
    """A model of few names, one of more that has taken it over, and sentences of the few."""
    old = sentences("nsubj", "obj")
    new = [s.replace(entities=(Entity(0, 1, "ART"), Entity(2, 4, "ZOO"))) for s in old]
    new += [Sentence(["ÖÖ", "¿¿"], [1, -1], ["amod", "zeta"])]
    if "encoder__upos_size" in settings:
        old, new = ([s.replace(upos=["X"] * len(s)) for s in rows] for rows in (old, new))
        new[-1] = new[-1].replace(upos=["A", "B"])
    config = tiny_config(settings.pop("encoder", "lexical"), **settings)
    known = Vocabularies.collect(old)
    words = Vocabularies.collect([]).words
    known = known.extended(Vocabularies((), words, words, words=words.collect(old[0].tokens)))
    more = known.extended(Vocabularies.collect(new))
    more = more.extended(Vocabularies((), words, words, words=words.collect(new[-1].tokens)))
    assert set(more.labels) - set(known.labels) == {"ART", "ZOO"}
    backend = graph_backend("torch", "cpu")
    head = config.head.model_copy(
        update={
            "options": config.head.options
            | ({"max_width": 3} if config.head.name == "span" else {})
        }
    )
    model_config = config.model.model_copy(update={"head": head})
    before = SynNERModel(model_config, known, backend, None).eval()
    for parameter in before.parameters():  # some start at zero, which would hide a mistake
        nn.init.normal_(parameter, std=0.3)
    now = SynNERModel(model_config, more, backend, None).eval()
    take_over(now, before)
    return before, now, old


@torch.no_grad()
@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_reads_old_sentences_as_before(layer: str) -> None:
    before, now, rows = models(gnn__name=layer, gnn__edges=(*EDGES, "next-sentence", "same-form"))
    states = [m.states(m.collator(rows, with_gold=False)) for m in (before, now)]
    torch.testing.assert_close(states[0], states[1], rtol=0, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize(
    "settings",
    [
        {"recurrent__name": "dglstm"},
        {"encoder": "characters", "encoder__character_model": "lstm", "encoder__upos_size": 3},
        {"encoder__relation_size": 4},
    ],
)
def test_every_part_with_names_reads_old_sentences_as_before(settings: dict[str, Any]) -> None:
    before, now, rows = models(**settings)
    states = [m.states(m.collator(rows, with_gold=False)) for m in (before, now)]
    torch.testing.assert_close(states[0], states[1], rtol=0, atol=1e-6)


@torch.no_grad()
def test_a_crf_scores_old_tags_as_before() -> None:
    before, now, rows = models()
    heads = before.head, now.head
    old, new = (list(head.tags) for head in heads)  # type: ignore[attr-defined]
    h = before.states(before.collator(rows, with_gold=False))
    emissions = [head._emissions(h) for head in heads]  # type: ignore[operator]
    places = [new.index(tag) for tag in old]
    assert places != list(range(len(old))), "new labels stand before old ones"
    torch.testing.assert_close(emissions[1][:, places], emissions[0])
    for name in ("start", "end"):
        assert torch.equal(getattr(heads[1], name)[places], getattr(heads[0], name))
    assert torch.equal(heads[1].transitions[places][:, places], heads[0].transitions)  # type: ignore


@torch.no_grad()
def test_a_span_head_scores_old_labels_as_before() -> None:
    before, now, _ = models(head__name="span")
    places = [0, *(1 + now.head.labels.index(label) for label in before.head.labels)]
    for name in ("weight", "bias"):
        old, new = (getattr(m.head.classify, name) for m in (before, now))
        assert torch.equal(new[places], old)
        assert len(new) == len(old) + 2


@torch.no_grad()
def test_a_parser_scores_old_relations_as_before() -> None:
    before, now, _ = models(**PARSER)
    assert before.parser is not None and now.parser is not None
    old, new = before.parser.relation, now.parser.relation
    assert len(new) == len(old) + 2
    places = [now.parser.relations.index(name) for name in before.parser.relations]
    assert torch.equal(new[places], old)


def test_new_rows_stay_as_they_started() -> None:
    class Rows(nn.Module):
        def __init__(self, names: str, value: float) -> None:
            super().__init__()
            self.table = nn.Parameter(torch.full((len(names), len(names), 2), value))
            self.named_axes = {"table": (tuple(names), tuple(names))}

    now, before = Rows("bcad", 0.0), Rows("ab", 1.0)
    take_over(now, before)
    expected = torch.zeros(4, 4, 2)
    for row in (0, 2):
        for column in (0, 2):
            expected[row, column] = 1.0
    assert torch.equal(now.table, expected)
    assert named_axes(nn.ModuleDict({"part": now})) == {"part.table": now.named_axes["table"]}


def test_weights_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"'weight' are of shape \[2, 3\].* of shape \[2, 4\]"):
        take_over(nn.Linear(4, 2), nn.Linear(3, 2))
    with pytest.raises(InputError, match="'bias' are missing in the run"):
        take_over(nn.Linear(3, 2), nn.Linear(3, 2, bias=False))
    with pytest.raises(InputError, match=r"'bias' are of shape .* missing in the new model"):
        take_over(nn.Linear(3, 2, bias=False), nn.Linear(3, 2))
