import subprocess
from pathlib import Path

import pooch
import pytest

from synner_graph.data.corpora.pinned import PinnedFile, fetch, find_folder, git_blob_id
from synner_graph.errors import InputError

CONTENT = b"1\ta\tO\n\n"
FILE = PinnedFile("Owner/Repository", "c0ffee", "file.iob2", git_blob_id(CONTENT))


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SYNNER_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "corpus" / "Repository"


@pytest.fixture
def network(monkeypatch) -> list[str]:
    """A network that serves `CONTENT`, or the bytes put in its place; remembers the addresses."""
    asked: list[str] = []

    def download(self, url, output_file, pooch):
        asked.append(url)
        Path(output_file).write_bytes(CONTENT)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)
    return asked


def test_git_computes_the_same_id():
    for content in (b"", CONTENT, bytes(range(256))):
        run = subprocess.run(
            ["git", "hash-object", "--stdin"], input=content, capture_output=True, check=True
        )
        assert git_blob_id(content) == run.stdout.decode().strip()


def test_a_file_is_downloaded_once(cache, network):
    path = fetch(FILE, "corpus")
    assert path == cache / "file.iob2"
    assert path.read_bytes() == CONTENT
    assert fetch(FILE, "corpus") == path
    assert network == ["https://raw.githubusercontent.com/Owner/Repository/c0ffee/file.iob2"]
    assert list(cache.iterdir()) == [path]


def test_a_damaged_file_in_the_cache_is_downloaded_again(cache, network):
    fetch(FILE, "corpus").write_bytes(b"1\ta")
    assert fetch(FILE, "corpus").read_bytes() == CONTENT
    assert len(network) == 2


def test_what_is_not_the_pinned_file_is_refused(cache, network):
    other = PinnedFile("Owner/Repository", "c0ffee", "file.iob2", "0" * 40)
    with pytest.raises(InputError, match=f"git blob {'0' * 40}, got {FILE.blob}$"):
        fetch(other, "corpus")
    assert not cache.exists()


def test_without_a_network_one_sentence_names_both_ways(cache, monkeypatch):
    def fail(self, url, output_file, pooch):
        raise ConnectionError

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", fail)
    with pytest.raises(InputError) as caught:
        fetch(FILE, "corpus")
    message = str(caught.value)
    assert "connect to the network" in message
    assert "corpus/Repository/file.iob2 by --data-dir or SYNNER_DATA_DIR" in message
    assert "\n" not in message


def test_the_folder_given_comes_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("SYNNER_DATA_DIR", raising=False)
    assert find_folder("corpus", None) is None
    given, environment = tmp_path / "given", tmp_path / "environment"
    for folder in (given, environment):
        (folder / "corpus").mkdir(parents=True)
    monkeypatch.setenv("SYNNER_DATA_DIR", str(environment))
    assert find_folder("corpus", None) == environment / "corpus"
    assert find_folder("corpus", given) == given / "corpus"
    assert find_folder("other", None) is None
    with pytest.raises(InputError, match=r"expected the folder .*given/other, got none there"):
        find_folder("other", given)
