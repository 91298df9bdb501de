"""Words: how they are spelled, which are known, which have vectors."""

from collections import Counter

import numpy as np
import pytest

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.data.words.lexicon import Lexicon, Spelling, count_words, with_zeros
from synner_graph.data.words.vectors import WordVectors

TRAIN = [Sentence(["The", "Rhine", "in", "1984"]), Sentence(["the", "Rhine"])]
OTHERS = [Sentence(["The", "Danube", "and", "Oder"])]
MATRIX = np.arange(10, dtype=np.float32).reshape(5, 2)
VECTORS = WordVectors(
    {word: row for row, word in enumerate(("the", "rhine", "Rhine", "danube", "0000"))}, MATRIX
)
BOTH = Spelling(lowercase=True, zero_digits=True)


def test_digits_read_as_zeros() -> None:
    assert with_zeros("B2-٣² 1984") == "B0-0² 0000"


@pytest.mark.parametrize(
    ("spelling", "forms", "ids"),
    [
        (Spelling(), ("Mp3",), [1, 2, 0]),
        (Spelling(lowercase=True), ("Mp3", "mp3"), [1, 2, 2]),
        (Spelling(zero_digits=True), ("Mp0",), [1, 2, 0]),
        (BOTH, ("Mp0", "mp0"), [1, 2, 2]),
    ],
)
def test_spelling(spelling: Spelling, forms: tuple[str, ...], ids: list[int]) -> None:
    words = Vocabulary(("Rhine", "rhine"))
    assert spelling.forms("Mp3") == forms
    assert [spelling.id_of(token, words) for token in ("Rhine", "rhine", "RHINE")] == ids


def test_words_are_counted_as_they_are_spelled() -> None:
    counts = count_words(TRAIN, BOTH)
    assert counts == Counter({"Rhine": 2, "The": 1, "in": 1, "0000": 1, "the": 1})


def test_all_words_of_train_are_known_and_those_of_the_others_that_have_a_vector() -> None:
    lexicon = Lexicon.collect(TRAIN, OTHERS, BOTH, VECTORS)
    assert lexicon.words.names == ("Rhine", "0000", "The", "in", "the", "Danube")
    found = dict(zip(lexicon.ids.tolist(), lexicon.matrix.tolist(), strict=True))
    rows = {"Rhine": 2, "0000": 4, "The": 0, "the": 0, "Danube": 3}
    assert found == {lexicon.words.ids[w]: MATRIX[row].tolist() for w, row in rows.items()}
    assert lexicon.coverage == (
        "vectors of width 2 for 4 of 5 (80.0%) words and 5 of 6 (83.3%) tokens of train, "
        "1 of the words in lower case; 1 of 3 words of dev and test alone"
    )


def test_where_vectors_are_fixed_words_without_one_are_unknown() -> None:
    lexicon = Lexicon.collect(TRAIN, OTHERS, Spelling(), VECTORS, fixed=True)
    assert lexicon.words.names == ("Rhine", "the")
    assert lexicon.matrix.tolist() == MATRIX[[2, 0]].tolist()


def test_without_vectors_the_words_of_train_are_known() -> None:
    lexicon = Lexicon.collect(TRAIN, OTHERS, Spelling())
    assert lexicon.words.names == ("Rhine", "1984", "The", "in", "the")
    assert len(lexicon.ids) == 0
    assert lexicon.coverage == "5 words in train, no vectors"
