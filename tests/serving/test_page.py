"""The page in a real browser: what it shows, how it is used, and what it never does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from synner_graph import SynNER
from tests.browser import Browser, chromium
from tests.serving.process import Server, served

pytestmark = pytest.mark.slow

TEXT = "Angela Merkel met the UN in Geneva.\n\nBob Smith went to New York \U0001f600 and to Oslo."
HOSTILE = (
    "<script>document.title='hit'</script> \"><img src=x onerror=\"document.title='hit'\"> Bob "
    "</textarea> & \x1b[31m \u202eevil Geneva <b>Oslo</b> " + "A" * 300
)
VIOLATIONS = "addEventListener('securitypolicyviolation', e => broken.push(e.violatedDirective))"
SENTENCES = "[...document.querySelectorAll('.sentence')]"
ENTITIES = "[...document.querySelectorAll('#named .entity')]"
PANEL_IS_DRAWN = "!!document.querySelector('#content svg, #content .note:not(:only-child)')"


@pytest.fixture(scope="module")
def server(finding_run: Path) -> Iterator[Server]:
    with served(finding_run) as server:
        yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        script = f"globalThis.broken = []; {VIOLATIONS}"
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        yield browser


def until(browser: Browser, condition: str) -> None:
    """Wait until the page fulfils a condition."""
    waiting = (
        "new Promise(done => { const look = () => "
        f"({condition}) ? done(true) : setTimeout(look, 20); look(); "
        "setTimeout(() => done(false), 60000); })"
    )
    assert browser.evaluate(waiting), condition


def size(browser: Browser, width: int, height: int = 800, dark: bool = False) -> None:
    """Give the window a size and the reader a taste."""
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.call("Emulation.setEmulatedMedia", features=[scheme])


def press(browser: Browser, key: str, modifiers: int = 0) -> None:
    """Press a key."""
    text = {"Enter": "\r"}.get(key, "")
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key=key, text=text, modifiers=modifiers)


def read(browser: Browser, server: Server, text: str) -> None:
    """Open the page and have a text read."""
    browser.open(f"{server.url}/")
    until(browser, "document.getElementById('run').textContent != ''")
    browser.evaluate(f"document.getElementById('text').value = {json.dumps(text)}, 1")
    browser.evaluate("document.getElementById('find').click(), 1")
    until(browser, "!document.getElementById('result').hidden")


def clean(browser: Browser, server: Server) -> None:
    """Nothing was asked of anybody else, and nothing tried what the policy forbids."""
    asked = browser.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    assert asked and all(name.startswith(f"{server.url}/") for name in asked)
    assert browser.evaluate("broken") == []
    assert browser.evaluate("document.title") == "synner"


def test_entities_stand_in_the_text_with_their_scores(
    browser: Browser, server: Server, finding_run: Path
) -> None:
    size(browser, 1200)
    read(browser, server, TEXT)
    doc = SynNER.from_pretrained(finding_run)(TEXT)
    assert doc.entities
    labels = browser.evaluate(f"{ENTITIES}.map(e => e.getAttribute('aria-label'))")
    assert labels == [f"{e.text}: {e.label}, {e.score:.2f}" for e in doc.entities]
    shown = browser.evaluate(
        "(() => { const copy = document.getElementById('named').cloneNode(true);"
        "copy.querySelectorAll('.tag').forEach(tag => tag.remove()); return copy.textContent })()"
    )
    assert shown == TEXT
    assert browser.evaluate(f"{SENTENCES}.length") == len(doc.sentences)
    tags = browser.evaluate(f"{ENTITIES}.map(e => getComputedStyle(e).borderBottomColor)")
    assert len(set(tags)) == len({e.label for e in doc.entities})
    clean(browser, server)


def test_a_click_draws_the_tree_and_the_edges(browser: Browser, server: Server) -> None:
    size(browser, 1200)
    read(browser, server, TEXT)
    browser.evaluate(f"{SENTENCES}[0].click(), 1")
    until(browser, PANEL_IS_DRAWN)
    words = browser.evaluate(
        "[...document.querySelectorAll('#content .token text')].map(t => t.textContent)"
    )
    assert words == ["Angela", "Merkel", "met", "the", "UN", "in", "Geneva", "."]
    assert browser.evaluate("document.querySelectorAll('#content .arc').length") >= 8
    browser.evaluate(f"{ENTITIES}[0].click(), 1")
    until(browser, "document.querySelectorAll('#content svg').length == 2")
    rows = browser.evaluate(
        "[...document.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
    )
    assert rows and all(len(row) == 5 for row in rows)
    sizes = [abs(float(row[4].replace("\u2212", "-"))) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    # The colours of drawings come from the style sheet, which the policy allows.
    ink = "getComputedStyle(document.querySelector('#content .token text')).fill"
    assert browser.evaluate(ink) == "rgb(27, 29, 34)"
    clean(browser, server)


def test_the_keyboard_alone_is_enough(browser: Browser, server: Server) -> None:
    size(browser, 1200)
    browser.open(f"{server.url}/")
    until(browser, "document.getElementById('run').textContent != ''")
    assert browser.evaluate("document.activeElement.id") == "text"
    browser.call("Input.insertText", text=TEXT)
    press(browser, "Enter", modifiers=2)
    until(browser, "!document.getElementById('result').hidden")
    browser.evaluate("document.getElementById('named').focus()")
    press(browser, "ArrowDown")
    assert browser.evaluate(f"document.activeElement == {SENTENCES}[0]")
    press(browser, "Enter")
    until(browser, PANEL_IS_DRAWN)
    press(browser, "Escape")
    assert browser.evaluate("document.getElementById('panel').hidden")
    assert browser.evaluate(f"document.activeElement == {SENTENCES}[0]")
    press(browser, "ArrowRight")
    assert browser.evaluate("document.activeElement.matches('.entity, .sentence')")
    press(browser, "ArrowLeft")
    assert browser.evaluate(f"document.activeElement == {SENTENCES}[0]")
    assert browser.evaluate("document.querySelectorAll(\"#named [tabindex='0']\").length") == 1
    # The next text can be reached with the keyboard, too.
    browser.evaluate("document.getElementById('find').click(), 1")
    until(browser, "document.querySelectorAll(\"#named [tabindex='0']\").length == 0")
    until(browser, "!document.getElementById('find').disabled")
    assert browser.evaluate("document.getElementById('named').tabIndex") == 0


@pytest.mark.parametrize("width", [1200, 390])
def test_hostile_text_is_text(browser: Browser, server: Server, width: int) -> None:
    size(browser, width)
    read(browser, server, HOSTILE)
    for place in browser.evaluate(f"{SENTENCES}.map((_, i) => i)"):
        browser.evaluate(f"{SENTENCES}[{place}].click(), 1")
        until(browser, PANEL_IS_DRAWN)
    for place in browser.evaluate(f"{ENTITIES}.map((_, i) => i)")[::12]:
        browser.evaluate(f"{ENTITIES}[{place}].click(), 1")
        until(browser, "document.querySelectorAll('#content svg').length == 2")
    assert browser.evaluate("document.querySelectorAll('main img, aside img, main b').length") == 0
    assert browser.evaluate("document.scripts.length") == 1
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    clean(browser, server)


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("التقت ليلى بالأمم المتحدة في جنيف. ثم سافرت إلى أوسلو.", "rtl"),
        ("安格拉在日内瓦会见了联合国代表。随后她飞往北京。", "ltr"),
        ("Angela Merkel met the UN. " * 300, "ltr"),
    ],
)
@pytest.mark.parametrize("width", [1200, 390])
def test_every_script_fits_a_phone_and_a_screen(
    width: int, text: str, direction: str, browser: Browser, server: Server
) -> None:
    size(browser, width)
    read(browser, server, text)
    paragraph = "document.querySelector('.paragraph')"
    assert browser.evaluate(f"getComputedStyle({paragraph}).direction") == direction
    browser.evaluate(f"{SENTENCES}[0].click(), 1")
    until(browser, PANEL_IS_DRAWN)
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # What was clicked is in sight: on a phone above the panel, on a screen beside it.
    clicked = browser.evaluate(f"{SENTENCES}[0].getBoundingClientRect().top")
    panel = browser.evaluate("document.getElementById('panel').getBoundingClientRect().top")
    assert 0 <= clicked < (panel if width < 500 else 800)
    box = "document.querySelector('#content .drawing')"
    assert browser.evaluate(f"getComputedStyle({box}).direction") == direction
    # Score and type stand apart from the words, and the table of edges fits.
    gaps = browser.evaluate(
        f"{ENTITIES}.map(e => {{ const words = document.createRange(), tag = e.lastChild;"
        "words.selectNodeContents(e); words.setEndBefore(tag);"
        "const a = [...words.getClientRects()].at(-1), b = tag.getBoundingClientRect();"
        "return Math.abs(a.top - b.top) > 9 ? 9 : Math.max(b.left - a.right, a.left - b.right); })"
    )
    assert gaps and min(gaps) > 2
    browser.evaluate(f"{ENTITIES}[0].click(), 1")
    until(browser, "document.querySelectorAll('#content svg').length == 2")
    table = "document.querySelector('#content .scroll')"
    assert browser.evaluate(f"{table}.scrollWidth <= {table}.clientWidth")
    clean(browser, server)


def test_it_is_dark_where_the_reader_wants_it(browser: Browser, server: Server) -> None:
    found = []
    for dark in (False, True):
        size(browser, 1200, dark=dark)
        read(browser, server, TEXT)
        browser.evaluate(f"{SENTENCES}[0].click(), 1")
        until(browser, PANEL_IS_DRAWN)
        found.append(
            browser.evaluate(
                "[getComputedStyle(document.body).backgroundColor,"
                "getComputedStyle(document.querySelector('#content .paper')).fill]"
            )
        )
    assert found == [["rgb(255, 255, 255)"] * 2, ["rgb(22, 24, 29)"] * 2]


def test_what_the_server_refuses_is_said(browser: Browser, finding_run: Path) -> None:
    size(browser, 1200)
    with served(finding_run, "--max-characters", "20") as server:
        browser.open(f"{server.url}/")
        until(browser, "document.getElementById('run').textContent != ''")
        browser.evaluate("document.getElementById('text').value = 'x'.repeat(21), 1")
        browser.evaluate("document.getElementById('text').dispatchEvent(new Event('input')), 1")
        assert browser.evaluate("document.getElementById('count').className") == "over"
        error = "document.getElementById('error')"
        browser.evaluate("document.getElementById('find').click(), 1")
        until(browser, f"!{error}.hidden")
        said = browser.evaluate(f"{error}.textContent")
        assert said == "expected at most 20 characters, got 21"
        server.process.kill()
        server.process.wait()
        browser.evaluate("document.getElementById('text').value = 'x', 1")
        browser.evaluate("document.getElementById('find').click(), 1")
        until(browser, f"{error}.textContent == 'The server does not answer.' && !{error}.hidden")
