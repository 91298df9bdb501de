"""Actors of Ray, on this machine and on a cluster, which a process beside this one starts."""

import os
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from synner_graph.cli.app import app
from synner_graph.cli.source import open_ready
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.dictionary import Dictionary
from synner_graph.data.formats import write_sentences
from synner_graph.errors import InputError
from synner_graph.recogniser.thresholds import Thresholds
from synner_graph.text import actors
from synner_graph.text.actors import Actors
from tests.places import ROOT

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")

CORES = 2
HEAD = """
import ray, sys
ray.init("local", num_cpus=int(sys.argv[1]), object_store_memory=100 << 20, include_dashboard=False)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def cluster() -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a cluster of one machine, and what those who join it must know."""
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    places = {**os.environ, **token, "RAY_USAGE_STATS_ENABLED": "0"}
    head = subprocess.Popen(
        [sys.executable, "-c", HEAD, str(CORES)],
        env=places,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert head.stdout is not None
    yield head.stdout.readline().strip(), places
    head.communicate(timeout=60)


class Odd:
    """Doubles a number, and ends its process where it is odd."""

    def __init__(self, dictionary: Dictionary | None) -> None:
        self.unknown = Counter[str]()

    def __call__(self, block: int) -> int:
        if block % 2:
            os._exit(3)
        self.unknown["even"] += 1
        return 2 * block


def test_a_cluster_names_what_one_process_names(
    cluster: tuple[str, dict[str, str]], text_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    address, places = cluster
    source = tmp_path / "parsed.conllu"
    rows = [s for split in small_corpus.splits.values() for s in split]
    write_sentences(source, [s.replace(entities=()) for s in rows])

    def command(output: str, *more: object) -> list[str]:
        words = ["-q", "predict", text_run, "-i", source, "-o", tmp_path / output, *more]
        return [str(word) for word in (*words, "--batch-size", 1, "--device", "cpu")]

    assert CliRunner().invoke(app, command("whole.conllu")).exit_code == 0

    def there(output: str, *more: object) -> subprocess.CompletedProcess[str]:
        words = command(output, "--engine", "ray", "--address", address, *more)
        program = [sys.executable, "cli.py", *words]
        return subprocess.run(program, cwd=ROOT, env=places, capture_output=True, text=True)

    done = there("named", "--shard-size", 20)
    assert done.returncode == 0, done.stderr
    shards = sorted((tmp_path / "named").glob("shard-*"))
    assert len(shards) == 3
    whole = (tmp_path / "whole.conllu").read_bytes()
    assert b"".join(path.read_bytes() for path in shards) == whole
    done = there("other", "--workers", CORES + 1)
    assert done.returncode == 2
    assert f"expected at most {CORES} --workers" in done.stderr


def test_blocks_come_back_in_order_and_one_that_kills_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actors, "TRIES", 2)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # where actors find this file
    with Actors(CORES, None, Odd) as pool:
        found = list(pool.map(range(0, 40, 2), int))
        assert found == [(number, 2 * number) for number in range(0, 40, 2)]
        assert pool.unknown == Counter(even=20)
        with pytest.raises(InputError, match="A block was begun 2 times and its actor ended"):
            list(pool.map([3], int))


def test_what_an_actor_lacks_is_said() -> None:
    places = ("nowhere", None, "torch", "cpu", "naive", "float32")
    opener = partial(open_ready, *places, Thresholds.parse(()), False)
    with (
        Actors(1, None, opener) as pool,
        pytest.raises(InputError, match=r"an actor on .* says: There is no run folder 'nowhere'"),
    ):
        list(pool.map([1], int))


def test_a_cluster_that_is_not_there_is_said() -> None:
    with pytest.raises(InputError, match="the Ray cluster at nowhere cannot be used"):
        Actors(1, "nowhere", Odd)


def test_whatever_ray_raises_where_it_cannot_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> None:
        raise Exception("The node timed out.\nSee the logs.")

    monkeypatch.setattr(ray, "init", late)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    with pytest.raises(InputError, match=r"Ray on this machine cannot be used: The node timed out"):
        Actors(1, None, Odd)
