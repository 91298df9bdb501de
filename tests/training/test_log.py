"""The log of a training: whole lines at once, or one sentence."""

import logging
from pathlib import Path

import pytest

from synner_graph.files import WriteError
from synner_graph.training.log import log_file

logger = logging.getLogger("synner_graph.anything")


def test_a_line_is_in_the_file_as_soon_as_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What pytest captures must be text, or its processes cannot tell each other.
    monkeypatch.setattr(logging.getLogger("synner_graph"), "propagate", False)
    path = tmp_path / "train.log"
    path.write_text("before\n", encoding="utf-8")
    with log_file(path, True):
        logger.info("ä %s", "\udc80")
        before, line = path.read_text("utf-8").splitlines()
    assert before == "before" and line.endswith(" INFO ä \\udc80")
    logger.warning("afterwards")
    assert len(path.read_text("utf-8").splitlines()) == 2


def test_it_is_left_alone_where_it_is_not_wanted(tmp_path: Path) -> None:
    with log_file(tmp_path / "train.log", False):
        logger.warning("said elsewhere")
    assert not list(tmp_path.iterdir())


def test_a_line_that_cannot_be_written_ends_the_block() -> None:
    package = logging.getLogger("synner_graph")
    before = list(package.handlers), package.level
    with (
        pytest.raises(WriteError, match="cannot write /dev/full: No space left"),
        log_file(Path("/dev/full"), True),
    ):
        logger.info("lost")
        raise AssertionError("it went on")
    assert (list(package.handlers), package.level) == before
