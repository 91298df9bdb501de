"""Workers: the bytes of one process, in order, whatever is broken off."""

import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from synner_graph.cli.app import app
from synner_graph.cli.source import open_pipeline
from synner_graph.data.segmentation.segment import Segment
from synner_graph.errors import InputError
from synner_graph.recogniser.thresholds import Thresholds
from synner_graph.text import pipeline as pipelines
from synner_graph.text.pipeline import TextPipeline
from synner_graph.text.workers import Workers

LINES = [
    f"Angela Merkel met {name} in Oslo, number {i}." for i in range(40) for name in ("Bob", "X")
]


class Dying(TextPipeline):
    """Ends its process."""

    def __init__(self) -> None:
        pass

    def chunk(self, texts: Sequence[str]) -> object:  # type: ignore[override]
        """End."""
        os._exit(3)


def opening(run: Path) -> Callable[[], TextPipeline]:
    opened = (run, None, "torch", "cpu", "naive", Thresholds.parse(()), None, False)
    return partial(open_pipeline, opened, ("run", 512))


def named(
    workers: TextPipeline | Workers, parts: list[list[str]]
) -> list[tuple[list[str], list[list[Segment]]]]:
    found = workers.parts(iter(parts), str)
    return [(part, [list(segments) for segments in texts]) for part, texts in found]


@pytest.fixture
def one_thread() -> None:
    torch.set_num_threads(1)


def test_workers_name_what_one_process_names(text_run: Path, one_thread: None) -> None:
    parts = [LINES[i : i + 7] for i in range(0, len(LINES), 7)]
    alone = opening(text_run)()
    workers = Workers(2, opening(text_run))
    assert named(workers, parts) == named(alone, parts)
    assert workers.unknown == alone.unknown


def test_a_worker_that_dies_is_named() -> None:
    with pytest.raises(InputError, match="A worker ended before its work was done"):
        named(Workers(2, Dying), [["a"], ["b"]])


def test_the_command_goes_on_where_it_was_broken_off(
    text_run: Path, tmp_path: Path, one_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = partial(pipelines.chunks, size=300)
    monkeypatch.setattr("synner_graph.text.targets.chunks", small)
    source = tmp_path / "texts.txt"
    source.write_text("\n".join(LINES) + "\n", encoding="utf-8")

    def predict(output: str, *more: str) -> bytes:
        command = ["-q", "predict", str(text_run), "-i", str(source), "-o", str(tmp_path / output)]
        result = CliRunner().invoke(app, [*command, *more])
        assert result.exit_code == 0, result.output
        return (tmp_path / output).read_bytes()

    whole = predict("one.jsonl")
    assert predict("two.jsonl", "--workers", "2") == whole
    (tmp_path / "two.jsonl").unlink()
    (tmp_path / "two.jsonl.part").write_bytes(whole[: len(whole) // 2])
    assert predict("two.jsonl", "--workers", "2", "--resume") == whole
    assert [json.loads(line)["text"] for line in whole.splitlines()] == LINES


def test_sentences_are_not_for_workers(text_run: Path, tmp_path: Path) -> None:
    source = tmp_path / "one.conllu"
    source.write_text("1\ta\t_\t_\t_\t_\t0\troot\t_\t_\n\n", encoding="utf-8")
    command = ["predict", str(text_run), "-i", str(source), "--workers", "2"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2 and "--workers names texts" in result.stderr
