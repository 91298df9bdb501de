import io
import json

import pytest

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import ROOT, Entity, Sentence

LINE = {
    "tokens": ["Bank", "of", "China"],
    "entities": [
        {"start": 0, "end": 3, "type": "ORG"},
        {"start": 2, "end": 3, "type": "LOC", "score": 0.5},
    ],
    "heads": [-1, 2, 0],
    "relations": ["root", "case", "nmod"],
    "upos": ["NOUN", "ADP", "PROPN"],
    "id": "é-1",
    "text": "Bank of China",
    "offsets": [[0, 4], [5, 7], [8, 13]],
}


def read(*lines: object, **options) -> list[Sentence]:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    return list(read_sentences(io.StringIO(text), "jsonl", **options))


def test_keys():
    [sentence] = read(LINE | {"orig_id": 7})
    assert sentence == Sentence(
        ["Bank", "of", "China"],
        heads=[ROOT, 2, 0],
        relations=["root", "case", "nmod"],
        entities=[Entity(0, 3, "ORG"), Entity(2, 3, "LOC")],
        upos=["NOUN", "ADP", "PROPN"],
        id="é-1",
        text="Bank of China",
        offsets=[(0, 4), (5, 7), (8, 13)],
    )
    assert [entity.score for entity in sentence.entities] == [None, 0.5]
    stream = io.StringIO()
    write_sentences(stream, [sentence], "jsonl")
    assert json.loads(stream.getvalue()) == LINE
    assert "é" in stream.getvalue()


def without(key: str) -> dict[str, object]:
    return {name: value for name, value in LINE.items() if name != key}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "expected a JSON object: invalid json: .*, got '{'"),
        ("[]", "expected a JSON object: .*, got \\[\\]"),
        (without("tokens"), "expected tokens: field required"),
        (without("entities"), "expected entities: field required"),
        (without("relations"), "expected heads and relations together, got heads alone"),
        (LINE | {"tokens": [1, "a", "b"]}, r"expected tokens\[0\]: .* valid string, got 1"),
        (LINE | {"heads": ["0", 0, 0]}, r"expected heads\[0\]: .* valid integer, got '0'"),
        (LINE | {"heads": [-1, 5, 0]}, "token 2 'of' has head 6, but the sentence has 3 tokens"),
        (LINE | {"heads": [-1, -1, 0]}, "expected one root, got 2"),
        (LINE | {"tokens": []}, "entities.0.: expected end <= 0 tokens, got 3"),
        (LINE | {"offsets": [[0, 4]]}, "expected 3 offsets, got 1"),
        (LINE | {"entities": [{"start": 0, "end": 2}]}, r"expected entities\[0\].type: field req"),
        (
            LINE | {"entities": [{"start": 2, "end": 2, "type": "X"}]},
            r"entities\[0\]: expected 0 <= start < end, got 2 and 2",
        ),
        (
            LINE | {"entities": [{"start": 2, "end": 4, "type": "X"}]},
            r"entities\[0\]: expected end <= 3 tokens, got 4",
        ),
        (LINE | {"entities": [{"start": 0, "end": 1, "type": ""}]}, "expected a label for tokens"),
        (LINE | {"entities": [LINE["entities"][0]] * 2}, "ORG .* is given twice"),
    ],
)
def test_bad_lines(line, message):
    with pytest.raises(FormatError, match=f"^<stream>:2: .*{message}"):
        read(LINE, line)


def test_every_fault_of_a_line_is_known():
    with pytest.raises(FormatError) as caught:
        read({"tokens": [1], "entities": [{"start": "x"}]})
    assert [str(problem).split(": ")[1] for problem in caught.value.all] == [
        "expected tokens[0]",
        "expected entities[0].start",
        "expected entities[0].end",
        "expected entities[0].type",
    ]


def test_several_roots_are_accepted_on_request():
    [sentence] = read(LINE | {"heads": [-1, -1, 0]}, multiple_roots=True)
    assert sentence.roots == (0, 1)


def test_candidates_are_kept() -> None:
    given = [[0, 1, "ORG", 0.25], [0, 3, "LOC", 0.125], [0, 3, "ORG", 0.5], [2, 3, "LOC", 1.0]]
    [sentence] = read(LINE | {"candidates": [*reversed(given)]})
    assert sentence.candidates is not None
    assert [[c.start, c.end, c.label, c.score] for c in sentence.candidates] == given
    stream = io.StringIO()
    write_sentences(stream, [sentence], "jsonl")
    assert json.loads(stream.getvalue()) == LINE | {"candidates": given}
    [bare] = read(LINE)
    assert bare.candidates is None


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ([[0, 4, "LOC", 0.5]], r"candidates\[0\]: expected end <= 3 tokens, got 4"),
        ([[0, 1, "LOC", 0.5], [1, 1, "LOC", 0.5]], r"candidates\[1\]: expected 0 <= start < end"),
        ([[0, 1, "LOC"]], r"expected candidates\[0\]\[3\]: field required"),
        ([[0, 1, "LOC", None]], r"expected candidates\[0\]\[3\]: .* got None"),
        (
            [[0, 1, "LOC", 1.5]],
            r"expected a probability of the candidate LOC 'Bank' \(tokens 1-1\), got 1.5",
        ),
        ([[0, 1, "LOC", 0.5]] * 2, r"LOC 'Bank' \(tokens 1-1\) is given twice"),
    ],
)
def test_candidates_that_cannot_be(candidates: list[object], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(LINE | {"candidates": candidates})
