"""`predict` into shards, by one process or several, and what its options refuse."""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences
from synner_graph.recogniser import sentences as sentence_blocks
from synner_graph.text import pipeline as pipelines
from tests.cli.conftest import Run

TEXTS = [
    f"Angela Merkel met {name} in Oslo, number {i}." for i in range(30) for name in ("Bob", "X")
]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    small = partial(pipelines.chunks, size=300)
    for place in ("targets", "blocks"):
        monkeypatch.setattr(f"synner_graph.text.{place}.chunks", small)
    monkeypatch.setattr(sentence_blocks, "BATCHES", 1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_corpus: Corpus) -> Path:
    """Inputs of every kind that can be cut into blocks."""
    monkeypatch.chdir(tmp_path)
    Path("texts.txt").write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    rows = [json.dumps({"id": i, "text": text}) for i, text in enumerate(TEXTS)]
    Path("texts.jsonl").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    write_sentences("parsed.conllu", [s.replace(entities=()) for s in small_corpus.splits["test"]])
    return tmp_path


def joined(folder: str, format: str) -> bytes:
    paths = sorted(Path(folder).glob("shard-*"))
    assert len(paths) > 1 and {path.suffix for path in paths} == {f".{format}"}
    return b"".join(path.read_bytes() for path in paths)


@pytest.mark.parametrize(
    ("source", "format", "more"),
    [
        ("texts.txt", "jsonl", []),
        ("texts.txt", "csv", ["--min-score", "PER=0.3"]),
        ("texts.jsonl", "conllu", ["--limit", "37"]),
        ("parsed.conllu", "conllu", ["--batch-size", "4"]),
        ("parsed.conllu", "jsonl", ["--batch-size", "4", "--candidates", "0.01"]),
    ],
)
def test_joined_shards_are_the_file_of_one_process(
    source: str, format: str, more: list[str], run: Run, text_run: Path, folder: Path
) -> None:
    command = ("-q", "predict", text_run, "-i", source, *more)
    assert run(*command, "-o", f"whole.{format}").exit_code == 0
    shards = ("--shard-size", 7, "--output-format", format, "-o", "named")
    result = run(*command, *shards)
    assert result.exit_code == 0, result.output
    whole = Path(f"whole.{format}").read_bytes()
    assert joined("named", format) == whole
    lost = sorted(Path("named").glob("shard-*"))[1]
    lost.unlink()
    assert run(*command, *shards, "--resume").exit_code == 0
    assert lost.exists() and joined("named", format) == whole
    other = run(*command, *shards, "--resume", "--min-score", "0.9")
    assert other.exit_code == 2 and "it was written with min_score" in other.stderr


def test_parquet_goes_into_shards(run: Run, text_run: Path, folder: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"body": TEXTS}), "texts.parquet")
    command = ("-q", "predict", text_run, "-i", "texts.parquet", "--text-column", "body")
    assert run(*command, "-o", "whole.jsonl").exit_code == 0
    assert run(*command, "-o", "named", "--shard-size", 20).exit_code == 0
    assert joined("named", "jsonl") == Path("whole.jsonl").read_bytes()


def test_processes_go_on_with_the_shards_of_one(run: Run, text_run: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    command = ("-q", "predict", text_run, "-i", "parsed.conllu", "--batch-size", 4)
    assert run(*command, "-o", "whole.conllu").exit_code == 0
    shards = (*command, "-o", "named", "--shard-size", 3)
    assert run(*shards).exit_code == 0
    for path in sorted(Path("named").glob("shard-*"))[1:]:
        path.unlink()
    result = run(*shards, "--resume", "--workers", 2)
    assert result.exit_code == 0, result.output
    assert joined("named", "conllu") == Path("whole.conllu").read_bytes()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("-i texts.txt -o named --address x:1", "--address is that of a Ray cluster"),
        ("-i texts.txt --engine ray", "--engine ray writes a folder of shards"),
        ("-i texts.txt --shard-size 5", "--shard-size writes a folder of shards"),
        ("-i texts.txt -o named --engine ray --pretty", "and leave --pretty out"),
        ("-i texts.txt -o named --engine ray --device cuda", "leave --device cuda out"),
        ("text -o named --engine ray", "--engine ray needs all texts at hand"),
        ("-i parsed.conllu --workers 2", "--workers names texts, and the input holds sentences"),
        ("-i texts.txt -o named --shard-size 5 --output-format doccano", "doccano has no shards"),
        ("-i texts.txt -o . --shard-size 5", "is not empty: go on with it by --resume"),
        ("-i texts.txt -o texts.jsonl --shard-size 5", "cannot write texts.jsonl"),
    ],
)
def test_what_does_not_go_together(
    options: str, complaint: str, refused: Callable[..., str], text_run: Path, folder: Path
) -> None:
    assert complaint in refused("-q", "predict", text_run, *options.split())


def test_without_ray_the_extra_is_named(
    refused: Callable[..., str], text_run: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    said = refused("-q", "predict", text_run, "-i", "texts.txt", "-o", "named", "--engine", "ray")
    assert said == "--engine ray needs Ray: pip install 'synner-graph[ray]'."
