"""Flipped bits and missing ends in every file of a run: said in one sentence, never read.

The model card and the log may be edited, so that nothing depends on them.
"""

import random
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.errors import InputError
from synner_graph.recogniser.run_folder import OTHERS
from tests.faults.tally import Tally, tally

FEW = pytest.param(5, marks=pytest.mark.slow)
MANY = pytest.param(200, marks=pytest.mark.faults)
every = pytest.mark.parametrize("number", [MANY, FEW])


def files_of(run: Path) -> list[Path]:
    return sorted(path for path in run.rglob("*") if path.is_file())


def damage(run: Path, path: Path, content: bytes, counts: Tally) -> None:
    """Give a file other content, and check that the run is refused; then undo it."""
    before = path.read_bytes()
    path.write_bytes(content)
    counts.injected += 1
    try:
        if path.name in OTHERS:
            SynNER.from_pretrained(run)
        else:
            with pytest.raises(InputError) as refused:
                SynNER.from_pretrained(run)
            assert "\n" not in str(refused.value)
    finally:
        path.write_bytes(before)
    counts.survived += 1


@every
def test_flipped_bits(number: int, small_run: Path) -> None:
    draw = random.Random(0)
    with tally("every file of a run", "a flipped bit") as counts:
        for path in files_of(small_run):
            content = path.read_bytes()
            for _ in range(number):
                place, bit = draw.randrange(len(content)), draw.randrange(8)
                flipped = bytearray(content)
                flipped[place] ^= 1 << bit
                if path.name == "manifest.json" and same_values(content, bytes(flipped)):
                    continue
                damage(small_run, path, bytes(flipped), counts)
    assert counts.injected >= number
    SynNER.from_pretrained(small_run)


def same_values(content: bytes, flipped: bytes) -> bool:
    """Whether only white space between the values of a JSON file differs."""
    return content.split() == flipped.split()


@every
def test_missing_ends(number: int, small_run: Path) -> None:
    draw = random.Random(0)
    with tally("every file of a run", "a missing end") as counts:
        for path in files_of(small_run):
            content = path.read_bytes()
            for length in (0, len(content) - 2, *draw.choices(range(len(content)), k=number // 4)):
                damage(small_run, path, content[:length], counts)
    SynNER.from_pretrained(small_run)
