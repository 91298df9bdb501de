"""Content words and their forms."""

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.words.forms import FEWEST, NO_FORM, content_forms, frequent_forms


def sentences(*texts: str) -> list[Sentence]:
    return [Sentence(text.split()) for text in texts]


def test_equal_forms_have_equal_numbers_whatever_their_case() -> None:
    found = content_forms(sentences("Paris is PARIS .", "paris , 1999 Straße STRASSE"), {"is"})
    assert found == [0, NO_FORM, 0, NO_FORM, 0, NO_FORM, NO_FORM, 1, 1]


def test_capitals_tell_abbreviations_from_function_words() -> None:
    found = content_forms(sentences("The US told us", "US US's Us WHO who"), {"us", "the", "who"})
    none = NO_FORM
    assert found == [none, 0, 1, none, 0, 2, none, 3, none]


def test_letters_of_any_script_make_a_form() -> None:
    assert content_forms(sentences("北京 № ж 3G -"), ()) == [0, NO_FORM, 1, 2, NO_FORM]


def test_frequent_forms_are_in_more_than_a_share_of_the_sentences() -> None:
    rows = sentences(*["The cat . the"] * 30, *["the dog ."] * 20, *["Rome"] * 30, *["Ann"] * 20)
    assert frequent_forms(rows, 0.3) == ("the",)
    assert frequent_forms(rows, 0.2) == ("the", "cat", "rome")
    assert frequent_forms(rows, 0.5) == ()


def test_frequent_names_are_content_words() -> None:
    named = [s.replace(entities=[Entity(0, 1, "LOC")]) for s in sentences(*["Iraq fell"] * 30)]
    assert frequent_forms([*named, *sentences(*["old Iraq"] * 29)], 0.1) == ("fell", "old")
    assert frequent_forms([*named, *sentences(*["old Iraq"] * 31)], 0.1) == ("iraq", "old", "fell")


def test_in_a_small_corpus_the_count_decides() -> None:
    rows = sentences(*["the end"] * (FEWEST + 1), *["Ann ran"] * FEWEST)
    assert frequent_forms(rows, 0.005) == ("end", "the")
