"""Find the content words among tokens, and those with the same form."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from synner_graph.data.sentence import Sentence

NO_FORM = -1
"""The form of a token that is no content word."""

FEWEST = 10
"""A form in no more sentences than these is a content word, however few sentences there are."""


def form_of(token: str) -> str:
    """Return the form of a token: its characters without case."""
    return token.casefold()


def frequent_forms(sentences: Sequence[Sentence], share: float) -> tuple[str, ...]:
    """Find the function words of a corpus by counts.

    A form is one of them if it occurs in more than a share of the sentences, in more than FEWEST
    of them, and more often outside entities than inside. Names of a corpus may be frequent: "iraq"
    is in 0.9 % of the sentences of UNER-EWT.

    Args:
        sentences: The training split, with its entities.
        share: 0 to 1.

    Returns:
        The forms, most frequent first.
    """
    counts: Counter[str] = Counter()  # of sentences
    balance: Counter[str] = Counter()  # occurrences outside entities less those inside
    for sentence in sentences:
        forms = [form_of(token) for token in sentence.tokens]
        named = {i for entity in sentence.entities for i in range(entity.start, entity.end)}
        counts.update(set(forms))
        for position, form in enumerate(forms):
            balance[form] += -1 if position in named else 1
    limit = max(math.floor(share * len(sentences)), FEWEST)
    found = [form for form, count in counts.items() if count > limit and balance[form] > 0]
    return tuple(sorted(filter(has_letter, found), key=lambda form: (-counts[form], form)))


def has_letter(form: str) -> bool:
    """Say whether a form has a letter of any script."""
    return any(map(str.isalpha, form))


def content_forms(sentences: Iterable[Sentence], frequent: Collection[str]) -> list[int]:
    """Number the forms of content words; equal forms have equal numbers.

    A content word has a letter and is not among the frequent forms. One that is, but is written
    with a capital beyond its first letter, is a content word of its own: `US` is not `us`.

    Args:
        sentences: Of a batch.
        frequent: Function words, as `frequent_forms` finds them.

    Returns:
        One number a token, NO_FORM for one that is no content word.
    """
    numbers: dict[str, int] = {}
    found = []
    for sentence in sentences:
        for token in sentence.tokens:
            form = form_of(token)
            content = form not in frequent and has_letter(form)
            if form in frequent and any(map(str.isupper, token[1:])):
                form, content = token, True
            found.append(numbers.setdefault(form, len(numbers)) if content else NO_FORM)
    return found
