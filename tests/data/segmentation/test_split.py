"""Sentence splitters."""

import pytest
from hypothesis import given

from synner_graph.data.segmentation.languages import LANGUAGES
from synner_graph.data.segmentation.split import SPLITTERS, Lines, Rules
from synner_graph.data.segmentation.tokenize import Blanks
from synner_graph.data.segmentation.tokenize import Rules as Tokens
from tests.data.segmentation.strategies import hostile_texts

ENGLISH = LANGUAGES["en"]


def sentences(text: str, splitter=None) -> list[str]:
    splitter = splitter or Rules(ENGLISH, 1000)
    return [text[s[0][0] : s[-1][1]] for s in splitter(text, Tokens(ENGLISH)(text))]


@pytest.mark.parametrize("name", SPLITTERS)
@given(text=hostile_texts)
def test_every_token_is_in_one_sentence(name: str, text: str) -> None:
    tokens = list(Tokens(ENGLISH)(text))
    found = list(SPLITTERS[name](ENGLISH, 7)(text, tokens))
    assert [span for sentence in found for span in sentence] == tokens
    assert all(0 < len(sentence) <= 7 for sentence in found)


@pytest.mark.parametrize(
    "text",
    [
        "He left.|She stayed!|Did they?|Yes...|No",
        'She said: "Go."|Then (at last.)|"We did."',
        "Mr. Smith met Dr. J. Jones of Acme Inc. in the U.S. today.|It rained.",
        "He works for Acme Inc.|They pay.",
        "a title\n\n|and a text\nin two lines. |And more",
        "wait ... what?|i see :)|ok",
        "北京。|上海！|好",
    ],
)
def test_where_sentences_end(text: str) -> None:
    wanted = [part.strip() for part in text.split("|")]
    joined = text.replace(" |", "|").replace("|", "" if "北" in text else " ")
    assert sentences(joined) == wanted


def test_lines() -> None:
    assert sentences("One. Two\nthree\r\nfour", Lines(ENGLISH, 9)) == ["One. Two", "three", "four"]


def test_a_long_sentence_is_cut_behind_its_last_comma() -> None:
    text = "a b , c d e , f g h i"
    splitter = Rules(ENGLISH, 8)
    assert sentences(text, splitter) == ["a b , c d e ,", "f g h i"]
    assert sentences("a " * 20, splitter) == ["a a a a a a a a"] * 2 + ["a a a a"]


def test_a_sentence_is_as_long_in_characters_as_five_longest_tokens() -> None:
    text = "x" * 123_456
    found = list(Rules(ENGLISH, 1000)(text, Blanks(ENGLISH)(text)))
    assert [s[-1][1] - s[0][0] for s in found] == [50_000, 50_000, 23_456]
