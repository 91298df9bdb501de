import io
import json

import pytest

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError

# The form of the release: the places include the last character.
LINE = {
    "text": "玩 Star War 的周荫如和周荫如",
    "label": {
        "game": {"Star War": [[2, 9]]},
        "name": {"周荫如": [[12, 14], [16, 18]], "周": [[12, 12]]},
    },
}


def read(*lines: object) -> list[Sentence]:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    return list(read_sentences(io.StringIO(text), "cluener"))


def written(*sentences: Sentence) -> str:
    stream = io.StringIO()
    write_sentences(stream, sentences, "cluener")
    return stream.getvalue()


def test_tokens_are_characters_but_for_white_space():
    [sentence] = read(LINE | {"id": 7})
    assert sentence.tokens == tuple("玩StarWar的周荫如和周荫如")
    mentions = [("".join(sentence.tokens[e.start : e.end]), e.label) for e in sentence.entities]
    assert mentions == [("StarWar", "game"), ("周", "name"), ("周荫如", "name"), ("周荫如", "name")]
    assert sentence.id == "7"
    back = json.loads(written(sentence))
    assert back["text"] == LINE["text"] and back["id"] == "7"
    assert {m: sorted(places) for m, places in back["label"]["name"].items()} == {
        m: sorted(places) for m, places in LINE["label"]["name"].items()
    }
    assert read(written(sentence).strip()) == [sentence]


def test_the_test_split_has_no_labels():
    [sentence] = read({"id": 0, "text": "北京"})
    assert (sentence.id, sentence.entities) == ("0", ())


def test_words_of_a_known_text_become_characters():
    sentence = Sentence(
        ["New", "York"],
        entities=[Entity(0, 2, "LOC")],
        text="New York",
        offsets=[(0, 3), (4, 8)],
    )
    assert json.loads(written(sentence)) == {
        "text": "New York",
        "label": {"LOC": {"New York": [[0, 7]]}},
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "expected a JSON object: invalid json"),
        ({"label": {}}, "expected text: field required"),
        ({"text": " "}, "expected at least one token, got none"),
        ({"text": "北京", "label": {"x": ["北"]}}, "expected label.x: .*object"),
        ({"text": "北京", "label": {"x": {"北": [["0", 0]]}}}, r"expected label.x.北\[0\]\[0\]: "),
        ({"text": "北京", "label": {"x": {"北": [[1, 1]]}}}, r"'北' at \[1, 1\], got '京' there"),
        ({"text": "北京", "label": {"x": {"北京": [[0, 2]]}}}, r"'北京' at \[0, 2\], got '' there"),
        ({"text": "北京", "label": {"x": {"北": [[-2, -2]]}}}, r"at \[-2, -2\], got '' there"),
        ({"text": "北 京", "label": {"x": {"北 ": [[0, 1]]}}}, "no white space at either end of x"),
        ({"text": "北京", "label": {"": {"北": [[0, 0]]}}}, "expected a label for '北', got none"),
        ({"text": "北京", "label": {"x": {"北": [[0, 0], [0, 0]]}}}, "is given twice"),
    ],
)
def test_bad_lines(line, message):
    with pytest.raises(FormatError, match=f"^<stream>:2: .*{message}"):
        read(LINE, line)


def test_what_cannot_be_written():
    with pytest.raises(InputError, match=r"source text, or tokens of one character.*'ab'"):
        written(Sentence(["x", "ab"]))
    two = [Entity(0, 1, "X"), Entity(1, 2, "X")]
    place = [(0, 2), (0, 2)]
    with pytest.raises(InputError, match="expected one X at 'du', got two"):
        written(Sentence(["de", "le"], entities=two, text="du", offsets=place))
