"""Pages in a real browser: they open quickly, filter, scroll, and run nothing of the text."""

from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest

from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.drawing import draw_sentence
from synner_graph.evaluation.mistakes import find_mistakes, mistakes_page
from tests.browser import Browser, chromium
from tests.drawing.conftest import hostile

__all__ = ["hostile"]

pytestmark = pytest.mark.slow

SENTENCES = 2000
SHOWN = "[...document.querySelectorAll('article')].filter(a => a.checkVisibility())"
CHOOSE = """
(() => {{
  const box = document.getElementById("{box}");
  const option = [...box.options].find(o => o.text.startsWith("{text}"));
  box.value = option.value;
  box.dispatchEvent(new Event("change"));
}})()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def worsen(sentence: Sentence, number: int) -> Sentence:
    """The sentence with a mistake of each kind in turn."""
    first, *rest = sentence.entities
    match number % 4:
        case 0:
            return sentence.replace(entities=rest)
        case 1:
            return sentence.replace(entities=[Entity(first.start, first.end, "OTHER", 0.5), *rest])
        case 2:
            start = first.start - 1 if first.start else 0
            end = first.end + (start == first.start)
            if end > len(sentence):
                return sentence.replace(entities=rest)
            return sentence.replace(entities={Entity(start, end, first.label, 0.9), *rest})
        case _:
            return sentence.replace(entities=[*sentence.entities, Entity(0, len(sentence), "ALL")])


@pytest.fixture(scope="module")
def gold() -> list[Sentence]:
    known = [s for s in load_corpus("sample").splits["train"] if s.entities]
    return list(islice(cycle(known), SENTENCES))


def test_a_page_of_2000_mistakes_opens_and_filters(
    browser: Browser, gold: list[Sentence], tmp_path: Path
) -> None:
    predicted = [worsen(sentence, number) for number, sentence in enumerate(gold)]
    path = tmp_path / "mistakes.html"
    path.write_text(mistakes_page("Mistakes", gold, predicted), encoding="utf-8")

    # The processor's time, so that a busy machine does not decide. A small page comes first: then
    # the same process shows both.
    browser.call("Performance.enable")
    small = tmp_path / "small.html"
    draw_sentence(gold[0]).save(small)
    browser.open(small)
    before = browser.metric("ProcessTime")
    browser.open(path)
    seconds = browser.metric("ProcessTime") - before
    clock = browser.evaluate("performance.now()") / 1000
    print(f"{path.stat().st_size / 1e6:.1f} MB: {seconds:.2f} s of the processor, {clock:.2f} s")
    assert browser.evaluate(f"{SHOWN}.length") == SENTENCES
    assert seconds < 3

    kinds = [
        {(m.kind, label) for m in find_mistakes(g.entities, p.entities) for label in m.labels}
        for g, p in zip(gold, predicted, strict=True)
    ]

    def count(kind: str = "", type: str = "") -> int:
        return sum(any(kind in ("", k) and type in ("", t) for k, t in marks) for marks in kinds)

    for kind in ("missed", "spurious", "wrong type", "wrong boundary"):
        browser.evaluate(CHOOSE.format(box="kind", text=kind))
        assert browser.evaluate(f"{SHOWN}.length") == count(kind) > 0
    browser.evaluate(CHOOSE.format(box="type", text="PER"))
    assert browser.evaluate(f"{SHOWN}.length") == count("wrong boundary", "PER") > 0
    shown = browser.evaluate("document.getElementById('shown').textContent")
    assert int(shown) == count("wrong boundary", "PER")
    browser.evaluate(CHOOSE.format(box="kind", text="all"))
    assert browser.evaluate(f"{SHOWN}.length") == count(type="PER")
    browser.evaluate(CHOOSE.format(box="type", text="all"))
    assert browser.evaluate(f"{SHOWN}.length") == SENTENCES


def test_drawings_come_as_one_scrolls(
    browser: Browser, gold: list[Sentence], tmp_path: Path
) -> None:
    path = tmp_path / "mistakes.html"
    page = mistakes_page("Mistakes", gold[:200], [s.replace(entities=[]) for s in gold[:200]])
    path.write_text(page, encoding="utf-8")
    browser.open(path)
    drawn = "document.querySelectorAll('article svg').length"
    assert 0 < browser.evaluate(drawn) < 50
    last = "document.querySelector('article:last-child')"
    frames = "await new Promise(done => setTimeout(done, 500))"
    browser.evaluate(f"(async () => {{ {last}.scrollIntoView(); {frames} }})()")
    words = browser.evaluate(f"{last}.querySelectorAll('.token').length")
    assert words == len(gold[199])
    browser.evaluate("dispatchEvent(new Event('beforeprint')), 1")
    assert browser.evaluate(drawn) == 200


def test_hostile_text_is_text(browser: Browser, hostile: Sentence, tmp_path: Path) -> None:
    evil = hostile.replace(
        tokens=["<script>document.title='hit'</script>", *hostile.tokens[1:]],
        entities=[Entity(0, 1, "<img src=x onerror=\"document.title='hit'\">")],
    )
    path = tmp_path / "page.html"
    path.write_text(mistakes_page("safe", [evil], [evil.replace(entities=[])]), encoding="utf-8")
    browser.open(path)
    assert browser.evaluate("document.title") == "safe"
    # The only script is ours: the drawing has replaced the element in which it waited.
    assert browser.evaluate("document.scripts.length") == 1
    word = browser.evaluate("document.querySelector('.token text').textContent")
    assert word == evil.tokens[0]


@pytest.mark.parametrize("words", [["word"] * 60, ["كلمة"] * 60])
def test_long_sentences_scroll_and_start_where_reading_does(
    words: list[str], browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    draw_sentence(Sentence(words)).save(path)
    browser.open(path)
    box = "document.querySelector('article div')"
    assert browser.evaluate(f"{box}.scrollWidth > {box}.clientWidth")
    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    first = browser.evaluate(
        "(r => [r.left, r.right, window.innerWidth])"
        "(document.querySelector('.token').getBoundingClientRect())"
    )
    assert 0 <= first[0] < first[1] <= first[2]


def test_labels_are_no_wider_than_the_layout_believes(
    browser: Browser, gold: list[Sentence], tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    draw_sentence(max(gold, key=len)).save(path)
    browser.open(path)
    overlaps = browser.evaluate(
        """
        (() => {
          const tokens = [...document.querySelectorAll(".token")];
          const boxes = tokens.map(token => token.getBoundingClientRect());
          return boxes.slice(1).filter((box, i) => box.left < boxes[i].right).length;
        })()
        """
    )
    assert overlaps == 0


def test_dark_mode_is_dark(browser: Browser, hostile: Sentence, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    draw_sentence(hostile).save(path)
    colours = []
    for dark in (False, True):
        browser.open(path)
        browser.screenshot(tmp_path / "shot.png", dark)
        paper, ink = (
            browser.evaluate(f"getComputedStyle(document.querySelector('{part}')).fill")
            for part in (".paper", ".token text")
        )
        colours.append((paper, ink))
    assert colours[0] != colours[1]
    assert colours[0][0] == "rgb(255, 255, 255)"
