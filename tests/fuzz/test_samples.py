"""The targets that are fuzzed: what was found once stays refused, and valid inputs are taken."""

import random
import re
from pathlib import Path

import pytest

from fuzz.registry import all_targets
from fuzz.run import FOUND
from fuzz.targets import Target, accepts
from synner_graph.errors import InputError

TARGETS = all_targets()
SAMPLES = sorted(path for path in FOUND.glob("*/*") if path.parent.name in TARGETS)
MUTATIONS = 25
NUMBERS = 10


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_is_refused_or_taken(sample: Path, tmp_path: Path) -> None:
    accepts(TARGETS[sample.parent.name], sample.read_bytes(), tmp_path)


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if not target.timed])
def test_seeds_and_small_changes_of_them(name: str, tmp_path: Path) -> None:
    draw = random.Random(name)
    taken = 0
    for number, seed in enumerate(TARGETS[name].seeds()):
        (folder := tmp_path / str(number)).mkdir()
        taken += accepts(TARGETS[name], seed, folder)
        for change in range(MUTATIONS):
            (folder := tmp_path / f"{number}-{change}").mkdir()
            accepts(TARGETS[name], changed(seed, draw), folder)
    assert taken, "fuzzing that begins with nothing valid does not come far"


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if not target.timed])
def test_numbers_beyond_what_python_reads(name: str, tmp_path: Path) -> None:
    """They are longer than the inputs of atheris, which would hardly find them."""
    for seed in TARGETS[name].seeds()[:1]:
        for place, found in enumerate(re.finditer(rb"\d+", seed[1:])):
            for number in (b"9" * 5_000, b"1e999") if place < NUMBERS else ():
                start, end = (1 + edge for edge in found.span())
                (folder := tmp_path / f"{place}-{len(number)}").mkdir()
                accepts(TARGETS[name], seed[:start] + number + seed[end:], folder)


@pytest.mark.parametrize("name", ["recipe", "predict", "combination", "metrics"])
def test_programs_take_their_first_seed(name: str, tmp_path: Path) -> None:
    assert accepts(TARGETS[name], TARGETS[name].seeds()[0], tmp_path)


@pytest.mark.parametrize("file", range(4))
def test_a_spoilt_run_is_refused(file: int, tmp_path: Path) -> None:
    assert not accepts(TARGETS["run-folder"], bytes([file, 0, 0, 0, 0, 0]) + b"\xff", tmp_path)


def changed(data: bytes, draw: random.Random) -> bytes:
    """Some bytes replaced, inserted, removed or said twice."""
    result = bytearray(data)
    for _ in range(draw.randint(1, 3)):
        start = draw.randrange(len(result) + 1)
        end = min(len(result), start + draw.randint(0, 4))
        new = draw.choice([b"", bytes([draw.randrange(256)]), b"\n", b"9" * 20, b"\t", b"\xff"])
        result[start:end] = draw.choice([new, bytes(result[start:end]) * 2])
    return bytes(result)


def test_what_is_no_refusal_is_a_finding(tmp_path: Path) -> None:
    def breaks(data: bytes, folder: Path) -> None:
        raise KeyError(data)

    def refuses(data: bytes, folder: Path) -> None:
        raise InputError("no")

    def says_nothing(data: bytes, folder: Path) -> None:
        raise InputError(" ")

    with pytest.raises(KeyError):
        accepts(Target(breaks, list), b"", tmp_path)
    with pytest.raises(AssertionError, match="without a word"):
        accepts(Target(says_nothing, list), b"", tmp_path)
    assert not accepts(Target(refuses, list), b"", tmp_path)
