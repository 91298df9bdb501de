from synner_graph.data.words.memo import Memo


def test_a_word_is_worked_out_once_until_the_memo_is_full() -> None:
    asked: list[str] = []
    memo = Memo(lambda word: asked.append(word) or word.upper(), limit=3)
    assert [memo[word] for word in ("a", "b", "a", "c", "b", "d", "a")] == list("ABACBDA")
    assert asked == ["a", "b", "c", "d", "a"]
    assert len(memo) == 2
