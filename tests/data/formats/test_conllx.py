import io

import pytest

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import ROOT, Entity, Sentence

TEXT = """\
1\t我\t_\tPRON\tPRP\t_\t2\tnsubj\t_\t_\tO
2\t在\t_\tVERB\tVV\t_\t0\troot\t_\t_\tO
3\t北京\t_\tPROPN\tNNP\t_\t2\tobj\t_\t_\tB-LOC

"""


def test_columns():
    [sentence] = read_sentences(io.StringIO(TEXT), "conllx")
    assert sentence == Sentence(
        ["我", "在", "北京"],
        heads=[1, ROOT, 1],
        relations=["nsubj", "root", "obj"],
        entities=[Entity(2, 3, "LOC")],
        upos=["PRON", "VERB", "PROPN"],
        xpos=["PRP", "VV", "NNP"],
    )
    stream = io.StringIO()
    write_sentences(stream, [sentence], "conllx")
    assert stream.getvalue() == TEXT


def test_what_is_not_known_is_an_underscore():
    stream = io.StringIO()
    write_sentences(stream, [Sentence(["a"])], "conllx")
    assert stream.getvalue() == "1\ta\t_\t_\t_\t_\t_\t_\t_\t_\tO\n\n"


def test_the_tag_column_is_missed():
    layout = "ID FORM _ UPOS XPOS _ HEAD DEPREL _ _ TAG"
    text = TEXT.replace("\tB-LOC", "")
    message = rf"^<stream>:3: expected 11 columns \({layout}\), got 10$"
    with pytest.raises(FormatError, match=message):
        list(read_sentences(io.StringIO(text), "conllx"))


def test_relations_without_heads():
    text = "1\ta\t_\t_\t_\t_\t_\tdep\t_\t_\tO\n"
    with pytest.raises(FormatError, match=r"^<stream>:1: expected heads and relations together"):
        list(read_sentences(io.StringIO(text), "conllx"))
