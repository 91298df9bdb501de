import io

import pytest

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError

RESUME = "高 B-NAME\n勇 E-NAME\n、 O\n男 O\n。 O\n汉 B-RACE\n族 E-RACE\n"
WEIBO = "科0\tO\n北1\tB-LOC.NAM\n京1\tM-LOC.NAM\n城1\tE-LOC.NAM\n他0\tS-PER.PRO\n"
WNUT = "Empire\tB-location\nState\tI-location\n=\tO\nESB\tB-location\n\t\nnew york\tO\n"


def read(text: str, format: str, **options) -> list[Sentence]:
    return list(read_sentences(io.StringIO(text), format, **options))


def test_resume():
    [sentence] = read(RESUME, "bmes")
    assert sentence.tokens == tuple("高勇、男。汉族")
    assert sentence.entities == (Entity(0, 2, "NAME"), Entity(5, 7, "RACE"))


def test_weibo_has_tabs_and_middles():
    [sentence] = read(WEIBO, "bmes")
    assert sentence.entities == (Entity(1, 4, "LOC.NAM"), Entity(4, 5, "PER.PRO"))


def test_other_schemes_can_be_asked_for():
    [sentence] = read("北 B-LOC\n京 I-LOC\n", "bmes", scheme="bio")
    assert sentence.entities == (Entity(0, 2, "LOC"),)


def test_wnut_separates_by_tab_alone():
    first, second = read(WNUT, "wnut")
    assert first.entities == (Entity(0, 2, "location"), Entity(3, 4, "location"))
    assert second.tokens == ("new york",)
    stream = io.StringIO()
    write_sentences(stream, [first, second], "wnut")
    assert stream.getvalue() == WNUT.replace("\n\t\n", "\n\n") + "\n"
    with pytest.raises(InputError, match="no separator or line end in a field, got 'new york'"):
        write_sentences(io.StringIO(), [second], "bmes")


@pytest.mark.parametrize(
    ("format", "text", "message"),
    [
        ("bmes", "北\n", r"1: expected 2 columns \(TOKEN TAG\), got 1"),
        ("bmes", "北 NN B-LOC\n", r"1: expected 2 columns \(TOKEN TAG\), got 3"),
        ("bmes", "北 B-LOC\n京 I-LOC\n", "2: expected one of O, B-LABEL, M-LABEL, .* got 'I-LOC'"),
        ("bmes", "北 B-LOC\n京 M-LOC\n", "2: expected bmes tag E-LOC, got M-LOC"),
        ("wnut", "a B-x\n", r"1: expected 2 columns \(TOKEN TAG\), got 1"),
        ("wnut", "\tO\n", "1: expected no empty tokens, got one at 1"),
        ("wnut", "a\tI-x\n", "1: expected bio tag B-x, got I-x"),
    ],
)
def test_bad_lines(format, text, message):
    with pytest.raises(FormatError, match=f"^<stream>:{message}"):
        read(text, format)
