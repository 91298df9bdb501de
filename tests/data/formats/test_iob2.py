import io

import pytest

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import ConlluExtra, Entity, Sentence

TEXT = """\
# newdoc id = d
# sent_id = d-1
# text = Qaim's near.
1\tQaim\tB-LOC\t-\tstephen
2\t's\tI-LOC\t-\tstephen
3\tnear\tO
4\t.\tO\t-\t-

"""


def test_columns():
    [sentence] = read_sentences(io.StringIO(TEXT), "iob2")
    assert sentence == Sentence(
        ["Qaim", "'s", "near", "."],
        entities=[Entity(0, 2, "LOC")],
        id="d-1",
        text="Qaim's near.",
        offsets=[(0, 4), (4, 6), (7, 11), (11, 12)],
        extra=ConlluExtra(comments=("# newdoc id = d", "# sent_id =", "# text =")),
        document="d",
    )
    stream = io.StringIO()
    write_sentences(stream, [sentence], "iob2")
    assert stream.getvalue() == TEXT.replace("stephen", "-").replace("near\tO", "near\tO\t-\t-")


def test_missing_columns():
    with pytest.raises(FormatError, match=r"^<stream>:1: expected 3 columns .*TAG\), got 2$"):
        list(read_sentences(io.StringIO("1\ta\n"), "iob2"))


def test_comments_without_tokens():
    with pytest.raises(FormatError, match=r"^<stream>:1: expected tokens below the comments"):
        list(read_sentences(io.StringIO("# sent_id = 1\n\n"), "iob2"))
