"""The cache of sentences: what comes out of it is what was read, or it is read again."""

import gc
import logging
import weakref
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synner_graph.config import DataConfig
from synner_graph.data.corpora import cache as module
from synner_graph.data.corpora.cache import cached_sentences
from synner_graph.data.corpora.catalogue import corpus_of, load_files
from synner_graph.data.formats import read_sentences, write_sentences
from synner_graph.data.sentence import ConlluExtra, Entity, Sentence
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.encoders.transformer import load_blueprint
from synner_graph.errors import InputError
from synner_graph.files import CACHE_VARIABLE
from synner_graph.graph.backends import graph_backend
from synner_graph.model.network import SynNERModel
from tests.fixtures import tiny_config
from tests.places import SAMPLE
from tests.strategies import sentences


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cached sentences, empty."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "sentences"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_text("some words")
    return path


class Reader:
    """Gives the same sentences again and again, and counts how often."""

    def __init__(self, *rows: Sentence, notes: tuple[str, ...] = ()) -> None:
        self.rows = rows
        self.notes = notes
        self.times = 0

    def __call__(self, notes: list[str]) -> Iterator[Sentence]:
        self.times += 1
        yield from self.rows
        notes += self.notes


WORDS = Sentence(["some", "words"], entities=[Entity(0, 2, "X")])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(sentences(nested=True), max_size=4), st.lists(st.text(), max_size=2))
def test_what_was_read_comes_back(
    cache: Path, source: Path, rows: list[Sentence], notes: list[str]
) -> None:
    read = Reader(*rows, notes=tuple(notes))
    for path in cache.glob("*"):
        path.unlink()
    for times in range(2):
        said = ["before"]
        assert cached_sentences([source], {"a": 1}, read, said) == tuple(rows)
        assert said == ["before", *notes]
        assert read.times == 1, f"read again, having read {times}"


def test_nothing_of_a_sentence_is_lost(cache: Path, source: Path) -> None:
    extra = ConlluExtra(
        lemmas=("a", "b"),
        misc=("_", "X=\u2028"),
        comments=("# \r odd",),
        other_lines=((1, "1.1\t_"),),
    )
    entities = [Entity(0, 1, "A", 0.1 + 0.2), Entity(0, 2, "B")]
    row = Sentence(["é", "\ud800"], [-1, 0], ["r", "s"], entities, text="é \n", extra=extra)
    row = row.replace(candidates=[Entity(0, 1, "A", 0.1 + 0.2), Entity(0, 2, "A", 0.0)])
    read = Reader(row, Sentence(["plain"]))

    for _ in range(2):
        first, second = cached_sentences([source], {}, read, [])
        assert (first, second) == read.rows
        assert [e.score for e in first.entities] == [0.1 + 0.2, None]
        assert [c.score for c in first.candidates or ()] == [0.1 + 0.2, 0.0]
        assert first.extra == extra and second.extra is None and second.candidates is None
        assert hash(first) == hash(row)
    assert read.times == 1


