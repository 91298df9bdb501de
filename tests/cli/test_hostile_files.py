"""Files that somebody has spoilt, or made to do harm: one sentence, exit code 2, no harm done."""

import ast
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from synner_graph.data.formats import FORMATS
from synner_graph.recogniser import memory
from tests.cli.conftest import Run
from tests.places import ROOT

Refused = Callable[..., str]

DEEP = "[" * 100_000 + "]" * 100_000
JSON_FILES = ("config.json", "vocabulary.json", "parser.json", "encoder/config.json")
JSON_FILES += ("encoder/tokenizer.json", "encoder/tokenizer_config.json", "manifest.json")
SENTENCE = (
    "1\tAnn\t_\tPROPN\t_\t_\t2\tnsubj\t_\tNER=B-PER\n2\tsaw\t_\tVERB\t_\t_\t0\troot\t_\t_\n\n"
)


@pytest.fixture
def sentence(tmp_path: Path) -> Path:
    path = tmp_path / "one.conllu"
    path.write_text(SENTENCE, encoding="utf-8")
    return path


@pytest.fixture
def copy(trained_run: Path, tmp_path: Path) -> Path:
    """A run without a manifest, as it was saved before there were any: to change its files."""
    folder = Path(shutil.copytree(trained_run, tmp_path / "copy"))
    (folder / "manifest.json").unlink()
    return folder


@contextmanager
def edited(path: Path) -> Iterator[dict[str, Any]]:
    values = json.loads(path.read_text("utf-8"))
    yield values
    path.write_text(json.dumps(values), encoding="utf-8")


@pytest.mark.parametrize("content", ["null", "[]", "5", '"x"', DEEP, "{", "9" * 5_000])
@pytest.mark.parametrize("name", JSON_FILES)
def test_json_that_is_something_else(
    name: str, content: str, refused: Refused, copy: Path, sentence: Path
) -> None:
    (copy / name).write_text(content, encoding="utf-8")
    message = refused("predict", copy, "--input", sentence)
    assert str(copy / name) in message


@pytest.mark.parametrize(
    ("name", "key", "value", "message"),
    [
        ("vocabulary.json", "labels", [[]], "expected a list of strings as 'labels'"),
        ("vocabulary.json", "relations", "nsubj", "expected a list of strings as 'relations'"),
        ("vocabulary.json", "labels", ["PER", "PER"], "expected each name once in 'labels'"),
        ("vocabulary.json", "gazetteer", [{"phrase": 1, "label": 2, "list": 3}], "strings"),
        ("parser.json", "relations", [None], "expected strings"),
        ("encoder/config.json", "num_hidden_layers", 10**12, "num_hidden_layers"),
        ("encoder/config.json", "num_hidden_layers", None, "num_hidden_layers"),
        ("encoder/config.json", "num_attention_heads", -1, "num_attention_heads"),
        ("encoder/config.json", "hidden_act", "no", "cannot be built"),
        ("encoder/config.json", "model_type", "no", "model type"),
        ("encoder/config.json", "vocab_size", 3, "gives the piece"),
        ("encoder/tokenizer.json", "added_tokens", None, "tokenizer"),
        (
            "encoder/tokenizer_config.json",
            "model_max_length",
            [1],
            "tokenizer_config.json does not",
        ),
        ("encoder/tokenizer_config.json", "pad_token", {}, "tokenizer_config.json does not"),
        ("encoder/config.json", "layer_norm_eps", "x", "expected a number as layer_norm_eps"),
        ("encoder/config.json", "max_position_embeddings", "x", "expected a number"),
    ],
)
def test_json_with_other_values(
    name: str, key: str, value: object, message: str, refused: Refused, copy: Path, sentence: Path
) -> None:
    with edited(copy / name) as values:
        values[key] = value
    said = refused("-q", "predict", copy, "--input", sentence)
    assert message in said and "/tmp/tmp" not in said


@pytest.mark.parametrize(
    ("name", "place", "size"),
    [
        ("config.json", ("gnn", "size"), 10**7),
        ("config.json", ("gnn", "layers"), 10**12),
        ("config.json", ("encoder", "character_size"), 10**11),
        ("config.json", ("recurrent", "options", "size"), 10**9),
        ("encoder/config.json", ("hidden_size",), 2 * 10**8),
        ("encoder/config.json", ("vocab_size",), 10**9),
        ("encoder/config.json", ("max_position_embeddings",), 10**12),
    ],
)
def test_sizes_beyond_the_weights(
    name: str, place: tuple[str, ...], size: int, refused: Refused, copy: Path, sentence: Path
) -> None:
    with edited(copy / name) as values:
        *sections, key = place
        for section in sections:
            values = values[section]
        values[key] = size
    message = refused("-q", "predict", copy, "--input", sentence)
    assert "describe a far larger model than the" in message


