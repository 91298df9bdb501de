"""Combinations in run folders: what they find is what their members say together."""

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.combination import Combiner, Dev, Judge
from synner_graph.evaluation.combination.combined import CombinedNER
from synner_graph.evaluation.combination.pool import Said
from synner_graph.evaluation.combination.saved import (
    load_combination,
    open_recogniser,
    save_combination,
)
from synner_graph.evaluation.evaluate import evaluate
from synner_graph.parsers import scheme_note
from synner_graph.recogniser.calibration import Calibration
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.run_folder import COMBINATION, RunFolder
from tests.fixtures import tiny_config


@pytest.fixture(scope="module")
def span_run(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Run folder of a span model that reads documents, with random weights."""
    config = tiny_config(
        tiny_transformer,
        head__name="span",
        head__decode="nested",
        encoder__context="document",
        encoder__window=36,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        rows = small_corpus.splits["train"]
        ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
    folder = tmp_path_factory.mktemp("runs") / "span"
    ner.save_pretrained(folder)
    return folder


@pytest.fixture
def runs(trained_run: Path, parsing_run: Path, span_run: Path, tmp_path: Path) -> list[Path]:
    """Copies of three runs beside where the combination will be."""
    copies = []
    for run in (trained_run, parsing_run, span_run):
        copies.append(Path(shutil.copytree(run, tmp_path / "runs" / run.name)))
    return copies


def said(run: Path, sentences: Sequence[Sentence]) -> Said:
    named = list(SynNER.from_pretrained(run).stream(sentences, candidates=0.001))
    return Said(str(run), [s.entities for s in named], [s.candidates or () for s in named])


@pytest.fixture(scope="module")
def opinions(
    trained_run: Path, parsing_run: Path, span_run: Path, small_corpus: Corpus
) -> dict[str, Dev]:
    """What the three runs say of dev and test; the last is a judge, too."""
    found = {}
    head = SynNER.from_pretrained(span_run).model.head
    for split in ("dev", "test"):
        rows = small_corpus.splits[split]
        systems = [said(run, rows) for run in (trained_run, parsing_run, span_run)]
        judge = Judge(systems[2], head.labels, head.max_width)
        found[split] = Dev(systems, [s.entities for s in rows], judge)
    return found


def scored(rows: list) -> list[list[tuple]]:
    return [[(e, pytest.approx(e.score, rel=1e-4)) for e in row] for row in rows]


@pytest.mark.parametrize("method", ["majority", "weighted", "weighted-by-type", "mean", "span"])
def test_it_finds_what_the_members_say_together(
    method: str,
    runs: list[Path],
    opinions: dict[str, Dev],
    small_corpus: Corpus,
    tmp_path: Path,
) -> None:
    test, systems = small_corpus.splits["test"], opinions["test"].systems
    combiner = Combiner.learn(method, 3, opinions["dev"], calibrate=True)
    folder = tmp_path / "combined"
    save_combination(folder, combiner, runs, runs[2] if method == "span" else None)

    ner = open_recogniser(folder)
    assert isinstance(ner, CombinedNER) and ner.combiner == combiner
    expected = combiner.combine(systems, opinions["test"].judge)
    found = ner.predict(test)
    assert [list(s.entities) for s in found] == [list(row) for row in expected]
    assert scored([s.entities for s in found]) == scored(expected)
    assert sum(map(len, expected)) > 3
    assert [s.tokens for s in found] == [s.tokens for s in test]
    assert [s.heads for s in found] == [s.heads for s in test]
    likely = ner.candidates(test, 0.2, batch_size=5)
    expected = combiner.candidates(systems, 0.2, opinions["test"].judge)
    assert scored(likely) == scored(expected)
    report = evaluate(ner, test, "test")
    assert report.overall.predicted == sum(len(s.entities) for s in found)


def test_folders_may_move_together(runs: list[Path], tmp_path: Path) -> None:
    save_combination(tmp_path / "combined", Combiner.learn("majority", 3), runs)
    values = json.loads((tmp_path / "combined" / "combination.json").read_text())
    assert [m["path"] for m in values["members"]] == [f"../runs/{run.name}" for run in runs]
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.move(tmp_path / "runs", moved / "runs")
    shutil.move(tmp_path / "combined", moved / "combined")
    names = [name for name, _ in load_combination(moved / "combined").members]
    assert names == [str(moved / "runs" / run.name) for run in runs]


def test_texts_are_read_on_the_trees_of_each_member(runs: list[Path], tmp_path: Path) -> None:
    _, parsing, _ = runs
    twice = tmp_path / "runs" / "twice"
    shutil.copytree(parsing, twice)
    save_combination(tmp_path / "combined", Combiner.learn("mean", 2), [parsing, twice])
    text = "Angela Merkel met the UN in Geneva. She went on to Bern."
    doc, alone = load_combination(tmp_path / "combined")(text), SynNER.from_pretrained(parsing)
    likely = alone.candidates([s.without_tree() for s in alone(text).sentences])
    mean = Combiner.learn("mean", 2).combine([Said("", [], likely)] * 2)
    assert [s.entities for s in doc.sentences] == mean
    with pytest.raises(InputError, match="reads no graph of its own"):
        _ = doc.graph


def test_a_parser_named_is_that_of_all_members(
    runs: list[Path], small_corpus: Corpus, tmp_path: Path
) -> None:
    trained, parsing, _ = runs
    save_combination(tmp_path / "combined", Combiner.learn("majority", 2), [trained, parsing])
    ner = load_combination(tmp_path / "combined")
    parser = ner.chosen_parser(f"biaffine:{parsing}")
    notes = [
        scheme_note(SynNER.from_pretrained(run).parser_record, parser) for run in (trained, parsing)
    ]
    assert ner.tree_notes(parser) == list(dict.fromkeys(note for note in notes if note))
    for name in ("run", "biaffine"):
        with pytest.raises(InputError, match=f"The parser '{name}' is that of one run"):
            ner.chosen_parser(name)
    text = "Angela Merkel met the UN in Geneva."
    with pytest.raises(InputError, match="trained on the trees of its corpus"):
        ner(text)
    pipeline = ner.pipeline(f"biaffine:{parsing}")
    (segments,) = map(list, pipeline.chunk([text]))
    bare = [segment.sentence.replace(entities=()) for segment in segments]
    on_trees = parser.parse(bare)
    assert [s.sentence.entities for s in segments] == [s.entities for s in ner.predict(on_trees)]


def test_relations_that_no_member_knows_are_counted_once(
    runs: list[Path], small_corpus: Corpus, tmp_path: Path
) -> None:
    save_combination(tmp_path / "combined", Combiner.learn("majority", 3), runs)
    sentence = small_corpus.splits["test"][0]
    odd = sentence.replace(relations=("odd",) * len(sentence))
    unknown: Counter[str] = Counter()
    list(load_combination(tmp_path / "combined").stream([odd], unknown=unknown))
    assert unknown == {"odd": len(sentence)}


@pytest.mark.parametrize("what", ["weights", "calibrated", "gone", "manifest"])
def test_members_that_are_not_what_was_combined_are_refused(
    what: str, runs: list[Path], tmp_path: Path
) -> None:
    folder, member = tmp_path / "combined", runs[1]
    save_combination(folder, Combiner.learn("majority", 3), runs)
    assert len(load_combination(folder).members) == 3
    if what == "weights":
        weights = member / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
        message = f"The run in {member} is damaged: model.safetensors is not the file"
    elif what == "calibrated":
        ner = SynNER.from_pretrained(member)
        ner.calibration = Calibration(2.0, {})
        ner.save_measured(member)
        message = f"The member {member} is not the run that {folder} was made of"
    elif what == "gone":
        shutil.rmtree(member)
        message = f"The combination {folder} lacks its member {member}: no such folder."
    else:
        (member / "manifest.json").unlink()
        message = f"{member} has no manifest"
    with pytest.raises(InputError, match=message):
        load_combination(folder)


CHANGED = Combiner.learn("majority", 3).to_json()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "has format 2: a later version of the program wrote it"),
        ({"members": None}, "combination.json does not describe a combination"),
        ({"combiner": {}}, "combination.json does not describe a combination: KeyError"),
        ({"combiner": CHANGED | {"weights": []}}, "expected two weights or more, got 0"),
        ({"combiner": CHANGED | {"null": -1}}, "expected a finite number from 0 on, got -1"),
        ({"combiner": CHANGED | {"null": 10**400}}, "expected a finite number from 0 on, got inf"),
    ],
)
def test_a_file_that_says_something_else_is_refused(
    change: dict, message: str, runs: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "combined"
    save_combination(folder, Combiner.learn("majority", 3), runs)
    path = folder / "combination.json"
    values = json.loads(path.read_text()) | change
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match=f"The run in {folder} is damaged: combination.json"):
        load_combination(folder)
    (folder / "manifest.json").unlink()
    path.unlink()
    RunFolder(folder).commit({COMBINATION: json.dumps(values).encode()})
    with pytest.raises(InputError, match=message):
        load_combination(folder)


def test_what_cannot_be_saved_is_refused(runs: list[Path], tmp_path: Path) -> None:
    majority = Combiner.learn("majority", 2)
    file = tmp_path / "named.jsonl"
    file.touch()
    with pytest.raises(InputError, match=r"Only run folders can .*named\.jsonl is no"):
        save_combination(tmp_path / "combined", majority, [runs[0], file])
    with pytest.raises(InputError, match="has no manifest: it is no run folder"):
        save_combination(tmp_path / "combined", majority, [runs[0], tmp_path])
    with pytest.raises(InputError, match="is not empty: name another, or use --overwrite"):
        save_combination(tmp_path, majority, runs[:2])
    save_combination(tmp_path / "combined", majority, runs[:2])
    save_combination(tmp_path / "combined", majority, runs[1:], overwrite=True)
    names = [name for name, _ in load_combination(tmp_path / "combined").members]
    assert names == list(map(str, runs[1:]))


def test_members_fit_the_method(runs: list[Path]) -> None:
    members = [(str(run), SynNER.from_pretrained(run)) for run in runs]
    majority = Combiner.learn("majority", 3)
    with pytest.raises(InputError, match="expected 3 members, one for each weight, got 2"):
        CombinedNER(majority, members[:2])
    with pytest.raises(InputError, match="expected a span model for the method span, and for no"):
        CombinedNER(majority, members, members[2])
    with pytest.raises(InputError, match="expected a span model for the method span, and for no"):
        CombinedNER(replace(majority, method="span"), members)


def test_a_combination_is_no_single_run(runs: list[Path], tmp_path: Path) -> None:
    save_combination(tmp_path / "combined", Combiner.learn("majority", 3), runs)
    with pytest.raises(InputError, match="is a combination of runs: predict and eval take it"):
        SynNER.from_pretrained(tmp_path / "combined")
    assert isinstance(open_recogniser(runs[0]), SynNER)
