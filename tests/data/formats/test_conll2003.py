import io

import pytest

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError

ORIGINAL = """\
-DOCSTART- -X- O O

EU NNP I-NP I-ORG
rejects VBZ I-VP O
German\tJJ  I-NP I-MISC

-DOCSTART- -X- O O
Peter NNP I-NP I-PER
"""


def read(text: str, **options) -> list[Sentence]:
    return list(read_sentences(io.StringIO(text), "conll2003", **options))


def written(*sentences: Sentence) -> str:
    stream = io.StringIO()
    write_sentences(stream, sentences, "conll2003")
    return stream.getvalue()


def test_the_original_release_is_iob1():
    first, second = read(ORIGINAL, scheme="iob1")
    assert first.tokens == ("EU", "rejects", "German")
    assert first.xpos == ("NNP", "VBZ", "JJ")
    assert first.entities == (Entity(0, 1, "ORG"), Entity(2, 3, "MISC"))
    assert second.tokens == ("Peter",)
    with pytest.raises(FormatError, match=r"^<stream>:3: .*say --scheme iob1"):
        read(ORIGINAL)


@pytest.mark.parametrize("text", ["a B-X\n", "a NN B-X\n", "a NN I-NP B-X\n"])
def test_two_to_four_columns(text):
    [sentence] = read(text)
    assert sentence.entities == (Entity(0, 1, "X"),)
    assert sentence.xpos == (("NN",) if "NN" in text else None)


def test_parts_of_speech_are_written_where_known():
    assert written(Sentence(["a"]), Sentence(["b"], xpos=["NN"])) == "a O\n\nb NN _ O\n\n"


def test_only_ascii_space_separates():
    assert read("10\u00a0000\u3000x O\n")[0].tokens == ("10\u00a0000\u3000x",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n", r"1: expected 2 to 4 columns \(TOKEN \[POS \[CHUNK\]\] TAG\), got 1"),
        ("a b c d O\n", "1: expected 2 to 4 columns .* got 5"),
        ("a NN O\nb O\n", r"2: expected 3 columns \(TOKEN POS TAG\), got 2"),
        ("-DOCSTART- -X- O O\n\n", "1: expected at least one sentence, got none"),
    ],
)
def test_bad_lines(text, message):
    with pytest.raises(FormatError, match=f"^<stream>:{message}"):
        read(text)


def test_what_cannot_be_written():
    with pytest.raises(InputError, match="no separator or line end in a field, got '10 000'"):
        written(Sentence(["10 000"]))
    with pytest.raises(InputError, match="no sentence to start with -DOCSTART-"):
        written(Sentence(["-DOCSTART-", "x"]))
