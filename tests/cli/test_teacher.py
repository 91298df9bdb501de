"""`train --teacher`, as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path

from synner_graph.recogniser.synner import SynNER
from tests.cli.conftest import Run
from tests.cli.test_train import TINY
from tests.places import SAMPLE

STUDENT = (
    *("train", "--train", SAMPLE / "dev.conllu", "--dev", SAMPLE / "dev.conllu"),
    *("--encoder", "characters", "--syntax", "none", "--head", "span", *TINY[2:]),
)


def test_a_run_or_what_it_wrote_elsewhere_teaches_a_student(run: Run, tmp_path: Path) -> None:
    teacher, answers = tmp_path / "teacher", tmp_path / "answers.jsonl"
    given = ("--train", SAMPLE / "dev.conllu", "--encoder", "characters", "--syntax", "none")
    assert run("train", *given, *TINY[2:], "--output", teacher).exit_code == 0
    for part in ("dev", "test"):
        found = run(
            *("predict", teacher, "--input", SAMPLE / f"{part}.conllu", "--candidates", "0.001"),
            *("--output", tmp_path / f"{part}.jsonl"),
        )
        assert found.exit_code == 0, found.output
    parts = (tmp_path / f"{part}.jsonl" for part in ("dev", "test"))
    answers.write_bytes(b"".join(part.read_bytes() for part in parts))

    weights = []
    for number, source in enumerate((teacher, answers)):
        result = run(
            *(*STUDENT, "--teacher", source, "--training.teacher_weight", "0.8", "--json"),
            *("--training.unlabelled", SAMPLE / "test.conllu", "--output", tmp_path / f"{number}"),
        )
        assert result.exit_code == 0, result.output
        settings = json.loads(result.stdout)["config"]["training"]
        assert settings["teacher"] == str(source) and settings["teacher_weight"] == 0.8
        assert settings["unlabelled"] == [str(SAMPLE / "test.conllu")]
        weights.append(SynNER.from_pretrained(tmp_path / f"{number}").model.state_dict())
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])


def test_a_combination_teaches_as_a_file_of_its_answers_does(
    run: Run, trained_run: Path, parsing_run: Path, tmp_path: Path
) -> None:
    folder, answers = tmp_path / "together", tmp_path / "answers.jsonl"
    saved = run("combine", trained_run, parsing_run, "--method", "mean", "--save", folder)
    assert saved.exit_code == 0, saved.output
    asked = ("--input", SAMPLE / "dev.conllu", "--candidates", "0.001", "--output", answers)
    found = run("predict", folder, *asked)
    assert found.exit_code == 0, found.output
    weights = []
    for number, source in enumerate((folder, answers)):
        output = ("--output", tmp_path / f"{number}")
        result = run(*STUDENT, "--teacher", source, "--training.teacher_weight", "0.8", *output)
        assert result.exit_code == 0, result.output
        weights.append(SynNER.from_pretrained(tmp_path / f"{number}").model.state_dict())
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])


def test_sentences_that_a_file_lacks(refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"tokens": ["Other"], "entities": [], "candidates": []}\n', encoding="utf-8")
    message = refused("--quiet", *STUDENT, "--teacher", path, "--output", tmp_path / "run")
    assert message.startswith(f"{path}: expected all ")
    assert "sentences that are to be learned, in their order, got none with" in message


def test_a_weight_without_a_teacher(refused: Callable[..., str], tmp_path: Path) -> None:
    message = refused(*STUDENT, "--training.teacher_weight", "0.3", "--output", tmp_path / "run")
    assert message == (
        "The setting 'training.teacher_weight' has no effect: it needs training.teacher."
    )


def test_the_teacher_is_not_written_over(refused: Callable[..., str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "model.safetensors").write_bytes(b"")
    (run / "config.json").write_text("{}", encoding="utf-8")
    (run / "manifest.json").write_text('{"format": 1, "files": {}, "others": []}', "utf-8")
    message = refused(*STUDENT, "--teacher", run, "--output", run, "--overwrite")
    assert message.startswith(f"{run} is an input, and a new run in {run} would write over it")
