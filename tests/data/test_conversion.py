import io

import pytest

from synner_graph.data.conversion import Conversion, convert
from synner_graph.data.formats import LINE_FORMATS, read_sentences, write_sentences
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.errors import InputError

CONLL = """\
#begin document (d); part 000
d 0 0 Bank NN * - - - - (ORG* -
d 0 1 of IN * - - - - * -
d 0 2 China NNP * - - - - *) -

#end document
"""
TREES = """\
1\tBank\t_\tNN\tNN\t_\t0\troot\t_\t_
2\tof\t_\tIN\tIN\t_\t3\tcase\t_\t_
3\tChina\t_\tNNP\tNNP\t_\t1\tnmod\t_\t_
"""


@pytest.mark.parametrize("source", LINE_FORMATS)
@pytest.mark.parametrize("target", LINE_FORMATS)
def test_between_any_two(source, target):
    sentence = Sentence(["x", "y"], entities=[Entity(0, 1, "PER")])
    files = io.StringIO(), io.StringIO()
    write_sentences(files[0], [sentence], source)
    files[0].seek(0)
    assert convert(*files, source, target) == Conversion(1, ())
    files[1].seek(0)
    [back] = read_sentences(files[1], target)
    assert (back.tokens, back.entities) == (sentence.tokens, sentence.entities)


def test_trees_from_another_file():
    target = io.StringIO()
    convert(
        io.StringIO(CONLL),
        target,
        "conll2012",
        "conllx",
        trees=io.StringIO(TREES),
        trees_format="conllu",
    )
    target.seek(0)
    assert list(read_sentences(target, "conllx")) == [
        Sentence(
            ["Bank", "of", "China"],
            heads=[ROOT, 2, 0],
            relations=["root", "case", "nmod"],
            entities=[Entity(0, 3, "ORG")],
            xpos=["NN", "IN", "NNP"],
        )
    ]


def test_characters_meet_words():
    source = '{"text": "北京市", "label": {"LOC": {"北": [[0, 0]], "北京": [[0, 1]]}}}\n'
    other = '{"text": "南京市"}\n'
    tree = "1\t北京\t_\t_\t_\t_\t2\tnmod\t_\t_\n2\t市\t_\t_\t_\t_\t0\troot\t_\t_\n\n"
    target = io.StringIO()
    conversion = convert(
        io.StringIO(source + other),
        target,
        "cluener",
        "jsonl",
        trees=io.StringIO(tree * 2),
        trees_format="conllu",
        characters="last",
    )
    assert conversion == Conversion(
        1,
        (
            "sentences left out, whose characters are not those of their tree: 1",
            "words in which an entity begins or ends: 1",
            "entities that begin or end inside a word: 1",
        ),
    )
    [sentence] = read_sentences(io.StringIO(target.getvalue()), "jsonl")
    assert sentence.heads == (1, 2, ROOT)
    assert sentence.relations == ("char", "nmod", "root")


def test_words_become_characters():
    target = io.StringIO()
    convert(io.StringIO("北京\tB-LOC\n\n"), target, "wnut", "bmes", characters="first")
    assert target.getvalue() == "北 B-LOC\n京 E-LOC\n\n"


def test_nested_entities_are_dropped_on_request_alone():
    line = (
        '{"tokens": ["a", "b"], "entities": [{"start": 0, "end": 2, "type": "X"}, '
        '{"start": 1, "end": 2, "type": "Y"}]}\n'
    )
    with pytest.raises(InputError, match="expected entities that share no token"):
        convert(io.StringIO(line), io.StringIO(), "jsonl", "wnut")
    target = io.StringIO()
    conversion = convert(io.StringIO(line), target, "jsonl", "wnut", nested="innermost")
    assert conversion == Conversion(1, ("nested entities dropped: 1",))
    assert target.getvalue() == "a\tO\nb\tB-Y\n\n"


def test_schemes_and_repair():
    target = io.StringIO()
    text = "a\tI-X\nb\tI-X\n\n"
    conversion = convert(
        io.StringIO(text), target, "wnut", "bmes", output_scheme="bioes", repair=True
    )
    assert conversion.notes == ("invalid tags repaired: 1",)
    assert target.getvalue() == "a B-X\nb E-X\n\n"


def test_what_a_format_cannot_hold_is_noted():
    source = "-DOCSTART- -X- -X- O\n\nAnn NNP B-NP B-PER\n\n-DOCSTART- -X- -X- O\n\nBob NNP _ O\n\n"
    notes = convert(io.StringIO(source), io.StringIO(), "conll2003", "bmes").notes
    assert notes == (
        "sentences whose chunk tags are not kept: 1",
        "sentences whose parts of speech (xpos) bmes cannot hold: 2",
        "documents whose marks bmes cannot hold: 2",
    )
    tree = "1\tAnn\t_\tX\t_\t_\t0\troot\t_\t_\n\n"
    assert convert(io.StringIO(tree), io.StringIO(), "conllu", "wnut").notes == (
        "sentences whose dependency trees wnut cannot hold: 1",
        "sentences whose parts of speech (upos) wnut cannot hold: 1",
    )
    assert convert(io.StringIO(tree), io.StringIO(), "conllu", "jsonl").notes == ()
