"""The state machines, with a few examples; `make fuzz` runs them for minutes."""

import os
from pathlib import Path

import pytest

from fuzz.machines import MACHINES, RunFolders, how, killed_after
from fuzz.roundtrips import there_and_back
from synner_graph.data.sentence import Entity, Sentence


@pytest.mark.parametrize(("name", "examples"), [("machine-run-folder", 20), ("round-trips", 20)])
def test_quick_machines(name: str, examples: int) -> None:
    assert MACHINES[name](how(examples)) == examples


@pytest.mark.slow
@pytest.mark.parametrize("name", ["machine-resume", "machine-study"])
def test_machines_that_train(name: str) -> None:
    MACHINES[name](how(2, steps=3))


def test_nothing_is_done_after_a_kill(tmp_path: Path) -> None:
    with killed_after(1):
        for name in ("first", "second"):
            os.mkdir(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["first"]
    os.mkdir(tmp_path / "third")


def test_a_mixture_is_seen(tmp_path: Path) -> None:
    machine = RunFolders()
    machine.commit(new={}, kill=None)
    machine.states = [{"config.json": b"another"}]
    with pytest.raises(AssertionError, match="is none of"):
        machine.one_of_two_states()
    machine.teardown()


def test_a_loss_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = Sentence(["a", "b"], entities=[Entity(0, 1, "PER")])
    monkeypatch.setattr("fuzz.roundtrips.read_sentences", lambda *_, **__: [Sentence(["a", "b"])])
    with pytest.raises(AssertionError):
        there_and_back("conllu", [sentence], None)
