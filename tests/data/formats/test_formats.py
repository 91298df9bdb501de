"""What all formats have in common: round trips, streams, encodings, errors that name the line."""

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.formats import (
    LINE_FORMATS,
    FormatError,
    ReadReport,
    fitting,
    format_of,
    read_sentences,
    write_sentences,
)
from synner_graph.data.schemes import SCHEMES
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from tests.strategies import TOKENS, sentences

TREE = ("heads", "relations")
PARTS_OF_SPEECH = ("upos", "xpos")
SOURCE = ("id", "text", "offsets")
LOST = {
    "conllu": (),
    "conllx": SOURCE,
    "conll2003": (*SOURCE, *TREE, "upos"),
    "iob2": (*TREE, *PARTS_OF_SPEECH),
    "conll2012": (*SOURCE, *TREE, "upos"),
    "semeval2010": (*SOURCE, "upos"),
    "bmes": (*SOURCE, *TREE, *PARTS_OF_SPEECH),
    "wnut": (*SOURCE, *TREE, *PARTS_OF_SPEECH),
    "fewnerd": (*SOURCE, *TREE, *PARTS_OF_SPEECH),
    "jsonl": (),
    "cluener": (*TREE, *PARTS_OF_SPEECH),
    "spanner": (*SOURCE, *TREE, *PARTS_OF_SPEECH),
    "spanner-predicted": (*SOURCE, *TREE, *PARTS_OF_SPEECH),
    "spanner-spans": (*SOURCE, *TREE, *PARTS_OF_SPEECH),
    "spanner-spans-predicted": (*SOURCE, *TREE, *PARTS_OF_SPEECH),
}

# The same two tokens in every format; tags, where there are any, left open.
SAMPLES = {
    "conllu": "1\tJo\t_\t_\t_\t_\t0\troot\t_\tNER={}\n2\tSmith\t_\t_\t_\t_\t1\tflat\t_\tNER={}\n\n",
    "conllx": "1\tJo\t_\t_\t_\t_\t0\troot\t_\t_\t{}\n2\tSmith\t_\t_\t_\t_\t1\tflat\t_\t_\t{}\n\n",
    "conll2003": "Jo {}\nSmith {}\n\n",
    "iob2": "1\tJo\t{}\t-\t-\n2\tSmith\t{}\t-\t-\n\n",
    "conll2012": "- 0 0 Jo - - - - - - (PER* -\n- 0 1 Smith - - - - - - *) -\n\n",
    "semeval2010": "1\tJo{0}0\t_\troot\t_\t(PER{1}\n2\tSmith{0}1\t_\tflat\t_\tPER){1}\n\n".format(
        "\t_" * 6 + "\t", "\t_" * 4
    ),
    "bmes": "Jo {}\nSmith {}\n\n",
    "wnut": "Jo\t{}\nSmith\t{}\n\n",
    "fewnerd": "Jo\tPER\nSmith\tPER\n\n",
    "jsonl": '{"tokens": ["Jo", "Smith"], "entities": [{"start": 0, "end": 2, "type": "PER"}]}\n',
    "cluener": '{"text": "JS", "label": {"PER": {"JS": [[0, 1]]}}}\n',
    "spanner": "Jo {} _\nSmith {} _\n\n",
    "spanner-predicted": "Jo _ {}\nSmith _ {}\n\n",
    "spanner-spans": "Jo Smith\tJo Smith:: 0,2:: PER:: _\t\n",
    "spanner-spans-predicted": "Jo Smith\tJo Smith:: 0,2:: _:: PER\t\n",
}
WITH_TAGS = [name for name, format in LINE_FORMATS.items() if format.scheme]
NESTED = [name for name in LINE_FORMATS if name not in (*WITH_TAGS, "fewnerd")]
every_format = pytest.mark.parametrize("format", LINE_FORMATS)
WITH_WORDS = [name for name in LINE_FORMATS if name != "cluener"]
every_tree_format = pytest.mark.parametrize("format", ["conllu", "conllx"])
every_tag_format = pytest.mark.parametrize("format", WITH_TAGS)
NONSENSE = "nonsense\tx\ty\n"


def sample(format: str, *tags: str) -> str:
    if format not in WITH_TAGS:
        return SAMPLES[format]
    return SAMPLES[format].format(
        *(tags or (("B-PER", "E-PER") if format == "bmes" else ("B-PER", "I-PER")))
    )


def read(text: str, format: str, **options) -> list[Sentence]:
    return list(read_sentences(io.StringIO(text), format, **options))


