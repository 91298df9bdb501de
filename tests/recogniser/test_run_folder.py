"""A run folder: one state or the other, never a mixture; nothing lost, nothing served damaged."""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock

from synner_graph import SynNER, files
from synner_graph.errors import InputError
from synner_graph.files import WriteError
from synner_graph.recogniser.run_folder import RunFolder

OLD = {
    "config.json": b"old",
    "vocabulary.json": b"old",
    "model.safetensors": b"old weights",
    "encoder/vocab.txt": b"old",
    "encoder/config.json": b"the same",
    "README.md": b"old",
    "metrics.json": b"old",
}
NEW = {
    "config.json": b"new",
    "vocabulary.json": b"new one",
    "model.safetensors": b"new weights",
    "encoder/config.json": b"the same",
    "parser.json": b"new",
}
STEPS = ("fsync", "replace", "unlink", "rmdir", "mkdir")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of a few bytes, with a file that someone put beside."""
    folder = tmp_path / "run"
    RunFolder(folder).commit(OLD)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    return folder


@pytest.fixture
def copy(text_run: Path, tmp_path: Path) -> Path:
    """A copy of a real run, to damage."""
    return Path(shutil.copytree(text_run, tmp_path / "copy"))


def state(folder: Path) -> dict[str, bytes]:
    """What is read, and the card, which may change."""
    found = RunFolder(folder).read()
    card = RunFolder(folder).transaction.read("README.md")
    names = RunFolder(folder).transaction.manifest()
    assert names is not None
    return found | ({"README.md": card} if card and "README.md" in names.others else {})


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


class Counter:
    """Does something at the n-th step to the disk."""

    def __init__(self, at: int, patch: pytest.MonkeyPatch, error: OSError | None) -> None:
        self.steps = 0
        for name in STEPS:
            patch.setattr(os, name, self.counted(getattr(os, name), at, error))
        patch.setattr(files._File, "write", self.counted(files._File.write, at, error))

    def counted(self, original: Any, at: int, error: OSError | None) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self.steps += 1
            if self.steps == at:
                if error is None:
                    os._exit(9)  # no `finally` and no buffer outlives a SIGKILL
                raise error
            return original(*arguments, **options)

        return call


def killed_saves(folder: Path, save: Any, tmp_path: Path) -> Iterator[Path]:
    """Copies of the folder, each after a process that was killed one step later in a save."""
    for step in range(1, 200):
        copy = Path(shutil.copytree(folder, tmp_path / f"killed{step}"))
        process = os.fork()
        if process == 0:
            try:
                Counter(step, pytest.MonkeyPatch(), None)
                save(RunFolder(copy))
                os._exit(0)
            finally:
                os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        assert code in (0, 9)
        yield copy
        if code == 0:
            assert step > 20
            return
    pytest.fail("the save never ends")


def test_a_kill_at_any_step_leaves_one_state_or_the_other(folder: Path, tmp_path: Path) -> None:
    seen = []
    for copy in killed_saves(folder, lambda run: run.commit(NEW), tmp_path):
        found = state(copy)
        seen.append("old" if found == OLD else "new")
        assert found in (OLD, NEW)
        RunFolder(copy).commit({**NEW, "parser.json": b"third"})
        assert state(copy) == {**NEW, "parser.json": b"third"}
        assert names(copy) == {*NEW, "manifest.json", "notes.txt"}
    assert seen == sorted(seen, reverse=True), "once saved, saved"
    assert seen[0] == "old" and seen[-1] == "new"
    assert seen.count("new") > 8, "most kills are while the save is carried out"


def test_a_kill_at_any_step_of_an_update(folder: Path, tmp_path: Path) -> None:
    new = {**OLD, "calibration.json": b"new", "README.md": b"new"}
    update = {name: new[name] for name in ("calibration.json", "README.md")}
    for copy in killed_saves(folder, lambda run: run.update(update), tmp_path):
        assert state(copy) in (OLD, new)


def test_a_kill_in_the_first_save_leaves_no_run_or_a_whole_one(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for copy in killed_saves(empty, lambda run: run.commit(NEW), tmp_path):
        try:
            assert state(copy) == NEW
        except InputError as error:
            assert "is not a complete run: it has no config.json" in str(error)
            RunFolder(copy).check_replaceable(overwrite=True)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_an_error_at_any_step_is_one_sentence(code: int, folder: Path, tmp_path: Path) -> None:
    for step in range(1, 200):
        copy = Path(shutil.copytree(folder, tmp_path / f"failed{step}"))
        with pytest.MonkeyPatch.context() as patch:
            counter = Counter(step, patch, OSError(code, os.strerror(code)))
            try:
                RunFolder(copy).commit(NEW)
            except WriteError as error:
                assert str(error).startswith("cannot write ")
                assert str(error).endswith(os.strerror(code))
        assert state(copy) in (OLD, NEW)
        RunFolder(copy).commit(NEW)
        assert state(copy) == NEW
        if counter.steps < step:
            return
    pytest.fail("the save never ends")


def test_only_what_the_manifest_lists_is_removed(folder: Path) -> None:
    (folder / "encoder" / "mine.txt").write_text("mine", encoding="utf-8")
    RunFolder(folder).commit(NEW)
    assert names(folder) == {*NEW, "manifest.json", "notes.txt", "encoder/mine.txt"}


def test_records_stay_with_their_weights(folder: Path) -> None:
    same = {**NEW, "model.safetensors": OLD["model.safetensors"]}
    RunFolder(folder).commit(same)
    assert state(folder) == {**same, "metrics.json": b"old", "README.md": b"old"}


def test_people_may_edit_the_card(folder: Path) -> None:
    (folder / "README.md").write_text("better", encoding="utf-8")
    assert state(folder)["README.md"] == b"better"
    (folder / "README.md").unlink()
    assert state(folder).keys() == OLD.keys() - {"README.md"}


def test_a_manifest_names_no_other_files_that_people_may_edit(folder: Path) -> None:
    place = folder / "manifest.json"
    content = place.read_text("utf-8")
    place.write_text(content.replace("README", "READMD"), encoding="utf-8")
    with pytest.raises(InputError, match=r"damaged: manifest.json lists 'READMD.md', which is no"):
        RunFolder(folder).read()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", ""])
def test_a_manifest_must_not_reach_out_of_its_folder(name: str, folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["others"].append(name)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for use in (RunFolder(folder).read, lambda: RunFolder(folder).commit(NEW)):
        with pytest.raises(InputError, match="leads out of the folder"):
            use()


def test_a_manifest_that_is_none_or_later(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"format": 2}', encoding="utf-8")
    with pytest.raises(InputError, match="has format 2; this version of synner_graph reads format"):
        RunFolder(folder).read()
    for text in ("", "[]", "{}", '{"format": 1, "files": {"x": 1}, "others": []}'):
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"manifest\.json is not the manifest of a run"):
            RunFolder(folder).read()


class TestReplaceable:
    def test_what_may_be_replaced(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        for name in ("none", "empty"):
            RunFolder(tmp_path / name).check_replaceable(overwrite=False)
        with pytest.raises(InputError, match="is not empty: name another, or use --overwrite"):
            RunFolder(folder).check_replaceable(overwrite=False)
        RunFolder(folder).check_replaceable(overwrite=True, inputs=[folder / "notes.txt"])
        with pytest.raises(InputError, match=r"notes\.txt is a file; --output must name a folder"):
            RunFolder(folder / "notes.txt").check_replaceable(overwrite=True)

    def test_a_run_without_a_manifest_is_known_by_its_files(self, folder: Path) -> None:
        (folder / "manifest.json").unlink()
        RunFolder(folder).check_replaceable(overwrite=True)
        RunFolder(folder).commit(NEW)
        assert names(folder) == {*NEW, "manifest.json", "notes.txt"}

    def test_a_folder_with_any_log_is_no_run(self, tmp_path: Path) -> None:
        (tmp_path / "train.log").write_text("mine", encoding="utf-8")
        with pytest.raises(InputError, match="does not look like a run"):
            RunFolder(tmp_path).check_replaceable(overwrite=True)

    def test_a_training_broken_off_before_its_first_save(self, tmp_path: Path) -> None:
        run = RunFolder(tmp_path / "run")
        (run.workspace() / "train.log").write_text("began", encoding="utf-8")
        with pytest.raises(InputError, match="is not empty"):
            run.check_replaceable(overwrite=False)
        run.check_replaceable(overwrite=True)
        (run.path / "README.md").write_text("mine", encoding="utf-8")
        with pytest.raises(InputError, match=r"README\.md does not belong to the run there"):
            run.check_replaceable(overwrite=True)

    def test_never_the_working_folder_or_a_parent(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / "below").mkdir()
        for place in (folder, folder / "below"):
            monkeypatch.chdir(place)
            with pytest.raises(InputError, match="is the working folder or a parent of it"):
                RunFolder(folder).check_replaceable(overwrite=True)
        monkeypatch.chdir(folder)
        with pytest.raises(InputError, match=r"^\. is the working folder"):
            RunFolder(Path()).check_replaceable(overwrite=True)

    def test_never_an_input(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "soft").symlink_to(folder / "metrics.json")
        (tmp_path / "hard").hardlink_to(folder / "README.md")
        for source in (
            folder / "metrics.json",
            folder / "encoder",
            folder / "encoder" / "config.json",
            folder,
            tmp_path / "soft",
            tmp_path / "hard",
        ):
            with pytest.raises(InputError, match="is an input, and a new run in"):
                RunFolder(folder).check_replaceable(overwrite=True, inputs=[source])


class TestLock:
    def test_a_second_writer_is_refused(self, folder: Path) -> None:
        with FileLock(folder / ".lock"):
            for use in (
                lambda: RunFolder(folder).commit(NEW),
                lambda: RunFolder(folder).update({"metrics.json": b"x"}),
            ):
                with pytest.raises(InputError, match="Another program is writing to"):
                    use()
            assert state(folder) == OLD, "to read is no offence"
        RunFolder(folder).commit(NEW)

    def test_the_holder_saves(self, folder: Path) -> None:
        with RunFolder(folder).lock():
            RunFolder(folder).commit(NEW)
            assert (folder / ".lock").is_file()
        assert not (folder / ".lock").exists()

    def test_a_folder_is_not_left_empty(self, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), RunFolder(tmp_path / "run").lock():
            raise ZeroDivisionError
        assert not (tmp_path / "run").exists()

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(WriteError, match=r"cannot write .*file/run: Not a directory"):
            RunFolder(tmp_path / "file" / "run").commit(NEW)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


class TestDamage:
    @pytest.mark.parametrize(
        "name",
        [
            *("model.safetensors", "config.json", "vocabulary.json", "parser.json"),
            *("encoder/config.json", "encoder/tokenizer.json", "encoder/tokenizer_config.json"),
        ],
    )
    def test_every_file_is_checked(self, name: str, copy: Path) -> None:
        whole = (copy / name).read_bytes()
        flip(copy / name)
        with pytest.raises(InputError, match=rf"is damaged: {name} is not .* \(its SHA-256 diff"):
            SynNER.from_pretrained(copy)
        (copy / name).write_bytes(whole[:-3])
        with pytest.raises(
            InputError, match=rf"is damaged: {name} .* bytes, got {len(whole) - 3:,}"
        ):
            SynNER.from_pretrained(copy)
        (copy / name).unlink()
        with pytest.raises(InputError, match=f"is not a complete run: it has no {name}"):
            SynNER.from_pretrained(copy)

    @pytest.mark.parametrize("name", ["encoder/tokenizer.json", "encoder/tokenizer_config.json"])
    def test_a_run_without_a_manifest_whose_save_was_broken_off(
        self, name: str, copy: Path
    ) -> None:
        (copy / "manifest.json").unlink()
        SynNER.from_pretrained(copy)
        (copy / name).unlink()
        with pytest.raises(InputError, match=f"is not a complete run: it has no {name}"):
            SynNER.from_pretrained(copy)

    def test_a_file_put_beside_the_tokenizer_changes_nothing(self, copy: Path) -> None:
        sentence = "Angela Merkel met Bob Smith in Oslo."
        before = SynNER.from_pretrained(copy)(sentence).to_json()
        (copy / "encoder" / "added_tokens.json").write_text('{"Oslo": 3}', encoding="utf-8")
        assert SynNER.from_pretrained(copy)(sentence).to_json() == before

    @pytest.mark.parametrize("value", [torch.nan, torch.inf])
    def test_weights_that_are_no_numbers(
        self, value: float, copy: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ner = SynNER.from_pretrained(copy)
        name, weights = next(iter(ner.model.named_parameters()))
        with torch.no_grad():
            weights.view(-1)[0] = value
        with pytest.raises(InputError, match=rf"is not saved: its weights '{name}' hold NaN or"):
            ner.save_pretrained(copy)
        SynNER.from_pretrained(copy)  # the one before
        stored = "synner_graph.recogniser.stored._check_finite"
        with monkeypatch.context() as patch:
            patch.setattr(stored, lambda *_: None)
            ner.save_pretrained(copy)
        with pytest.raises(InputError, match=rf"is damaged: its weights '{name}' hold NaN or an i"):
            SynNER.from_pretrained(copy)

    def test_a_save_not_carried_out_is_loaded_from_a_read_only_folder(self, copy: Path) -> None:
        """Some files lie in `.save`, the others in their places."""
        (copy / ".save" / "encoder").mkdir(parents=True)
        for name in ("manifest.json", "model.safetensors", "encoder/tokenizer.json"):
            (copy / name).rename(copy / ".save" / name)
        before = names(copy)
        SynNER.from_pretrained(copy)
        assert names(copy) == before
