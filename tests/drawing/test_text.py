"""What can be shown, its width, its direction."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.drawing.text import runs_right_to_left, text_width, visible


@given(st.text())
def test_what_is_visible_is_xml(text):
    escaped = visible(text).replace("&", "&amp;").replace("<", "&lt;")
    assert ET.fromstring(f"<a>{escaped}</a>").text == (visible(text) or None)
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize("text", ["plain", "北京", "القاهرة", "a\u00a0b", "e\u0301", "👩‍🔬", "<&>"])
def test_what_can_be_shown_stays(text):
    assert visible(text) == text


def test_what_cannot_be_shown_is_replaced():
    assert visible("a\x00\x1b\n") == "a\u2400\u241b\u240a"
    assert visible("\x85\ud800\ufffe\u2028") == "\ufffd" * 4


def test_width_by_script():
    assert text_width("北京", 10) == 20
    assert text_width("e\u0301", 10) == text_width("e", 10)
    assert text_width("ill", 10) < text_width("abc", 10) < text_width("WMW", 10)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["زارت", "UN", "القاهرة"], True),
        (["שלום", "."], True),
        (["Ann", "met", "ليلى"], False),
        (["123", "."], False),
        ([], False),
    ],
)
def test_direction(words, expected):
    assert runs_right_to_left(words) is expected
