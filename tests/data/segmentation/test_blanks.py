"""Scripts without blanks: told from others, and given a text."""

from synner_graph.config import TextConfig
from synner_graph.data.segmentation import build_segmenter
from synner_graph.data.segmentation.blanks import has_no_blanks, parted, side_by_side
from synner_graph.data.sentence import Sentence


def test_what_most_words_are_decides() -> None:
    for tokens in (["我", "愛", "Paris", "。"], ["ฉัน", "รัก"], ["東京", "へ", "行く"]):
        assert has_no_blanks([Sentence(tokens)])
    for tokens in (["I", "love", "北京", "."], ["Я", "тут"], ["한국", "사람"], [".", "1"]):
        assert not has_no_blanks([Sentence(tokens)])
    assert not has_no_blanks([])


def test_tokens_stand_side_by_side() -> None:
    sentence = side_by_side(Sentence(["第", "3", "Navy Pier", "X", "號", "a", "."]))
    assert sentence.text == "第3 Navy Pier X號a."
    assert tuple(sentence.text[a:b] for a, b in sentence.offsets) == sentence.tokens


def test_tokens_stand_apart() -> None:
    sentence = parted(Sentence(["I", "love", "北", "京", "\n", "."]))
    assert sentence.text == "I love 北 京 \n ."
    assert tuple(sentence.text[a:b] for a, b in sentence.offsets) == sentence.tokens


def test_characters_of_the_text_are_those_of_the_tokens() -> None:
    sentence = side_by_side(Sentence([*"王小明愛", "e\u0301", "!"]))
    (found,) = build_segmenter(TextConfig(tokenizer="characters"))(sentence.text)
    assert found.sentence.tokens == sentence.tokens
    assert found.sentence.offsets == sentence.offsets
