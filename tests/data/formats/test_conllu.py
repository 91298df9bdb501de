import io

import conllu
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import ROOT, ConlluExtra, Entity, Sentence
from synner_graph.errors import InputError
from tests.strategies import sentences

TWO_WORDS = "1\ta" + "\t_" * 8 + "\n2\tb" + "\t_" * 8 + "\n"
SPANISH = """\
# newdoc id = d1
# sent_id = s-1
# text = Vámonos al  mar.
# text_en = Let's go to the sea.
1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tVamos\tir\tVERB\tV\tMood=Imp\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\tLang=es
2.1\tzero\t_\t_\t_\t_\t_\t_\t1:x\t_
3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_
3\ta\ta\tADP\t_\t_\t5\tcase\t5:case\t_
4\tel\tel\tDET\t_\t_\t5\tdet\t_\tNER=B-LOC
5\tmar\tmar\tNOUN\t_\t_\t1\tobl\t_\tSpaceAfter=No|NER=I-LOC
6\t.\t.\tPUNCT\t_\t_\t1\tpunct\t_\t_

"""


def read(text: str, **options) -> list[Sentence]:
    return list(read_sentences(io.StringIO(text), "conllu", **options))


def written(sentence: Sentence, scheme: str | None = None) -> str:
    stream = io.StringIO()
    write_sentences(stream, [sentence], "conllu", scheme=scheme)
    return stream.getvalue()


def test_nothing_is_lost():
    [sentence] = read(SPANISH)
    assert written(sentence) == SPANISH


def test_where_everything_goes():
    [sentence] = read(SPANISH)
    assert sentence.tokens == ("Vamos", "nos", "a", "el", "mar", ".")
    assert sentence.heads == (ROOT, 0, 4, 4, 0, 0)
    assert sentence.relations == ("root", "obj", "case", "det", "obl", "punct")
    assert sentence.upos == ("VERB", "PRON", "ADP", "DET", "NOUN", "PUNCT")
    assert sentence.xpos == ("V", "_", "_", "_", "_", "_")
    assert sentence.id == "s-1"
    assert sentence.text == "Vámonos al  mar."
    assert sentence.offsets == ((0, 7), (0, 7), (8, 10), (8, 10), (12, 15), (15, 16))
    assert sentence.entities == (Entity(3, 5, "LOC"),)
    assert sentence.extra == ConlluExtra(
        lemmas=("ir", "nosotros", "a", "el", "mar", "."),
        feats=("Mood=Imp", "_", "_", "_", "_", "_"),
        deps=("_", "_", "5:case", "_", "_", "_"),
        misc=("_", "Lang=es", "_", "_", "SpaceAfter=No", "_"),
        comments=(
            "# newdoc id = d1",
            "# sent_id =",
            "# text =",
            "# text_en = Let's go to the sea.",
        ),
        other_lines=(
            (0, "1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_"),
            (2, "2.1\tzero\t_\t_\t_\t_\t_\t_\t1:x\t_"),
            (2, "3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_"),
        ),
    )


def test_a_changed_id_and_text_are_written_in_place():
    [sentence] = read(SPANISH)
    text = written(sentence.replace(id="s-2", text=None, offsets=None))
    assert text.splitlines()[:3] == [
        "# newdoc id = d1",
        "# sent_id = s-2",
        "# text_en = Let's go to the sea.",
    ]


@given(sentences())
def test_another_parser_reads_the_same(sentence):
    # The library takes keys and values apart at "=" and "|", and drops white space around both.
    sentence = sentence.replace(
        tokens=[f"w{i}" for i in range(len(sentence))], text=None, offsets=None, id=None
    )
    [theirs] = conllu.parse(written(sentence))
    assert [token["form"] for token in theirs] == list(sentence.tokens)
    if sentence.heads is not None:
        assert [token["head"] - 1 for token in theirs] == list(sentence.heads)
        assert [token["deprel"] for token in theirs] == list(sentence.relations)
    else:
        assert {token["head"] for token in theirs} == {None}
    tags = [(token["misc"] or {}).get("NER", "O") for token in theirs]
    starts = [i for i, tag in enumerate(tags) if tag.startswith("B-")]
    assert starts == [entity.start for entity in sentence.entities]


fields = st.sampled_from(["_", "a", "Case=Nom|Number=Sing", "SpaceAfter=No", "1:x|2:y"])


