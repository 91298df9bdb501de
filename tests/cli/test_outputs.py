"""Outputs: never onto an input, whole or not at all; what the system refuses, in one sentence."""

import errno
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences
from synner_graph.heads import CRFHead
from synner_graph.text import targets
from tests.cli.conftest import Run

Refused = Callable[..., str]
PROGRAM = Path(__file__).parents[2] / "cli.py"
TEXT = "Angela Merkel met Bob Smith in Oslo."
LEARN = ("--encoder", "characters", "--gnn", "none", "--recurrent", "none", "--epochs", "1")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "{TEXT}"}}\n', encoding="utf-8")
    return path


@pytest.fixture
def parsed(small_corpus: Corpus, tmp_path: Path) -> Path:
    path = tmp_path / "parsed.conllu"
    write_sentences(path, small_corpus.splits["train"][:8])
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class TestAnOutputThatIsAnInput:
    @pytest.mark.parametrize("link", ["symlink_to", "hardlink_to", None])
    def test_is_refused(
        self,
        link: str | None,
        refused: Refused,
        text_run: Path,
        texts: Path,
        parsed: Path,
        tmp_path: Path,
    ) -> None:
        before = contents(tmp_path)
        for source, command in (
            (texts, ("-q", "predict", text_run, "-i", texts, "-o")),
            (texts, ("-q", "predict", text_run, "-i", texts, "--resume", "-o")),
            (parsed, ("-q", "predict", text_run, "-i", parsed, "-o")),
            (parsed, ("data", "convert", parsed)),
            (parsed, ("parse", "--parser", "spacy:none", parsed)),
        ):
            output = source
            if link is not None:
                output = tmp_path / f"link{source.suffix}"
                getattr(output, link)(source)
            message = refused(*command, output)
            assert message.startswith(f"The output {output} is the same file as the input {source}")
            if link is not None:
                output.unlink()
        assert contents(tmp_path) == before

    def test_is_refused_for_trees_and_pictures(
        self, refused: Refused, text_run: Path, parsed: Path, tmp_path: Path
    ) -> None:
        plain, picture = tmp_path / "a.iob2", tmp_path / "a.html"
        plain.write_text("a\tO\n\n", encoding="utf-8")
        picture.hardlink_to(parsed)
        convert = ("data", "convert", plain, parsed, "--trees", parsed)
        assert "is the same file as the input" in refused(*convert)
        draw = ("-q", "visualize", text_run, "--input", parsed, "--format", "conllu", "-o", picture)
        assert "is the same file as the input" in refused(*draw)

    def test_is_refused_on_standard_input(self, text_run: Path, texts: Path) -> None:
        before = texts.read_bytes()
        command = [sys.executable, PROGRAM, "predict", text_run, "-o", texts]
        with texts.open("rb") as stdin:
            done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr == (
            f"Error: The output {texts} is the same file as the input -: name another output.\n"
        )
        assert texts.read_bytes() == before


class TestAFailedCommand:
    def test_leaves_the_old_output(
        self, refused: Refused, text_run: Path, texts: Path, tmp_path: Path
    ) -> None:
        for suffix in ("jsonl", "csv", "conllu"):
            output = tmp_path / f"named.{suffix}"
            output.write_text("old", encoding="utf-8")
            predict = ("-q", "predict", text_run, "-o", output)
            assert "cannot read" in refused(*predict, "-i", tmp_path / "nosuch.txt")
            assert "a string as 'body'" in refused(*predict, "-i", texts, "--text-field", "body")
            sentences = (tmp_path / "nosuch", "--format", "conllu", "--output-format", "conllu")
            assert "cannot read" in refused(*predict, "-i", *sentences)
            assert output.read_text(encoding="utf-8") == "old"

    def test_leaves_a_part_that_goes_on(
        self, run: Run, refused: Refused, text_run: Path, tmp_path: Path, monkeypatch
    ) -> None:
        monkeypatch.setattr("synner_graph.text.targets.chunks", self.one_by_one)
        source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
        lines = [json.dumps({"text": TEXT}) for _ in range(5)]
        source.write_text("\n".join([*lines[:3], "{", *lines[4:]]), encoding="utf-8")
        output.write_text("old", encoding="utf-8")
        command = ("-q", "predict", text_run, "-i", source, "-o", output)
        assert "in.jsonl:4: expected a JSON object" in refused(*command)
        assert output.read_text(encoding="utf-8") == "old"
        part = targets.part_of(output)
        assert len(part.read_text(encoding="utf-8").splitlines()) == 3
        source.write_text("\n".join(lines), encoding="utf-8")
        assert run(*command, "--resume").exit_code == 0
        assert len(output.read_text(encoding="utf-8").splitlines()) == 5
        assert not part.exists()
        resumed = output.read_bytes()
        assert run(*command).exit_code == 0
        assert output.read_bytes() == resumed

    @staticmethod
    def one_by_one(items, text, **how: object):
        for item in items:
            yield [item]

    def test_a_part_of_something_else_is_refused_and_stays(
        self, refused: Refused, text_run: Path, texts: Path, tmp_path: Path
    ) -> None:
        output = tmp_path / "out.jsonl"
        targets.part_of(output).write_text('{"text": "another"}\n', encoding="utf-8")
        output.write_text("old", encoding="utf-8")
        message = refused("-q", "predict", text_run, "-i", texts, "-o", output, "--resume")
        assert message.startswith(f"{output}.part cannot be continued: it was written by another")
        assert output.read_text(encoding="utf-8") == "old"