def written(examples: list[Sentence], format: str, scheme: str | None = None) -> str:
    stream = io.StringIO()
    assert write_sentences(stream, examples, format, scheme=scheme) == len(examples)
    return stream.getvalue()


def without(sentence: Sentence, format: str) -> Sentence:
    """What is left of a sentence once it has been through a file."""
    return sentence.replace(**dict.fromkeys(LOST[format]))


def test_every_format_is_tested_here():
    assert LOST.keys() == SAMPLES.keys() == LINE_FORMATS.keys()


@every_tag_format
@given(examples=st.lists(sentences(), min_size=1, max_size=3), scheme=st.sampled_from(SCHEMES))
def test_round_trip(format, examples, scheme):
    text = written(examples, format, scheme)
    back = read(text, format, scheme=scheme)
    assert [without(s, format) for s in back] == [without(s, format) for s in examples]
    assert written(back, format, scheme) == text


@pytest.mark.parametrize("format", NESTED)
@given(st.data())
def test_round_trip_of_nested_entities(format, data):
    labels = ("PER", "ORG.x", "产品")
    tokens = st.sampled_from("北京Ab") if format == "cluener" else TOKENS
    crossing = format not in ("conll2012", "semeval2010")
    drawn = sentences(labels=labels, tokens=tokens, nested=True, crossing=crossing)
    examples = data.draw(st.lists(drawn, min_size=1, max_size=3))
    if format == "cluener":  # whose tokens are the characters of the text
        examples = [s.replace(text=None, offsets=None) for s in examples]
    text = written(examples, format)
    back = read(text, format)
    if format == "cluener":
        assert [s.text for s in back] == ["".join(s.tokens) for s in examples]
        back = [s.replace(text=None, offsets=None) for s in back]
    assert [without(s, format) for s in back] == [without(s, format) for s in examples]
    assert written(back, format) == text


@every_format
def test_nested_entities_are_never_flattened(format):
    inner, outer = Entity(0, 1, "LOC"), Entity(0, 2, "ORG")
    sentence = Sentence(["B", "C"], entities=[inner, outer])
    if format in NESTED:
        assert read(written([sentence], format), format)[0].entities == (inner, outer)
    else:
        with pytest.raises(InputError, match="expected entities that share no token"):
            written([sentence], format)


@every_format
def test_a_scheme_is_for_tags(format):
    if format not in WITH_TAGS:
        with pytest.raises(InputError, match=f"no tagging scheme for {format}, which has no tags"):
            read_sentences(io.StringIO(), format, scheme="bio")
        with pytest.raises(InputError, match=f"no tagging scheme for {format}, which has no tags"):
            write_sentences(io.StringIO(), [], format, scheme="bio")


@every_format
def test_the_sample_is_what_it_seems(format):
    [sentence] = read(sample(format), format)
    assert sentence.tokens == (("J", "S") if format == "cluener" else ("Jo", "Smith"))
    assert sentence.entities == (Entity(0, 2, "PER"),)
    assert written([sentence], format) == sample(format)


@every_format
@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text.rstrip("\n") + "\r\n \t\r\n\n\n",
        lambda text: "\n\n" + text,
    ],
    ids=["BOM", "CRLF", "no last line end", "more blank lines", "blank lines first"],
)
def test_files_of_other_systems(format, change, tmp_path):
    expected = read(sample(format) * 2, format)
    text = change(sample(format) * 2)
    path = tmp_path / f"file.{format}"
    path.write_bytes(text.encode())
    assert list(read_sentences(path)) == read(text, format) == expected


@pytest.mark.parametrize("format", WITH_WORDS)
def test_lines_end_where_line_feeds_are(format):
    sentence = Sentence(["a\u2028b", "\x0bc\x85", "\u3000"], entities=[Entity(0, 3, "X")])
    assert read(written([sentence], format), format) == [sentence]


@every_format
def test_latin_1_names_line_and_byte(format, tmp_path):
    path = tmp_path / f"file.{format}"
    name = "JS" if format == "cluener" else "Jo"
    path.write_bytes((sample(format) + sample(format).replace(name, "José")).encode("latin-1"))
    line = sample(format).count("\n") + 1
    byte = sample(format).index(name) + 4
    message = f"^{path}:{line}: expected UTF-8, got byte 0xe9 as byte {byte} of the line$"
    with pytest.raises(FormatError, match=message):
        list(read_sentences(path))


@every_format
@pytest.mark.parametrize("text", ["", "\ufeff", "\n \n\n"])
def test_no_sentence(format, text, tmp_path):
    path = tmp_path / f"file.{format}"
    path.write_text(text)
    with pytest.raises(FormatError, match=f"^{path}:1: expected at least one sentence, got none$"):
        list(read_sentences(path))


