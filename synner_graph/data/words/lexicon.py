"""The words that a model knows, and the vectors that they start with."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.data.words.vectors import WordVectors

DIGIT = re.compile(r"\d")


def with_zeros(text: str) -> str:
    """Replace every digit by 0; the length stays the same."""
    return DIGIT.sub("0", text)


@dataclass(frozen=True)
class Spelling:
    """How a token is looked up.

    Attributes:
        lowercase: Try the lower-case form of what is not found.
        zero_digits: Read digits as 0.
    """

    lowercase: bool = False
    zero_digits: bool = False

    def forms(self, token: str) -> tuple[str, ...]:
        """Return the forms of a token, in the order in which they are tried."""
        word = with_zeros(token) if self.zero_digits else token
        return (word, word.lower()) if self.lowercase and word.lower() != word else (word,)

    def id_of(self, token: str, words: Vocabulary) -> int:
        """Return the id of the first known form, 0 if all are unknown."""
        return next((i for form in self.forms(token) if (i := words.id_of(form))), 0)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The words of a model to be trained.

    Attributes:
        words: Known words.
        ids: Ids of the words that start from a vector. *Shape:* [F]
        matrix: Their vectors. *Shape:* [F, size]
        coverage: One line of counts.
    """

    words: Vocabulary
    ids: NDArray[np.int64]
    matrix: NDArray[np.float32]
    coverage: str

    @classmethod
    def collect(
        cls,
        train: Sequence[Sentence],
        others: Sequence[Sentence],
        spelling: Spelling,
        vectors: WordVectors | None = None,
        fixed: bool = False,
    ) -> "Lexicon":
        """Collect every word of the training sentences, and those of the others that have a vector.

        Args:
            train: Training sentences.
            others: Those of dev and test; the published systems know their words, too.
            spelling: How words are looked up.
            vectors: Vectors of all forms of these words, where there are any.
            fixed: Vectors are not trained: words without one are left out.
        """
        tokens = count_words(train, spelling)
        kept = Vocabulary.collect(tokens.elements()).names
        if vectors is None:
            nothing = np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32)
            words = Vocabulary(kept)
            return cls(words, *nothing, f"{len(kept):,} words in train, no vectors")
        more = sorted(count_words(others, spelling).keys() - tokens.keys())
        rows = {
            word: row
            for word in (*kept, *more)
            if (row := _row(word, spelling, vectors)) is not None
        }
        learned = set() if fixed else tokens.keys()
        words = Vocabulary(tuple(w for w in (*kept, *more) if w in rows or w in learned))
        known = [word for word in rows if word in tokens]
        return cls(
            words,
            np.array([words.ids[word] for word in rows], dtype=np.int64),
            vectors.matrix[np.array(list(rows.values()), dtype=np.int64)],
            f"vectors of width {vectors.size} for {_share(len(known), len(tokens))} words and "
            f"{_share(sum(tokens[word] for word in known), tokens.total())} tokens of train, "
            f"{sum(word not in vectors for word in known):,} of the words in lower case; "
            f"{len(rows) - len(known):,} of {len(more):,} words of dev and test alone",
        )


def count_words(sentences: Iterable[Sentence], spelling: Spelling) -> Counter[str]:
    """Count the words of sentences, by their first form."""
    return Counter(spelling.forms(token)[0] for s in sentences for token in s.tokens)


def _row(word: str, spelling: Spelling, vectors: WordVectors) -> int | None:
    forms = (vectors.rows.get(form) for form in spelling.forms(word))
    return next((row for row in forms if row is not None), None)


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({100 * part / whole:.1f}%)"
