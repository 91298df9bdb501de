"""Languages of raw text: word lists for our rules, or the rules that spaCy has."""

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from synner_graph.data.unicode import encodable
from synner_graph.errors import InputError, suggest


@dataclass(frozen=True)
class Language:
    """Word lists, in lower case.

    Attributes:
        abbreviations: Words that keep the full stop behind them, written without it.
        never_last: Those of them after which no sentence ends.
        prefixes: What a hyphen ties to the next word.
        clitics: What is cut off the end of a word; patterns.
        halves: Words of two tokens, and where they are cut.
        final_stops: Whether a sentence may end with the full stop of an abbreviation.
        cut: Cuts what stands between two blanks into tokens, given by first character and the one
            after the last, in place of our rules; None for ours.
    """

    abbreviations: frozenset[str] = frozenset()
    never_last: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    clitics: tuple[str, ...] = ()
    halves: Mapping[str, int] = field(default_factory=dict)
    final_stops: bool = True
    cut: Callable[[str], Sequence[tuple[int, int]]] | None = None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES = _words("mr mrs ms messrs dr drs prof rev hon gen col lt sgt capt maj gov sen rep reps st")

_ENGLISH = Language(
    abbreviations=_TITLES
    | _words(
        "jr sr inc ltd corp co bros etc vs al approx dept est ext fig tel attn esp vol mt ft "
        "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri "
        "ave blvd rd univ assn intl ph.d eg ie cf v"
    ),
    never_last=_TITLES | _words("vs eg ie cf e.g i.e attn esp approx v p.s r.e"),
    prefixes=_words("e co non pre post anti mid pro ex multi re semi neo over un sub inter ultra"),
    clitics=("n['’]t", "['’`](?:s|m|re|ve|ll|d)", "['’](?=$)"),
    halves={
        "cannot": 3, "gonna": 3, "wanna": 3, "gotta": 3, "gimme": 3, "lemme": 3,
        "dont": 2, "didnt": 3, "doesnt": 4, "isnt": 2, "wasnt": 3, "wont": 2, "cant": 2,
        "couldnt": 5, "wouldnt": 5, "shouldnt": 6, "havent": 4, "hasnt": 3, "arent": 3,
        "im": 1, "ive": 1, "youre": 3, "thats": 4,
    },
)  # fmt: skip

LANGUAGES = {"en": _ENGLISH, "xx": Language()}
"""By ISO 639 code, those with lists of our own; `xx` knows no word of any language."""


def language(name: str) -> Language:
    """Return the language of that name: one of ours, else one that `spacy.blank` has rules for.

    Raises:
        InputError: It is unknown, or what its rules need is not installed.
    """
    return LANGUAGES[name] if name in LANGUAGES else _of_spacy(name)


def _of_spacy(name: str) -> Language:
    try:
        import spacy
        import spacy.lang
    except ImportError as error:
        raise InputError(
            f"The language {name!r} of raw text needs spaCy: pip install 'synner-graph[parse]'. "
            f"Without it there are {' and '.join(LANGUAGES)}."
        ) from error
    known = {module.name for module in pkgutil.iter_modules(spacy.lang.__path__) if module.ispkg}
    if name not in known:
        raise InputError(f"Unknown language {name!r} of raw text.{suggest(name, known)}")
    try:
        pipeline = spacy.blank(name)
    except ImportError as error:
        raise InputError(f"The language {name!r} of raw text needs more: {error}") from error

    zone = Lock()

    def cut(run: str) -> list[tuple[int, int]]:
        # Without the zone its vocabulary would grow with every new word; it has one at a time.
        with zone, pipeline.memory_zone():
            return [
                (token.idx, token.idx + len(token)) for token in pipeline.make_doc(encodable(run))
            ]

    return Language(final_stops=False, cut=cut)