@every_format
def test_a_bad_line_comes_after_the_good_sentences(format):
    stream = read_sentences(io.StringIO(sample(format) + NONSENSE), format)
    assert [next(stream)] == read(sample(format), format)
    line = sample(format).count("\n") + 1
    with pytest.raises(FormatError, match=rf"^<stream>:{line}: expected .* got "):
        next(stream)


@pytest.mark.parametrize("format", ["conllu", "conllx", "iob2", "semeval2010"])
@pytest.mark.parametrize(("found", "quoted"), [("3", "'3'"), ("x", "'x'"), ("", "''")])
def test_ids_count(format, found, quoted):
    with pytest.raises(FormatError, match=f"^<stream>:2: expected ID 2, got {quoted}$"):
        read(sample(format).replace("\n2\t", f"\n{found}\t"), format)


@every_tree_format
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "\t1\tflat",
            "\t99\tflat",
            "2: token 2 'Smith' has head 99, but the sentence has 2 tokens",
        ),
        ("\t1\tflat", "\tx\tflat", "2: expected a head number, got 'x'"),
        ("\t1\tflat", "\t_\tflat", "2: expected a head number, got '_'"),
        ("\t1\tflat", "\t-1\tflat", "2: expected a head number, got '-1'"),
        ("\t1\tflat", "\t²\tflat", "2: expected a head number, got '²'"),
        ("\t1\tflat", "\t2\tflat", "2: token 2 'Smith' is its own head"),
        ("\t0\troot", "\t2\troot", r"1: expected a root \(head 0\), got none"),
        ("\t1\tflat", "\t0\tflat", "2: expected one root, got 2: token 1 'Jo', token 2 'Smith'"),
        ("Smith\t", "\t", "2: expected no empty tokens, got one at 2"),
        ("\tflat", "\t", "2: expected no empty relations, got one at 2"),
        ("\t1\tflat", "\tflat", r"2: expected 1\d columns \(ID FORM .*\), got \d"),
    ],
)
def test_broken_trees(format, old, new, message):
    text = sample(format)
    assert old in text
    with pytest.raises(FormatError, match=f"^<stream>:{message}"):
        read(text.replace(old, new), format)


@every_tree_format
def test_cycles(format):
    text = (
        sample(format).rstrip("\n") + "\n" + sample(format).split("\n")[1].replace("2\t", "3\t", 1)
    )
    text = text.replace("\t1\tflat", "\t3\tflat", 1).replace("\t1\tflat", "\t2\tflat", 1)
    message = "^<stream>:2: expected a tree, got a cycle of heads: token 2 'Smith' -> token 3"
    with pytest.raises(FormatError, match=message):
        read(text, format)


@every_tree_format
def test_several_roots_are_accepted_on_request(format):
    text = sample(format).replace("\t1\tflat", "\t0\tflat")
    [sentence] = read(text, format, multiple_roots=True)
    assert sentence.roots == (0, 1)


@every_tag_format
def test_strict_and_repaired_tags(format):
    text = sample(format, "I-PER", "I-LOC")
    hint = r" \(if the file is IOB1, say --scheme iob1\)"
    with pytest.raises(FormatError, match=f"^<stream>:1: expected bio tag B-PER, got I-PER{hint}$"):
        read(text, format, scheme="bio")
    report = ReadReport()
    [sentence] = read(text, format, scheme="bio", repair=True, report=report)
    assert sentence.entities == (Entity(0, 1, "PER"), Entity(1, 2, "LOC"))
    assert report == ReadReport(sentences=1, repaired_tags=2)
    assert read(text, format, scheme="iob1") == [sentence]


@every_tag_format
def test_unknown_tags_are_refused_even_by_repair(format):
    with pytest.raises(FormatError, match=r"^<stream>:2: expected one of O, .*, got 'PER'"):
        read(sample(format, "O", "PER"), format, repair=True)


@every_format
def test_standard_streams_are_utf_8(format, monkeypatch):
    sentence = Sentence(["é", "产"], entities=[Entity(0, 1, "é")])
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\r\n")
    monkeypatch.setattr(sys, "stdout", out)
    assert write_sentences("-", [sentence], format) == 1
    data = out.buffer.getvalue()
    assert data.decode() == written([sentence], format)
    assert not out.closed
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="ascii"))
    assert list(read_sentences("-", format)) == read(data.decode(), format)
    monkeypatch.setattr(sys, "stdin", io.StringIO(NONSENSE))
    with pytest.raises(FormatError, match=r"^<stdin or stdout>:1: "):
        list(read_sentences(Path("-"), format))


