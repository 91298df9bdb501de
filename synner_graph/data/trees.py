"""Measure dependency trees, shuffle them, and join trees from another file."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from random import Random

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.errors import InputError

Tree = tuple[Sequence[int], Sequence[str]]
"""The heads and relations of one sentence."""


def tree_depth(heads: Sequence[int]) -> int:
    """Return the number of tokens on the longest path down from a root."""
    depths = [0] * len(heads)
    for token in range(len(heads)):
        path = []
        while token != ROOT and not depths[token]:
            path.append(token)
            token = heads[token]
        depth = depths[token] if token != ROOT else 0
        for below in reversed(path):
            depth += 1
            depths[below] = depth
    return max(depths, default=0)


def is_projective(heads: Sequence[int]) -> bool:
    """Say whether no two edges cross, with edges from the left end of the sentence to its roots."""
    edges = sorted((min(edge), -max(edge)) for edge in enumerate(heads))
    ends: list[int] = []  # of the edges around the current one, the innermost last
    for left, right in edges:
        while ends and ends[-1] <= left:
            ends.pop()
        if ends and ends[-1] < -right:
            return False
        ends.append(-right)
    return True


def is_subtree(heads: Sequence[int], entity: Entity) -> bool:
    """Say whether the entity is exactly one token with everything below it."""
    inside = range(entity.start, entity.end)
    tops = sum(heads[token] not in inside for token in inside)
    return tops == 1 and all(
        head not in inside for token, head in enumerate(heads) if token not in inside
    )


def tree_distance(heads: Sequence[int], entity: Entity) -> int:
    """Return the greatest number of edges between two tokens of the entity.

    Where a sentence has several roots, they count as hanging from one node above them.
    """
    if entity.end - entity.start == 1:
        return 0
    paths = [_path_from_root(heads, token) for token in range(entity.start, entity.end)]
    # In a tree, the token farthest from any token is one end of a longest path.
    end = max(paths, key=lambda path: _between(paths[0], path))
    return max(_between(end, path) for path in paths)


def _path_from_root(heads: Sequence[int], token: int) -> list[int]:
    path = [token]
    while token != ROOT:
        token = heads[token]
        path.append(token)
    return path[::-1]


def _between(one: Sequence[int], other: Sequence[int]) -> int:
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return len(one) + len(other) - 2 * shared


def shuffle_heads(sentence: Sentence) -> Sentence:
    """Put the tokens in other places of the same tree; each token keeps its relation.

    A sentence is always shuffled in the same way. One without a tree comes back as it is.
    """
    if sentence.heads is None:
        return sentence
    places = list(range(len(sentence)))
    _draw(sentence).shuffle(places)
    heads = [ROOT] * len(sentence)
    for token, head in enumerate(sentence.heads):
        heads[places[token]] = ROOT if head == ROOT else places[head]
    return sentence.replace(heads=heads)


def shuffle_relations(sentence: Sentence) -> Sentence:
    """Put the relations of the edges in another order; roots keep theirs.

    A sentence is always shuffled in the same way. One without a tree comes back as it is.
    """
    if sentence.heads is None or sentence.relations is None:
        return sentence
    edges = [token for token, head in enumerate(sentence.heads) if head != ROOT]
    drawn = _draw(sentence).sample(edges, len(edges))
    relations = list(sentence.relations)
    for token, other in zip(edges, drawn, strict=True):
        relations[token] = sentence.relations[other]
    return sentence.replace(relations=relations)


def _draw(sentence: Sentence) -> Random:
    return Random(" ".join(sentence.tokens))


def join_trees(sentences: Iterable[Sentence], trees: Iterable[Sentence]) -> Iterator[Sentence]:
    """Give the sentences the heads and relations of others, paired in order.

    Raises:
        InputError: There are more of one than of the other, tokens differ, or a tree is missing.
    """
    for number, sentence, tree in in_pairs(sentences, trees):
        if sentence.tokens != tree.tokens:
            ours, theirs = " ".join(sentence.tokens), " ".join(tree.tokens)
            raise InputError(f"expected tree {number} to be that of {ours!r}, got {theirs!r}")
        yield sentence.replace(heads=tree.heads, relations=tree.relations)


def in_pairs(
    sentences: Iterable[Sentence], trees: Iterable[Sentence]
) -> Iterator[tuple[int, Sentence, Sentence]]:
    """Pair sentences with trees, numbered from 1.

    Raises:
        InputError: There are more of one than of the other, or one of the trees is none.
    """
    for number, (sentence, tree) in enumerate(zip_longest(sentences, trees), 1):
        if sentence is None or tree is None:
            more, fewer = ("trees", "sentences") if sentence is None else ("sentences", "trees")
            raise InputError(f"expected as many trees as sentences, got more {more} than {fewer}")
        if tree.heads is None:
            raise InputError(f"expected tree {number} to have heads, got none")
        yield number, sentence, tree
