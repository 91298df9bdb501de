"""Every kind of bad input: one sentence that says where and what, exit code 2, nothing written."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run

Refused = Callable[..., str]

GOOD = [
    "1\tAnn\t_\tPROPN\t_\t_\t2\tnsubj\t_\tNER=B-PER",
    "2\tsaw\t_\tVERB\t_\t_\t0\troot\t_\t_",
    "3\tthe\t_\tDET\t_\t_\t4\tdet\t_\t_",
    "4\tlake\t_\tNOUN\t_\t_\t2\tobj\t_\t_",
    "5\t.\t_\tPUNCT\t_\t_\t2\tpunct\t_\t_",
]


def conllu(path: Path, replaced: dict[int, str], encoding: str = "utf-8") -> Path:
    """Five good lines, some of them replaced."""
    lines = [replaced.get(number, line) for number, line in enumerate(GOOD, 1)]
    path.write_text("\n".join([*lines, "", ""]), encoding=encoding)
    return path


BROKEN_FILES = {
    "a missing column": (
        {3: "3\tthe\t_\tDET\t_\t_\t4\tdet\t_"},
        "bad.conllu:3: expected 10 columns",
    ),
    "a head of 99": (
        {3: "3\tthe\t_\tDET\t_\t_\t99\tdet\t_\t_"},
        "bad.conllu:3: token 3 'the' has head 99, but the sentence has 5 tokens",
    ),
    "a cycle": ({4: "4\tlake\t_\tNOUN\t_\t_\t3\tobj\t_\t_"}, "bad.conllu:3: "),
    "two roots": (
        {4: "4\tlake\t_\tNOUN\t_\t_\t0\troot\t_\t_"},
        "bad.conllu:4: expected one root, got 2: token 2 'saw', token 4 'lake' (to read such "
        "sentences, say --multiple-roots)",
    ),
    "a stray I-": (
        {2: "2\tsaw\t_\tVERB\t_\t_\t0\troot\t_\tNER=I-LOC"},
        "bad.conllu:2: ",
    ),
    "a head that is no number": (
        {3: "3\tthe\t_\tDET\t_\t_\tlake\tdet\t_\t_"},
        "bad.conllu:3: expected a head number, got 'lake'",
    ),
}


READERS = [
    (command, case)
    for case in BROKEN_FILES
    for command in ("train", "eval", "predict")
    # predict replaces the tags, so what they were does not matter to it
    if (command, case) != ("predict", "a stray I-")
]


@pytest.mark.parametrize(("command", "case"), READERS)
def test_broken_files(
    command: str, case: str, refused: Refused, trained_run: Path, tmp_path: Path
) -> None:
    replaced, message = BROKEN_FILES[case]
    bad = conllu(tmp_path / "bad.conllu", replaced)
    arguments: dict[str, tuple[object, ...]] = {
        "train": ("train", "--train", bad, "--encoder", "characters", "-o", tmp_path / "run"),
        "eval": ("eval", trained_run, "--input", bad),
        "predict": ("predict", trained_run, "--input", bad, "--output", tmp_path / "out.conllu"),
    }
    assert message in refused(*arguments[command])
    assert [path.name for path in tmp_path.iterdir()] == ["bad.conllu"]


def test_a_cycle_names_its_tokens(refused: Refused, trained_run: Path, tmp_path: Path) -> None:
    bad = conllu(tmp_path / "bad.conllu", {4: "4\tlake\t_\tNOUN\t_\t_\t3\tobj\t_\t_"})
    message = refused("eval", trained_run, "--input", bad)
    assert "cycle" in message and "'the'" in message and "'lake'" in message


def test_latin_1(refused: Refused, trained_run: Path, tmp_path: Path) -> None:
    bad = conllu(tmp_path / "bad.conllu", {1: GOOD[0].replace("Ann", "Zoë")}, "latin-1")
    message = refused("eval", trained_run, "--input", bad)
    assert "bad.conllu:1: expected UTF-8, got byte 0xeb" in message


def test_an_entity_of_an_unknown_label_is_missed(
    run: Run, trained_run: Path, tmp_path: Path
) -> None:
    bad = conllu(tmp_path / "bad.conllu", {1: GOOD[0].replace("B-PER", "B-EVENT")})
    result = run("eval", trained_run, "--input", bad)
    assert result.exit_code == 0, result.output
    assert "1 entities have a label that the model does not know: EVENT (1)" in result.stderr


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n\n"])
def test_an_empty_file(content: str, refused: Refused, trained_run: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.conllu"
    bad.write_text(content, encoding="utf-8")
    assert "bad.conllu:1: expected" in refused("eval", trained_run, "--input", bad)


def test_no_such_file(refused: Refused, trained_run: Path, tmp_path: Path) -> None:
    message = refused("predict", trained_run, "--input", tmp_path / "none.conllu")
    assert "none.conllu" in message and "No such file" in message


def test_a_run_without_weights(refused: Refused, trained_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained_run, tmp_path / "copy")
    (folder / "model.safetensors").unlink()
    message = refused("eval", folder, "--dataset", "sample")
    assert message.endswith("is not a complete run: it has no model.safetensors.")


def test_a_wrong_dataset(refused: Refused) -> None:
    message = refused("train", "--dataset", "uner-ewd")
    assert "got 'uner-ewd'. Did you mean 'uner-ewt'?" in message


def test_an_unknown_suffix(refused: Refused, trained_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "corpus.dat"
    path.write_text("Ann O\n", encoding="utf-8")
    message = refused("predict", trained_run, "--input", path)
    assert "--format" in message and "conll2003" in message


def test_a_file_without_trees(refused: Refused, trained_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "flat.conll2003"
    path.write_text("Ann O\nsaw O\n\n", encoding="utf-8")
    assert "has no dependency tree" in refused("predict", trained_run, "--input", path)


@pytest.mark.parametrize("parser", [(), ("--parser", "biaffine")])
def test_a_corpus_without_trees_names_the_ways_out(
    parser: tuple[str, ...], refused: Refused, tmp_path: Path
) -> None:
    path = tmp_path / "flat.conll2003"
    path.write_text("Ann _ _ B-PER\nsaw _ _ O\n\n", encoding="utf-8")
    message = refused("train", "--train", path, "--encoder", "characters", *parser)
    for way in ("--parser spacy:PACKAGE", "--parser biaffine:RUN", "--syntax none"):
        assert way in message


@pytest.mark.parametrize("name", ["notes.txt", "notes.bio", "notes"])
@pytest.mark.parametrize("command", ["train", "predict"])
def test_columns_of_another_name(
    command: str, name: str, refused: Refused, trained_run: Path, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text("Ann\tB-PER\nsaw\tO\n\nBob\tB-PER\n", encoding="utf-8")
    how = ("--train", path) if command == "train" else (trained_run, "--input", path)
    message = refused(command, *how)
    assert "--format" in message and "its first sentence can be read as" in message
    assert "wnut" in message
    assert ("--format text" in message) == (command == "predict")


def test_texts_of_another_name(refused: Refused, trained_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("Ann saw Bob.\n", encoding="utf-8")
    message = refused("predict", trained_run, "--input", path)
    assert "--format text" in message and "can be read as" not in message


def test_an_error_is_one_bounded_line(refused: Refused, trained_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "long.conllu"
    path.write_text(f"1\t{'x' * 100_000}\x1b[2J\n", encoding="utf-8")
    assert len(refused("eval", trained_run, "--input", path)) < 1_100
    path.write_text("\n".join(GOOD).replace("\t4\tdet", f"\t\x1b[2J{'9' * 9_000}\tdet") + "\n\n")
    message = refused("eval", trained_run, "--input", path)
    assert len(message) < 1_100 and "\x1b" not in message
    assert "long.conllu:3: expected a head number, got '" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "--dataset", "sample", "--train", "a.conllu"), "got both"),
        (("train", "--dataset", "sample", "--epoch", "3"), "There is no option --epoch"),
        (("train", "--dataset", "sample", "--gnn.layer", "3"), "Did you mean 'layers'?"),
        (("train", "--dataset", "sample", "--training.epoch", "3"), "Did you mean 'epochs'?"),
        (("train", "--dataset", "sample", "--trainin.epochs", "3"), "Did you mean 'training'?"),
        (
            ("train", "--dataset", "sample", "--gnn", "gat", "--gnn.head", "2"),
            "'gnn.head' does not exist: it is no option of the GNN layer 'gat'. Did you mean ",
        ),
        (
            ("train", "--dataset", "sample", "--gnn", "gat", "--gnn.heads", "0"),
            "'gnn.heads' is wrong",
        ),
        (("train", "--dataset", "sample", "--edges", "self,nxt-token"), "Did you mean 'next-"),
        (("train", "--dataset", "sample", "--gnn.layers", "no"), "'gnn.layers' is wrong"),
        (("train", "--dataset", "sample", "--gnn.layers"), "--gnn.layers needs a value"),
        (("train", "--dataset", "sample", "--head.scheme", "bieos"), "'head.scheme' is wrong"),
        (("train", "--dataset", "sample", "--syntax", "none", "--gnn", "gcn"), "contradict"),
        (("train", "--dataset", "sample", "--head", "spam"), "Did you mean 'span'?"),
        (("train", "--dataset", "sample", "--gnn", "gccn"), "Did you mean 'gcn'?"),
        (("train", "--dataset", "sample", "--encoder", "./nowhere"), "No transformer found"),
        (("train", "--dataset", "sample", "--device", "cpuu"), "'cpuu' cannot be used"),
        (("train", "--config", "nowhere.toml"), "Cannot read the settings in nowhere.toml"),
        (("eval", "nowhere", "--dataset", "sample"), "There is no run folder 'nowhere'"),
        (("eval", "nowhere"), "Say what to read: either --dataset NAME or --input FILE"),
        (("eval", "nowhere", "--dataset", "sample", "--split", "tets"), "Did you mean 'test'?"),
        (("predict", "nowhere", "--format", "conlu"), "Did you mean 'conllu'"),
    ],
)
def test_bad_arguments(
    arguments: tuple[str, ...],
    message: str,
    refused: Refused,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert message in refused(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_corpus_says_how_to_get_it(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SYNNER_DATA_DIR", raising=False)
    message = refused("train", "--dataset", "uner-zh-gsd")
    assert "--data-dir" in message and "SYNNER_DATA_DIR" in message
