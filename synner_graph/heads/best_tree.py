"""The best tree with one root, given a score for every arc."""

import numpy as np
from numpy.typing import NDArray
from ufal.chu_liu_edmonds import chu_liu_edmonds


def best_tree(scores: NDArray[np.float64]) -> list[int]:
    """Find the tree with exactly one root whose arcs have the greatest sum of scores.

    Chu and Liu's algorithm may give several roots. So every arc from the root gets a penalty that
    is larger than the difference between any two trees: a second root then never pays. Trees with
    one root all get the penalty once, so their order stays the same.

    Source: Zmigrod, Vieira and Cotterell (EMNLP 2020), section 2, on the constraint.

    Args:
        scores: Of token `i` having token `j - 1` as head, `j = 0` standing for the root; finite.
            The diagonal `j = i + 1` is not read.
            *Shape:* [n, n + 1]

    Returns:
        Heads, `ROOT` for the root.
    """
    length = len(scores)
    # The library's matrix has a row for the root, too, which has no head, and takes NaN for "no
    # such arc".
    matrix = np.full((length + 1, length + 1), np.nan)
    matrix[1:] = scores
    np.fill_diagonal(matrix, np.nan)
    arcs = matrix[1:]
    spread = np.nanmax(arcs) - np.nanmin(arcs)
    arcs[:, 0] -= length * spread + 1
    heads, _ = chu_liu_edmonds(matrix)
    return [head - 1 for head in heads[1:]]
