"""Batches: the graph, the inputs and the gold of the same sentences in the same order."""

import random
from collections.abc import Sequence
from dataclasses import astuple

import pytest
import torch

from synner_graph.data.sentence import ROOT, Sentence
from synner_graph.data.trees import Tree
from synner_graph.data.vocabulary import UNKNOWN, Vocabularies, Vocabulary
from synner_graph.encoders.base import TokenIds
from synner_graph.errors import InputError
from synner_graph.graph.edges import (
    DEPENDENT_HEAD,
    EDGE_KINDS,
    HEAD_DEPENDENT,
    NEXT_SENTENCE,
    SAME_FORM,
    SELF,
    EdgeInventory,
)
from synner_graph.graph.tensors import Tensors
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.heads.biaffine_types import TreeGold
from synner_graph.heads.crf import CRFGold
from synner_graph.heads.span_types import SpanMarks
from synner_graph.model.batch import Batch
from synner_graph.model.collate import Collator, document_numbers
from tests.fixtures import random_sentence

KNOWN = Vocabulary(("nsubj", "det", "obj"))
UNPARSED = Sentence(["no", "tree"], id="s7")


def sizes(sentences: Sequence[Sentence]) -> TokenIds:
    return TokenIds(torch.tensor([len(token) for s in sentences for token in s.tokens]))


def entity_counts(sentences: Sequence[Sentence]) -> CRFGold:
    return CRFGold(torch.tensor([len(sentence.entities) for sentence in sentences]))


def doubled(sentences: Sequence[Sentence], inputs: TokenIds) -> SpanMarks:
    assert len(inputs.ids) == sum(map(len, sentences))
    return SpanMarks(None, 2 * inputs.ids)


def tree_heads(trees: Sequence[Tree]) -> TreeGold:
    heads = torch.tensor([head for tree, _ in trees for head in tree])
    return TreeGold(heads, heads)


def collator(kinds: tuple[str, ...] = EDGE_KINDS) -> Collator:
    inventory = EdgeInventory(kinds, KNOWN.all_names)
    return Collator(inventory, KNOWN, sizes, entity_counts, marks=doubled)


def random_sentences(lengths: Sequence[int] = (3, 1, 6)) -> list[Sentence]:
    draw = random.Random(3)
    return [random_sentence(draw, length) for length in lengths]


def test_relations_are_read_by_name() -> None:
    sentence = Sentence(["Ann", "ran", "off"], [1, ROOT, 1], ["nsubj", "root", "advmod"])
    graph = collator((HEAD_DEPENDENT, DEPENDENT_HEAD)).graph([sentence])
    names = graph.inventory.relation_types
    edges = zip(graph.src.tolist(), graph.dst.tolist(), graph.relation.tolist(), strict=True)
    assert [(src, dst, names[relation]) for src, dst, relation in edges] == [
        (1, 0, "nsubj"),
        (1, 2, UNKNOWN),
        (0, 1, "nsubj (dependent-head)"),
        (2, 1, f"{UNKNOWN} (dependent-head)"),
    ]


def test_the_graph_is_that_of_the_heads_and_relation_ids() -> None:
    sentences = random_sentences()
    graph = collator()(sentences).graph
    expected = TokenGraph.build(
        [len(sentence) for sentence in sentences],
        EdgeInventory(EDGE_KINDS, KNOWN.all_names),
        [sentence.heads or () for sentence in sentences],
        [[KNOWN.id_of(name) for name in sentence.relations or ()] for sentence in sentences],
    )
    for name in ("src", "dst", "relation", "direction", "offsets"):
        assert torch.equal(getattr(graph, name), getattr(expected, name)), name


def test_every_part_keeps_the_order_of_the_sentences() -> None:
    sentences = random_sentences()
    batch = collator()(sentences)
    assert batch.sentences == tuple(sentences)
    assert batch.graph.lengths.tolist() == [3, 1, 6]
    assert batch.inputs.ids.tolist() == [len(t) for s in sentences for t in s.tokens]
    assert batch.marks.pieces.tolist() == [2 * len(t) for s in sentences for t in s.tokens]
    assert batch.gold.tags.tolist() == [len(s.entities) for s in sentences]


def test_no_gold_is_made_for_predicting() -> None:
    def refuse(gold: object) -> Tensors:
        raise AssertionError("gold was asked for")

    inventory = EdgeInventory(EDGE_KINDS, KNOWN.all_names)
    predicting = Collator(inventory, KNOWN, sizes, refuse, trees=refuse)
    batch = predicting(random_sentences(), with_gold=False)
    assert batch.gold is batch.trees is None


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,), (DEPENDENT_HEAD, SELF)])
def test_a_sentence_without_a_tree_is_named_where_the_graph_needs_one(
    kinds: tuple[str, ...],
) -> None:
    with pytest.raises(InputError, match="The sentence 's7' has no dependency tree"):
        collator(kinds)([*random_sentences(), UNPARSED])
    with pytest.raises(InputError, match=r"'no tree' has no .* --syntax none"):
        collator(kinds)([UNPARSED.replace(id=None)])


