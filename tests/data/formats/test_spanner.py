import io

import pytest

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError

COLUMNS = """\
-DOCSTART- O O

Soviet B-MISC B-LOC
republic O I-LOC
won O O

"""
SPANS = (
    "-DOCSTART-\t\n"
    "Soviet republic :: won\tSoviet:: 0,1:: MISC:: O\tSoviet republic:: 0,2:: O:: LOC\t"
    "republic :::: 1,3:: X:: X\t\n"  # the word `::` and what ends a part
    "won\n"
)


def read(text: str, format: str, **options) -> list[Sentence]:
    return list(read_sentences(io.StringIO(text), format, **options))


def written(sentence: Sentence, format: str) -> str:
    stream = io.StringIO()
    write_sentences(stream, [sentence], format)
    return stream.getvalue()


def test_columns_hold_true_and_predicted_entities():
    [true], [predicted] = read(COLUMNS, "spanner"), read(COLUMNS, "spanner-predicted")
    assert true.tokens == predicted.tokens == ("Soviet", "republic", "won")
    assert true.entities == (Entity(0, 1, "MISC"),)
    assert predicted.entities == (Entity(0, 2, "LOC"),)
    assert written(true, "spanner") == "Soviet B-MISC _\nrepublic O _\nwon O _\n\n"
    assert (
        written(predicted, "spanner-predicted") == "Soviet _ B-LOC\nrepublic _ I-LOC\nwon _ O\n\n"
    )


def test_spans_hold_true_and_predicted_entities():
    true, short = read(SPANS, "spanner-spans")
    predicted, _ = read(SPANS, "spanner-spans-predicted")
    assert true.tokens == ("Soviet", "republic", "::", "won")
    assert true.entities == (Entity(0, 1, "MISC"), Entity(1, 3, "X"))
    assert predicted.entities == (Entity(0, 2, "LOC"), Entity(1, 3, "X"))
    assert short == Sentence(["won"])
    assert written(predicted, "spanner-spans-predicted") == (
        "Soviet republic :: won\tSoviet republic:: 0,2:: _:: LOC\trepublic :::: 1,3:: _:: X\t\n"
    )


@pytest.mark.parametrize(
    ("format", "text", "message"),
    [
        ("spanner", "a O\n", r"1: expected 3 columns \(TOKEN TRUE PREDICTED\), got 2"),
        ("spanner", "a _ O\n", "1: expected one of O, B-LABEL, I-LABEL .*, got '_'"),
        ("spanner-predicted", "a O O\nb O I-X\n", "2: expected bio tag B-X, got I-X"),
        ("spanner-spans", "a b\ta:: 0,1:: X\t\n", "1: expected WORDS:: START,END:: TRUE:: PRED"),
        ("spanner-spans", "a b\ta:: 0-1:: X:: X\t\n", "1: expected START,END for 'a', got '0-1'"),
        ("spanner-spans", "a b\tb:: 2,4:: X:: X\t\n", "1: expected 'b' at 2,4, got ''"),
        ("spanner-spans", "a b\tb:: 0,1:: X:: X\t\n", "1: expected 'b' at 0,1, got 'a'"),
        ("spanner-spans", "a b\ta:: 0,1:: _:: X\t\n", "1: expected a label or O for 'a', got _"),
        ("spanner-spans", "a b\ta:: 0,1:: :: X\t\n", "1: expected a label for tokens 1-1"),
        ("spanner-spans", "a  b\t\n", "1: expected no empty tokens, got one at 2"),
    ],
)
def test_bad_lines(format, text, message):
    with pytest.raises(FormatError, match=f"^<stream>:{message}"):
        read(text, format)


@pytest.mark.parametrize("format", ["spanner", "spanner-spans"])
def test_what_is_no_token_cannot_be_written(format):
    with pytest.raises(InputError, match="no sentence to start with -DOCSTART-"):
        written(Sentence(["-DOCSTART-"]), format)


@pytest.mark.parametrize("label", ["O", "_", "a::b"])
def test_labels_that_spans_cannot_hold(label):
    with pytest.raises(InputError, match="expected a label without '::' that is not O or _"):
        written(Sentence(["a"], entities=[Entity(0, 1, label)]), "spanner-spans")