class TestWhatTheSystemRefuses:
    def test_a_full_disk(self, refused: Refused, text_run: Path, texts: Path, parsed: Path) -> None:
        full = "cannot write /dev/full: No space left on device"
        for source, format in ((texts, "jsonl"), (parsed, "conllu")):
            predict = ("-q", "predict", text_run, "-i", source, "-o", "/dev/full")
            assert refused(*predict, "--output-format", format) == full
        convert = ("data", "convert", parsed, "/dev/full", "--output-format", "iob2")
        assert refused(*convert) == full

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
    def test_a_disk_that_takes_nothing(
        self,
        code: int,
        refused: Refused,
        text_run: Path,
        texts: Path,
        parsed: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def fails(*arguments: object, **options: object) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr("synner_graph.files._File", fails)
        output = tmp_path / "out.jsonl"
        output.write_text("old", encoding="utf-8")
        for command in (
            ("-q", "predict", text_run, "-i", texts, "-o", output),
            ("data", "convert", parsed, output),
            (
                "-q",
                "visualize",
                text_run,
                "--no-cache",
                "--input",
                parsed,
                "--index",
                1,
                "-o",
                tmp_path / "a.svg",
            ),
        ):
            message = refused(*command)
            assert message.startswith("cannot write") and message.endswith(os.strerror(code))
        assert output.read_text(encoding="utf-8") == "old"

    def test_a_path_below_a_file(
        self, refused: Refused, text_run: Path, texts: Path, parsed: Path
    ) -> None:
        below = texts / "out.jsonl"
        for command in (
            ("-q", "predict", text_run, "-i", texts, "-o", below),
            ("data", "convert", parsed, below),
            ("-q", "visualize", text_run, "--input", parsed, "--index", 1, "-o", texts / "a.svg"),
            ("-q", "train", "--train", parsed, *LEARN, "--output", texts / "run"),
        ):
            assert "Not a directory" in refused(*command)

    @pytest.mark.parametrize(
        "command",
        [
            ("-q", "predict", "RUN", "--format", "text"),
            ("-q", "predict", "RUN", "--format", "text", "--pretty"),
            ("data", "list"),
            ("data", "list", "--json"),
            ("data", "convert", "PARSED", "-", "--output-format", "iob2"),
        ],
    )
    @pytest.mark.slow
    def test_a_closed_or_full_standard_output(
        self, command: tuple[str, ...], text_run: Path, parsed: Path
    ) -> None:
        places = {"RUN": str(text_run), "PARSED": str(parsed)}
        words = [places.get(word, word) for word in command]
        reader, writer = os.pipe()
        os.close(reader)
        with open("/dev/full", "wb") as full:
            for stdout, code, said in (
                (writer, 141, ""),
                (full.fileno(), 2, "No space left on device"),
            ):
                done = subprocess.run(
                    [sys.executable, str(PROGRAM), *words],
                    input=f"{TEXT}\n" * 3,
                    stdout=stdout,
                    stderr=subprocess.PIPE,
                    text=True,
                    check=False,
                )
                assert done.returncode == code, done.stderr
                lines = done.stderr.splitlines()
                assert len(lines) <= 1 and said in done.stderr
        os.close(writer)


class TestTrain:
    def test_a_folder_with_a_log_is_not_a_run(
        self, refused: Refused, parsed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "train.log").write_text("mine", encoding="utf-8")
        before = contents(tmp_path)
        monkeypatch.chdir(tmp_path)
        train = ("-q", "train", "--train", parsed, *LEARN, "--overwrite", "--output")
        assert "does not look like a run" in refused(*train, ".")
        assert "does not look like a run" in refused(*train, tmp_path)
        assert contents(tmp_path) == before

    def test_the_old_run_stays_until_the_new_one_is_saved(
        self,
        run: Run,
        refused: Refused,
        parsed: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        folder = tmp_path / "mine"
        train = ("-q", "train", *LEARN, "--output", folder, "--train")
        assert run(*train, parsed).exit_code == 0
        assert "is not empty: name another" in refused(*train, parsed)
        mine = folder / "train.txt"
        mine.write_bytes(parsed.read_bytes())
        (folder / "README.md").write_bytes(parsed.read_bytes())
        before = contents(folder)
        taken = (folder / "README.md", "--format", "conllu")
        assert "README.md is an input, and a new run" in refused(*train, *taken, "--overwrite")
        bare = tmp_path / "bare.wnut"
        bare.write_text("Oslo\tB-LOC\n\n", encoding="utf-8")
        assert "tree" in refused(*train, bare, "--gnn", "gcn", "--overwrite")
        with monkeypatch.context() as patch:
            patch.setattr(CRFHead, "loss", lambda self, h, *rest: h.sum() * math.nan)
            message = refused(*train, mine, "--format", "conllu", "--overwrite")
        assert "lower the learning rates" in message
        now = {n: c for n, c in contents(folder).items() if not n.startswith(".training/")}
        assert now == before
        SynNER.from_pretrained(folder)
        again = run(*train, mine, "--format", "conllu", "--seed", 7, "--overwrite")
        assert again.exit_code == 0, again.output
        assert contents(folder).keys() == before.keys()
        assert mine.read_bytes() == parsed.read_bytes()
        assert contents(folder)["model.safetensors"] != before["model.safetensors"]