@every_format
def test_a_file_is_replaced_only_when_all_is_written(format, tmp_path):
    path = tmp_path / f"file.{format}"
    good = Sentence(["a"])
    assert write_sentences(path, [good], format) == 1
    before = path.read_bytes()

    def broken():
        yield good
        raise InputError("no more")

    with pytest.raises(InputError, match="no more"):
        write_sentences(path, broken())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    write_sentences(str(path), (s for s in read_sentences(path)))
    assert path.read_bytes() == before


def test_what_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "file.iob2"
    bad = Sentence(["a", "b"], entities=[Entity(0, 2, "X"), Entity(1, 2, "Y")])
    with pytest.raises(InputError, match=f"^{path}: sentence 2: expected entities that share no"):
        write_sentences(path, [Sentence(["a"]), bad])
    assert not list(tmp_path.iterdir())


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path):
    link = tmp_path / "link.conll2003"
    link.symlink_to(tmp_path / "real.conll2003")
    write_sentences(link, [Sentence(["a"])])
    assert link.is_symlink()
    assert (tmp_path / "real.conll2003").read_text() == "a O\n\n"
    write_sentences("/dev/null", [Sentence(["a"])], "conll2003")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("format", [name for name in WITH_WORDS if name != "jsonl"])
@pytest.mark.parametrize("token", ["a\tb", "a\nb", "a\r"])
def test_tokens_that_no_line_can_hold(format, token):
    with pytest.raises(
        InputError, match=r"^<stream>: sentence 1: expected no separator or line end"
    ):
        written([Sentence([token])], format)


@every_tag_format
def test_labels_that_no_line_can_hold(format):
    with pytest.raises(
        InputError, match=r"expected no separator or line end in a field, got '(NER=)?[BS]-a"
    ):
        written([Sentence(["x"], entities=[Entity(0, 1, "a\tb")])], format)


def test_files_that_cannot_be_opened(tmp_path):
    with pytest.raises(InputError, match=r"^cannot read .*none.iob2: No such file or directory$"):
        next(read_sentences(tmp_path / "none.iob2"))
    with pytest.raises(InputError, match=r"^cannot write .*x.iob2: No such file or directory$"):
        write_sentences(tmp_path / "none" / "x.iob2", [])
    (tmp_path / "folder.iob2").mkdir()
    with pytest.raises(InputError, match=r"^cannot read .*: Is a directory$"):
        next(read_sentences(tmp_path / "folder.iob2"))
    with pytest.raises(InputError, match=r"^cannot write .*: Is a directory$"):
        write_sentences(tmp_path / "folder.iob2", [])


def test_the_suffix_or_the_given_name_decides():
    assert [format_of(f"a/b.{name}") for name in LINE_FORMATS] == list(LINE_FORMATS)
    assert format_of(Path("conllu/file.txt"), "iob2") == "iob2"
    assert format_of("-", "iob2") == "iob2"
    with pytest.raises(InputError, match=r"got 'conlu'\. Did you mean 'conllu'\?"):
        format_of("file.conllx", "conlu")


@pytest.mark.parametrize("source", ["-", "conllu/file.txt", "file", ".conllu", io.StringIO()])
def test_nothing_else_is_guessed(source):
    with pytest.raises(InputError, match=r"named \.conllx, \.conllu, .*say --format NAME"):
        read_sentences(source)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ann saw Bob.\n", []),
        ("Title\n\nNext\n", []),
        ("1\tsome text of a table\n", []),
        ("Ann\tB-PER\nsaw\tO\n", ["conll2003", "bmes", "wnut"]),
        ("Ann NNP B-NP B-PER\n", ["conll2003"]),
        ("1\tAnn\t_\t_\t_\t_\t0\troot\t_\t_\n", ["conllu"]),
        ('{"tokens": ["a"], "entities": []}\n', ["jsonl"]),
        ("", []),
    ],
)
def test_what_fits_a_file(text, names, tmp_path):
    path = tmp_path / "file.txt"
    path.write_text(text, encoding="utf-8")
    assert fitting(path) == names
    assert fitting("-") == fitting(tmp_path) == []


def test_options_are_checked_before_anything_is_read_or_written(tmp_path):
    with pytest.raises(InputError, match="expected a tagging scheme"):
        read_sentences("none.iob2", scheme="IOB1")
    path = tmp_path / "file.iob2"
    with pytest.raises(InputError, match="expected a tagging scheme"):
        write_sentences(path, [], scheme="IOB1")
    assert not path.exists()
