"""`bench threads` and the numbers that `bench serve` takes, as they are typed."""

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_one_recogniser_is_timed_on_one_thread_and_two(run: Run, text_run: Path) -> None:
    result = run(*("bench", "threads", text_run, "--texts", 4, "--rounds", 1, "--json"))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["texts"], found["rounds"]) == (4, 1)
    one, two = found["measurements"]
    assert (one["threads"], one["ratio"], two["threads"]) == (1, 1, 2)
    assert two["ratio"] == two["texts_per_second"] / one["texts_per_second"]


def test_numbers_that_are_none_are_refused(run: Run, text_run: Path) -> None:
    for command, option in (("threads", "--threads"), ("serve", "--clients")):
        result = run("bench", command, text_run, option, "1,two")
        assert result.exit_code == 2
        assert f"{option} is 1,two: expected whole numbers such as 1,2,8." in result.output
