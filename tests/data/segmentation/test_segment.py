"""Segmenters: sentences that know their place."""

import pytest
from hypothesis import given

from synner_graph.config import TextConfig
from synner_graph.data.segmentation import build_segmenter, resolve_tokenizer, uncut_words
from synner_graph.data.segmentation.languages import language
from synner_graph.data.segmentation.tokenize import TOKENIZERS
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from tests.data.segmentation.strategies import hostile_texts


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(text=hostile_texts)
def test_offsets_slice_back_to_the_tokens(tokenizer: str, text: str) -> None:
    segments = list(build_segmenter(TextConfig(tokenizer=tokenizer, max_tokens=9))(text))
    seen = ""
    for start, sentence in segments:
        assert sentence.text is not None and sentence.offsets is not None
        assert text[start : start + len(sentence.text)] == sentence.text
        for token, (first, end) in zip(sentence.tokens, sentence.offsets, strict=True):
            assert sentence.text[first:end] == text[start + first : start + end] == token
            seen += token
    assert seen == "".join(character for character in text if not character.isspace())


def test_sentences_come_one_by_one() -> None:
    segments = build_segmenter(TextConfig())("One. " * 100_000)
    assert [next(segments).start, next(segments).start] == [0, 5]


def test_a_text_without_tokens_has_no_sentences() -> None:
    for text in ("", " ", "\r\n\t\x1c\u2028"):
        assert list(build_segmenter(TextConfig())(text)) == []


def test_the_tokenizer_follows_the_training_tokens() -> None:
    words, characters = [Sentence(["北京", "。"])], [Sentence(["北", "京", "。"])]
    assert resolve_tokenizer(TextConfig(), words).tokenizer == "rules"
    assert resolve_tokenizer(TextConfig(), characters).tokenizer == "characters"
    assert resolve_tokenizer(TextConfig(tokenizer="blanks"), characters).tokenizer == "blanks"


def test_words_cut_into_characters_make_the_tokenizer_cut_characters() -> None:
    sentences = [Sentence(["Aa", "Bb", "Cc"])]
    assert resolve_tokenizer(TextConfig(characters="last"), sentences).tokenizer == "characters"


def test_words_that_raw_text_will_not_be_cut_into_get_a_remark() -> None:
    chinese, english = Sentence(["我", "愛", "北京", "。"]), Sentence(["I", "love", "北京", "."])
    thai = Sentence(["ฉัน", "รัก", "กรุงเทพ"])
    rules = TextConfig(tokenizer="rules")
    for sentence in (chinese, thai):
        (remark,) = uncut_words(rules, [sentence])
        assert "--text.characters first" in remark
    assert not list(uncut_words(rules, [english]))
    assert not list(uncut_words(TextConfig(tokenizer="characters"), [chinese]))
    assert not list(uncut_words(TextConfig(tokenizer="rules", language="zh"), [chinese]))


def test_hyphens_follow_the_training_tokens() -> None:
    whole, cut = Sentence(["well-known", "Al-Zuhayri"]), Sentence(["well", "-", "known"])
    assert resolve_tokenizer(TextConfig(), [whole, cut]).hyphens == "whole"
    assert resolve_tokenizer(TextConfig(), [whole, cut, cut]).hyphens == "rules"
    assert resolve_tokenizer(TextConfig(), [Sentence(["3-1", "-"])]).hyphens == "rules"
    assert resolve_tokenizer(TextConfig(hyphens="rules"), [whole]).hyphens == "rules"
    assert resolve_tokenizer(TextConfig(), [Sentence(["北", "京"])]).hyphens is None
    segmenter = build_segmenter(TextConfig(hyphens="whole"))
    assert next(segmenter("Al-Zuhayri left.")).sentence.tokens == ("Al-Zuhayri", "left", ".")


@pytest.mark.parametrize(
    ("code", "text", "wanted"),
    [
        ("de", "Am 15. Mai z. B. kam Dr. Meier. Er ging.", ["Dr."]),
        ("fr", "L'eau de M. Dupont. Il dort.", ["L'", "eau", "M."]),
        ("it", "L'amico dell'arte.", ["L'", "dell'"]),
    ],
)
def test_languages_of_spacy(code: str, text: str, wanted: list[str]) -> None:
    pytest.importorskip("spacy")
    segments = list(build_segmenter(TextConfig(language=code))(text))
    tokens = [token for _, sentence in segments for token in sentence.tokens]
    assert set(wanted) <= set(tokens)
    assert "".join(tokens) == text.replace(" ", "")
    assert segments[-1].sentence.text in ("Er ging.", "Il dort.", text)
    assert len(segments) == 1 + (text != segments[-1].sentence.text)


@given(text=hostile_texts)
def test_rules_of_spacy_lose_nothing(text: str) -> None:
    pytest.importorskip("spacy")
    spans = list(TOKENIZERS["rules"](language("sv"))(text))
    covered = [position for start, end in spans for position in range(start, end)]
    assert covered == [i for i, character in enumerate(text) if not character.isspace()]


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InputError, match="Unknown language 'klingon' of raw text"):
        build_segmenter(TextConfig(language="klingon"))
