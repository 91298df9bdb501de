"""The component of spaCy pipelines."""

from importlib import import_module
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from tests.test_project import PROJECT

spacy = pytest.importorskip("spacy")
component = import_module("synner_graph.integrations.spacy")

TEXT = "Ann met Bob in Oslo.  Then\n she left New York."


def blank(run: Path, **settings):
    nlp = spacy.blank("en")
    nlp.add_pipe("synner", config={"run": str(run), "backend": "torch", **settings})
    return nlp


def test_spacy_finds_it() -> None:
    module, _, name = PROJECT["entry-points"]["spacy_factories"]["synner"].partition(":")
    assert getattr(import_module(module), name) is component.make_component


def test_a_component_without_a_run_says_what_to_give() -> None:
    nlp = spacy.blank("en")
    with pytest.raises(InputError, match=r'add_pipe\("synner", config=\{"run": "runs/sample"\}\)'):
        nlp.add_pipe("synner")


def test_entities_are_those_of_the_run(text_run: Path) -> None:
    nlp = blank(text_run)
    docs = list(nlp.pipe([TEXT, "", " \n ", "Oslo"]))
    ner = SynNER.from_pretrained(text_run, backend="torch")
    for doc in docs:
        wanted = [(e.start_char, e.end_char, e.label) for e in ner(doc.text).entities]
        assert [(e.start_char, e.end_char, e.label_) for e in doc.ents] == wanted
        assert [(s.start_char, s.end_char, s.label_) for s in doc.spans["synner"]] == wanted
        assert all(0 < span._.synner_score <= 1 for span in doc.ents)
    assert docs[0].ents


def test_entities_that_score_less_are_left_out(text_run: Path) -> None:
    everything = blank(text_run)(TEXT).ents
    limit = sorted(span._.synner_score for span in everything)[1]
    found = blank(text_run, min_score=limit)(TEXT).ents
    assert 0 < len(found) < len(everything)
    label = everything[0].label_
    found = blank(text_run, min_scores={label: 1.0})(TEXT).ents
    assert label not in {span.label_ for span in found}


def test_sentences_of_the_doc_are_kept(text_run: Path) -> None:
    nlp = blank(text_run)
    doc = nlp.make_doc("a b c d")
    for token in doc:
        token.is_sent_start = token.i in (0, 2)
    doc = nlp.get_pipe("synner")(doc)
    ner = SynNER.from_pretrained(text_run, backend="torch")
    first, second = ner("a b").entities, ner("c d").entities
    wanted = [(e.start, e.end) for e in first] + [(e.start + 2, e.end + 2) for e in second]
    assert [(e.start, e.end) for e in doc.ents] == wanted


def test_the_likelier_of_overlapping_entities_stays_and_old_ones_where_none_is(
    text_run: Path,
) -> None:
    nlp = blank(text_run)
    doc = nlp.make_doc("a b c d e")
    doc.ents = [spacy.tokens.Span(doc, i, i + 1, "OLD") for i in (0, 2)]
    nested = [Entity(1, 4, "ORG", 0.5), Entity(2, 3, "LOC", 0.9), Entity(4, 5, "PER", 0.2)]
    sentence = Sentence(["a", "b", "c", "d", "e"], entities=nested)
    nlp.get_pipe("synner")._mark(doc, [(sentence, [0, 1, 2, 3, 4])])
    assert [(e.start, e.end, e.label_) for e in doc.ents] == [
        (0, 1, "OLD"),
        (2, 3, "LOC"),
        (4, 5, "PER"),
    ]
    assert [s._.synner_score for s in doc.spans["synner"]] == [0.5, 0.9, 0.2]


def test_the_parse_of_the_doc_is_read(trained_run: Path) -> None:
    nlp = blank(trained_run, parser="doc")
    words = ["Ann", "met", "\n", "Bob", "Ford", "."]
    heads, relations = [1, 1, 1, 4, 1, 1], ["nsubj", "root", "dep", "compound", "obj", "punct"]
    doc = spacy.tokens.Doc(nlp.vocab, words=words, heads=heads, deps=relations)
    ((sentence, places),) = nlp.get_pipe("synner")._sentences(doc)
    assert places == [0, 1, 3, 4, 5]
    assert sentence.tokens == ("Ann", "met", "Bob", "Ford", ".")
    assert sentence.heads == (1, -1, 3, 1, 1)
    assert sentence.relations == ("nsubj", "root", "compound", "obj", "punct")
    (wanted,) = SynNER.from_pretrained(trained_run, backend="torch").predict([sentence])
    found = nlp.get_pipe("synner")(doc)
    assert [(e.start, e.label_) for e in found.ents] == [
        (places[e.start], e.label) for e in wanted.entities
    ]
    with pytest.raises(InputError, match="read the parse of the Doc, but it has none"):
        nlp("Ann met Bob.")


def test_a_dictionary_is_followed(text_run: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.tsv"
    words.write_text("met\tORG\nNew York\tPER\nOslo\t*\tveto\n", encoding="utf-8")
    for given in (str(words), [str(words)]):
        doc = blank(text_run, dictionary=given)(TEXT)
        found = {(span.text, span.label_): span._.synner_score for span in doc.ents}
        assert found["met", "ORG"] == found["New York", "PER"] == 1
        assert "Oslo" not in {text for text, _ in found}
    words.write_text("met\tORGAN\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"words.tsv:1: unknown label 'ORGAN'"):
        blank(text_run, dictionary=str(words))
