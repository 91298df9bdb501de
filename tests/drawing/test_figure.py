"""Scenes with matplotlib: the same things in the same places."""

from io import BytesIO

import pytest

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.drawing import draw_graph, draw_sentence
from synner_graph.drawing.scene import Box, Label
from tests.drawing.conftest import graph_of


@pytest.fixture
def sentence() -> Sentence:
    return Sentence(
        ["A", "$x$", "c_1", "ليلى"],
        [1, -1, 1, 2],
        ["nsubj", "root", "obj", "det"],
        [Entity(0, 3, "ORG"), Entity(1, 2, "PER", 0.5)],
    )


def test_every_shape_is_drawn_in_its_place(sentence: Sentence) -> None:
    drawing = draw_sentence(sentence, gold=[Entity(0, 1, "PER")])
    figure = drawing.figure()
    shapes = [shape for group in drawing.scene.groups for shape in group.shapes]
    labels = [shape for shape in shapes if isinstance(shape, Label)]
    (axes,) = figure.axes
    written = [(*text.get_position(), text.get_text().strip("\u200f")) for text in axes.texts]
    assert written == [(label.x, label.y, label.text) for label in labels]
    assert len(axes.patches) == len(shapes) - len(labels)
    dashed = [shape for shape in shapes if isinstance(shape, Box) and shape.dashed]
    assert sum(patch.get_linestyle() != "solid" for patch in axes.patches) >= len(dashed) > 0
    assert figure.get_size_inches() == pytest.approx(
        [drawing.scene.width / 96, drawing.scene.height / 96]
    )


def test_light_and_dark(sentence: Sentence) -> None:
    light, dark = (draw_sentence(sentence).figure(dark) for dark in (False, True))
    assert sum(light.get_facecolor()[:3]) > 2.9
    assert sum(dark.get_facecolor()[:3]) < 0.5


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_every_format_of_papers(format: str, sentence: Sentence, hostile: Sentence) -> None:
    for drawing in (
        draw_sentence(hostile.replace(tokens=["<&>", *hostile.tokens[1:5], "x", "$a$"])),
        draw_sentence(sentence, graph=graph_of([sentence], weighted=True)),
        draw_graph(graph_of([sentence] * 2), [sentence] * 2),
    ):
        buffer = BytesIO()
        drawing.figure().savefig(buffer, format=format)
        assert len(buffer.getvalue()) > 1000
