import io

import pytest

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import ROOT, ConlluExtra, Entity, Sentence
from synner_graph.errors import InputError

TEXT = """\
#begin document 114_19990710
1\tEl\tel\tel\td\td\tgen=m\t_\t2\t2\tspec\tspec\t(org\t_\t_\t_\t_\t(3
2\tBarcelona\tBarcelona\t_\tn\tn\t_\t_\t3\t3\tsuj\tsuj\torg)|(loc)\t_\t_\t_\t_\t3)
3\tguanya\tguanyar\t_\tv\tv\t_\t_\t0\t0\tsentence\tsentence\t_\t_\tguanyar\t_\t_\t_

#end document 114_19990710
#begin document 2
1\tSí\tsí\t_\tr\tr\t_\t_\t0\t0\tsentence\tsentence\t_\t_\t_\t_\t_\t_
#end document 2
"""


def row(number: int, head: str, entity: str) -> str:
    return f"{number}\ta\t_\t_\t_\t_\t_\t_\t{head}\t_\tr\t_\t{entity}\t_\n"


def read(text: str, **options) -> list[Sentence]:
    return list(read_sentences(io.StringIO(text), "semeval2010", **options))


def written(*sentences: Sentence) -> str:
    stream = io.StringIO()
    write_sentences(stream, sentences, "semeval2010")
    return stream.getvalue()


def test_columns():
    first, second = read(TEXT)
    assert first == Sentence(
        ["El", "Barcelona", "guanya"],
        heads=[1, 2, ROOT],
        relations=["spec", "suj", "sentence"],
        entities=[Entity(0, 2, "org"), Entity(1, 2, "loc")],
        xpos=["d", "n", "v"],
        extra=ConlluExtra(
            lemmas=("el", "Barcelona", "guanyar"),
            feats=("gen=m", "_", "_"),
        ),
        document="114_19990710",
    )
    assert (second.tokens, second.document) == (("Sí",), "2")
    assert read(written(first, second)) == [first, second]


@pytest.mark.parametrize(
    ("entities", "cells"),
    [
        ([(0, 3, "a"), (1, 2, "b")], ["(a", "(b)", "a)"]),
        ([(0, 3, "a"), (0, 2, "a")], ["(a|(a", "a)", "a)"]),
        ([(0, 3, "a"), (1, 2, "a")], ["(a", "(a)", "a)"]),
        ([(0, 2, "a"), (1, 3, "b")], ["(a", "a)|(b", "b)"]),
        ([(0, 2, "a"), (1, 2, "a"), (1, 2, "b")], ["(a", "a)|(a)|(b)", "_"]),
        ([(0, 2, "a"), (0, 2, "b")], ["(a|(b", "b)|a)", "_"]),
    ],
)
def test_brackets(entities, cells):
    sentence = Sentence(["x", "y", "z"], entities=[Entity(*entity) for entity in entities])
    text = written(sentence)
    assert [line.split("\t")[12] for line in text.splitlines() if line] == cells
    assert read(text) == [sentence]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\ta\t_\n", r"1: expected 13 columns \(ID TOKEN LEMMA .* NE\), got 3"),
        (row(2, "0", "_"), "1: expected ID 1, got '2'"),
        (row(1, "x", "_"), "1: expected a head number, got 'x'"),
        (row(1, "7", "_"), "1: token 1 'a' has head 7, but the sentence has 1 tokens"),
        (row(1, "0", "_") + row(2, "0", "_"), "2: expected one root, got 2"),
        (row(1, "0", "(org"), r"1: expected a '\)' for '\(org', got none"),
        (row(1, "0", "(org)|loc)"), r"1: expected '\(loc' before 'loc\)', got none"),
        (row(1, "0", "org"), r"1: expected '\(LABEL', 'LABEL\)' or '\(LABEL\)', got 'org' in NE"),
        (row(1, "0", "()"), r"1: expected '\(LABEL', .*, got '\(\)' in NE"),
        (row(1, "0", "(x)|(x)"), "1: x 'a' .tokens 1-1. is given twice"),
        ("#begin document 1\n#end document 1\n", "1: expected at least one sentence, got none"),
    ],
)
def test_bad_lines(text, message):
    with pytest.raises(FormatError, match=f"^<stream>:{message}"):
        read(text)


def test_several_roots_are_accepted_on_request():
    [sentence] = read(row(1, "0", "_") + row(2, "0", "_"), multiple_roots=True)
    assert sentence.roots == (0, 1)


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([(0, 2, "a"), (1, 3, "a")], "one inside the other.*a at tokens 1-2 and a at 2-3"),
        ([(0, 1, "a|b")], r"label without white space and any of \(\)\|, got 'a\|b'"),
        ([(0, 1, "a b")], "label without white space"),
    ],
)
def test_what_cannot_be_written(entities, message):
    with pytest.raises(InputError, match=message):
        written(Sentence(["x", "y", "z"], entities=[Entity(*entity) for entity in entities]))