@pytest.mark.parametrize("kinds", [(), (SELF,)])
def test_trees_are_not_missed_where_the_graph_reads_none(kinds: tuple[str, ...]) -> None:
    batch = collator(kinds)([UNPARSED, *random_sentences()])
    assert batch.graph.num_nodes == 12
    assert batch.graph.num_edges == 12 * len(kinds)


def test_moving_takes_every_tensor_but_the_offsets() -> None:
    whole = collator()
    whole.trees = tree_heads
    batch = whole(random_sentences())
    moved = batch.to("meta", non_blocking=True)
    assert isinstance(moved, Batch)
    assert moved.sentences == batch.sentences
    assert moved.graph.device.type == "meta"
    assert moved.graph.offsets.device.type == "cpu"
    for name in ("inputs", "marks", "gold", "trees"):
        here, there = (getattr(place, name) for place in (batch, moved))
        assert type(here) is type(there)
        for one, other in zip(astuple(here), astuple(there), strict=True):
            assert one is other is None or (one.device.type, other.device.type) == ("cpu", "meta")
    bare = Collator(batch.graph.inventory, KNOWN, sizes, entity_counts)
    moved = bare(random_sentences(), with_gold=False).to("meta")
    assert moved.marks is moved.gold is moved.trees is None
    assert batch.inputs.ids.device.type == "cpu"


def test_sentences_of_a_document_are_joined_where_they_follow_each_other() -> None:
    names = ["a", "a", None, None, "b", "a", "a"]
    sentences = [
        s.replace(document=name) for s, name in zip(random_sentences([2] * 7), names, strict=True)
    ]
    assert document_numbers(sentences).tolist() == [0, 0, 1, 2, 3, 4, 4]
    graph = collator((NEXT_SENTENCE,))(sentences).graph
    joined = zip(graph.sentence_index[graph.src], graph.sentence_index[graph.dst], strict=True)
    assert [(int(src), int(dst)) for src, dst in joined] == [(0, 1), (5, 6)]


def test_content_words_of_a_document_are_joined() -> None:
    texts = ["The Ebro rose .", "Its ebro the .", "Ebro ."]
    sentences = [Sentence(t.split(), document=d) for t, d in zip(texts, "aab", strict=True)]
    made = collator((SAME_FORM,))
    made.frequent = {"the"}
    graph = made.graph(sentences)
    assert list(zip(graph.src.tolist(), graph.dst.tolist(), strict=True)) == [(1, 5), (5, 1)]
    assert graph.distance.tolist() == [-4, 4]


def test_documents_are_not_looked_at_where_no_edge_reads_them() -> None:
    sentences = [s.replace(document="a") for s in random_sentences()]
    assert collator()(sentences).graph.num_edges == collator()(random_sentences()).graph.num_edges


def test_subtypes_are_folded_on_request() -> None:
    sentence = Sentence(["her", "boat", "sank"], [1, 2, ROOT], ["nmod:poss", "nsubj", "x:y"])
    known = Vocabularies.collect([sentence], fold_subtypes=True).relations
    assert set(known.names) == {"nmod", "nsubj", "x"}
    inventory = EdgeInventory((HEAD_DEPENDENT,), known.all_names)
    folding, plain = (Collator(inventory, known, sizes, entity_counts, f) for f in (True, False))
    names = inventory.relation_types
    assert [names[i] for i in folding.graph([sentence]).relation] == ["nmod", "nsubj"]
    assert [names[i] for i in plain.graph([sentence]).relation] == ["<unknown>", "nsubj"]
    assert folding.unknown_relations([sentence]) == {}
    assert plain.unknown_relations([sentence]) == {"nmod:poss": 1, "x:y": 1}


def test_unknown_relations_do_not_count_where_none_is_read() -> None:
    sentence = Sentence(["a", "b"], [1, ROOT], ["never", "seen"])
    inventory = EdgeInventory(("2-hop", SELF), KNOWN.all_names)
    plain = Collator(inventory, KNOWN, sizes, entity_counts)
    assert plain.unknown_relations([sentence]) == {}


def test_a_parser_may_learn_other_trees_than_the_graph_has() -> None:
    sentences = random_sentences()
    learned = collator()
    learned.trees = tree_heads
    others = [s.replace(heads=range(-1, len(s) - 1), relations=["x"] * len(s)) for s in sentences]
    same, other = learned(sentences), learned(sentences, gold_trees=others)
    assert same.trees.heads.tolist() == [h for s in sentences for h in s.heads or ()]
    assert other.trees.heads.tolist() == [h for s in others for h in s.heads or ()]
    assert torch.equal(same.graph.src, other.graph.src)
    assert learned(sentences, with_gold=False).trees is None