@given(sentences(), st.data())
def test_leftovers_make_the_round_trip(sentence, data):
    column = st.none() | st.tuples(*[fields] * len(sentence)).filter(lambda c: set(c) != {"_"})
    extra = ConlluExtra(
        lemmas=data.draw(column),
        feats=data.draw(column),
        deps=data.draw(column),
        comments=data.draw(st.sampled_from([(), ("# a",), ("#", "# b = c = d")])),
        other_lines=data.draw(
            st.sampled_from(
                [
                    (),
                    ((0, "0.1" + "\tx" * 9), (0, "1-1" + "\tx" * 9)),
                    ((1, "1.1" + "\tx" * 9), (1, "1.2" + "\tx" * 9)),
                ]
            )
        ),
    )
    sentence = sentence.replace(
        text=None, offsets=None, extra=extra if extra != ConlluExtra() else None
    )
    assert read(written(sentence)) == [sentence]


def test_spacing_is_written_for_text_that_never_was_conllu():
    sentence = Sentence(["Hi", "!", "Yo"], text="Hi! Yo", offsets=[(0, 2), (2, 3), (4, 6)])
    text = written(sentence)
    assert [line.split("\t")[9] for line in text.splitlines()[1:4]] == ["SpaceAfter=No", "_", "_"]
    assert read(text) == [sentence]


def test_a_line_end_in_the_text_becomes_a_space():
    sentence = Sentence(["a", "b"], text="a\n\rb", offsets=[(0, 1), (3, 4)])
    assert read(written(sentence)) == [sentence.replace(text="a  b")]


@pytest.mark.parametrize("text", ["a c", "a x b", "", "ab", "a b c"])
def test_offsets_are_right_or_absent(text):
    [sentence] = read(f"# text = {text}\n{TWO_WORDS}")
    assert sentence.text == text
    expected = {"ab": ((0, 1), (1, 2)), "a b c": ((0, 1), (2, 3))}
    assert sentence.offsets == expected.get(text)


def test_entities_in_another_scheme():
    sentence = Sentence(["a", "b", "c"], entities=[Entity(0, 3, "X")])
    text = written(sentence, "bmes")
    assert [line.split("\t")[9] for line in text.splitlines()[:3]] == [
        "NER=B-X",
        "NER=M-X",
        "NER=E-X",
    ]
    assert list(read_sentences(io.StringIO(text), "conllu", scheme="bmes")) == [sentence]


def test_other_keys_stay_in_misc():
    row = "1\ta" + "\t_" * 7 + "\tOTHERNER=1|NER=O|NER2=x\n"
    [sentence] = read(row)
    assert sentence.entities == ()
    assert sentence.extra.misc == ("OTHERNER=1|NER2=x",)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("1-2\t", "2-2\t", 5, "expected ID 1, got '2-2'"),
        ("1-2\t", "1-0\t", 5, "expected ID 1, got '1-0'"),
        ("1-2\t", "1-x\t", 5, "expected ID 1, got '1-x'"),
        ("1-2\t", "1-3\t", 9, "expected ID 3, got '3-4'"),
        ("3-4\t", "3-9\t", 13, "expected the last multiword range to end by word 6, got 9"),
        ("2.1\t", "1.1\t", 8, "expected ID 3, got '1.1'"),
        ("\n2.1\tzero\t", "\n2.1\t", 8, r"expected 10 columns \(ID FORM .*\), got 9"),
        ("NER=B-LOC", "NER=B-LOC|NER=O", 11, "expected one NER= in MISC, got"),
        ("NER=B-LOC", "NER=", 11, "expected one of O, .* got ''"),
        ("\tLang=es", "\t", 7, "expected no empty misc, got one at 2"),
    ],
)
def test_bad_lines(old, new, line, message):
    assert old in SPANISH
    with pytest.raises(FormatError, match=f"^<stream>:{line}: {message}"):
        read(SPANISH.replace(old, new, 1))


def test_comments_without_tokens():
    with pytest.raises(FormatError, match=r"^<stream>:2: expected tokens below the comments"):
        read("# a\n# b\n\n" + SPANISH)


def test_a_label_must_not_end_its_value():
    with pytest.raises(InputError, match=r"expected a label without '\|'.* got 'B-a\|b'"):
        written(Sentence(["x"], entities=[Entity(0, 1, "a|b")]))


def test_an_id_must_not_end_its_line():
    with pytest.raises(InputError, match="expected no separator or line end in a field"):
        written(Sentence(["x"], id="a\nb"))


def test_words_of_a_range_have_their_own_letters_where_they_spell_it():
    rows = "1-2\tdon't\n1\tdo\n2\tn't\n3-4\tdel\n3\tde\n4\tel\n5\t.".splitlines()
    lines = [row + "\t_" * 8 for row in rows]
    [sentence] = read("\n".join(["# text = don't del.", *lines, ""]))
    assert sentence.offsets == ((0, 2), (2, 5), (6, 9), (6, 9), (9, 10))
    assert written(sentence).splitlines()[1:8] == lines
