"""Pages: one file, everything escaped, marks that the filters find."""

from html.parser import HTMLParser

from synner_graph.data.sentence import Sentence
from synner_graph.drawing.page import Card, cards_page, filter_page, page
from synner_graph.drawing.sentence import sentence_scene

VOID = {"meta"}


class Reader(HTMLParser):
    """Checks that tags close, and collects what a test asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        self.texts.append(text)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def test_a_page_of_drawings(hostile: Sentence) -> None:
    reader = read(page("<title>", [sentence_scene(hostile)] * 2))
    tags = [tag for tag, _ in reader.seen]
    assert tags.count("article") == 2 and "script" not in tags and tags.count("style") == 1
    assert "<title>" in reader.texts
    assert not [name for _, attributes in reader.seen for name in attributes if name == "src"]


def test_cards_have_titles_and_notes(hostile: Sentence) -> None:
    card = Card("<1>", sentence_scene(hostile), notes=("a & b", "</li>"))
    reader = read(cards_page("All", [card]))
    assert [text for text in reader.texts if text in ("<1>", "a & b", "</li>")] == [
        "<1>",
        "a & b",
        "</li>",
    ]
    assert "script" not in [tag for tag, _ in reader.seen]


def test_filters_know_every_mark(hostile: Sentence) -> None:
    scene = sentence_scene(hostile)
    cards = [
        Card("1", scene, marks=(("missed", ("PER",)), ("spurious", ("a b:c",)))),
        Card("2", scene, marks=(("missed", ("a b:c",)),)),
    ]
    reader = read(filter_page("Mistakes", cards))
    options = [a["value"] for tag, a in reader.seen if tag == "option"]
    assert options == ["", "0", "1", "", "0", "1"]
    written = [text for text in reader.texts if text.endswith((" (1)", " (2)", " (3)", "(3)"))]
    assert written == ["all (3)", "missed (2)", "spurious (1)", "all (3)", "PER (1)", "a b:c (2)"]
    twice = read(filter_page("", [Card("", scene, marks=(("wrong", ("PER", "a b:c")),))]))
    written = [text for text in twice.texts if text.endswith(" (1)") or "all" in text]
    assert written == ["all (1)", "wrong (1)", "all (1)", "PER (1)", "a b:c (1)"]
    marks = [a["data-marks"] for tag, a in reader.seen if tag == "article"]
    assert marks == ["0:0 1:1", "0:1"]
    waiting = [a.get("type") for tag, a in reader.seen if tag == "script"]
    assert waiting == ["text/html", "text/html", None]
    assert sum(read(text).seen[0][0] == "div" for text in reader.texts if "<svg" in text) == 2
