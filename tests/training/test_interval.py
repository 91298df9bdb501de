"""How often checkpoints are written."""

import pytest

from synner_graph.errors import InputError
from synner_graph.training.interval import Interval


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("200", Interval(steps=200)),
        ("1", Interval(steps=1)),
        ("90s", Interval(seconds=90)),
        ("5m", Interval(seconds=300)),
        (" 1h ", Interval(seconds=3600)),
        ("010", Interval(steps=10)),
    ],
)
def test_steps_and_times_are_read(text: str, interval: Interval) -> None:
    assert Interval.parse(text) == interval


@pytest.mark.parametrize("text", ["", "0", "0m", "-3", "5x", "m", "1.5h", "5 m", "5mm", "٣"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="such as 90s, 5m or 1h, for --checkpoint-every, got"):
        Interval.parse(text)
