"""Drawings that show and save themselves."""

import builtins
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.drawing import MOST_NODES, draw_graph, draw_sentence
from synner_graph.errors import InputError
from synner_graph.graph.edges import HEAD_DEPENDENT
from tests.drawing.conftest import elements, graph_of

SENTENCE = Sentence(["Ann", "ran"], [1, -1], ["nsubj", "root"], [Entity(0, 1, "PER", 0.5)])
MAGIC = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<svg ", ".html": b"<!doctype html>"}


@pytest.mark.parametrize("suffix", sorted(MAGIC))
def test_saves_what_the_suffix_says(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"drawing{suffix}"
    draw_sentence(SENTENCE).save(path)
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert list(tmp_path.iterdir()) == [path]


def test_refuses_other_suffixes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a file named .html, .svg, .*got .*x.bmp"):
        draw_sentence(SENTENCE).save(tmp_path / "x.bmp")


def test_says_when_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write .*: No such file"):
        draw_sentence(SENTENCE).save(tmp_path / "none" / "x.svg")


def test_says_what_png_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"install `synner-graph\[draw\]`"):
        draw_sentence(SENTENCE).save(tmp_path / "x.png")
    draw_sentence(SENTENCE).save(tmp_path / "x.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["x.svg"]


def test_sentences_and_predictions_draw_themselves() -> None:
    html = SENTENCE._repr_html_()
    image = ET.fromstring(html).find("{http://www.w3.org/2000/svg}svg")
    assert image is not None
    assert "PER 0.50" in html and "Ann" in html


def test_graphs_draw_their_first_sentences() -> None:
    graph = graph_of([SENTENCE] * 3, (HEAD_DEPENDENT,))
    assert "more" not in graph._repr_html_()
    many = graph_of([SENTENCE] * MOST_NODES)
    html = many._repr_html_()
    image = html[html.index("<svg") : html.index("</svg>") + 6]
    assert len(elements(image, "node")) == MOST_NODES
    assert f"and {MOST_NODES // 2} more sentences of {MOST_NODES} tokens" in html
    long = Sentence(["a"] * 99, [-1, *[0] * 98], ["root", *["dep"] * 98])
    html = graph_of([long, SENTENCE])._repr_html_()
    assert "and 1 more sentence of 2 tokens" in html


def test_a_batch_draws_itself() -> None:
    assert "sentence 1: rows 2" in draw_graph(graph_of([SENTENCE] * 2), [SENTENCE] * 2).html()
