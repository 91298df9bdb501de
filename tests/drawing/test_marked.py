"""A named text in a notebook: entities in their places, trees on request."""

from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.drawing.marked import MOST_SENTENCES
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.text.document import Doc
from tests.drawing.test_page import read


def doc_of(text: str, segments: list[Segment]) -> Doc:
    def graph(_: object) -> TokenGraph:
        raise AssertionError("no graph is needed")

    return Doc(text, tuple(segments), graph)


def sentence(text: str, *entities: Entity) -> Sentence:
    offsets, place = [], 0
    for token in text.split():
        place = text.index(token, place)
        offsets.append((place, place + len(token)))
        place += len(token)
    heads = [-1, *[0] * (len(offsets) - 1)]
    return Sentence(
        text.split(), heads, ["root", *["dep"] * (len(offsets) - 1)], entities, text=text,
        offsets=offsets,
    )  # fmt: skip


def test_entities_stand_in_the_text_with_label_and_score() -> None:
    text = " <b>Ann</b>\nLi & Co left"
    made = sentence(text[1:], Entity(0, 2, "PER", 0.75), Entity(1, 2, "X", 0.5))
    html = doc_of(text, [Segment(1, made)])._repr_html_()
    reader = read(html)
    shown = "".join(reader.texts[: reader.texts.index("trees")])
    assert shown.endswith(" <b>Ann</b>\nLiX 0.50PER 0.75 & Co left")
    marks = [a["title"] for tag, a in reader.seen if tag == "span" and "title" in a]
    assert marks == ["PER 0.75", "PER 0.75", "X 0.50"]
    assert [tag for tag, _ in reader.seen].count("details") == 1 and "<svg" in html


def test_entities_that_cross_are_both_whole() -> None:
    made = sentence("a b c", Entity(0, 2, "P", 0.5), Entity(1, 3, "Q", 0.5))
    html = doc_of("a b c", [Segment(0, made)])._repr_html_()
    assert [html.count(f'title="{name} 0.50"') for name in "PQ"] == [2, 2]


def test_texts_without_trees_and_long_ones() -> None:
    bare = sentence("Ann left").without_tree()
    assert "<details" not in doc_of("Ann left", [Segment(0, bare)])._repr_html_()
    assert "<details" not in doc_of("", [])._repr_html_()
    many = [Segment(9 * i, sentence("Ann left")) for i in range(MOST_SENTENCES + 2)]
    html = doc_of("Ann left " * len(many), many)._repr_html_()
    assert html.count("<svg") == MOST_SENTENCES and "and 2 more sentences" in html
