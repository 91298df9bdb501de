"""Parsers by name."""

from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.errors import InputError
from synner_graph.parsers import CorpusTrees, ParserRecord
from synner_graph.recogniser.synner import load_parser


def test_trees() -> None:
    assert isinstance(load_parser("trees"), CorpusTrees)


@pytest.mark.parametrize("name", ["spacey:en", "spacy", "spacy:", "tree", ""])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(
        InputError, match=f"Unknown parser '{name}'.*Known: biaffine, .*spacy:PACKAGE"
    ):
        load_parser(name)


def test_run_is_the_parser_of_a_run(trained_run: Path) -> None:
    with pytest.raises(InputError, match="'run' is the one stored with a run: name a run"):
        load_parser("run")
    ner = SynNER.from_pretrained(trained_run)
    with pytest.raises(InputError, match="was trained on the trees of its corpus and has no"):
        load_parser("run", ner)
    ner.parser_record = ParserRecord("spacy:nowhere", "1", ())
    with pytest.raises(InputError, match="no spaCy pipeline 'nowhere'"):
        load_parser("run", ner)
