"""What a token takes, apart from what does not grow with the batch."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from synner_graph.benchmarking.token_memory import measure_token_memory, sentences_of
from synner_graph.cli.app import app


def test_a_token_takes_as_much_in_a_larger_batch(tiny_transformer: Path) -> None:
    found = [
        measure_token_memory(str(tiny_transformer), sentences_of("sample", None, number), (4, 12))
        for number in (8, 24)
    ]
    assert [(one.head, one.max_width) for one in found[0]] == [
        ("crf", None),
        ("span", 4),
        ("span", 12),
    ]
    for few, many in zip(*found, strict=True):
        assert many.training == pytest.approx(few.training, rel=0.5)
    for crf, narrow, wide in found:
        assert crf.training > crf.prediction > 0
        assert wide.head_training > narrow.head_training > crf.head_training > 0
        assert wide.training > crf.training


def test_the_command_says_what_was_weighed(tiny_transformer: Path) -> None:
    arguments = ["bench", "memory", "--encoder", str(tiny_transformer), "--sentences", "4"]
    told = CliRunner().invoke(app, [*arguments, "--json"])
    assert told.exit_code == 0, told.output
    rows = json.loads(told.stdout)
    assert [row["max_width"] for row in rows] == [None, 6, 10, 16]
    table = CliRunner().invoke(app, arguments)
    assert table.exit_code == 0 and "widest span" in table.stdout
