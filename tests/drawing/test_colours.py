"""Colours: readable on both backgrounds, different where they can be."""

from string import ascii_uppercase

import pytest

from synner_graph.drawing.colours import PALETTE, TONES, tones_of


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("tone", sorted(TONES.keys() - {"paper", "faint"}))
def test_contrast_is_what_wcag_asks_of_text(tone: str, theme: int) -> None:
    lights = sorted((luminance(TONES[tone][theme]), luminance(TONES["paper"][theme])))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5


def test_names_get_different_colours_while_there_are_any() -> None:
    names = list(ascii_uppercase[: len(PALETTE)])
    assert len(set(tones_of(names).values())) == len(PALETTE)
    assert len(tones_of(ascii_uppercase)) == 26
    assert set(tones_of(ascii_uppercase).values()) == set(PALETTE)


def test_a_name_keeps_its_colour() -> None:
    alone = {label: tones_of([label])[label] for label in ("PER", "LOC", "ORG", "MISC")}
    assert tones_of(alone) == alone
