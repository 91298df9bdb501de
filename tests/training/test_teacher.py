"""Students: what they learn, from whom, and what is refused."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from synner_graph.config import RunConfig
from synner_graph.data.characters import split_characters
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import read_sentences, write_sentences
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.heads.soft import SoftTarget
from synner_graph.model.collate import Collator
from synner_graph.recogniser.recogniser import PROBABLE
from synner_graph.recogniser.synner import SynNER
from synner_graph.training import teacher as teaching
from synner_graph.training.checkpoint import Checkpoints
from synner_graph.training.learner import Learner
from synner_graph.training.run import train
from synner_graph.training.teacher import Teacher, check_labels, read_answers
from synner_graph.training.unlabelled import UNLABELLED, with_unlabelled
from tests.fixtures import outcome, tiny_config
from tests.training.test_resume import EVERY_STEP, Killed, flip_last_bit, kill_at

PARSER = {"parser__name": "biaffine", "parser__arc_size": 8, "parser__relation_size": 4}
SENTENCES = [Sentence(tuple(text)) for text in ("ab", "cde", "ab", "f")]


@pytest.fixture(scope="module")
def corpus(small_corpus: Corpus) -> Corpus:
    """So small that an epoch has three batches."""
    splits = {"train": small_corpus.splits["train"][:10], "dev": small_corpus.splits["dev"][:6]}
    return replace(small_corpus, splits=splits)


@pytest.fixture(scope="module")
def run(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher: another model that has learned from the same sentences."""
    folder = tmp_path_factory.mktemp("teacher") / "run"
    start(settings(gnn__name="none"), corpus, folder)
    return folder


