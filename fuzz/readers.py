"""Targets for all other files that a user may hand in."""

import io
import json
import struct
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import safetensors.numpy

from fuzz.targets import Target
from synner_graph.data.dictionary import Scope, read_dictionary
from synner_graph.data.features import open_features
from synner_graph.data.gazetteer import Gazetteer, read_gazetteer
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.words.vectors import parse_vectors
from synner_graph.encoders.e5_file import read_e5
from synner_graph.evaluation.systems import read_system
from synner_graph.recipes import load_recipe
from synner_graph.recogniser.settings import read_settings
from synner_graph.recogniser.transaction import Manifest, Stamp
from synner_graph.study.grid import cells, read_grid
from synner_graph.text.blocks import TextBlock, Written
from synner_graph.text.engine import Alone
from synner_graph.text.parquet import parquet_rows
from synner_graph.text.shards import Plan, write_shards
from synner_graph.text.sources import Record, holds_tokens, json_lines, text_lines
from synner_graph.training.checkpoint import read_snapshot, write_snapshot
from synner_graph.training.teacher import read_answers
from tests.places import ROOT

TOKENS = ("Ann", "saw", "New", "York")
SENTENCE = Sentence(TOKENS, id="s1", entities=[Entity(0, 1, "PER")])
PLAN = Plan("jsonl", 1, {"run": "0"})


def _file(name: str, use: Callable[[Path], object]) -> Callable[[bytes, Path], None]:
    """Make a target of a function that reads a file."""

    def run(data: bytes, folder: Path) -> None:
        path = folder / name
        path.write_bytes(data)
        use(path)

    return run


def _dictionary(path: Path) -> None:
    read_dictionary(path).find(TOKENS, Scope(("PER", "LOC")))


def _gazetteer(path: Path) -> None:
    Gazetteer(read_gazetteer(path)).find(SENTENCE)


def _features(path: Path) -> None:
    file = open_features(path)
    file.features(SENTENCE, file.width(SENTENCE))


def _json_texts(path: Path) -> None:
    holds_tokens(str(path))
    for record in json_lines(str(path), "text"):
        for value in record.fields.values():
            json.loads(value, parse_int=float)


def _grid(path: Path) -> None:
    cells(read_grid(path))


def _recipe(path: Path) -> None:
    with patch("synner_graph.recipes.bundled", lambda name: path.parent):
        load_recipe(path.stem).settings()


def _snapshot(data: bytes, folder: Path) -> None:
    place = folder / "checkpoint-1"
    names = ("record.json", "tensors.safetensors", "seal.json")
    write_snapshot(place, {"stage": 1}, {})
    (place / names[(data[0] if data else 0) % 3]).write_bytes(data[1:])
    read_snapshot(place)


class _Nothing:
    def __init__(self) -> None:
        self.unknown = Counter[str]()

    def __call__(self, block: TextBlock) -> Written:
        return Written(b"")


def _shards(path: Path) -> None:
    write_shards(
        Alone(_Nothing()), [TextBlock(1, [Record("Ann", {})])], path.parent, PLAN, resume=True
    )


def _npz() -> list[bytes]:
    file = io.BytesIO()
    np.savez(file, s1=np.zeros((4, 2), dtype=np.float32))
    return [file.getvalue()]


def _safetensors() -> list[bytes]:
    return [safetensors.numpy.save({"s1": np.zeros((4, 2), dtype=np.float32)})]


def _hdf5() -> list[bytes]:
    import h5py

    file = io.BytesIO()
    with h5py.File(file, "w") as group:
        group["s1"] = np.zeros((4, 2), dtype=np.float32)
    return [file.getvalue()]


def _parquet() -> list[bytes]:
    import pyarrow
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"text": ["Ann saw", "Oslo"], "n": [1, 2]}), file)
    return [file.getvalue()]


def _docbin() -> list[bytes]:
    import spacy
    from spacy.tokens import Doc, DocBin, Span

    doc = Doc(spacy.blank("en").vocab, list(TOKENS))
    doc.ents = [Span(doc, 2, 4, "LOC")]
    return [DocBin(docs=[doc]).to_bytes()]


