"""Characters that cannot be encoded, or that a terminal would obey."""

from synner_graph.data.unicode import encodable, visible


def test_lone_surrogates_are_replaced() -> None:
    assert encodable("a\ud800é") == "a\ufffdé"


def test_control_characters_are_shown() -> None:
    assert visible("a\x1b[2J\x7f\x9b\ud800 é👍🏽") == "a␛[2J␡\ufffd\ufffd é👍🏽"
