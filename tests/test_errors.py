"""Messages: bounded, on one line, harmless to a terminal."""

from synner_graph.errors import message_line


def test_a_message_is_one_harmless_line() -> None:
    assert message_line("a\nb\x1b[2J\x9bc\u2028d é") == r"a\nb\x1b[2J\x9bc\u2028d é"
    assert message_line("B-\ud800") == r"B-\ud800"
    assert message_line("x" * 1_000) == "x" * 1_000
    long = message_line("begin" + "\n" * 9_000 + "end", 20)
    assert long.startswith("begin") and long.endswith("end") and len(long) < 90
    assert "[... 8,988 characters ...]" in long
