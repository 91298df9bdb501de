"""Shards: joined they are one output, and what breaks off is gone on with."""

import errno
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synner_graph import files
from synner_graph.errors import InputError
from synner_graph.files import WriteError
from synner_graph.text.blocks import Written, digest_of
from synner_graph.text.engine import Alone
from synner_graph.text.shards import LOCK, MANIFEST, Plan, write_shards

HEADER = b"head\n"


@dataclass(frozen=True)
class Block:
    """Some numbers."""

    number: int
    rows: tuple[int, ...]

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def position(self) -> int:
        return self.rows[-1]

    @property
    def digest(self) -> bytes:
        return digest_of(self.rows)


class Broken(Exception):
    """The work is broken off."""


class Double:
    """Writes each number of a block, doubled; breaks off after some blocks."""

    def __init__(self, blocks: int | None = None) -> None:
        self.unknown = Counter[str]()
        self.left = blocks
        self.seen = Counter[int]()

    def __call__(self, block: Block) -> Written:
        if self.left == 0:
            raise Broken
        self.left = None if self.left is None else self.left - 1
        self.seen.update(block.rows)
        return Written(b"".join(b"%d\n" % (2 * row) for row in block.rows), block.size % 2)


def cut(rows: Iterable[int], size: int) -> Iterator[Block]:
    listed = list(rows)
    for start in range(0, len(listed), size):
        yield Block(start + 1, tuple(listed[start : start + size]))


def plan(size: int = 4, **values: object) -> Plan:
    return Plan("csv", size, {"run": "a", **values}, HEADER)


def joined(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("shard-*.csv")))


def whole(rows: Iterable[int]) -> bytes:
    return HEADER + b"".join(b"%d\n" % (2 * row) for row in rows)


def test_joined_shards_are_the_output(tmp_path: Path) -> None:
    positions: list[int] = []
    folder = tmp_path / "a" / "named"
    replaced = write_shards(
        Alone(Double()), cut(range(11), 3), folder, plan(), done=positions.append
    )
    names = sorted(path.name for path in folder.iterdir())
    assert names == [MANIFEST, "shard-000001.csv", "shard-000002.csv"]
    assert joined(folder) == whole(range(11))
    assert replaced == 3 and positions == [2, 5, 8, 10]
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    assert manifest["finished"] and manifest["rows"] == 11
    assert [row["rows"] for row in manifest["shards"]] == [6, 5]
    for row in manifest["shards"]:
        content = (folder / row["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (row["bytes"], row["sha256"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(0, 30),
    block=st.integers(1, 5),
    size=st.integers(1, 9),
    breaks=st.lists(st.integers(0, 4), max_size=4),
)
def test_whatever_is_broken_off_is_gone_on_with(
    rows: int, block: int, size: int, breaks: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    for blocks in [*breaks, None]:
        work = Double(blocks)
        before = {path: path.stat().st_mtime_ns for path in folder.glob("shard-*")}
        try:
            write_shards(Alone(work), cut(range(rows), block), folder, plan(size), resume=True)
        except Broken:
            pass
        else:
            assert joined(folder) == whole(range(rows))
        assert all(path.stat().st_mtime_ns == moment for path, moment in before.items())
        assert max(work.seen.values(), default=0) <= 1
    assert joined(folder) == whole(range(rows))
    assert json.loads((folder / MANIFEST).read_text("utf-8"))["rows"] == rows


def written(folder: Path) -> None:
    write_shards(Alone(Double()), cut(range(20), 2), folder, plan())


@pytest.mark.parametrize("damage", ["removed", "shortened", "changed"])
def test_a_damaged_shard_is_written_again_alone(damage: str, tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / "shard-000003.csv"
    content = path.read_bytes()
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "shortened" else b"9" + content[1:])
    work = Double()
    write_shards(Alone(work), cut(range(20), 2), tmp_path, plan(), resume=True)
    assert sorted(work.seen) == [8, 9, 10, 11]
    assert joined(tmp_path) == whole(range(20))


@pytest.mark.parametrize("rows", [[*range(19), 99], range(21), range(19), range(8), ()])
def test_another_input_is_refused(rows: Iterable[int], tmp_path: Path) -> None:
    written(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(InputError, match="it was written from another input"):
        write_shards(Alone(Double()), cut(rows, 2), tmp_path, plan(), resume=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_another_input_is_refused_where_a_shard_is_missing(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "shard-000002.csv").unlink()
    rows = [*range(5), 99, *range(6, 20)]
    with pytest.raises(InputError, match="it was written from another input"):
        write_shards(Alone(Double()), cut(rows, 2), tmp_path, plan(), resume=True)
    assert not (tmp_path / "shard-000002.csv").exists()


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        (plan(run="b"), "run 'a', and not 'b'"),
        (plan(5), "shard_size 4, and not 5"),
        (plan(parser="x"), "parser None, and not 'x'"),
    ],
)
def test_other_options_are_refused(other: Plan, complaint: str, tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(InputError, match=complaint):
        write_shards(Alone(Double()), cut(range(20), 2), tmp_path, other, resume=True)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear", encoding="utf-8")
    for resume, complaint in (
        (False, "is not empty"),
        (True, f"holds no shards: it has no {MANIFEST}"),
    ):
        with pytest.raises(InputError, match=complaint):
            write_shards(Alone(Double()), cut(range(3), 2), tmp_path, plan(), resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{",
        "{}",
        '{"version": 9}',
        '{"version": 1, "settings": 3, "shards": []}',
        '{"version": 1, "settings": {}, "shards": [3]}',
        '{"version": 1, "settings": {}, "shards": [{}]}',
        '{"version": 1, "settings": {}, "shards": [{"name": "a"}]}',
        '{"version": 1, "settings": {}, "shards": '
        '[{"name": "a", "rows": "1", "bytes": 1, "sha256": "", "input": ""}]}',
    ],
)
def test_a_damaged_manifest_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=MANIFEST):
        write_shards(Alone(Double()), cut(range(3), 2), tmp_path, plan(), resume=True)


def test_two_programs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / LOCK),
        pytest.raises(InputError, match="Another program is writing to"),
    ):
        write_shards(Alone(Double()), cut(range(3), 2), tmp_path, plan())


def test_drafts_of_a_killed_program_go(tmp_path: Path) -> None:
    for name in (".shard-000001.csv.7-0.tmp", f".{MANIFEST}.7-1.tmp"):
        (tmp_path / name).write_bytes(b"half")
    write_shards(Alone(Double()), cut(range(3), 2), tmp_path, plan())
    assert sorted(path.name for path in tmp_path.iterdir()) == [MANIFEST, "shard-000001.csv"]


def test_a_full_disk_leaves_whole_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = files._File.write

    def full(self: files._File, data: bytes) -> int:
        if "shard-000003" in str(self.name):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(files._File, "write", full)
        with pytest.raises((WriteError, OSError), match="No space left"):
            written(tmp_path)
    assert joined(tmp_path) == whole(range(8))
    work = Double()
    write_shards(Alone(work), cut(range(20), 2), tmp_path, plan(), resume=True)
    assert min(work.seen) == 8 and joined(tmp_path) == whole(range(20))
