"""A run that has learned to parse: what it keeps, and how it reads what has no tree."""

import json
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.evaluate import evaluate, evaluate_trees
from synner_graph.parsers import Parser, ParserRecord, scheme_note
from synner_graph.parsers.own import BiaffineParser
from synner_graph.recogniser import synner
from synner_graph.recogniser.synner import load_parser


@pytest.fixture(scope="module")
def ner(parsing_run: Path) -> SynNER:
    return SynNER.from_pretrained(parsing_run)


@pytest.fixture(scope="module")
def bare(small_corpus: Corpus) -> list[Sentence]:
    """Sentences without trees."""
    sentences = small_corpus.splits["test"]
    return [s.replace(heads=None, relations=None, entities=()) for s in sentences]


def test_the_run_keeps_what_it_parses_with(ner: SynNER, parsing_run: Path) -> None:
    record = json.loads((parsing_run / "parser.json").read_text(encoding="utf-8"))
    assert record["name"] == "biaffine"
    assert record["relations"] == sorted(ner.vocabularies.relations.names)
    assert len(record["version"]) == 12
    metrics = json.loads((parsing_run / "metrics.json").read_text(encoding="utf-8"))
    assert {name: metrics["parser"][name] for name in record} == record


def test_another_model_is_another_version(ner: SynNER, tmp_path: Path) -> None:
    before = ner.parser_record.version
    ner.save_pretrained(tmp_path)
    assert ner.parser_record.version == before
    again = SynNER.from_pretrained(tmp_path)
    again.model.parser.root.data += 1
    again.save_pretrained(tmp_path)
    assert again.parser_record.version != before
    assert SynNER.from_pretrained(tmp_path).parser_record == again.parser_record


def test_reported_scores_are_those_of_the_saved_parser(
    ner: SynNER, parsing_run: Path, small_corpus: Corpus
) -> None:
    metrics = json.loads((parsing_run / "metrics.json").read_text(encoding="utf-8"))["parser"]
    test = small_corpus.splits["test"]
    assert evaluate_trees(ner, test, "test").to_json() == metrics["trees"]["test"]
    parsed = load_parser("run", ner).parse(test)
    report = evaluate(ner, parsed, "test")
    assert report.overall.to_json() == metrics["entities_on_own_trees"]["test"]


@pytest.mark.parametrize("name", ["run", "biaffine", "biaffine:{run}"])
def test_is_loaded_by_name(name: str, ner: SynNER, parsing_run: Path, bare: list[Sentence]) -> None:
    parser = load_parser(name.format(run=parsing_run), None if ":" in name else ner)
    assert isinstance(parser, Parser)
    assert parser.name == (name.format(run=parsing_run) if ":" in name else "biaffine")
    assert (parser.version, parser.relations) == (
        ner.parser_record.version,
        ner.parser_record.relations,
    )
    parsed = parser.parse(bare)
    assert all(len(sentence.roots) == 1 for sentence in parsed)
    assert [(list(s.heads or ()), list(s.relations or ())) for s in parsed] == ner.trees(bare)
    assert parser.parse([]) == []


def test_its_own_trees_need_no_note(ner: SynNER) -> None:
    assert scheme_note(ner.parser_record, load_parser("run", ner)) is None


def test_what_has_no_tree_is_parsed_on_the_way(ner: SynNER, bare: list[Sentence]) -> None:
    found = ner.predict(bare)
    apart = ner.predict(load_parser("biaffine", ner).parse(bare))
    assert found == apart
    for one, other in zip(found, apart, strict=True):
        scores = [entity.score for entity in other.entities]
        assert [entity.score for entity in one.entities] == pytest.approx(scores, abs=1e-6)


def test_trees_that_are_given_are_kept(
    ner: SynNER, small_corpus: Corpus, bare: list[Sentence]
) -> None:
    gold = small_corpus.splits["test"]
    mixed = [gold[i] if i % 2 else bare[i] for i in range(len(bare))]
    for i, sentence in enumerate(ner.predict(mixed)):
        assert (sentence.heads == gold[i].heads) or i % 2 == 0


def test_a_run_without_a_parser(trained_run: Path, bare: list[Sentence]) -> None:
    ner = SynNER.from_pretrained(trained_run)
    with pytest.raises(InputError, match="has no parser of its own: train one with --parser"):
        load_parser("biaffine", ner)
    with pytest.raises(InputError, match="'biaffine' is the one stored with a run: name a run"):
        load_parser("biaffine")
    with pytest.raises(
        InputError, match=r"no dependency tree, but the model reads one: .*--parser"
    ):
        ner.predict(bare)


def test_a_run_reads_treeless_sentences_on_the_parser_that_it_was_trained_on(
    trained_run: Path,
    small_corpus: Corpus,
    bare: list[Sentence],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The parser attaches every token to the one before it."""
    ner = SynNER.from_pretrained(trained_run)
    relations = ner.vocabularies.relations.names[:1]
    ner.parser_record = ParserRecord("spacy:chain", "1", relations)
    parser = BiaffineParser(
        lambda rows: [([*range(-1, len(s) - 1)], [relations[0]] * len(s)) for s in rows],
        "1",
        relations,
        "spacy:chain",
    )
    monkeypatch.setattr(synner, "external_parser", {"spacy:chain": parser}.__getitem__)
    assert ner.predict(bare) == ner.predict(parser.parse(bare))
    parsed = small_corpus.splits["test"]
    mixed = [s if i % 2 else parsed[i] for i, s in enumerate(bare)]
    found = ner.predict(mixed)
    assert [s.heads for s in found[::2]] == [s.heads for s in parsed[::2]]
    assert [s.heads for s in found[1::2]] == [s.heads for s in parser.parse(bare)[1::2]]
