"""`visualize`, as it is typed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.drawing.text import visible
from synner_graph.evaluation.explain import explain
from synner_graph.evaluation.mistakes import find_mistakes
from synner_graph.graph.edges import NAMED_KINDS
from synner_graph.recogniser.new import new_recogniser
from tests.cli.conftest import Run
from tests.drawing.conftest import data, elements, texts
from tests.drawing.test_page import read
from tests.fixtures import tiny_config


@pytest.fixture
def bare_file(small_corpus: Corpus, tmp_path: Path) -> Path:
    path = tmp_path / "bare.conllu"
    write_sentences(path, (s.replace(entities=()) for s in small_corpus.splits["test"]))
    return path


def test_one_sentence(
    run: Run, trained_run: Path, gold_file: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    wanted = SynNER.from_pretrained(trained_run).predict(small_corpus.splits["test"])
    index = next(i for i, s in enumerate(wanted) if s.entities)
    gold, found = small_corpus.splits["test"][index], wanted[index]
    output = tmp_path / "tree.svg"
    result = run("visualize", trained_run, "-i", gold_file, "--index", index + 1, "-o", output)
    assert result.exit_code == 0, result.output
    image = output.read_text(encoding="utf-8")
    words = [text for token in elements(image, "token") for text in texts(token)]
    assert words == [visible(token) for token in gold.tokens]
    assert len(elements(image, "arc")) == len(gold)
    drawn = [tuple(data(entity).values()) for entity in elements(image, "entity")]
    assert drawn == [
        (str(e.start), str(e.end), e.label, row)
        for row, entities in (("predicted", found.entities), ("gold", gold.entities))
        for e in entities
    ]


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".html"])
def test_other_formats(
    suffix: str, run: Run, trained_run: Path, bare_file: Path, tmp_path: Path
) -> None:
    output = tmp_path / f"tree{suffix}"
    result = run("visualize", trained_run, "--input", bare_file, "--index", 1, "-o", output)
    assert result.exit_code == 0, result.output
    assert output.stat().st_size > 1000


def test_a_text_is_drawn_with_the_trees_of_the_model(
    run: Run, refused: Callable[..., str], parsing_run: Path, tmp_path: Path
) -> None:
    drawing, page = tmp_path / "tree.svg", tmp_path / "page.html"
    for wanted in ((), ("--weights",)):
        result = run("visualize", parsing_run, "Anna met Bob.", *wanted, "-o", drawing)
        assert result.exit_code == 0, result.output
        image = drawing.read_text(encoding="utf-8")
        words = [text for token in elements(image, "token") for text in texts(token)]
        assert words == ["Anna", "met", "Bob", "."]
    assert run("visualize", parsing_run, "One. Two.", "Three.", "-o", page).exit_code == 0
    assert read(page.read_text(encoding="utf-8")).seen
    said = refused("visualize", parsing_run, "One. Two.", "-o", drawing)
    assert "The text has 2 sentences" in said and "--index" in said
    said = refused("visualize", parsing_run, "One.", "--dataset", "sample", "-o", drawing)
    assert "A text is drawn as it stands" in said


def test_all_sentences_on_a_page(
    run: Run, trained_run: Path, bare_file: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    output = tmp_path / "page.html"
    result = run("visualize", trained_run, "--input", bare_file, "--output", output)
    assert result.exit_code == 0, result.output
    page = output.read_text(encoding="utf-8")
    tags = [tag for tag, _ in read(page).seen]
    assert tags.count("article") == len(small_corpus.splits["test"])
    assert "predicted" not in read(page).texts and "script" not in tags


def test_a_page_of_mistakes(
    run: Run, trained_run: Path, gold_file: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    output = tmp_path / "mistakes.html"
    result = run("visualize", trained_run, "--input", gold_file, "--errors", "-o", output)
    assert result.exit_code == 0, result.output
    gold = small_corpus.splits["test"]
    found = SynNER.from_pretrained(trained_run).predict(gold)
    mistakes = [find_mistakes(g.entities, f.entities) for g, f in zip(gold, found, strict=True)]
    reader = read(output.read_text(encoding="utf-8"))
    assert sum(map(bool, mistakes)) == [tag for tag, _ in reader.seen].count("article") > 0
    for sentence, row in zip(gold, mistakes, strict=True):
        for mistake in row:
            assert mistake.describe(sentence.tokens) in reader.texts


Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dataset", "sample", "-o", "x.bmp"), "expected a file named .html, .svg, .png, .pdf"),
        (("--dataset", "sample", "-o", "x.svg"), "holds one sentence: say which with --index"),
        (("A text.", "--split", "dev", "-o", "x.svg"), "leave out what chooses and reads a file"),
        (("-o", "x.html"), "either --dataset NAME or --input FILE"),
        (("--dataset", "sample", "--errors", "-o", "x.svg"), "give it an .html file"),
        (("--dataset", "sample", "--errors", "--index", "1", "-o", "x.html"), "no --index"),
        (("--dataset", "sample", "--split", "tets", "-o", "x.html"), "Did you mean 'test'?"),
        (("--dataset", "sample", "--index", "999", "-o", "x.svg"), "sample test has 160 sentences"),
        (("--dataset", "sample", "--index", "1", "-o", "none/x.svg"), "cannot write none"),
    ],
)
def test_bad_arguments(
    arguments: tuple[str, ...],
    message: str,
    refused: Refused,
    trained_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused("visualize", trained_run, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_mistakes_need_gold(refused: Refused, trained_run: Path, bare_file: Path) -> None:
    output = bare_file.with_name("x.html")
    message = refused("visualize", trained_run, "-i", bare_file, "--errors", "-o", output)
    assert re.search(r"compares with gold entities, but .*bare.conllu has none", message)


def test_weights_draw_every_edge_of_the_graph(
    run: Run, trained_run: Path, gold_file: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    ner = SynNER.from_pretrained(trained_run)
    wanted = ner.predict(small_corpus.splits["test"])
    index = next(i for i, s in enumerate(wanted) if s.entities)
    plain, weighted = tmp_path / "plain.svg", tmp_path / "weighted.svg"
    arguments = ("visualize", trained_run, "-i", gold_file, "--index", index + 1, "-o")
    assert run(*arguments, plain).exit_code == 0
    result = run(*arguments, weighted, "--weights")
    assert result.exit_code == 0, result.output
    arcs = elements(weighted.read_text(encoding="utf-8"), "arc")
    assert len(arcs) == ner.model.collator.graph([wanted[index]]).num_edges
    assert len(elements(plain.read_text(encoding="utf-8"), "arc")) == len(wanted[index])


def test_weights_and_errors_exclude_each_other(
    run: Run, trained_run: Path, gold_file: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    result = run("visualize", trained_run, "-i", gold_file, "--errors", "--weights", "-o", page)
    assert result.exit_code == 2 and "--weights draws sentences" in result.output


def test_weights_of_one_entity(
    run: Run, trained_run: Path, gold_file: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    ner = SynNER.from_pretrained(trained_run)
    found = ner.predict(small_corpus.splits["test"])
    index, sentence = next((i, s) for i, s in enumerate(found) if len(s.entities) > 1)
    output = tmp_path / "why.svg"
    arguments = ("visualize", trained_run, "-i", gold_file, "--index", index + 1, "-o", output)
    result = run(*arguments, "--weights", "--entity", 2)
    assert result.exit_code == 0, result.output
    weight = explain(ner, sentence, sentence.entities[1]).graph.weight
    assert weight is not None
    arcs = elements(output.read_text(encoding="utf-8"), "arc")
    drawn = [float(data(arc)["weight"]) for arc in arcs]
    assert sorted(drawn) == pytest.approx(sorted(weight.tolist()), rel=1e-4, abs=1e-6)
    many = run(*arguments, "--weights", "--entity", 99)
    assert many.exit_code == 2
    assert f"--entity is 99, but the entities found are {len(sentence.entities)}." in many.stderr
    for wrong in (("--entity", 1), ("--weights", "--errors", "--entity", 1)):
        assert run(*arguments, *wrong).exit_code == 2


def test_weights_show_what_comes_from_the_document(run: Run, tmp_path: Path) -> None:
    def sentence(text: str, document: str) -> Sentence:
        heads, relations = (1, ROOT, 1), ["dep", "root", "dep"]
        return Sentence(text.split(), heads, relations, [Entity(2, 3, "LOC")], document=document)

    config = tiny_config("characters", gnn__edges=NAMED_KINDS)
    learned = [sentence("Ann saw Rome", "a"), sentence("Bob saw Oslo", "b")]
    ner = new_recogniser(config, learned, "torch", torch.device("cpu"), "naive")
    ner.save_pretrained(tmp_path / "run")
    texts_of = [("Eve left Rome", "c"), ("Eve hated Oslo", "d"), ("Eve liked Oslo", "d")]
    write_sentences(tmp_path / "gold.conllu", [sentence(*row) for row in texts_of])
    output = tmp_path / "why.svg"
    where = ("-i", tmp_path / "gold.conllu", "--index", 3, "-o", output)
    result = run("visualize", tmp_path / "run", *where, "--weights")
    assert result.exit_code == 0, result.output
    image = output.read_text(encoding="utf-8")
    assert [texts(word)[0] for word in elements(image, "token")] == ["Eve", "liked", "Oslo"]
    others = [texts(word)[0] for word in elements(image, "other")]
    assert others == ["Eve [-1]", "hated [-1]", "Oslo [-1]", "Oslo [train: LOC]"]
    assert {data(arc)["direction"] for arc in elements(image, "arc")} == set(NAMED_KINDS)
    page = tmp_path / "all.html"
    result = run("visualize", tmp_path / "run", *where[:2], "-o", page, "--weights")
    assert result.exit_code == 0, result.output
