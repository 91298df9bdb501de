"""Set-up of accelerate, and work of one process for all."""

import pytest
from accelerate import Accelerator

from synner_graph.errors import InputError
from synner_graph.training import distributed
from synner_graph.training.distributed import build_accelerator, on_main, together


def test_another_precision_in_one_process_is_refused() -> None:
    Accelerator(cpu=True, mixed_precision="no")  # as every training in this process has it
    with pytest.raises(InputError, match=r"another precision .* train with bf16 on cpu in a new"):
        build_accelerator("cpu", "bf16")


def test_a_precision_that_the_device_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(**options: object) -> Accelerator:
        raise ValueError("fp16 mixed precision requires a GPU (not 'cpu').")

    monkeypatch.setattr(distributed, "Accelerator", lacks)
    with pytest.raises(InputError, match=r"precision fp16 on cpu: fp16 mixed precision requires"):
        build_accelerator("cpu", "fp16")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ACCELERATE_MIXED_PRECISION", "bf16", "training.precision is no: give both the same"),
        ("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4", "give --training.accumulation 4"),
    ],
)
def test_what_accelerate_is_told_beside_the_settings_is_refused(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=message):
        build_accelerator("cpu", "no")


def test_what_the_main_process_finds_is_told() -> None:
    assert on_main(Accelerator(cpu=True), lambda: {"a": 1}) == {"a": 1}


def test_what_the_main_process_refuses_is_refused_by_all() -> None:
    def refuse() -> None:
        raise InputError("no such file")

    with pytest.raises(InputError, match="no such file"):
        on_main(Accelerator(cpu=True), refuse)


CLOSED = "[gloo/transport/tcp/pair.cc:525] Connection closed by peer [127.0.0.1]:40404"


def test_a_process_that_lost_another_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    monkeypatch.setattr(distributed, "_several", lambda: True)
    monkeypatch.setattr(distributed, "end_processes", lambda: ended.append(True))
    with pytest.raises(InputError, match="Another process of this training has ended"), together():
        raise RuntimeError(CLOSED)
    with pytest.raises(RuntimeError, match="shapes"), together():
        raise RuntimeError("shapes do not fit")
    assert ended == [True, True]


def test_one_process_has_none_to_lose() -> None:
    with pytest.raises(RuntimeError, match="Connection closed"), together():
        raise RuntimeError(CLOSED)
