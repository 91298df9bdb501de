"""Sentences as scenes: everything once, nothing over something else."""

from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.drawing.scene import Box, Group, Label, Scene, Stroke
from synner_graph.drawing.sentence import sentence_scene
from synner_graph.drawing.text import text_width, visible
from synner_graph.errors import InputError
from synner_graph.graph.edges import DEPENDENT_HEAD, HEAD_DEPENDENT
from tests.drawing.conftest import graph_of
from tests.strategies import nested_entities, sentences

parsed = sentences(parsed=True, max_size=12)


def of_kind(scene: Scene, kind: str) -> list[Group]:
    return [group for group in scene.groups if group.kind == kind]


def only(group: Group, shape: type):
    (found,) = (s for s in group.shapes if isinstance(s, shape))
    return found


def extent(stroke: Stroke) -> tuple[float, float, float]:
    """Left, right and top of a path."""
    points = [point for _, ends in stroke.path for point in ends]
    return min(x for x, _ in points), max(x for x, _ in points), min(y for _, y in points)


@given(st.data(), sentences(max_size=12))
def test_every_arc_token_and_entity_is_there_once(data, sentence):
    sentence = sentence.replace(entities=data.draw(nested_entities(len(sentence))))
    scene = sentence_scene(sentence)
    arcs = [tuple(group.data.values()) for group in of_kind(scene, "arc")]
    assert arcs == [tuple(arc) for arc in (sentence.arcs if sentence.heads else ())]
    words = [only(group, Label).text for group in of_kind(scene, "token")]
    assert words == [visible(token) for token in sentence.tokens]
    found = [tuple(group.data.values()) for group in of_kind(scene, "entity")]
    assert found == [(e.start, e.end, e.label) for e in sentence.entities]


@given(parsed)
def test_arcs_of_one_level_do_not_overlap(sentence):
    scene = sentence_scene(sentence)
    extents = [extent(only(g, Stroke)) for g in of_kind(scene, "arc") if g.data["source"] != ROOT]
    for one, other in combinations(extents, 2):
        same_level = one[2] == pytest.approx(other[2])
        assert not same_level or one[1] < other[0] or other[1] < one[0]


@given(parsed)
def test_labels_fit_between_the_feet_of_their_arcs(sentence):
    for group in of_kind(sentence_scene(sentence), "arc"):
        if group.data["source"] != ROOT:
            left, right, top = extent(only(group, Stroke))
            label = only(group, Label)
            assert label.text == group.data["relation"]
            assert left < label.x - text_width(label.text, label.size) / 2
            assert label.x + text_width(label.text, label.size) / 2 < right
            assert label.y < top


