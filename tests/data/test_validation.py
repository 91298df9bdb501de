import io

import pytest

from synner_graph.data.formats import read_sentences
from synner_graph.data.validation import validate
from synner_graph.errors import InputError

BROKEN = """\
1\tAnn\t_\t_\t_\t_\t2\tnsubj\t_\tNER=I-PER
2\tsaw\t_\t_\t_\t_\t0\troot\t_\tNER=PER
3\tthe\t_\t_\t_\t_\t99\tdet\t_\t_
4\told\t_\t_\t_\t_\t5\tamod\t_\t_
5\tlake\t_\t_\t_\t_\t4\tobj\t_\tNER=B-X|NER=B-Y
6\t.\t_\t_\t_\t_\tx\t\t_\t_
7\t!\t_\t_\t_\t_\t0\tpunct\t_\t_

1\tgood\t_\t_\t_\t_\t0\troot\t_\tNER=B-X

1\ta\t_\t_\t_\t_\t0\troot\t_\t_
1\tb\t_\t_\t_\t_\t1\tx\t_\tNER=I-Y
3\tc\t_
4\td\t_
"""


def problems(text: str, format: str, **options) -> list[list[str]]:
    found = validate(io.StringIO(text), format, **options)
    return [[str(p).removeprefix("<stream>:") for p in sentence] for sentence in found]


def test_every_problem_of_every_sentence():
    first, second, third = problems(BROKEN, "conllu")
    assert first == [
        "2: expected one of O, B-LABEL, I-LABEL (bio), got 'PER'",
        "3: token 3 'the' has head 99, but the sentence has 7 tokens",
        "4: expected a tree, got a cycle of heads: "
        "token 4 'old' -> token 5 'lake' -> token 4 'old'",
        "5: expected one NER= in MISC, got 'NER=B-X|NER=B-Y'",
        "6: expected a head number, got 'x'",
        "6: expected no empty relations, got one at 6",
        "7: expected one root, got 2: token 2 'saw', token 7 '!' "
        "(to read such sentences, say --multiple-roots)",
    ]
    assert second == []
    assert [problem.partition(" (")[0] for problem in third] == [
        "13: expected 10 columns",
        "14: expected 10 columns",
    ]


def test_every_tag_that_is_not_valid_where_it_is():
    text = "a\tI-X\nb\tO\nc\tI-Y\n\n"
    hint = "(if the file is IOB1, say --scheme iob1)"
    assert problems(text, "wnut") == [
        [f"1: expected bio tag B-X, got I-X {hint}", f"3: expected bio tag B-Y, got I-Y {hint}"]
    ]
    assert problems(text, "wnut", scheme="iob1") == [[]]


def test_several_roots_are_accepted_on_request():
    text = "1\ta\t_\t_\t_\t_\t0\troot\t_\t_\n2\tb\t_\t_\t_\t_\t0\troot\t_\t_\n"
    told = "2: expected one root, got 2: token 1 'a', token 2 'b'"
    told += " (to read such sentences, say --multiple-roots)"
    assert problems(text, "conllu") == [[told]]
    assert problems(text, "conllu", multiple_roots=True) == [[]]


def test_mended_heads_bring_no_new_problems():
    row = "{0}\ta\t_\t_\t_\t_\t{1}\tx\t_\t_\n"
    text = "".join(row.format(i, head) for i, head in enumerate("12x4", 1))
    assert [problem.partition(" got")[0] for problem in problems(text, "conllu")[0]] == [
        "1: token 1 'a' is its own head",
        "2: token 2 'a' is its own head",
        "3: expected a head number,",
        "4: token 4 'a' is its own head",
    ]


def test_json_lines():
    text = '{"tokens": ["a"], "entities": []}\n{"tokens": [1]}\n\n{"tokens": [], "entities": []}\n'
    assert problems(text, "jsonl") == [
        [],
        [
            "2: expected tokens[0]: input should be a valid string, got 1",
            "2: expected entities: field required",
        ],
        ["4: expected at least one token, got none"],
    ]


def test_lines_that_are_not_utf_8(tmp_path):
    path = tmp_path / "file.wnut"
    path.write_bytes("José\tO\nb\tI-X\n\nc\tO\n\né\tO\n".encode("latin-1"))
    first, second, third = ([str(p) for p in sentence] for sentence in validate(path))
    assert first[0] == f"{path}:1: expected UTF-8, got byte 0xe9 as byte 4 of the line"
    assert first[1].startswith(f"{path}:2: expected bio tag B-X")
    assert (second, len(third)) == ([], 1)


def test_no_sentence():
    assert problems("\n", "wnut") == [["1: expected at least one sentence, got none"]]
    assert problems("-DOCSTART- O\n", "conll2003") == [
        ["1: expected at least one sentence, got none"]
    ]


def test_reading_refuses_the_first_of_them():
    with pytest.raises(InputError, match=r"^<stream>:") as caught:
        list(read_sentences(io.StringIO(BROKEN), "conllu"))
    assert len(caught.value.also) == 6