@pytest.fixture(scope="module")
def unlabelled(small_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of four more sentences, entities and all."""
    path = tmp_path_factory.mktemp("more") / "more.conllu"
    write_sentences(path, small_corpus.splits["test"][:4])
    return path


def settings(encoder: Path | str = "characters", **overrides: Any) -> RunConfig:
    return tiny_config(encoder, training__batch_size=4, **overrides)


def start(config: RunConfig, corpus: Corpus, folder: Path, **options: Any) -> dict[str, Any]:
    return train(config, corpus, folder, device="cpu", progress=False, **options)[0]


def written(path: Path, sentences: Sequence[Sentence], answers: Sequence[Sequence[Entity]]) -> Path:
    """A file of candidates."""
    pairs = zip(sentences, answers, strict=True)
    write_sentences(path, (s.replace(entities=(), candidates=tuple(a)) for s, a in pairs), "jsonl")
    return path


def certain(sentence: Sentence) -> list[Entity]:
    return [Entity(e.start, e.end, e.label, 1.0) for e in sentence.entities]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_unlabelled_words_are_cut_into_characters_with_those_of_the_corpus(
    corpus: Corpus, unlabelled: Path
) -> None:
    config = settings(
        text__characters="last", training__teacher="any", training__unlabelled=str(unlabelled)
    )
    rows = with_unlabelled(config, corpus).splits[UNLABELLED]
    bare = (sentence.replace(entities=()) for sentence in read_sentences(unlabelled))
    expected = [split_characters(sentence, "last") for sentence in bare]
    assert [s.tokens for s in rows] == [s.tokens for s in expected]
    assert [s.heads for s in rows] == [s.heads for s in expected]


@pytest.mark.parametrize("head", ["crf", "span"])
def test_a_certain_teacher_of_gold_is_an_ordinary_training(
    head: str, corpus: Corpus, tmp_path: Path
) -> None:
    rows = corpus.splits["train"]
    teacher = written(tmp_path / "gold.jsonl", rows, list(map(certain, rows)))
    plain = start(settings(head__name=head), corpus, tmp_path / "plain")
    for weight in (1.0, 0.3):
        student = settings(
            head__name=head, training__teacher=str(teacher), training__teacher_weight=weight
        )
        taught = start(student, corpus, tmp_path / f"student-{weight}")
        for one, other in zip(plain["epochs"], taught["epochs"], strict=True):
            assert other["loss"] == pytest.approx(one["loss"], rel=1e-3)
        assert taught["dev"] == plain["dev"]


def test_a_file_of_a_runs_answers_makes_the_same_student(
    run: Path, corpus: Corpus, unlabelled: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    """Also with other sentences between those that are learned."""
    rows = [*corpus.splits["train"], *small_corpus.splits["test"][:4]]
    rows.insert(3, Sentence(("Not", "learned")))
    ner = SynNER.from_pretrained(run)
    file = written(tmp_path / "a.jsonl", rows, ner.candidates(rows, PROBABLE))
    found = {}
    for name, teacher in (("run", run), ("file", file)):
        config = settings(training__teacher=str(teacher), training__unlabelled=str(unlabelled))
        start(config, corpus, tmp_path / name)
        files, metrics = outcome(tmp_path / name)
        assert metrics["config"]["training"].pop("teacher") == str(teacher)
        assert metrics["counts"]["unlabelled"]["sentences"] == 4
        found[name] = files["model.safetensors"], metrics
    assert found["run"] == found["file"]
    assert "Teacher" in read(tmp_path / "run" / "train.log")
    assert "in 14 sentences, 4 of them unlabelled" in read(tmp_path / "run" / "train.log")


def test_a_teacher_changes_the_student(run: Path, corpus: Corpus, tmp_path: Path) -> None:
    losses = [
        start(settings(**options), corpus, tmp_path / name)["epochs"][0]["loss"]
        for name, options in (
            ("alone", {}),
            ("half", {"training__teacher": str(run)}),
            ("all", {"training__teacher": str(run), "training__teacher_weight": 1.0}),
        )
    ]
    assert len(set(losses)) == 3


def test_entities_of_unlabelled_files_are_not_read(
    run: Path, corpus: Corpus, unlabelled: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.conllu"
    write_sentences(bare, (s.replace(entities=()) for s in small_corpus.splits["test"][:4]))
    weights = []
    for name, path in (("annotated", unlabelled), ("bare", bare)):
        config = settings(training__teacher=str(run), training__unlabelled=[str(path)])
        start(config, corpus, tmp_path / name)
        weights.append((tmp_path / name / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]


@pytest.mark.parametrize("kind", ["sentences", "documents", "jackknife"])
def test_every_sentence_comes_with_its_own_target(
    kind: str,
    run: Path,
    corpus: Corpus,
    unlabelled: Path,
    small_corpus: Corpus,
    tiny_transformer: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[Sentence, SoftTarget]] = []
    collate = Collator.__call__

    def watched(
        self: Collator, sentences: Any, *rest: Any, targets: Any = None, **more: Any
    ) -> Any:
        seen.extend(zip(sentences, targets or (), strict=bool(targets)))
        return collate(self, sentences, *rest, targets=targets, **more)

    monkeypatch.setattr(Collator, "__call__", watched)
    options: dict[str, Any] = {"training__teacher": str(run), "training__epochs": 1}
    options |= {"training__unlabelled": f"{unlabelled},{unlabelled}"}
    encoder: Path | str = "characters"
    if kind == "documents":
        encoder = tiny_transformer
        options |= {
            "encoder__context": "document",
            "encoder__window": 30,
            "training__part_tokens": 40,
        }
    elif kind == "jackknife":
        options |= {**PARSER, "parser__jackknife": 2, "gnn__fold_subtypes": True}
    start(settings(encoder, **options), corpus, tmp_path / "student")

    more = small_corpus.splits["test"][:4]
    given = [*corpus.splits["train"], *more, *more]
    answers = SynNER.from_pretrained(run).candidates(given, PROBABLE)
    gold = [*(s.entities for s in corpus.splits["train"]), *[None] * 8]
    expected = {
        (s.tokens, SoftTarget(len(s), g, tuple(a), 0.5))
        for s, g, a in zip(given, gold, answers, strict=True)
    }
    assert len(seen) == 18
    assert {(sentence.tokens, target) for sentence, target in seen} == expected


@pytest.mark.parametrize("head", ["crf", "span"])
def test_killed_after_every_step(
    head: str,
    run: Path,
    corpus: Corpus,
    unlabelled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The teacher is asked once; what it said lies beside the checkpoints."""
    config = settings(
        head__name=head,
        training__teacher=str(run),
        training__unlabelled=str(unlabelled),
        training__rdrop=1.0,
    )
    start(config, corpus, tmp_path / "whole")
    asked = 0
    ask = teaching.read_system

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        return ask(*arguments, **options)

    monkeypatch.setattr(teaching, "read_system", counted)
    folder = tmp_path / "killed"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, Checkpoints, "save_result", 1)
        start(config, corpus, folder)
    metrics: dict[str, Any] = {}
    while not metrics:
        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            kill_at(patch, Learner, "learn", 2)
            options = {"resume": True, "checkpoint_every": EVERY_STEP}
            metrics = start(config, corpus, folder, **options)
    assert asked == 2, "once before the first kill, once after it"
    assert metrics["resumes"] == 8  # two epochs of four steps, and the kill before them
    assert outcome(folder) == outcome(tmp_path / "whole")


