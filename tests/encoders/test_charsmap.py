import random

from hypothesis import given
from hypothesis import strategies as st
from tokenizers import normalizers

from synner_graph.encoders.charsmap import compile_charsmap

CHARACTERS = st.characters(min_codepoint=1, exclude_categories=["Cs"])


@given(st.dictionaries(CHARACTERS, st.text(CHARACTERS, max_size=4), min_size=1, max_size=60))
def test_every_character_is_replaced_and_no_other(replacements: dict[str, str]) -> None:
    normalizer = normalizers.Precompiled(compile_charsmap(replacements))
    others = ["a", "é", "中", "👩", *map(chr, range(1, 300))]
    # One at a time: a whole grapheme cluster is looked up by its beginning.
    for character in [*replacements, *others]:
        expected = replacements.get(character, character)
        assert normalizer.normalize_str(character) == expected


def test_many_keys_with_common_beginnings_do_not_meet() -> None:
    draw = random.Random(0)
    changed = draw.sample(range(0x3000, 0xD000), 4000)
    normalizer = normalizers.Precompiled(compile_charsmap({chr(c): f"<{c}>" for c in changed}))
    known = set(changed)
    for c in range(0x3000, 0xD000):
        assert normalizer.normalize_str(chr(c)) == (f"<{c}>" if c in known else chr(c))


def test_the_mark_behind_a_replaced_character_is_lost_and_behind_another_kept() -> None:
    normalizer = normalizers.Precompiled(compile_charsmap({"\uff21": "A"}))
    assert normalizer.normalize_str("\uff21\u0301 B\u0301") == "A B\u0301"
