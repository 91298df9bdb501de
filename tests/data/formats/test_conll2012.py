import io

import pytest

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError

TEXT = """\
#begin document (bc/x/00/x_0000); part 000
bc/x/00/x_0000   0   0    The   DT  (TOP(S(NP*   -   -   -   Ann   (ORG*   (ARG0*   (3
bc/x/00/x_0000   0   1   Bank   NN           *   -   -   -   Ann       *)       *)   3)
bc/x/00/x_0000   0   2   paid   VBD     (VP*))  pay  01   1   Ann       *       (V*)   -

bc/x/00/x_0000   0   0   Peru   NNP   (TOP*)   -   -   -   -   (GPE)   -

#end document
#begin document (bc/x/00/x_0000); part 001
bc/x/00/x_0000   1   0   Yes   UH   (TOP*)   -   -   -   -   *   -
#end document
"""


def row(number: int, entity: str) -> str:
    return f"d 0 {number} w NN * - - - - {entity} -\n"


def read(text: str) -> list[Sentence]:
    return list(read_sentences(io.StringIO(text), "conll2012"))


def written(*sentences: Sentence) -> str:
    stream = io.StringIO()
    write_sentences(stream, sentences, "conll2012")
    return stream.getvalue()


def test_columns():
    sentences = read(TEXT)
    assert sentences == [
        Sentence(
            ["The", "Bank", "paid"],
            entities=[Entity(0, 2, "ORG")],
            xpos=["DT", "NN", "VBD"],
            document="(bc/x/00/x_0000); part 000",
        ),
        Sentence(
            ["Peru"],
            entities=[Entity(0, 1, "GPE")],
            xpos=["NNP"],
            document="(bc/x/00/x_0000); part 000",
        ),
        Sentence(["Yes"], xpos=["UH"], document="(bc/x/00/x_0000); part 001"),
    ]
    assert read(written(*sentences)) == sentences


@pytest.mark.parametrize(
    ("entities", "cells"),
    [
        ([(0, 3, "A"), (1, 2, "B")], ["(A*", "(B)", "*)"]),
        ([(0, 3, "A"), (0, 1, "B")], ["(A(B*)", "*", "*)"]),
        ([(0, 2, "A"), (1, 2, "B")], ["(A*", "(B*))", "*"]),
        ([(0, 2, "A"), (0, 2, "B")], ["(A(B*", "*))", "*"]),
        ([(0, 1, "A"), (0, 1, "B")], ["(A(B*))", "*", "*"]),
    ],
)
def test_brackets(entities, cells):
    sentence = Sentence(["x", "y", "z"], entities=[Entity(*entity) for entity in entities])
    text = written(sentence)
    assert [line.split()[10] for line in text.splitlines() if line] == cells
    assert read(text) == [sentence]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("d 0 0 w\n", r"1: expected 11 columns \(DOCUMENT PART NUMBER WORD .* NE\), got 4"),
        (row(0, "*") + row(2, "*"), "2: expected ID 1, got '2'"),
        (row(0, "*") + row(1, "(A*"), r"2: expected a '\)' for '\(A', got none"),
        (row(0, "*)"), r"1: expected '\(' before '\)', got none"),
        (row(0, "-"), r"1: expected '\*', .* or '\(LABEL\)' in column NE, got '-'"),
        (row(0, "(A*B)"), r"1: expected '\*', .* got '\(A\*B\)'"),
        (row(0, ")"), r"1: expected '\*', .* got '\)'"),
    ],
)
def test_bad_lines(text, message):
    with pytest.raises(FormatError, match=f"^<stream>:{message}"):
        read(text)


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([(0, 2, "A"), (1, 3, "B")], "one inside the other.*A at tokens 1-2 and B at 2-3"),
        ([(0, 1, "A*")], r"label without white space and any of \(\)\*, got 'A\*'"),
    ],
)
def test_what_cannot_be_written(entities, message):
    with pytest.raises(InputError, match=message):
        written(Sentence(["x", "y", "z"], entities=[Entity(*entity) for entity in entities]))
