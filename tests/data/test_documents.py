"""Documents are runs of sentences with one id; long ones can be read in parts."""

import itertools

import pytest

from synner_graph.data.documents import documents, follows_on, parts, text_of, whole
from synner_graph.data.sentence import ConlluExtra, Sentence

IDS = (None, None, "a", "a", "b", None, "a")
SENTENCES = [Sentence([str(i)], document=d) for i, d in enumerate(IDS)]


def test_runs() -> None:
    found = [[int(s.tokens[0]) for s in run] for run in documents(SENTENCES)]
    assert found == [[0], [1], [2, 3], [4], [5], [6]]
    assert list(documents([])) == []


def test_short_documents_are_one_part() -> None:
    assert list(parts(SENTENCES, 2)) == list(documents(SENTENCES))


@pytest.mark.parametrize(("tokens", "sizes"), [(1, [1] * 8), (4, [3, 1, 1, 3]), (9, [5, 3])])
def test_long_documents_are_cut(tokens: int, sizes: list[int]) -> None:
    lengths = (1, 1, 1, 3, 2, 1, 1, 1)
    sentences = [Sentence(["x"] * n, document="a" if i < 5 else "b") for i, n in enumerate(lengths)]
    found = list(parts(sentences, tokens))
    assert [len(part) for part in found] == sizes
    assert [whole(s) for part in found for s in part] == sentences
    assert all(follows_on(*pair) for part in found for pair in itertools.pairwise(part))
    assert not any(follows_on(a[-1], b[0]) for a, b in itertools.pairwise(found))
    assert not any(follows_on(a[-1], b[0]) for a, b in itertools.permutations(found, 2))


def test_an_endless_document() -> None:
    endless = parts((Sentence(["x"], document="a") for _ in itertools.count()), 10)
    assert [len(part) for part in itertools.islice(endless, 3)] == [10, 10, 10]


def test_the_text_of_a_document() -> None:
    glued = ConlluExtra(misc=("SpaceAfter=No|x=y",))
    paragraph = ConlluExtra(comments=("# newpar id = 2", "# sent_id ="))
    extras = (paragraph, glued, None, paragraph, None)
    document = [Sentence([str(i)], text=f"s{i}", extra=extra) for i, extra in enumerate(extras)]
    assert text_of(document) == ("s0 s1s2\n\ns3 s4", [0, 3, 5, 9, 12])
    assert text_of([]) == ("", [])
