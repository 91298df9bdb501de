"""Check that a system read the sentences that it is compared on."""

from collections.abc import Sequence

from synner_graph.data.sentence import Sentence

WORDS = 6


def token_difference(number: int, expected: Sequence[str], got: Sequence[str]) -> str | None:
    """Describe the first token that differs; None where all are the same.

    Args:
        number: Of the sentence, from 1.
        expected: The tokens of the sentence.
        got: Those of the system.
    """
    if tuple(expected) == tuple(got):
        return None
    pairs = enumerate(zip(expected, got, strict=False))
    shorter = min(len(expected), len(got))
    place = next((i for i, (ours, theirs) in pairs if ours != theirs), shorter)
    return (
        f"expected token {place + 1} of sentence {number} to be {_token(expected, place)}, "
        f"got {_token(got, place)}"
    )


def missing_sentence(sentences: Sequence[Sentence], got: int) -> str:
    """Describe what is missing in a file that ends too early."""
    first = " ".join(sentences[got].tokens[:WORDS])
    return (
        f"expected {len(sentences)} sentences, got {got}: the file ends before sentence "
        f"{got + 1}, {first!r}"
    )


def extra_sentence(sentences: Sequence[Sentence], tokens: Sequence[str]) -> str:
    """Describe the first sentence that is too much."""
    return f"expected {len(sentences)} sentences, got another one: {' '.join(tokens[:WORDS])!r}"


def _token(tokens: Sequence[str], place: int) -> str:
    return repr(tokens[place]) if place < len(tokens) else "the end of the sentence"
