"""Word lists of languages, for the rules that read raw text."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    """

    abbreviations: frozenset[str] = frozenset()
    never_last: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    clitics: tuple[str, ...] = ()
    halves: Mapping[str, int] = field(default_factory=dict)


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
"""By ISO 639 code; `xx` knows no word of any language."""


def language(name: str) -> Language:
    """Return the language of that name.

    Raises:
        InputError: It is unknown.
    """
    if name not in LANGUAGES:
        raise InputError(f"Unknown language {name!r} of raw text.{suggest(name, LANGUAGES)}")
    return LANGUAGES[name]