def test_damaged_answers_are_asked_for_again(run: Path, corpus: Corpus, tmp_path: Path) -> None:
    config = settings(training__teacher=str(run))
    start(config, corpus, tmp_path / "whole")
    folder = tmp_path / "killed"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, Learner, "learn", 5)
        start(config, corpus, folder)
    flip_last_bit(folder / ".training" / "result-0" / "record.json")
    start(config, corpus, folder, resume=True)
    assert outcome(folder) == outcome(tmp_path / "whole")


def test_a_teacher_that_has_changed_is_no_teacher_to_resume_with(
    corpus: Corpus, tmp_path: Path
) -> None:
    rows = corpus.splits["train"]
    teacher = written(tmp_path / "gold.jsonl", rows, list(map(certain, rows)))
    config = settings(training__teacher=str(teacher))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, Learner, "learn", 2)
        start(config, corpus, tmp_path / "run")
    answers = [[replace(e, score=0.9) for e in certain(row)] for row in rows]
    written(teacher, rows, answers)
    with pytest.raises(InputError, match="the teacher's files are not the same"):
        start(config, corpus, tmp_path / "run", resume=True)


def other_labels(run: Path, corpus: Corpus) -> Corpus:
    """The corpus without one of the labels that the teacher has."""
    label = SynNER.from_pretrained(run).vocabularies.labels[0]
    rows = tuple(
        s.replace(entities=[e for e in s.entities if e.label != label])
        for s in corpus.splits["train"]
    )
    return replace(corpus, splits={"train": rows})


