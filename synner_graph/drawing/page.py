"""Pages of drawings: one file each, with nothing fetched from anywhere."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from synner_graph.drawing.colours import TONES
from synner_graph.drawing.scene import Scene
from synner_graph.drawing.svg import scrolling, style
from synner_graph.drawing.text import visible

_LAYOUT = (
    "body{{font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif;margin:0;"
    "background:{paper};color:{ink}}}"
    "header{{position:sticky;top:0;z-index:1;padding:12px 20px;background:{paper};"
    "border-bottom:1px solid {faint}}}"
    "select{{font:inherit;color:inherit;background:{paper};border:1px solid {line};"
    "border-radius:4px;padding:2px 6px}}"
    "article{{border-bottom:1px solid {faint}}}"
)
_FIXED = (
    ":root{color-scheme:light dark}h1{font-size:18px;margin:0 0 4px}"
    "header p{margin:4px 0 0}label{margin-right:16px}"
    "article{padding:12px 20px;content-visibility:auto}article[hidden]{display:none}"
    "h2{font-size:14px;font-weight:600;margin:0}ul{margin:2px 0 0;padding-left:20px;font-size:14px}"
    "svg{display:block}"
)

# Hides the articles that have no mark of the chosen kind and type; a mark is `kind:type`. Drawings
# wait as text, which costs next to nothing, until their article comes near the screen.
_SCRIPT = """
const [kind, type, shown] = ["kind", "type", "shown"].map(id => document.getElementById(id));
const articles = [...document.querySelectorAll("article")];
const marks = articles.map(a => a.dataset.marks.split(" ").map(mark => mark.split(":")));
function filter() {
  let count = 0;
  articles.forEach((article, i) => {
    article.hidden = !marks[i].some(([k, t]) =>
      (!kind.value || k === kind.value) && (!type.value || t === type.value));
    count += !article.hidden;
  });
  shown.textContent = count;
}
function draw(article) {
  const waiting = article.querySelector("script");
  if (waiting) waiting.outerHTML = waiting.textContent;
}
const observer = new IntersectionObserver(
  entries => entries.filter(e => e.isIntersecting).forEach(e => draw(e.target)),
  {rootMargin: "800px"});
articles.forEach(article => observer.observe(article));
addEventListener("beforeprint", () => articles.forEach(draw));
kind.onchange = type.onchange = filter;
filter();  // a browser that goes back to the page keeps what was chosen
"""


@dataclass(frozen=True)
class Card:
    """A drawing with its title, notes and marks.

    Attributes:
        title: Above it.
        scene: The drawing.
        marks: Kind and types of each thing that it can be found by.
        notes: Lines of text between title and drawing.
    """

    title: str
    scene: Scene
    marks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    notes: tuple[str, ...] = ()


def page(title: str, scenes: Iterable[Scene]) -> str:
    """Put drawings below each other, without any script."""
    return document(title, "", (_article(Card("", scene), "") for scene in scenes))


def cards_page(title: str, cards: Sequence[Card]) -> str:
    """Put drawings with titles and notes on a page, without any script."""
    return document(title, f"<header><h1>{_escape(title)}</h1></header>", _articles(cards, {}, {}))


def filter_page(title: str, cards: Sequence[Card]) -> str:
    """Make a page whose drawings can be filtered by kind and type of their marks.

    What is not on the screen is not drawn, so that thousands of drawings open at once.
    """
    marks = [mark for card in cards for mark in card.marks]
    kinds = _numbered(Counter(kind for kind, _ in marks))
    types = _numbered(Counter(type for _, types in marks for type in types))
    total = len(cards)
    header = (
        f"<header><h1>{_escape(title)}</h1>"
        f"<label>kind {_select('kind', kinds, len(marks))}</label> "
        f"<label>type {_select('type', types, len(marks))}</label>"
        f'<p><span id="shown">{total}</span> of {total} sentences</p></header>'
    )
    return document(
        title, header, _articles(cards, kinds, types, True), f"<script>{_SCRIPT}</script>"
    )


Numbered = dict[str, tuple[int, int]]
"""By name: its number and how often it occurs."""


def _numbered(counts: Counter[str]) -> Numbered:
    return {name: (number, counts[name]) for number, name in enumerate(sorted(counts))}


def _select(name: str, values: Numbered, total: int) -> str:
    options = [f'<option value="">all ({total})</option>'] + [
        f'<option value="{number}">{_escape(value)} ({count})</option>'
        for value, (number, count) in values.items()
    ]
    return f'<select id="{name}" autocomplete="off">{"".join(options)}</select>'


def _articles(
    cards: Iterable[Card], kinds: Numbered, types: Numbered, waiting: bool = False
) -> Iterable[str]:
    for card in cards:
        marks = (
            f"{kinds[kind][0]}:{types[type][0]}"
            for kind, found in card.marks
            for type in found
            if kinds
        )
        yield _article(card, " ".join(marks), waiting)


def _article(card: Card, marks: str, waiting: bool = False) -> str:
    drawing = scrolling(card.scene, styled=False)
    if waiting:  # nothing in it can end the element: every `<` of a text is escaped
        drawing = f'<script type="text/html">{drawing}</script>'
    title = f"<h2>{_escape(card.title)}</h2>" if card.title else ""
    notes = "".join(f'<li dir="auto">{_escape(note)}</li>' for note in card.notes)
    data = f' data-marks="{marks}"' if marks else ""
    height = round(card.scene.height + 26 * bool(title) + 24 * len(card.notes))
    return (
        f'<article{data} style="contain-intrinsic-height:auto {height}px">{title}'
        f"{f'<ul>{notes}</ul>' if notes else ''}{drawing}</article>\n"
    )


def document(title: str, header: str, articles: Iterable[str], tail: str = "") -> str:
    """Put HTML on a page in the colours of the drawings, which follow the reader's theme.

    Args:
        title: Of the page, as plain text.
        header: HTML of its head.
        articles: HTML of its parts.
        tail: HTML behind them, such as a script or more styles.
    """
    light, dark = (
        _LAYOUT.format(**{name: pair[theme] for name, pair in TONES.items()}) for theme in (0, 1)
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_escape(title)}'
        f'</title><meta name="viewport" content="width=device-width">'
        f"<style>{_FIXED}{light}@media(prefers-color-scheme:dark){{{dark}}}{style()}</style></head>"
        f"<body>{header}<main>\n{''.join(articles)}</main>{tail}</body></html>\n"
    )


def _escape(text: str) -> str:
    return escape(visible(text))
