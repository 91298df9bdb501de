"""Running commands in this process, as the console script does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from synner_graph.cli import app
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences

Run = Callable[..., Any]


@pytest.fixture
def run() -> Run:
    """`run("eval", folder, "--json")`: the result of that command line."""

    def invoke(*arguments: object, stdin: str | bytes | None = None) -> Any:
        return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)

    return invoke


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    """The one sentence with which a command line is refused, exit code 2 checked."""

    def invoke(*arguments: object, stdin: str | bytes | None = None) -> str:
        result = run(*arguments, stdin=stdin)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        lines = result.stderr.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith("Error: "), result.stderr
        return lines[0].removeprefix("Error: ")

    return invoke


@pytest.fixture
def gold_file(small_corpus: Corpus, tmp_path: Path) -> Path:
    """The test split, trees and entities included."""
    path = tmp_path / "gold.conllu"
    write_sentences(path, small_corpus.splits["test"])
    return path


def without_intervals(scores: dict[str, Any]) -> dict[str, Any]:
    """The scores of a split, as metrics.json has them."""
    assert scores.pop("resampled")["units"] > 1
    for part in (scores["overall"], scores["macro"], *scores["per_type"].values()):
        assert part.pop("f1_interval").keys() == {"low", "high"}
    return scores
