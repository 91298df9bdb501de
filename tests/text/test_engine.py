"""Engines: the order of the blocks, how many wait, and what workers have to say."""

from collections import Counter
from typing import Any

import pytest

from synner_graph.data.dictionary import Dictionary, Remarks
from synner_graph.data.entries import Entry, Row
from synner_graph.errors import InputError
from synner_graph.text.engine import Alone, Done, Pool, Worker


class Double:
    """Doubles a number; of 7 it complains."""

    def __init__(self) -> None:
        self.unknown = Counter[str]()

    def __call__(self, block: int) -> int:
        if block == 7:
            raise InputError("expected no 7")
        self.unknown[f"odd{block % 2}"] += 1
        return 2 * block


class Late(Pool):
    """Does the work only when somebody waits for it."""

    def __init__(self, number: int, dictionary: Dictionary | None = None) -> None:
        super().__init__(number, dictionary)
        self.work = Double()
        self.waiting = self.most = 0

    def _submit(self, block: Any) -> Any:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        return block

    def _result(self, handle: Any) -> Done:
        self.waiting -= 1
        remarks = Remarks(too_wide=(0,))
        return Done(self.work(handle), Counter(x=1), remarks)


def test_alone_and_pool_give_the_same_in_order() -> None:
    items = [(name, number) for number, name in enumerate("abcdefg")]
    wanted = [(item, 2 * item[1]) for item in items]
    alone, pool = Alone(Double()), Late(2)
    assert list(alone.map(items, lambda item: item[1])) == wanted
    assert list(pool.map(items, lambda item: item[1])) == wanted
    assert pool.most == 2 * Pool.ahead
    assert alone.unknown == Counter(odd0=4, odd1=3) and pool.unknown == Counter(x=7)


def test_what_the_copies_of_a_dictionary_remark_is_kept() -> None:
    row = Row(Entry("a b", "X", "list"), path="list", line=1, rule="hint", weight=1.0)
    dictionary = Dictionary([row])
    assert dictionary.notes() == []
    list(Late(1, dictionary).map([1], int))
    assert "1 hints of the dictionary had no effect" in dictionary.notes()[0]


def test_a_worker_hands_on_its_notes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logging.disable", lambda level: None)  # this process goes on
    monkeypatch.setattr("torch.set_num_threads", lambda number: None)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    worker = Worker(lambda dictionary: Double(), None)
    assert worker.do(3) == Done(6, Counter(odd1=1), Remarks())
    assert worker.do(4) == Done(8, Counter(odd0=1), Remarks())
    with pytest.raises(InputError, match="expected no 7"):
        worker.do(7)


def test_a_worker_without_work_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logging.disable", lambda level: None)
    monkeypatch.setattr("torch.set_num_threads", lambda number: None)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def lacking(dictionary: Dictionary | None) -> Double:
        raise InputError("there is no run")

    worker = Worker(lacking, None)
    for _ in range(2):
        with pytest.raises(InputError, match="there is no run"):
            worker.do(1)
