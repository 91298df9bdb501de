"""The bundled corpus keeps its promises, and the script that says so notices when it does not."""

import importlib.util

import pytest

from tests.places import ROOT

SCRIPT = ROOT / "datasets" / "validate_sample.py"
specification = importlib.util.spec_from_file_location("validate_sample", SCRIPT)
assert specification is not None and specification.loader is not None
validate_sample = importlib.util.module_from_spec(specification)
specification.loader.exec_module(validate_sample)


def test_every_promise_is_kept() -> None:
    assert validate_sample.problems(validate_sample.read()) == []


def test_the_readme_states_its_figures() -> None:
    readme = SCRIPT.with_name("README.md").read_text(encoding="utf-8")
    corpus = validate_sample.read()
    for split, sentences in corpus.items():
        assert f"| {split} | {len(sentences)} | {sum(map(len, sentences)):,} |" in readme
    figures = validate_sample.figures(corpus)
    assert f"{figures['relations']} relations" in readme
    assert f"{figures['non-projective sentences']} non-projective" in readme
    assert f"{figures['documents in train']} documents" in readme
    assert f"{figures['test names unseen in train, percent']:.0f} of 100 test names" in readme


@pytest.mark.parametrize(
    ("split", "keep", "broken"),
    [
        ("train", slice(779), "at least 780 sentences in train"),
        ("test", slice(149), "at least 150 sentences in test"),
    ],
)
def test_missing_sentences_are_noticed(split: str, keep: slice, broken: str) -> None:
    corpus = validate_sample.read()
    corpus[split] = corpus[split][keep]
    assert broken in validate_sample.problems(corpus)


def test_repetition_is_noticed() -> None:
    corpus = validate_sample.read()
    corpus["train"] += [corpus["train"][0]] * 12
    broken = validate_sample.problems(corpus)
    assert "every text once" in broken and "no tree in more than 1 percent" in broken


def test_known_test_names_are_noticed() -> None:
    corpus = validate_sample.read()
    corpus["train"] += corpus["test"]
    assert "most test names unseen in train" in validate_sample.problems(corpus)


def test_a_document_holds_the_sentences_behind_its_mark() -> None:
    marked = ["# newdoc id = a", "# sent_id = a-1", "# sent_id = a-2", "# newdoc", "# sent_id = b"]
    assert validate_sample.documents(["# sent_id = alone", *marked]) == [2, 1]


@pytest.mark.parametrize(
    ("sizes", "broken"),
    [
        ([9] * 29, "at least 30 documents in train"),
        ([9] * 30 + [4], "at least 5 sentences in a document"),
    ],
)
def test_missing_documents_are_noticed(
    sizes: list[int], broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validate_sample, "train_documents", lambda: sizes)
    assert validate_sample.problems(validate_sample.read()) == [broken]


def test_a_training_sentence_shown_as_an_example_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = validate_sample.read()
    shown = validate_sample.examples()
    assert "synner" in shown and '"outputs"' not in shown
    monkeypatch.setattr(validate_sample, "examples", lambda: f"Try: {corpus['train'][-1].text}")
    assert validate_sample.problems(corpus) == ["no training sentence in README, docs or notebooks"]
