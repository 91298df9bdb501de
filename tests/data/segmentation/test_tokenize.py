"""Tokenizers: every character but white space in one token, and the tokens of English."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.segmentation.languages import LANGUAGES, language
from synner_graph.data.segmentation.tokenize import LONGEST, TOKENIZERS, Characters, Rules
from synner_graph.errors import InputError
from tests.data.segmentation.strategies import hostile_texts

ENGLISH = Rules(LANGUAGES["en"])


def tokens(text: str, tokenizer=ENGLISH) -> list[str]:
    return [text[start:end] for start, end in tokenizer(text)]


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("code", LANGUAGES)
@given(text=hostile_texts)
def test_no_character_is_lost_and_none_doubled(name: str, code: str, text: str) -> None:
    spans = list(TOKENIZERS[name](LANGUAGES[code])(text))
    covered = [position for start, end in spans for position in range(start, end)]
    assert covered == [i for i, character in enumerate(text) if not character.isspace()]
    assert all(start < end for start, end in spans)


@given(text=st.text(max_size=40))
def test_what_is_remembered_of_a_run_is_what_is_found_anew(text: str) -> None:
    assert list(ENGLISH(text)) == list(ENGLISH(text)) == list(Rules(LANGUAGES["en"])(text))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Angela Merkel met the UN in Geneva.", "Angela Merkel met the UN in Geneva ."),
        ("I don't, can't and cannot.", "I do n't , ca n't and can not ."),
        ("They’ve Ann's o'clock", "They ’ve Ann 's o'clock"),
        ("Mr. J. Smith of Acme Inc. left.", "Mr. J. Smith of Acme Inc. left ."),
        ("the U.S. and i.e. St. Ives", "the U.S. and i.e. St. Ives"),
        ("long-term e-mail, anti-war", "long - term e-mail , anti-war"),
        ("at 10:30am on 9/11 for $1,000.50!", "at 10:30 am on 9/11 for $ 1,000.50 !"),
        ("(see http://a.org/b?c=d_e, or x.y@z.net)", "( see http://a.org/b?c=d_e , or x.y@z.net )"),
        ("What?! No... -- really", "What ?! No ... -- really"),
        ("AT&T 👍🏽👍 🇩🇪🇫🇷", "AT&T 👍🏽 👍 🇩🇪 🇫🇷"),
        ("हिन्दी मराठी", "हिन्दी मराठी"),
    ],
)
def test_english(text: str, wanted: str) -> None:
    assert tokens(text) == wanted.split(" ")


@given(text=hostile_texts)
def test_whole_words_lose_and_double_nothing(text: str) -> None:
    spans = list(Rules(LANGUAGES["en"], whole=True)(text))
    covered = [position for start, end in spans for position in range(start, end)]
    assert covered == [i for i, character in enumerate(text) if not character.isspace()]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Tripp-Oyewo's jack-in-the-box", "Tripp-Oyewo 's jack-in-the-box"),
        ("a 52-year-old 3-1 -5 x- - -y", "a 52-year-old 3-1 - 5 x - - - y"),
        ("one--two e-mail 'Four-Day'", "one -- two e-mail ' Four-Day '"),
    ],
)
def test_whole_words_keep_their_hyphens(text: str, wanted: str) -> None:
    assert tokens(text, Rules(LANGUAGES["en"], whole=True)) == wanted.split(" ")


def test_another_language_has_no_english_clitics() -> None:
    assert tokens("can't Mr. X", Rules(LANGUAGES["xx"])) == ["can't", "Mr", ".", "X"]


def test_characters_keep_their_marks() -> None:
    assert tokens("北京 e\u0301👍🏽", Characters(LANGUAGES["xx"])) == [
        "北",
        "京",
        "e\u0301",
        "👍🏽",
    ]


def test_what_is_no_word_is_cut() -> None:
    assert [*map(len, tokens("x" * (2 * LONGEST + 5)))] == [LONGEST, LONGEST, 5]


@pytest.mark.parametrize(
    "piece", ["a-", "a.", "1.", "1/", "a@", "www.", "http://", "a'", ":(", ".?", "u.s.", "a.b-"]
)
def test_time_grows_with_the_text_alone(piece: str) -> None:
    # Backtracking would need minutes; the limit of 30 seconds of the slowest machine is generous.
    assert "".join(tokens(piece * 10_000)) == piece * 10_000


def test_the_sample_corpus() -> None:
    sentences = load_corpus("sample").splits["train"]
    gold = [{*(s.offsets or ())} for s in sentences]
    found = [{*ENGLISH(s.text or "")} for s in sentences]
    correct = sum(len(g & f) for g, f in zip(gold, found, strict=True))
    assert correct / max(sum(map(len, gold)), sum(map(len, found))) > 0.98


def test_an_unknown_language() -> None:
    with pytest.raises(InputError, match=re.escape("Unknown language 'eng' of raw text. Did you")):
        language("eng")
