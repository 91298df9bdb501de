"""Whole numbers with commas between them, as options take them."""

from synner_graph.data.formats.lines import is_number
from synner_graph.errors import InputError


def numbers_of(option: str, given: str) -> list[int]:
    """Read whole numbers from 1 with commas between them.

    Args:
        option: What they are given to.
        given: As on the command line.

    Raises:
        InputError: It is something else.
    """
    numbers = [int(word) if is_number(word) else 0 for word in given.split(",")]
    if not all(numbers):
        raise InputError(f"{option} is {given}: expected whole numbers such as 1,2,8.")
    return numbers
