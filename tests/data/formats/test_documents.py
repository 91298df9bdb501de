"""Documents are found by their marks and written with them."""

import io

import pytest

from synner_graph.data.formats import LINE_FORMATS, read_sentences, write_sentences
from synner_graph.data.formats.documents import Documents
from synner_graph.data.sentence import Sentence, SentenceError

MARKED = [name for name, format in LINE_FORMATS.items() if format.documents is not None]
SENTENCES = [
    Sentence(["Before"]),
    *(Sentence([word], document="first") for word in ("One", "Two")),
    Sentence(["Three"], document="second"),
    *(Sentence([word], document="third one") for word in ("Four", "Five")),
]


def written(sentences: list[Sentence], format: str) -> str:
    stream = io.StringIO()
    write_sentences(stream, sentences, format)
    return stream.getvalue()


def documents(text: str, format: str) -> list[str | None]:
    return [sentence.document for sentence in read_sentences(io.StringIO(text), format)]


@pytest.mark.parametrize("format", [*MARKED, "jsonl"])
def test_documents_come_back(format: str) -> None:
    found = documents(written(SENTENCES, format), format)
    if format == "conll2003":  # its marks have no names
        assert found == [None, "1", "1", "2", "3", "3"]
    else:
        assert found == [sentence.document for sentence in SENTENCES]


@pytest.mark.parametrize("format", MARKED)
def test_what_is_written_is_stable(format: str) -> None:
    text = written(SENTENCES, format)
    again = list(read_sentences(io.StringIO(text), format))
    assert written(again, format) == text


def test_conllu_marks() -> None:
    row = "1\tJo\t_\t_\t_\t_\t0\troot\t_\t_\n\n"
    text = (
        f"# newdoc id = a b\n# sent_id = 1\n{row}# newpar\n{row}"
        f"# sent_id = 3\n# newdoc\n{row}#newdoc id=x\n{row}"
    )
    sentences = list(read_sentences(io.StringIO(text), "conllu"))
    assert [s.document for s in sentences] == ["a b", "a b", "2", "x"]
    assert written(sentences, "conllu") == text
    # The sentence that had the mark is gone, so the next one gets it.
    assert written(sentences[1:], "conllu").startswith("# newdoc id = a b\n# newpar\n")


def test_docstart() -> None:
    text = "-DOCSTART- -X- -X- O\n\nJo NNP _ B-PER\n\n-DOCSTART- -X- -X- O\n\nMo NNP _ B-PER\n\n"
    sentences = list(read_sentences(io.StringIO(text), "conll2003"))
    assert [s.document for s in sentences] == ["1", "2"]
    assert written(sentences, "conll2003") == text


def test_neighbours_of_one_name_are_two_documents() -> None:
    documents = Documents()
    found = []
    for name in ("a", "a", "", "a"):
        documents.begin(name)
        found.append(documents.current)
    assert found == ["a", "a (2)", "3", "a"]


def test_an_empty_id() -> None:
    with pytest.raises(SentenceError, match="expected a document id or None, got an empty one"):
        Sentence(["Jo"], document="")