def test_what_is_refused_leaves_no_folder(run: Path, corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "student"
    rows = corpus.splits["train"]
    short = written(tmp_path / "short.jsonl", rows[1:], list(map(certain, rows[1:])))
    for teacher, given, message in (
        (tmp_path / "none", corpus, "cannot read the teacher .*none: No such file"),
        (short, corpus, f"expected all {len(rows)} sentences"),
        (run, other_labels(run, corpus), "has the label '.*', which the training split lacks"),
    ):
        with pytest.raises(InputError, match=message):
            start(settings(training__teacher=str(teacher)), given, folder)
        assert not folder.exists()


def test_what_unlabelled_sentences_are_made_of_is_known(
    run: Path, corpus: Corpus, tmp_path: Path
) -> None:
    """The model's own parser learns their trees, too."""
    tokens = corpus.splits["train"][0].tokens
    strange = Sentence(
        (*tokens, "\N{SNOWMAN}" * 2), (-1, *[0] * len(tokens)), ("strange",) * (len(tokens) + 1)
    )
    write_sentences(tmp_path / "more.conllu", [strange])
    config = settings(
        training__teacher=str(run), training__unlabelled=str(tmp_path / "more.conllu"), **PARSER
    )
    start(config, corpus, tmp_path / "student")
    known = SynNER.from_pretrained(tmp_path / "student").vocabularies
    assert "strange" in known.relations.names and "\N{SNOWMAN}" in known.characters.names


def test_sentences_without_what_the_student_reads_are_refused(
    run: Path, corpus: Corpus, tmp_path: Path
) -> None:
    write_sentences(tmp_path / "more.iob2", SENTENCES)
    config = settings(training__teacher=str(run), training__unlabelled=str(tmp_path / "more.iob2"))
    with pytest.raises(InputError, match="'a b' of the unlabelled split has no dependency tree"):
        start(config, corpus, tmp_path / "student")


@pytest.mark.parametrize("setting", ["training__teacher_weight", "training__unlabelled"])
def test_settings_need_a_teacher(setting: str) -> None:
    value = 0.7 if setting.endswith("weight") else "more.conllu"
    with pytest.raises(InputError, match=r"has no effect: it needs training\.teacher"):
        settings(**{setting: value})


@pytest.mark.parametrize("weight", [0.0, 1.1])
def test_a_teacher_has_a_share(weight: float) -> None:
    with pytest.raises(InputError, match=r"training\.teacher_weight"):
        settings(training__teacher="run", training__teacher_weight=weight)


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """A file of candidates, one object a sentence: tokens as letters, candidates or None."""

    def make(*rows: tuple[str, list[Any] | None]) -> Path:
        path = tmp_path / "answers.jsonl"
        objects = [
            {"tokens": list(text), "entities": []}
            | ({} if found is None else {"candidates": found})
            for text, found in rows
        ]
        path.write_text("".join(json.dumps(o) + "\n" for o in objects), encoding="utf-8")
        return path

    return make


def test_answers_are_matched_by_tokens_in_order(lines: Callable[..., Path]) -> None:
    path = lines(
        ("x", []),
        ("ab", [[0, 1, "PER", 0.5], [0, 1, "LOC", 0.5]]),
        ("cde", []),
        ("f", []),
        ("ab", [[0, 2, "PER", 0.25]]),
        ("f", [[0, 1, "LOC", 0.125]]),
        ("g", []),
    )
    found = read_answers(path, SENTENCES)
    assert [[(e.start, e.end, e.label, e.score) for e in answer] for answer in found] == [
        [(0, 1, "LOC", 0.5), (0, 1, "PER", 0.5)],
        [],
        [(0, 2, "PER", 0.25)],
        [(0, 1, "LOC", 0.125)],
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [("ab", []), ("ab", [])],
            r"answers.jsonl: .* none with the tokens of sentence 2, 'c d e'",
        ),
        ([("ab", None)], r"answers.jsonl:1: expected candidates, as `predict --candidates`"),
        ([("ab", []), ("cde", [[0, 9, "PER", 0.5]])], r"answers.jsonl:2: candidates\[0\]: "),
        ([("ab", [[0, 1, "PER", 1.5]])], r"answers.jsonl:1: expected a probability"),
        (
            [("ab", [[0, 1, "PER", 0.6], [0, 1, "LOC", 0.6], [0, 2, "LOC", 0.9]])],
            r"answers.jsonl:1: expected labels of tokens 0 to 1 .* at most 1, got 1.2000",
        ),
    ],
)
def test_answers_that_cannot_be_learned(
    rows: list[Any], message: str, lines: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match=message):
        read_answers(lines(*rows), SENTENCES)


def test_labels_that_differ(lines: Callable[..., Path]) -> None:
    path = lines(("ab", [[0, 1, "PER", 0.5]]))
    answers = read_answers(path, SENTENCES[:1])
    check_labels(path, answers, ("PER",))
    with pytest.raises(InputError, match="has the label 'PER', which the training split lacks"):
        check_labels(path, answers, ("LOC",))
    with pytest.raises(InputError, match="never names the label 'LOC'"):
        Teacher.open(path, SENTENCES[:1], ("LOC", "PER"))
