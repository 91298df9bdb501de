"""Workers: the bytes of one process, in order, whatever is broken off."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from operator import methodcaller
from pathlib import Path

import psutil
import pytest
import torch
from typer.testing import CliRunner

from synner_graph.cli.app import app
from synner_graph.cli.source import open_ready, open_work
from synner_graph.data.dictionary import Dictionary
from synner_graph.data.segmentation.segment import Segment
from synner_graph.errors import InputError
from synner_graph.files import write_text
from synner_graph.recogniser.thresholds import Thresholds
from synner_graph.text import pipeline as pipelines
from synner_graph.text.pipeline import TextPipeline
from synner_graph.text.workers import Workers
from tests.places import ROOT

LINES = [
    f"Angela Merkel met {name} in Oslo, number {i}." for i in range(40) for name in ("Bob", "X")
]


class Dying(TextPipeline):
    """Ends its process."""

    def __init__(self, dictionary: Dictionary | None) -> None:
        pass

    def chunk(self, texts: Sequence[str]) -> object:  # type: ignore[override]
        """End."""
        os._exit(3)


def lacking(dictionary: Dictionary | None) -> TextPipeline:
    """Find nothing to open."""
    raise InputError("there is no room for this model")


def opening(run: Path) -> Callable[[Dictionary | None], TextPipeline]:
    places = (run, None, "torch", "cpu", "naive", "float32")
    opener = partial(open_ready, *places, Thresholds.parse(()), False)
    return partial(open_work, opener, methodcaller("pipeline", "run", 512))


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
    alone = opening(text_run)(None)
    with Workers(2, opening(text_run)) as workers:
        assert named(workers, parts) == named(alone, parts)
        assert workers.unknown == alone.unknown
        assert named(workers, parts[:1]) == named(alone, parts[:1])


def test_a_worker_that_dies_is_named() -> None:
    with (
        Workers(2, Dying) as workers,
        pytest.raises(InputError, match="A worker ended before its work was done"),
    ):
        named(workers, [["a"], ["b"]])


def test_what_a_worker_lacks_is_said() -> None:
    with (
        Workers(1, lacking) as workers,
        pytest.raises(InputError, match="there is no room for this model"),
    ):
        named(workers, [["a"]])


def test_the_command_goes_on_where_it_was_broken_off(
    text_run: Path, tmp_path: Path, one_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = partial(pipelines.chunks, size=300)
    monkeypatch.setattr("synner_graph.text.targets.chunks", small)
    source = tmp_path / "texts.txt"
    source.write_text("\n".join(LINES) + "\n", encoding="utf-8")

    words = tmp_path / "words.tsv"
    words.write_text("Angela Merkel\tLOC\nMerkel met\tPER\n", encoding="utf-8")

    def predict(output: str, *more: str) -> bytes:
        command = ["-q", "predict", str(text_run), "-i", str(source), "-o", str(tmp_path / output)]
        command += ["--min-score", "PER=0.3", "--dictionary", str(words)]
        result = CliRunner().invoke(app, [*command, *more])
        assert result.exit_code == 0, result.output
        assert "1 gave way, such as 'Merkel met'" in result.stderr
        return (tmp_path / output).read_bytes()

    whole = predict("one.jsonl")
    assert predict("two.jsonl", "--workers", "2") == whole
    (tmp_path / "two.jsonl").unlink()
    (tmp_path / "two.jsonl.part").write_bytes(whole[: len(whole) // 2])
    assert predict("two.jsonl", "--workers", "2", "--resume") == whole
    assert [json.loads(line)["text"] for line in whole.splitlines()] == LINES


def test_a_worker_does_not_outlive_its_main_process(tmp_path: Path) -> None:
    source = (
        "import os, time\n"
        "from synner_graph.text.workers import Workers\n"
        "from tests.text.test_workers import waiting\n"
        "if __name__ == '__main__':\n"
        "    workers = Workers(1, waiting)\n"
        "    workers._pool.submit(time.sleep, 600)\n"
        "    time.sleep(600)\n"
    )
    program = tmp_path / "main.py"
    program.write_text(source, encoding="utf-8")
    paths = {**os.environ, "PYTHONPATH": str(ROOT), "NOTE": str(tmp_path / "note")}
    main = subprocess.Popen([sys.executable, str(program)], env=paths)
    note = tmp_path / "note"
    while not note.exists():
        assert main.poll() is None
        time.sleep(0.05)
    worker = psutil.Process(int(note.read_text("utf-8")))
    main.kill()
    main.wait()
    worker.wait(60)


def test_a_worker_does_not_outlive_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it asked to end, a worker would first end its work, or wait for a dead one's lock."""
    note = tmp_path / "note"
    monkeypatch.setenv("NOTE", str(note))
    with Workers(1, waiting) as workers:
        workers._pool.submit(time.sleep, 600)
        while not note.exists():
            time.sleep(0.05)
        worker = psutil.Process(int(note.read_text("utf-8")))
    assert not worker.is_running()


def waiting(dictionary: Dictionary | None) -> TextPipeline:
    """Say that this worker has begun."""
    write_text(Path(os.environ["NOTE"]), str(os.getpid()))
    return Dying(dictionary)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["-i", "one.conllu"], "--workers names texts, and the input holds sentences"),
        (["Bob Smith in Oslo"], "--workers needs all texts at hand"),
    ],
)
def test_what_workers_do_not_name(
    given: list[str],
    complaint: str,
    text_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.conllu").write_text("1\ta\t_\t_\t_\t_\t0\troot\t_\t_\n\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["predict", str(text_run), *given, "--workers", "2"])
    assert result.exit_code == 2 and complaint in result.stderr