def _e5() -> list[bytes]:
    pieces = [b"<s>", b"</s>", "北京".encode(), b"a"]
    offsets = np.cumsum([0, *map(len, pieces)]).astype("<u4")
    parts = [
        b"E5S1" + struct.pack("<I7ifi5iQ", 1, 2, 1, 1, 2, 4, 8, 1, 1e-12, 32, 4, 0, 1, 1, 1, 14),
        offsets.tobytes() + np.zeros(4, "<f4").tobytes() + b"".join(pieces),
        struct.pack("<iIIBI", 1, 0, ord("A"), 1, ord("a")),
    ]
    head = struct.pack("<iH", 1, 1) + b"w"
    place = sum(map(len, parts)) + len(head) + struct.calcsize("<BIQQ")
    parts += [head, struct.pack("<BIQQ", 0, 2, place, 8), np.ones(2, "<f4").tobytes()]
    return [b"".join(parts)]


def _shard_list() -> list[bytes]:
    row = {"name": "shard-000001.jsonl", "rows": 1, "bytes": 0, "sha256": "0", "input": "0"}
    values = {"version": 1, "finished": False, "settings": PLAN.to_json()}
    return _lines({**values, "shards": []}) + _lines({**values, "shards": [row]})


def _manifest() -> list[bytes]:
    return [Manifest({"config.json": Stamp(3, "0" * 64)}, ("README.md",)).to_json()]


def _some(folder: str, suffix: str = ".toml", most: int = 4) -> list[bytes]:
    paths = sorted((ROOT / folder).rglob(f"*{suffix}"))
    return [path.read_bytes() for path in paths[:: max(1, len(paths) // most)]]


def _lines(*rows: Any) -> list[bytes]:
    return ["".join(json.dumps(row) + "\n" for row in rows).encode()]


def _candidates() -> list[bytes]:
    row = {"tokens": TOKENS, "entities": [], "candidates": [[0, 1, "PER", 0.5], [2, 4, "LOC", 0.4]]}
    return _lines(row)


def targets() -> dict[str, Target]:
    """Return a target for each reader."""
    system = partial(read_system, sentences=[SENTENCE])
    phrases = [
        b"New York\tLOC\nAnn\tPER\tcasefold\tforce\nsaw\t*\tveto\nYork\tLOC\thint\t1.5\n",
        *_lines({"label": "LOC", "pattern": [{"LOWER": "new"}, {"ORTH": "York"}]}),
        *_lines({"label": "LOC", "pattern": "New York", "id": "x"}),
    ]
    return {
        "dictionary": Target(_file("d.tsv", _dictionary), lambda: phrases),
        "gazetteer": Target(_file("g.tsv", _gazetteer), lambda: phrases),
        "vectors": Target(
            _file("v.txt", lambda path: parse_vectors(path, TOKENS)),
            lambda: [b"2 3\nAnn 1 2 3\nNew 0.5 -1e3 4\n", b"Ann 1 2\nNew York 3 4\n"],
        ),
        "features-npz": Target(_file("f.npz", _features), _npz),
        "features-hdf5": Target(_file("f.h5", _features), _hdf5, longest=16_384),
        "features-safetensors": Target(_file("f.safetensors", _features), _safetensors),
        "text-lines": Target(
            _file("t.txt", lambda path: list(text_lines(str(path)))),
            lambda: ["Ann saw\r\n\n北京 New York".encode()],
        ),
        "text-json": Target(
            _file("t.jsonl", _json_texts),
            lambda: _lines({"text": "Ann saw", "id": 7, "more": {"a": [1, None, True]}}),
        ),
        "text-parquet": Target(
            _file("t.parquet", lambda path: list(parquet_rows(str(path), "text"))), _parquet
        ),
        "system-seqeval": Target(
            _file("s.json", lambda path: system(path, format="seqeval")),
            lambda: [b'[["B-PER", "O", "B-LOC",\n "I-LOC"]]'],
        ),
        "system-spacy": Target(
            _file("s.spacy", lambda path: system(path, format="spacy")), _docbin
        ),
        "candidates": Target(
            _file("c.jsonl", lambda path: read_answers(path, [SENTENCE])), _candidates
        ),
        "e5-file": Target(_file("e5.bin", read_e5), _e5),
        "manifest": Target(
            _file("manifest.json", lambda path: Manifest.from_json(path.read_bytes(), path)),
            _manifest,
        ),
        "shards": Target(_file("manifest.json", _shards), _shard_list),
        "checkpoint": Target(
            _snapshot, lambda: [b'\0{"stage": 1}', b'\2{"record.json": [1, "a"]}']
        ),
        "settings": Target(_file("s.toml", read_settings), lambda: _some("configs")),
        "grid": Target(_file("g.toml", _grid), lambda: _some("configs/studies")),
        "recipe": Target(_file("r.toml", _recipe), lambda: _some("configs/recipes"), timed=True),
    }
