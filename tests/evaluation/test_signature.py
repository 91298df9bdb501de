"""The line that is printed with a score."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from synner_graph import __version__
from synner_graph.config import DataConfig
from synner_graph.errors import InputError
from synner_graph.evaluation import signature
from synner_graph.evaluation.signature import Signature, signature_of

END = f"trees:given|data:{{}}|version:{__version__}"


def test_a_signature_is_one_line():
    assert str(Signature(data="x/test")) == (
        "match:strict|unit:tokens|scheme:spans|repair:none|labels:all|" + END.format("x/test")
    )
    assert "data" not in str(Signature())


@pytest.mark.parametrize(
    ("data", "scheme", "repair", "name"),
    [
        (DataConfig(dataset="sample"), "bio", "none", "sample/test"),
        (DataConfig(), "bio", "none", "sample/test"),
        (DataConfig(dataset="uner-ewt"), "bio", "conlleval", "uner-ewt/test"),
        (DataConfig(dataset="cluener"), "spans", "none", "cluener/test"),
        (DataConfig(dataset="conll2003", scheme="iob1"), "iob1", "none", "conll2003/test"),
        (DataConfig(test=Path("a/b.conllx"), repair=True), "bio", "conlleval", "b.conllx/test"),
        (DataConfig(test=Path("b.jsonl")), "spans", "none", "b.jsonl/test"),
    ],
)
def test_scheme_and_repair_rule_are_those_of_the_file(data, scheme, repair, name):
    found = signature_of(data, "test")
    assert (found.scheme, found.repair, found.data) == (scheme, repair, name)


def test_a_package_that_is_not_installed_has_no_version(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(signature, "version", missing)
    assert str(Signature()).endswith("version:unknown")


def test_an_unknown_format_is_named():
    with pytest.raises(InputError, match=r"got x\.txt"):
        signature_of(DataConfig(test=Path("x.txt")), "test")
