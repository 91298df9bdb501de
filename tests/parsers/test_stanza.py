"""Stanza's parsers, with a stand-in for Stanza that answers as the real one does."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from synner_graph.data.sentence import ROOT, Sentence
from synner_graph.errors import InputError
from synner_graph.recogniser.synner import load_parser


class Pipeline:
    """Hangs every word from the one before; knows English alone."""

    def __init__(self, lang: str, **options: Any) -> None:
        if lang == "xx":
            raise ValueError("Unknown language requested: xx")
        if lang != "en":
            raise FileNotFoundError("Could not find the model file")
        assert options.pop("verbose") is False
        assert options == {
            "processors": "tokenize,pos,lemma,depparse",
            "tokenize_pretokenized": True,
            "download_method": None,
        }
        relations = SimpleNamespace(get_known_relations=lambda: ["root", "dep"])
        self.processors = {"depparse": relations}

    def __call__(self, document: list[list[str]]) -> SimpleNamespace:
        return SimpleNamespace(sentences=[_sentence(words) for words in document])


def _sentence(words: list[str]) -> SimpleNamespace:
    relations = ["root"] + ["dep"] * (len(words) - 1)
    pairs = enumerate(relations)
    return SimpleNamespace(words=[SimpleNamespace(head=i, deprel=name) for i, name in pairs])


@pytest.fixture
def stanza(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("stanza")
    module.__dict__.update(Pipeline=Pipeline, __version__="1.15.0")
    monkeypatch.setitem(sys.modules, "stanza", module)


@pytest.mark.usefixtures("stanza")
def test_parses_given_tokens() -> None:
    parser = load_parser("stanza:en")
    assert (parser.name, parser.version) == ("stanza:en", "1.15.0")
    assert parser.relations == ("dep", "root")
    parsed = parser.parse([Sentence(["a", "b c", "d"]), Sentence(["e"])])
    assert [s.heads for s in parsed] == [(ROOT, 0, 1), (ROOT,)]
    assert [s.relations for s in parsed] == [("root", "dep", "dep"), ("root",)]
    assert parser.parse([]) == []


@pytest.mark.usefixtures("stanza")
@pytest.mark.parametrize("language", ["de", "xx"])
def test_missing_models(language: str) -> None:
    with pytest.raises(InputError, match=f"no Stanza models for '{language}' on this machine"):
        load_parser(f"stanza:{language}")


def test_without_stanza(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stanza", None)
    with pytest.raises(InputError, match="pip install stanza"):
        load_parser("stanza:en")