@given(st.data(), sentences(max_size=8))
def test_boxes_of_entities_hold_their_words_and_stay_apart(data, sentence):
    sentence = sentence.replace(entities=data.draw(nested_entities(len(sentence))))
    scene = sentence_scene(sentence, gold=data.draw(nested_entities(len(sentence))))
    words = [only(group, Label) for group in of_kind(scene, "token")]
    boxes = []
    for group in of_kind(scene, "entity"):
        box, label = only(group, Box), only(group, Label)
        assert text_width(label.text, label.size) <= box.width
        first, last = group.data["start"], group.data["end"] - 1
        inside = [i for i, word in enumerate(words) if box.x < word.x < box.x + box.width]
        assert inside == list(range(first, last + 1))
        boxes.append(box)
    for one, other in combinations(boxes, 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert beside or abs(one.y - other.y) >= one.height


@given(st.data(), sentences(max_size=12))
def test_everything_is_on_the_page(data, sentence):
    sentence = sentence.replace(entities=data.draw(nested_entities(len(sentence))))
    scene = sentence_scene(sentence)
    for group in scene.groups:
        for shape in group.shapes:
            if isinstance(shape, Label):
                half = text_width(shape.text, shape.size) / 2
                assert half <= shape.x <= scene.width - half
                assert shape.size <= shape.y + 1 and shape.y <= scene.height
            elif isinstance(shape, Box):
                assert shape.x >= 0
                assert shape.x + shape.width <= scene.width
                assert shape.y + shape.height <= scene.height


def test_the_label_of_a_root_that_many_arcs_push_aside_is_on_the_page():
    last = 11
    sentence = Sentence(
        ["0"] * (last + 1),
        heads=[last] * last + [ROOT],
        relations=["nsubj"] * last + ["nmod:poss"],
    )
    scene = sentence_scene(sentence)
    [label] = [
        shape
        for group in scene.groups
        for shape in group.shapes
        if isinstance(shape, Label) and shape.text == "nmod:poss"
    ]
    assert label.x + text_width(label.text, label.size) / 2 <= scene.width


def test_predicted_against_gold():
    found = [Entity(0, 1, "PER", 0.9), Entity(2, 4, "LOC", 0.5)]
    wanted = [Entity(0, 1, "PER"), Entity(2, 3, "LOC")]
    scene = sentence_scene(Sentence(list("abcd"), entities=found), gold=wanted)
    assert [
        (g.data["row"], g.data["start"], only(g, Label).text, only(g, Box).dashed)
        for g in of_kind(scene, "entity")
    ] == [
        ("predicted", 0, "PER 0.90", False),
        ("predicted", 2, "LOC 0.50", True),
        ("gold", 0, "PER", False),
        ("gold", 2, "LOC", True),
    ]
    captions = [only(group, Label).text for group in of_kind(scene, "caption")]
    assert captions == ["predicted", "gold"]


def test_a_row_without_entities_keeps_its_caption():
    scene = sentence_scene(Sentence(["a"]), gold=[])
    assert [only(g, Label).text for g in of_kind(scene, "caption")] == ["predicted", "gold"]
    assert sentence_scene(Sentence(["a"])).height < scene.height


@given(parsed, st.booleans())
def test_every_edge_of_a_graph_is_there_once(sentence, weighted):
    graph = graph_of([sentence], weighted=weighted)
    scene = sentence_scene(sentence, graph=graph)
    found = [dict(group.data) for group in of_kind(scene, "arc")]
    assert len(found) == graph.num_edges
    names = graph.inventory.relation_types
    for src, dst, relation, direction in zip(
        graph.src.tolist(),
        graph.dst.tolist(),
        graph.relation.tolist(),
        graph.direction.tolist(),
        strict=True,
    ):
        kind = graph.inventory.kinds[direction]
        (edge,) = (
            e for e in found if (e["source"], e["target"], e["direction"]) == (src, dst, kind)
        )
        assert edge["relation"] == names[relation].removesuffix(f" ({kind})")
    assert ("weight" in found[0]) is weighted


def test_weights_are_widths_and_tones():
    sentence = Sentence(list("abc"), [1, ROOT, 1], ["nsubj", "root", "obj"])
    graph = graph_of([sentence], (HEAD_DEPENDENT, DEPENDENT_HEAD), weighted=True)
    graph.weight[:] = torch.tensor([2.0, -4.0, 0.0, 1.0])
    arcs = {g.data["weight"]: g for g in of_kind(sentence_scene(sentence, graph=graph), "arc")}
    strokes = {weight: only(group, Stroke) for weight, group in arcs.items()}
    assert [strokes[w].tone for w in (2.0, -4.0, 1.0)] == ["positive", "negative", "positive"]
    by_size = sorted(strokes, key=abs)
    assert [strokes[w].width for w in by_size] == sorted(s.width for s in strokes.values())
    assert len({s.width for s in strokes.values()}) == 4
    assert strokes[-4.0].opacity == 1
    assert only(arcs[-4.0], Label).text == "obj -4"


def test_weights_of_zero_alone():
    sentence = Sentence(list("ab"), [1, ROOT], ["nsubj", "root"])
    graph = graph_of([sentence], weighted=True)
    graph.weight[:] = 0
    assert len(of_kind(sentence_scene(sentence, graph=graph), "arc")) == 4


@pytest.mark.parametrize("lengths", [[2], [3, 1]])
def test_the_graph_of_something_else_is_refused(lengths):
    some = [Sentence(["a"] * n, [ROOT, *[0] * (n - 1)], ["nsubj"] * n) for n in lengths]
    with pytest.raises(InputError, match="expected the graph of one sentence of 3 tokens, got"):
        sentence_scene(Sentence(list("abc")), graph=graph_of(some))


def test_right_to_left():
    tokens = ["زارت", "(", "ليلى", ")"]
    sentence = Sentence(tokens, [ROOT, 2, 0, 2], ["root", "a", "b", "c"], [Entity(2, 3, "PER")])
    scene = sentence_scene(sentence)
    assert scene.right_to_left
    words = [only(group, Label) for group in of_kind(scene, "token")]
    assert [w.x for w in words] == sorted((w.x for w in words), reverse=True)
    assert all(word.right_to_left for word in words)
    (entity,) = of_kind(scene, "entity")
    box = only(entity, Box)
    assert box.x < words[2].x < box.x + box.width


def test_labels_given_keep_their_colours_free():
    sentence = Sentence(["a"], entities=[Entity(0, 1, "ORG")])
    labels = ("LOC", "MISC", "ORG", "PER")
    every = sentence.replace(entities=[Entity(0, 1, label) for label in labels])
    tones = {g.data["label"]: only(g, Box).tone for g in of_kind(sentence_scene(every), "entity")}
    assert len(set(tones.values())) == 4
    (entity,) = of_kind(sentence_scene(sentence, labels=labels), "entity")
    assert only(entity, Box).tone == tones["ORG"]
