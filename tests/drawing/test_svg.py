"""SVG: well formed, escaped, self-contained."""

import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import Sentence
from synner_graph.drawing import draw_graph, draw_sentence
from synner_graph.drawing.svg import scrolling, style, svg
from synner_graph.drawing.text import visible
from tests.drawing.conftest import SVG, data, elements, graph_of, texts
from tests.strategies import nested_entities, sentences


@given(st.data(), sentences(max_size=9))
def test_everything_reads_as_it_was(draw, sentence):
    sentence = sentence.replace(entities=draw.draw(nested_entities(len(sentence))))
    image = draw_sentence(sentence).svg()
    words = [text for token in elements(image, "token") for text in texts(token)]
    assert words == [visible(token) for token in sentence.tokens]
    arcs = [data(arc) for arc in elements(image, "arc")]
    assert [(a["source"], a["target"], a["relation"]) for a in arcs] == [
        (str(head), str(dependent), relation)
        for head, dependent, relation in (sentence.arcs if sentence.heads else ())
    ]
    entities = [data(entity) for entity in elements(image, "entity")]
    assert [(int(e["start"]), int(e["end"]), e["label"]) for e in entities] == [
        (e.start, e.end, e.label) for e in sentence.entities
    ]
    assert ET.fromstring(image).get("aria-label") == " ".join(map(visible, sentence.tokens))


def test_hostile_text_stays_text(hostile: Sentence):
    for image in (
        draw_sentence(hostile).svg(),
        draw_graph(graph_of([hostile]), [hostile]).svg(),
        draw_sentence(hostile, gold=[]).svg(),
    ):
        root = ET.fromstring(image)
        tags = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert tags <= {"svg", "style", "rect", "g", "path", "text", "title"}
        assert "<script" not in image and image.count("</svg>") == 1
        names = {name for element in root.iter() for name in element.attrib}
        assert not [name for name in names if name.startswith("on") or "href" in name]


def test_nothing_is_fetched_and_nothing_runs(hostile: Sentence):
    image = draw_sentence(hostile).svg().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|url\(|@import|javascript", image)


def test_light_and_dark():
    rules = style()
    assert "prefers-color-scheme:dark" in rules
    # Everything inside this class: no rule may reach the rest of a notebook.
    assert all(
        rule.startswith((".synner", "@media", "}")) for rule in re.findall(r"[^{}]+(?={)", rules)
    )


def test_the_style_sheet_comes_with_the_picture_or_not(hostile: Sentence):
    scene = draw_sentence(hostile).scene
    assert "<style>" in svg(scene)
    assert "<style>" not in svg(scene, styled=False)


def test_wide_drawings_scroll_from_where_reading_starts():
    assert '<div dir="ltr" style="overflow-x:auto">' in scrolling(
        draw_sentence(Sentence(["a"])).scene
    )
    assert '<div dir="rtl"' in scrolling(draw_sentence(Sentence(["ليلى"])).scene)


def test_numbers_are_short_and_plain():
    image = draw_sentence(Sentence(list("ab"), [1, -1], ["x", "root"])).svg()
    numbers = re.findall(r'(?: x| y|width|height|d)="([^"]+)"', image)
    assert not [n for n in numbers if re.search(r"e-|nan|inf|\.\d\d\d", n)]
