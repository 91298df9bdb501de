"""What any system found: every format gives the same entities, and differences are refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences
from synner_graph.data.schemes import entities_to_tags
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.evaluate import evaluate
from synner_graph.evaluation.scores import score_entities
from synner_graph.evaluation.systems import (
    Runtime,
    read_system,
    read_systems,
    sentences_of,
    system_format,
)
from synner_graph.recogniser.synner import SynNER

GOLD = (
    Sentence(("Ann", "Lee", "met", "Bo")),
    Sentence(("Oslo", "!")),
    Sentence(("no", "names", "here")),
)
NAMED = (
    GOLD[0].replace(entities=[Entity(0, 2, "PER"), Entity(3, 4, "PER")]),
    GOLD[1].replace(entities=[Entity(0, 1, "LOC")]),
    GOLD[2],
)
FOUND = tuple(sentence.entities for sentence in NAMED)
WRITTEN = ["conll2003", "iob2", "conllu", "conllx", "jsonl", "wnut", "bmes", "fewnerd"]

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def refusal(path: Path, **options: str) -> str:
    with pytest.raises(InputError) as error:
        read_system(path, GOLD, **options)
    message = str(error.value)
    assert message.startswith(str(path)) and "\n" not in message
    return message.removeprefix(str(path))


@pytest.mark.parametrize("format", WRITTEN)
def test_sentence_formats_by_suffix(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"named.{format}"
    tree = {"heads": [-1, 0, 0, 0], "relations": ["root", "a", "b", "c"]}
    rows = [
        s.replace(**{k: v[: len(s)] for k, v in tree.items()}, xpos=["X"] * len(s)) for s in NAMED
    ]
    write_sentences(path, rows)
    system = read_system(path, GOLD)
    assert system.entities == FOUND
    assert system.name == str(path) and system.notes == ()
    assert [s.tokens for s in sentences_of(path) or ()] == [s.tokens for s in GOLD]


def test_the_predicted_layer_of_spanners_dumps(write: Write) -> None:
    columns = "Ann O B-PER\nLee O I-PER\nmet O O\nBo B-LOC B-PER\n\n"
    columns += "Oslo O B-LOC\n! O O\n\nno O O\nnames O O\nhere O O\n"
    spans = "Ann Lee met Bo\tAnn Lee:: 0,2:: O:: PER\tBo:: 3,4:: LOC:: PER\n"
    spans += "Oslo !\tOslo:: 0,1:: O:: LOC\nno names here\there:: 2,3:: LOC:: O\n"
    for format, text in (("spanner", columns), ("spanner-spans", spans)):
        path = write("result.txt", text)
        for name in (format, f"{format}-predicted"):
            assert read_system(path, GOLD, name).entities == FOUND
        assert [s.entities for s in sentences_of(path, format) or ()] == list(FOUND)


def test_lists_of_tags(write: Write) -> None:
    for scheme in ("bio", "bioes"):
        rows = [entities_to_tags(s.entities, len(s), scheme) for s in NAMED]
        path = write("tags.json", json.dumps(rows, indent=1))
        assert read_system(path, GOLD, scheme=scheme).entities == FOUND
    assert sentences_of(path) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: expected a JSON list of lists of tags, got the end of the file"),
        ('{"a": 1}', ":1: expected a JSON list of lists of tags, got '{'"),
        ('[["O", "O", "O", "O"],\n\n["O"]]', ":3: expected 2 tags for sentence 2, 'Oslo !', got 1"),
        ('[\n"O"]', ':2: expected a list of tags for sentence 1, got "O"'),
        ('[["O", 1]]', ':1: expected a list of tags for sentence 1, got ["O", 1]'),
        ('[["O", "O", "O", "I-A"]]', ":1: token 4 of sentence 1: expected bio tag B-A, got I-A"),
        ('[["O","O","O","O"]\n["O"]]', ":2: expected ',' or ']' after a list of tags, got '['"),
        ('[["O",\nO]]', ":2: expected JSON (expecting value), got 'O'"),
        ("[] []", ":1: expected the end of the file, got '['"),
        (
            '[["O","O","O","O"]]',
            ":1: expected 3 sentences, got 1: the file ends before sentence 2, 'Oslo !'",
        ),
        (
            '[["O","O","O","O"],["O","O"],["O","O","O"],\n["O"]]',
            ":2: expected 3 lists of tags, got another one",
        ),
    ],
)
def test_broken_lists_of_tags(write: Write, text: str, message: str) -> None:
    assert refusal(write("tags.json", text)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Ann O\nLea O\nmet O\nBo O\n",
            ":1: expected token 2 of sentence 1 to be 'Lee', got 'Lea'",
        ),
        (
            "Ann O\nLee O\nmet O\nBo O\n\nOslo O\n",
            ":6: expected token 2 of sentence 2 to be '!', got the end of the sentence",
        ),
        (
            "Ann O\nLee O\nmet O\nBo O\n. O\n",
            ":1: expected token 5 of sentence 1 to be the end of the sentence, got '.'",
        ),
        (
            "Ann O\nLee O\nmet O\nBo O\n\nOslo O\n! O\n",
            ":6: expected 3 sentences, got 2: the file ends before sentence 3, 'no names here'",
        ),
        (
            "Ann O\nLee O\nmet O\nBo O\n\nOslo O\n! O\n\nno O\nnames O\nhere O\n\nyes O\n",
            ":13: expected 3 sentences, got another one: 'yes'",
        ),
        ("Ann O\nLee I-PER\n", ":2: expected bio tag B-PER, got I-PER (if the file is IOB1"),
    ],
)
def test_the_first_difference_is_named(write: Write, text: str, message: str) -> None:
    assert refusal(write("a.conll2003", text)).startswith(message)


def test_repairs_are_counted(write: Write) -> None:
    text = "Ann I-PER\nLee I-PER\nmet O\nBo B-PER\n\nOslo I-LOC\n! O\n\nno O\nnames O\nhere O\n"
    path = write("a.conll2003", text)
    system = read_system(path, GOLD, repair=True)
    assert system.entities == FOUND
    assert system.notes == (f"{path}: invalid tags repaired: 2",)
    tags = write("a.json", '[["I-PER","I-PER","O","B-PER"],["B-LOC","O"],["O","O","O"]]')
    assert read_system(tags, GOLD, repair=True).notes == (f"{tags}: invalid tags repaired: 1",)


def test_candidates_of_files(tmp_path: Path) -> None:
    rows = [s.replace(candidates=[Entity(0, 1, "PER", 0.25)]) for s in NAMED]
    path = tmp_path / "named.jsonl"
    write_sentences(path, rows)
    system = read_system(path, GOLD)
    assert system.entities == FOUND
    assert system.candidates is not None
    assert [[c.score for c in sentence] for sentence in system.candidates] == [[0.25]] * 3
    for mixed in ([rows[0], *NAMED[1:]], [*NAMED[:2], rows[2]]):
        write_sentences(path, mixed)
        assert "expected candidates in every sentence or in none" in refusal(path)


def test_candidates_of_runs(trained_run: Path, small_corpus: Corpus) -> None:
    gold = small_corpus.splits["test"]
    assert read_system(trained_run, gold).candidates is None
    system = read_system(trained_run, gold, runtime=Runtime(candidates=0.01))
    wanted = SynNER.from_pretrained(trained_run).candidates(gold, 0.01)
    assert list(map(list, system.candidates or ())) == wanted and any(wanted)


def test_runs_name_the_sentences(trained_run: Path, small_corpus: Corpus) -> None:
    gold = small_corpus.splits["test"]
    system = read_system(trained_run, gold)
    ner = SynNER.from_pretrained(trained_run)
    report = score_entities([s.entities for s in gold], system.entities, "test")
    assert report == evaluate(ner, gold, "test") and report.overall.predicted
    assert sentences_of(trained_run) is None


def test_runs_name_them_on_their_own_trees(parsing_run: Path, small_corpus: Corpus) -> None:
    gold = small_corpus.splits["test"]
    ner = SynNER.from_pretrained(parsing_run)
    wanted = [s.entities for s in ner.predict(ner.own_parser().parse(gold))]
    assert list(read_system(parsing_run, gold, runtime=Runtime(parser="run")).entities) == wanted
    bare = [s.without_tree() for s in gold]
    assert read_system(parsing_run, bare).entities == tuple(s.entities for s in ner.predict(bare))


def test_formats_and_schemes_of_several(write: Write) -> None:
    columns = write(
        "a.txt", "Ann S-PER\nLee O\nmet O\nBo O\n\nOslo O\n! O\n\nno O\nnames O\nhere O"
    )
    tags = write("b.txt", '[["S-PER","O","O","O"],["O","O"],["O","O","O"]]')
    spans = write(
        "c.txt", "".join(f'{{"tokens": {json.dumps(s.tokens)}, "entities": []}}\n' for s in GOLD)
    )
    paths = [columns, tags, spans]
    systems = read_systems(paths, GOLD, ["conll2003", "seqeval", "jsonl"], schemes=["bioes"])
    assert [sum(map(len, s.entities)) for s in systems] == [1, 1, 0]
    other = write("d.txt", '[["B-PER","I-PER","O","O"],["O","O"],["O","O","O"]]')
    formats = ["conll2003", "jsonl", "seqeval"]
    each = read_systems([columns, spans, other], GOLD, formats, schemes=["bioes", "bio"])
    assert [sum(map(len, s.entities)) for s in each] == [1, 0, 1]
    with pytest.raises(InputError, match="scheme for all 2 systems with tags or one each, got 3"):
        read_systems([columns, spans, other], GOLD, formats, schemes=["bio"] * 3)
    with pytest.raises(InputError, match="one format for all 3 systems or one each, got 2"):
        read_systems(paths, GOLD, ["conll2003", "seqeval"])
    with pytest.raises(InputError, match="no tagging scheme: jsonl have no tags"):
        read_systems([spans], GOLD, ["jsonl"], schemes=["bio"])
    with pytest.raises(InputError, match="jsonl has no tags"):
        read_system(spans, GOLD, "jsonl", scheme="bio")
    with pytest.raises(InputError, match="each system once"):
        read_systems([spans, spans], GOLD, ["jsonl"])


def test_unknown_formats(tmp_path: Path, write: Write) -> None:
    assert system_format(tmp_path) == "run"
    with pytest.raises(InputError, match="no such file or run folder"):
        system_format(tmp_path / "missing.txt")
    with pytest.raises(InputError, match="name the format"):
        system_format(write("named.txt", ""))
    with pytest.raises(InputError, match="got standard input"):
        system_format("-", "jsonl")
    with pytest.raises(InputError, match="Did you mean 'seqeval'"):
        system_format("named.txt", "seqval")
    with pytest.raises(InputError, match="cannot read"):
        read_system(tmp_path / "missing.jsonl", GOLD)
