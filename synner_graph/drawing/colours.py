"""The colours of every drawing, for a light and a dark background."""

from collections.abc import Iterable

# Name -> (on light, on dark). The eight of the palette keep apart for colour-blind readers, too:
# they descend from Okabe and Ito, made darker for white and lighter for black.
TONES: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#16181d"),
    "ink": ("#1b1d22", "#eceef2"),
    "line": ("#6a707b", "#969dab"),
    "faint": ("#c3c8d0", "#474d59"),
    "positive": ("#0067a5", "#6cb8f0"),
    "negative": ("#b84a00", "#f09a5b"),
    "c0": ("#0067a5", "#6cb8f0"),
    "c1": ("#b84a00", "#f09a5b"),
    "c2": ("#00755a", "#4fd0ac"),
    "c3": ("#a03a78", "#ec95c6"),
    "c4": ("#836200", "#e3c350"),
    "c5": ("#5b48b5", "#ab9df5"),
    "c6": ("#a32626", "#f38484"),
    "c7": ("#3e6b1c", "#9fce71"),
}
PALETTE = tuple(name for name in TONES if name[1:].isdigit())


def tones_of(names: Iterable[str]) -> dict[str, str]:
    """Choose a tone of the palette for each name, in the order of the names.

    A name has the same colour in every drawing unless another has taken it; where there are more
    names than colours, colours come again.
    """
    tones: dict[str, str] = {}
    free = set(PALETTE)
    for name in sorted(set(names)):
        free = free or set(PALETTE)
        first = sum(map(ord, name)) % len(PALETTE)
        turns = (PALETTE[(first + step) % len(PALETTE)] for step in range(len(PALETTE)))
        tones[name] = next(tone for tone in turns if tone in free)
        free.discard(tones[name])
    return tones