def test_another_content_setting_or_code_is_read_anew(
    cache: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Reader(WORDS)
    cached_sentences([source], {"scheme": "bio"}, read, [])
    cached_sentences([source], {"scheme": None}, read, [])
    assert read.times == 2
    source.write_text("same length")
    cached_sentences([source], {"scheme": "bio"}, read, [])
    assert read.times == 3
    source.write_text("some words")
    cached_sentences([source], {"scheme": "bio"}, read, [])
    assert read.times == 3, "what it was before is still known"
    monkeypatch.setattr(module, "_code", lambda: "other code")
    cached_sentences([source], {"scheme": "bio"}, read, [])
    assert read.times == 4


def test_the_digest_of_the_code_changes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = module._code.__wrapped__()
    assert before == module._code()
    assert len(list(Path(module.__file__).parents[1].rglob("*.py"))) > 20
    original = Path.read_bytes

    def edited(path: Path) -> bytes:
        return original(path) + (b"\n" if path.name == "conllu.py" else b"")

    monkeypatch.setattr(Path, "read_bytes", edited)
    assert module._code.__wrapped__() != before


def test_damaged_files_are_read_anew_with_a_line_that_says_so(
    cache: Path, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "synner_graph")
    read = Reader(WORDS, WORDS, notes=("a note",))
    cached_sentences([source], {}, read, [])
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    last_line = whole.rindex(b"\n", 0, -1) + 1
    damaged = [whole[:size] for size in (0, 1, 5, last_line, last_line + 9, len(whole) - 2)]
    damaged += [whole.replace(b"words", b"wards"), b"[]\n" * 3, b"\xff\n\xfe\n"]
    for times, content in enumerate(damaged, start=2):
        path.write_bytes(content)
        caplog.clear()
        notes: list[str] = []
        assert cached_sentences([source], {}, read, notes) == read.rows
        assert (notes, read.times) == (["a note"], times)
        (record,) = caplog.records
        assert record.levelno == logging.INFO
        assert f"The cached sentences in {path} are damaged" in record.getMessage()
        assert path.read_bytes() == whole, "and kept anew"


def test_a_file_that_changes_while_it_is_read_is_not_kept(cache: Path, source: Path) -> None:
    def read(notes: list[str]) -> Iterator[Sentence]:
        source.write_text("other words")
        yield WORDS

    assert cached_sentences([source], {}, read, []) == (WORDS,)
    assert not cache.exists()


def test_switched_off_it_neither_keeps_nor_looks(cache: Path, source: Path) -> None:
    read = Reader(WORDS)
    cached_sentences([source], {}, read, [], enabled=False)
    assert not cache.exists()
    cached_sentences([source], {}, read, [])
    cached_sentences([source], {}, read, [], enabled=False)
    assert read.times == 3


def test_what_is_no_file_is_read_each_time(cache: Path, source: Path) -> None:
    read = Reader(WORDS)
    for path in (Path("-"), source.parent, source.parent / "missing"):
        assert cached_sentences([source, path], {}, read, []) == (WORDS,)
    assert read.times == 3
    assert not cache.exists()


def test_without_a_place_to_keep_them_sentences_are_read_all_the_same(
    source: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(source))  # a file, where a folder should be
    assert cached_sentences([source], {}, Reader(WORDS), []) == (WORDS,)
    assert "The sentences are not cached: cannot write" in caplog.text


@pytest.fixture(autouse=True)
def collector() -> None:
    """Let the collector run, whatever a test before has left."""
    gc.enable()


def test_an_error_is_raised_and_not_kept(cache: Path, source: Path) -> None:
    def read(notes: list[str]) -> Iterator[Sentence]:
        yield WORDS
        raise InputError("line 7 is wrong")

    for _ in range(2):
        with pytest.raises(InputError, match="line 7 is wrong"):
            cached_sentences([source], {}, read, [])
        assert gc.isenabled()
    assert not cache.exists()


def test_the_collector_rests_only_while_reading(cache: Path, source: Path) -> None:
    states = []

    def read(notes: list[str]) -> Iterator[Sentence]:
        states.append(gc.isenabled())
        yield WORDS

    cached_sentences([source], {}, read, [])
    assert (states, gc.isenabled()) == ([False], True)
    gc.disable()
    try:
        cached_sentences([source], {"again": True}, read, [])
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_garbage_does_not_grow_old_with_what_is_read(cache: Path, source: Path) -> None:
    """A model that nothing uses any more must not stay in memory for it."""

    class Model:
        def __init__(self) -> None:
            self.cycle = self

    gc.collect()
    gone = weakref.ref(Model())
    cached_sentences([source], {}, lambda notes: iter((WORDS,)), [])
    assert gone() is None


def test_files_are_known_by_content_and_by_the_way_they_are_read(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "a\tB-X\n"
    for name in ("a.wnut", "b.wnut", "b.fewnerd"):
        (tmp_path / name).write_text(lines)
    read = load_files(tmp_path / "a.wnut").splits
    assert load_files(tmp_path / "b.fewnerd").splits != read, "B-X is a label there"
    assert len(list(cache.iterdir())) == 2
    monkeypatch.setattr("synner_graph.data.corpora.reading.read_sentences", None)
    assert load_files(tmp_path / "b.wnut").splits == read
    with pytest.raises(TypeError):
        load_files(tmp_path / "b.wnut", cache=False)
    with pytest.raises(TypeError):
        load_files(tmp_path / "b.wnut", scheme="iob1")


@pytest.mark.parametrize("name", ["conllu", "jsonl", "iob2"])
def test_repairs_are_noted_and_sentences_equal_with_and_without_cache(
    name: str, cache: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"train.{name}"
    write_sentences(path, read_sentences(SAMPLE / "dev.conllu"))
    if name == "iob2":
        path.write_text(path.read_text(encoding="utf-8") + "\n1\ta\tI-X\n", encoding="utf-8")
    corpora = [
        corpus_of(DataConfig(train=path, repair=True, cache=on)) for on in (False, True, True)
    ]
    assert corpora[0] == corpora[1] == corpora[2]
    assert len(corpora[0].splits["train"]) >= 110
    assert corpora[0].notes == (("train: 1 invalid tag repaired",) if name == "iob2" else ())
    assert len(list(cache.iterdir())) == 1


def test_batches_are_the_same_from_cached_sentences(cache: Path, tiny_transformer: Path) -> None:
    config = tiny_config(tiny_transformer)
    vocabularies = Vocabularies.collect(corpus_of(DataConfig(cache=False)).splits["train"])
    blueprint = load_blueprint(str(tiny_transformer))
    batches = []
    for on in (False, True, True):
        rows = corpus_of(DataConfig(cache=on), ["dev"]).splits["dev"][:20]
        model = SynNERModel(config, vocabularies, graph_backend("torch"), blueprint)
        batches.append(model.collator(rows))
    assert len(list(cache.iterdir())) == 1
    for batch in batches[1:]:
        for part in ("inputs", "gold"):
            found, wanted = (asdict(getattr(one, part)) for one in (batch, batches[0]))
            torch.testing.assert_close(found, wanted, rtol=0, atol=0)
        for name in ("src", "dst", "relation", "direction", "offsets"):
            assert torch.equal(getattr(batch.graph, name), getattr(batches[0].graph, name))