@pytest.mark.parametrize(
    "setting",
    [("--gnn-dim", 100_000), ("--gnn-layers", 10**9), ("--encoder.character_size", 10**9)],
)
def test_a_new_model_that_is_too_large(
    setting: tuple[str, int],
    refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 3 * 10**8)
    arguments = ("train", "--dataset", "sample", "--encoder", "characters", "-o", tmp_path / "run")
    message = refused("-q", *arguments, *setting)
    assert "takes more memory than the 0.3 GB that are free" in message
    assert not (tmp_path / "run").exists()


def test_a_model_that_is_too_large_to_learn(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    free = iter([10**9, 10**5])  # while it is built, and when it is to learn
    monkeypatch.setattr(memory, "available_memory", lambda: next(free))
    arguments = ("train", "--dataset", "sample", "--encoder", "characters", "-o", tmp_path / "run")
    message = refused("-q", *arguments)
    assert message.startswith("Training ") and "0.0 GB are free" in message


def test_a_run_larger_than_the_memory(
    refused: Refused, trained_run: Path, sentence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 100)
    assert "of memory, and 0.0 GB are free" in refused("predict", trained_run, "-i", sentence)


def test_memory_that_runs_out(
    refused: Refused, trained_run: Path, sentence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grown(*_: object) -> None:
        torch.empty(2**60, dtype=torch.uint8)

    monkeypatch.setattr("synner_graph.model.network.SynNERModel.read", grown)
    message = refused("-q", "predict", trained_run, "--input", sentence)
    assert message.startswith("There is not enough memory for this")


@pytest.mark.parametrize("seed", ["-1", str(2**32), "9" * 5_000])
def test_seeds(seed: str, refused: Refused) -> None:
    message = refused("train", "--dataset", "sample", "--training.seed", seed)
    assert "'training.seed' is wrong" in message


@pytest.mark.parametrize("kind", ["1000000-hop", f"{'9' * 5_000}-hop"])
def test_hops_beyond_any_sentence(kind: str, refused: Refused) -> None:
    assert "Unknown edge kind" in refused("train", "--dataset", "sample", "--edges", kind)


@pytest.mark.parametrize("format", ["conllu", "conllx", "semeval2010"])
def test_a_head_of_more_digits_than_python_reads(
    format: str, refused: Refused, run: Run, tmp_path: Path
) -> None:
    plain = tmp_path / f"good.{format}"
    good = run("data", "convert", _sample(tmp_path), plain)
    assert good.exit_code == 0, good.output
    column = {"conllu": 6, "conllx": 6, "semeval2010": 8}[format]
    lines = plain.read_text("utf-8").splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith("1\t"))
    cells = lines[row].split("\t")
    cells[column] = "9" * 4_301
    lines[row] = "\t".join(cells)
    bad = tmp_path / f"bad.{format}"
    bad.write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    message = (
        refused("data", "convert", bad, tmp_path / "out.conllu", "--scheme", "bio")
        if (FORMATS[format].scheme)
        else refused("data", "convert", bad, tmp_path / "out.conllu")
    )
    assert f"bad.{format}:{row + 1}: expected a head number, got '9999" in message


def _sample(folder: Path) -> Path:
    path = folder / "one.conllu"
    path.write_text(SENTENCE, encoding="utf-8")
    return path


@pytest.mark.parametrize("content", ["seed = " + "9" * 5_000, "a = " + DEEP])
def test_settings_beyond_what_python_reads(content: str, refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(content, encoding="utf-8")
    assert f"Cannot read the settings in {path}" in refused("train", "--config", path)


@pytest.mark.parametrize("content", ["[" + "9" * 5_000 + "]", DEEP])
def test_tags_beyond_what_python_reads(
    content: str, refused: Refused, sentence: Path, tmp_path: Path
) -> None:
    path = tmp_path / "tags.json"
    path.write_text(content, encoding="utf-8")
    assert "tags.json:1: expected" in refused("eval", "--system", path, "--gold", sentence)


def test_a_link_out_of_a_run(refused: Refused, copy: Path, sentence: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    (copy / "vocabulary.json").rename(secret)
    (copy / "vocabulary.json").symlink_to(secret)
    message = refused("predict", copy, "--input", sentence)
    assert "vocabulary.json is a link out of the folder" in message


def test_a_folder_in_a_run_that_leads_out(
    refused: Refused, copy: Path, sentence: Path, tmp_path: Path
) -> None:
    (copy / "encoder").rename(tmp_path / "elsewhere")
    (copy / "encoder").symlink_to(tmp_path / "elsewhere")
    assert "is a link out of the folder" in refused("predict", copy, "--input", sentence)


def test_a_manifest_that_leads_out(
    refused: Refused, trained_run: Path, sentence: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(trained_run, tmp_path / "copy"))
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with edited(folder / "manifest.json") as values:
        values["files"]["../notes.txt"] = values["files"]["config.json"]
    message = refused("predict", folder, "--input", sentence)
    assert "the name '../notes.txt' leads out of the folder" in message


def test_code_beside_a_transformer_is_not_run(copy: Path, sentence: Path, run: Run) -> None:
    trace = copy.parent / "trace"
    (copy / "encoder/evil.py").write_text(f"open({str(trace)!r}, 'w')", encoding="utf-8")
    with edited(copy / "encoder/config.json") as values:
        values["auto_map"] = {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
    with edited(copy / "encoder/tokenizer_config.json") as values:
        values["auto_map"] = {"AutoTokenizer": ["evil.Tokenizer", "evil.Tokenizer"]}
    run("predict", copy, "--input", sentence)
    assert not trace.exists()


def test_no_code_beside_a_transformer_is_trusted() -> None:
    found = 0
    for file in sorted((ROOT / "synner_graph").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and re.match(
                r"Auto\w+\.from_(pretrained|config)$", ast.unparse(node.func)
            ):
                found += 1
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                assert given.get("trust_remote_code") == "False", f"{file}:{node.lineno}"
    assert found > 5


CODE = re.compile(
    r"(pickle|cPickle|dill|joblib|marshal|shelve)\.\w+$|(eval|exec|compile)$"
    r"|torch\.load$|yaml\.\w*load\w*$|shutil\.unpack_archive$|.*\.extract(all)?$|tarfile\.\w+$"
)
"""Calls that run what a file says, or write where an archive says."""
OWN_SOURCE = Path("synner_graph/model/outline.py")
"""Evaluates definitions of this package, so that they can be listed without importing torch."""


def test_nothing_is_unpickled_evaluated_or_unpacked() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node.func)}"
        for file in sorted((ROOT / "synner_graph").rglob("*.py"))
        if file.relative_to(ROOT) != OWN_SOURCE
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and CODE.match(ast.unparse(node.func))
    ]
    assert found == []
    for name in ("torch.load", "eval", "archive.extractall", "pickle.loads", "yaml.safe_load"):
        assert CODE.match(name), name


def test_a_layer_is_no_way_to_other_code(refused: Refused, copy: Path, sentence: Path) -> None:
    with edited(copy / "config.json") as values:
        values["gnn"]["name"] = "subprocess.Popen"
    message = refused("predict", copy, "--input", sentence)
    assert "expected a GNN layer of dgl or torch_geometric" in message


def test_a_header_that_promises_more_than_there_is(
    refused: Refused, copy: Path, sentence: Path
) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes((2**62).to_bytes(8, "little") + weights.read_bytes()[8:])
    assert "model.safetensors cannot be read" in refused("predict", copy, "--input", sentence)
    header = b'{"w":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}'
    weights.write_bytes(len(header).to_bytes(8, "little") + header)
    assert "model.safetensors cannot be read" in refused("predict", copy, "--input", sentence)


def test_weights_of_another_model(refused: Refused, copy: Path, sentence: Path) -> None:
    weights = safetensors.torch.load_file(copy / "model.safetensors")
    weights.pop(next(iter(weights)))
    safetensors.torch.save_file(weights, copy / "model.safetensors")
    message = refused("-q", "predict", copy, "--input", sentence)
    assert "do not fit its config.json" in message


@pytest.mark.parametrize("format", ["label-studio", "doccano"])
def test_numbers_beyond_what_python_reads_are_passed_on(
    format: str, run: Run, text_run: Path, tmp_path: Path
) -> None:
    source, output = tmp_path / "texts.jsonl", tmp_path / "out.json"
    long = "9" * 5_000
    line = f'{{"text": "In Oslo.", "id": {long}, "more": [{long}, 1e400, "\\ud800"]}}\n'
    source.write_text(line, encoding="utf-8")
    command = ("predict", text_run, "-i", source, "-o", output, "--output-format", format)
    result = run(*command, "--device", "cpu")
    assert result.exit_code == 0, result.output
    written = output.read_text("utf-8")
    assert f'"id": {long}' in written and f'"more": [{long}, 1e400, "\\ud800"]' in written
    json.loads(written, parse_int=str)


def test_a_temperature_beyond_all_floats(refused: Refused, copy: Path, sentence: Path) -> None:
    values = {"temperature": 10**400, "splits": {}}
    (copy / "calibration.json").write_text(json.dumps(values), encoding="utf-8")
    message = refused("predict", copy, "--input", sentence)
    assert "calibration.json is not what a run holds" in message


@pytest.mark.parametrize("content", ["[]", "{}", '{"corpus": 5, "config": []}', DEEP])
def test_metrics_that_are_something_else(content: str, refused: Refused, copy: Path) -> None:
    (copy / "metrics.json").write_text(content, encoding="utf-8")
    place = str(copy / "metrics.json")
    assert place in refused("train", "--from", copy, "--dataset", "sample")
    assert place in refused("package", copy, "--license", "MIT")
