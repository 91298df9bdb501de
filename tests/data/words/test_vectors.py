"""Files of word vectors: what is read, what is refused, what is cached."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.words import vectors
from synner_graph.data.words.vectors import WordVectors, parse_vectors, read_vectors
from synner_graph.errors import InputError

GLOVE = "the 0.1 -2 3e-1\nParis 1 2 3\n. . . 7 8 9\nthe 5 5 5\nna\u00a0ïve 4 5 6\n"
WORDS = {"the", "Paris", "na\u00a0ïve", "unseen", ". . .", "."}
EXPECTED = {"the": [0.1, -2, 0.3], "Paris": [1, 2, 3], "na\u00a0ïve": [4, 5, 6]}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNNER_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "vectors"


def write(folder: Path, text: str | bytes, name: str = "vectors.txt") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def as_lists(found: WordVectors) -> dict[str, list[float]]:
    assert found.matrix.dtype == np.float32
    return {word: pytest.approx(found.matrix[row].tolist()) for word, row in found.rows.items()}


@pytest.mark.parametrize("header", ["", "5 3\n"])
@pytest.mark.parametrize("ending", ["\n", " \n", "\r\n"])
@pytest.mark.parametrize("compressed", [False, True])
def test_the_vectors_of_the_words_asked_for(
    header: str, ending: str, compressed: bool, tmp_path: Path
) -> None:
    text = (header + GLOVE.replace("\n", ending)).encode()
    path = write(tmp_path, gzip.compress(text) if compressed else text)
    found = read_vectors(path, WORDS)
    assert as_lists(found) == EXPECTED
    assert found.size == 3
    assert "Paris" in found and "unseen" not in found


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters=" \r\n", exclude_categories=["Cs"]), min_size=1),
        st.lists(
            st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2, max_size=2
        ),
        min_size=1,
    )
)
def test_whatever_the_words_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, written: dict[str, list[float]]
) -> None:
    lines = [f"{word} {' '.join(map(repr, numbers))}\n" for word, numbers in written.items()]
    path = write(tmp_path_factory.mktemp("vectors"), f"{len(written)} 2\n" + "".join(lines))
    found = parse_vectors(path, written.keys())
    assert {word: found.matrix[row].tolist() for word, row in found.rows.items()} == written


MALFORMED = {
    "a 1 2\nb 1\n": ":2: expected a word and 2 numbers, got 1 after 'b'",
    "a 1 2\nb 1 2 3\n": ":2: expected a word and 2 numbers, got 3 after 'b'",
    "a 1 2\n\nb 1 2\n": ":2: expected a word and 2 numbers, got 0 after ''",
    "2 3\na 1 2 3\nb 1 2\n": ":3: expected a word and 3 numbers, got 2 after 'b'",
    "a 1 2\nb 1 x\n": ":2: expected numbers after the word",
    "a 1 2\nb 1 nan\n": ":2: expected finite numbers after the word",
    "word\n": ":1: expected a word and its numbers",
    "": " holds no word vectors",
    "2 3\n": " holds no word vectors",
}


@pytest.mark.parametrize(("text", "message"), MALFORMED.items())
def test_malformed_lines_are_named(text: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=re.escape(f"{path}{message}")):
        read_vectors(path, {"a", "b"})


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    whole = gzip.compress(b"a 1 2\n" * 1000)
    cut = write(tmp_path, whole[: len(whole) // 2], "cut.gz")
    for path in (tmp_path / "none.txt", tmp_path, cut):
        with pytest.raises(
            InputError, match=f"Cannot read the word vectors in {re.escape(str(path))}"
        ):
            read_vectors(path, {"a"})


def test_a_file_shorter_than_it_promises_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read_vectors(write(tmp_path, "3 2\na 1 2\n"), {"a"})
    assert "promises 3 vectors and has 1" in caplog.text


def test_the_cache_goes_by_content_and_words(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, GLOVE)
    first = read_vectors(path, ["the", "Paris"])
    (cached,) = cache.iterdir()

    moved = write(tmp_path, GLOVE, "moved.txt")
    with monkeypatch.context() as patch:
        patch.setattr(vectors, "parse_vectors", None)
        again = read_vectors(moved, ["Paris", "the"])
    assert again.rows == first.rows and np.array_equal(again.matrix, first.matrix)

    assert as_lists(read_vectors(path, ["the"])) == {"the": EXPECTED["the"]}
    write(tmp_path, GLOVE.replace("1 2 3", "1 2 4"))
    assert read_vectors(path, ["the", "Paris"]).matrix[1].tolist() == [1, 2, 4]

    cached.write_bytes(b"\0" * 40)
    assert as_lists(read_vectors(moved, ["Paris", "the"])) == {
        word: EXPECTED[word] for word in ("the", "Paris")
    }


def test_a_cache_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache.parent.write_text("a file", encoding="utf-8")
    assert as_lists(read_vectors(write(tmp_path, GLOVE), WORDS)) == EXPECTED
    assert "not cached" in caplog.text


def test_a_compressed_line_that_would_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"a 1 2\n")
        for _ in range(8):
            file.write(b"0" * (1 << 20))
    with pytest.raises(InputError, match=r"bomb\.gz:2: expected a word and 2 numbers"):
        parse_vectors(path, {"a"})


def test_a_header_of_more_digits_than_python_reads(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_bytes(b"9" * 5_000 + b" 2\na 1 2\n")
    with pytest.raises(InputError, match=r"vectors\.txt:2: expected a word and 1 numbers"):
        parse_vectors(path, {"a"})
