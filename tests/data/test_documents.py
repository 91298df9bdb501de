"""Documents are runs of sentences with one id."""

from synner_graph.data.documents import documents
from synner_graph.data.sentence import Sentence


def test_runs() -> None:
    ids = (None, None, "a", "a", "b", None, "a")
    sentences = [Sentence([str(i)], document=d) for i, d in enumerate(ids)]
    found = documents(sentences)
    assert [[int(s.tokens[0]) for s in run] for run in found] == [[0], [1], [2, 3], [4], [5], [6]]
    assert documents([]) == []
