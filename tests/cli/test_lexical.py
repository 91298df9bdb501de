"""`train --encoder lexical`, as it is typed: with word vectors, saved, loaded, predicting."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from synner_graph import SynNER
from synner_graph.data.formats import read_sentences
from synner_graph.evaluation.evaluate import evaluate
from tests.cli.conftest import Run
from tests.cli.test_train import TINY
from tests.places import SAMPLE

CORPUS = ("--train", SAMPLE / "dev.conllu", "--dev", SAMPLE / "dev.conllu")
LEXICAL = ("--encoder", "lexical", "--encoder.character_model=lstm", "--encoder.upos_size=5")
WORDS = {"the": 0.5, "in": -0.25, "Paris": 1.0, "nowhere": 2.0}


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """A file in GloVe's layout, three numbers wide."""
    path = tmp_path / "glove.txt"
    path.write_text("".join(f"{word} {n} 0 {-n}\n" for word, n in WORDS.items()), encoding="utf-8")
    return path


@pytest.mark.parametrize("fixed", [False, True])
def test_vectors_travel_with_the_run(fixed: bool, vectors: Path, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = run(
        *("train", *CORPUS, *LEXICAL, "--encoder.vectors", vectors, "--output", folder),
        *(f"--encoder.fix_words={str(fixed).lower()}", "--encoder.relation_size=6"),
        *("--encoder.zero_digits=true", *TINY, "--json"),
    )
    assert result.exit_code == 0, result.output
    metrics = json.loads(result.stdout)
    assert metrics["config"]["encoder"]["vectors"] == str(vectors)
    assert metrics["config"]["encoder"]["word_size"] == 3
    assert "Words: vectors of width 3 for " in (folder / "train.log").read_text(encoding="utf-8")
    assert json.loads((folder / "config.json").read_text())["encoder"]["vectors"] is None

    vectors.unlink()
    ner = SynNER.from_pretrained(folder)
    weight = load_file(folder / "model.safetensors")["encoder.encoders.0.vectors.weight"]
    row = weight[ner.vocabularies.words.id_of("the")].tolist()
    assert row == [0.5, 0, -0.5] if fixed else row != [0.5, 0, -0.5]
    sentences = tuple(read_sentences(SAMPLE / "dev.conllu"))
    assert evaluate(ner, sentences, "dev").to_json() == metrics["dev"]
    again = tmp_path / "again"
    ner.save_pretrained(again)
    predicted = [run_.predict(sentences) for run_ in (ner, SynNER.from_pretrained(again))]
    assert predicted[0] == predicted[1]


def test_words_without_a_file_of_vectors(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = run("train", *CORPUS, *LEXICAL, "--output", folder, *TINY, "--json")
    assert result.exit_code == 0, result.output
    weight = load_file(folder / "model.safetensors")["encoder.encoders.0.vectors.weight"]
    assert weight.shape[1] == 100 and (weight[1:] != 0).any(1).all()


def test_beside_a_transformer(
    tiny_transformer: Path, vectors: Path, run: Run, tmp_path: Path
) -> None:
    result = run(
        *("train", *CORPUS, "--encoder", tiny_transformer, "--encoder.words", "true"),
        *("--encoder.vectors", vectors, "--output", tmp_path / "run", *TINY),
    )
    assert result.exit_code == 0, result.output
    kinds = [
        type(part).__name__
        for part in SynNER.from_pretrained(tmp_path / "run").model.encoder.encoders
    ]
    assert kinds == ["TransformerEncoder", "WordEncoder", "CharacterCNN", "ShapeEncoder"]


def test_what_does_not_go_together_is_refused(
    vectors: Path, refused: Callable[..., str], tmp_path: Path
) -> None:
    where = (*CORPUS, *TINY, "--output", tmp_path / "run")
    message = refused("train", *where, "--encoder", "characters", "--encoder.vectors", vectors)
    assert "encoder.vectors' has no effect: it needs --encoder lexical" in message
    vectors.write_text("xyzzy 1 2 3\nplugh 1 2\n", encoding="utf-8")
    message = refused("train", *where, *LEXICAL, "--encoder.vectors", vectors)
    assert message.startswith(f"{vectors}:2: expected a word and 3 numbers, got 2")
    vectors.write_text("xyzzy 1 2 3\n", encoding="utf-8")
    message = refused("train", *where, *LEXICAL, "--encoder.vectors", vectors)
    assert message == f"None of the words of the corpus has a vector in {vectors}."
    assert not (tmp_path / "run").exists()
