"""Files: whole or not at all, whatever goes wrong on the way."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synner_graph import files
from synner_graph.data.formats.lines import writing
from synner_graph.files import (
    WriteError,
    cache_folder,
    growing,
    replacing,
    same_file,
    write_bytes,
    write_text,
)


class Killed(BaseException):
    """What ends a process that nothing catches."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(b"old\n")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("raised", [Killed, ValueError, OSError])
def test_a_block_that_fails_leaves_the_old_file(raised: type[BaseException], old: Path) -> None:
    with pytest.raises(raised), replacing(old) as file:
        file.write(b"new")
        raise raised
    assert old.read_bytes() == b"old\n"
    assert names(old.parent) == ["file.txt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_step_that_fails_leaves_the_old_file_and_is_named(
    step: str, code: int, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object, **options: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(*(os, "fsync") if step == "fsync" else (Path, "replace"), fails)
    with pytest.raises(WriteError, match=rf"^cannot write .*file\.txt: {os.strerror(code)}$"):
        write_text(old, "new\n")
    monkeypatch.undo()
    assert old.read_bytes() == b"old\n"
    assert names(old.parent) == ["file.txt"]


def test_a_folder_that_is_none(old: Path) -> None:
    with pytest.raises(WriteError, match=r"cannot write .*/below: Not a directory"):
        write_bytes(old / "below", b"x")
    with pytest.raises(WriteError, match=r"cannot write .*/x: No such file"):
        write_bytes(old.parent / "none" / "x", b"x")


@pytest.mark.parametrize("write", [replacing, growing])
@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_full_disk(write: Callable[..., Any], size: int) -> None:
    with (
        pytest.raises(WriteError, match="cannot write /dev/full: No space left"),
        write("/dev/full") as file,
    ):
        file.write(b"x" * size)


def test_lines_on_a_full_disk() -> None:
    with (
        pytest.raises(WriteError, match="cannot write /dev/full: No space left"),
        writing("/dev/full") as stream,
    ):
        stream.write("x")


def test_links_and_permissions_stay(old: Path) -> None:
    old.chmod(0o640)
    link = old.with_name("link")
    link.symlink_to(old)
    write_text(link, "zwölf\r\n")
    assert link.is_symlink()
    assert old.read_bytes() == "zwölf\r\n".encode()
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_what_is_no_ordinary_file_is_written_in_place() -> None:
    write_bytes("/dev/null", b"x")
    assert not Path("/dev/null").is_file()


def test_names_of_the_greatest_length(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write_bytes(path, b"x")
    assert path.read_bytes() == b"x"


def test_two_writers_of_one_file_do_not_meet(old: Path) -> None:
    with replacing(old) as one, replacing(old) as other:
        one.write(b"one")
        other.write(b"other")
    assert old.read_bytes() == b"one"
    assert names(old.parent) == ["file.txt"]


def test_what_has_grown_stays(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with pytest.raises(ValueError), growing(path) as file:
        file.write(b"whole")
        file.flush()
        raise ValueError
    with growing(path, "ab") as file:
        file.write(b" and more")
    assert path.read_bytes() == b"whole and more"


def test_the_same_file_by_any_name(old: Path) -> None:
    (old.parent / "soft").symlink_to(old)
    (old.parent / "hard").hardlink_to(old)
    other = old.with_name("other")
    other.write_bytes(old.read_bytes())
    assert same_file(old, old.parent / "." / old.name)
    assert same_file(old, old.parent / "soft")
    assert same_file(old, old.parent / "hard")
    assert not same_file(old, other)
    assert not same_file(old.parent / "none", old.parent / "none")


def test_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(files.CACHE_VARIABLE, str(tmp_path))
    assert cache_folder("kernels") == tmp_path / "kernels"
    monkeypatch.delenv(files.CACHE_VARIABLE)
    assert cache_folder("kernels").parts[-2:] == ("synner_graph", "kernels")


def test_an_unknown_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (files.bundled("sample") / "train.conllu").is_file()
    monkeypatch.setitem(files.BUNDLED, "sample", ("none", "nowhere"))
    with pytest.raises(files.InputError, match=r"expected the sample in .*nowhere"):
        files.bundled("sample")
