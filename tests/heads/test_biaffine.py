"""The biaffine head: scores, loss, gradients, trees."""

import random
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from synner_graph.config import ParserConfig
from synner_graph.data.sentence import ROOT, Sentence
from synner_graph.errors import InputError
from synner_graph.heads.best_tree import best_tree
from synner_graph.heads.biaffine import BiaffineHead
from synner_graph.parsers import build_parser_head
from tests.fixtures import RELATIONS, random_heads

LENGTHS = (3, 1, 7, 2)
OFFSETS = torch.tensor([0, 3, 4, 11, 13])


def build(width: int = 5, dropout: float = 0.0) -> BiaffineHead:
    head = BiaffineHead(width, RELATIONS, arc_size=6, relation_size=3, dropout=dropout)
    torch.nn.init.normal_(head.root)
    return head.double()


def random_trees() -> list[tuple[list[int], list[str]]]:
    draw = random.Random(1)
    return [(random_heads(draw, n), draw.choices(RELATIONS, k=n)) for n in LENGTHS]


def naive(head: BiaffineHead, x: Tensor, trees) -> tuple[list[Tensor], Tensor, Tensor]:
    """Scores of arcs, scores of relations, and the loss: one arc at a time, by the equations."""
    u, bias = head.arc.weight.T, head.arc.bias
    arcs, relations, loss = [], [], x.new_zeros(())
    for (start, _), (heads, names) in zip(pairwise(OFFSETS.tolist()), trees, strict=True):
        length = len(heads)
        rows = [head.root, *x[start : start + length]]
        scores = x.new_zeros(length, length + 1)
        for d in range(length):
            dependent = head.arc_dependent(rows[d + 1])
            for h in range(length + 1):
                source = head.arc_head(rows[h])
                scores[d, h] = dependent @ u @ source + bias @ source
            one = x.new_ones(1)
            left = torch.cat([head.relation_dependent(rows[d + 1]), one])
            right = torch.cat([head.relation_head(rows[heads[d] + 1]), one])
            of_arc = torch.stack([left @ matrix @ right for matrix in head.relation])
            loss = loss - scores[d].log_softmax(0)[heads[d] + 1]
            loss = loss - of_arc.log_softmax(0)[RELATIONS.index(names[d])]
            relations.append(of_arc)
        arcs.append(scores)
    return arcs, torch.stack(relations), loss


def test_scores_loss_and_gradients_are_those_of_the_equations() -> None:
    head, trees = build(), random_trees()
    x = torch.randn(13, 5, dtype=torch.double, requires_grad=True)
    gold = head.encode(trees)
    arcs, relations, loss = naive(head, x, trees)
    for found, wanted in zip(head.arc_scores(x, OFFSETS), arcs, strict=True):
        torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(head.relation_scores(x, OFFSETS, gold.heads), relations)
    torch.testing.assert_close(head.loss(x, OFFSETS, gold), loss)
    leaves = [x, *head.parameters()]
    upstream = torch.randn((), dtype=torch.double)
    found = torch.autograd.grad(head.loss(x, OFFSETS, gold), leaves, upstream)
    wanted = torch.autograd.grad(loss, leaves, upstream)
    for one, other in zip(found, wanted, strict=True):
        assert one.abs().sum() > 0
        torch.testing.assert_close(one, other)


def test_decodes_the_best_tree_and_its_best_relations() -> None:
    head = build().eval()
    x = torch.randn(13, 5, dtype=torch.double)
    decoded = head.decode(x, OFFSETS)
    trees = [tree for tree, _ in decoded]
    wanted = [s.log_softmax(1).detach().numpy() for s in head.arc_scores(x, OFFSETS)]
    assert trees == [best_tree(scores) for scores in wanted]
    assert [tree.count(ROOT) for tree in trees] == [1] * 4
    scores = naive(head, x, decoded)[1]
    assert [RELATIONS[i] for i in scores.argmax(1)] == [r for _, names in decoded for r in names]


def test_learns_the_trees_of_a_batch() -> None:
    head, trees = build(width=40).float(), random_trees()
    x = torch.randn(13, 40)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.02)
    for _ in range(60):
        loss = head.loss(x, OFFSETS, head.encode(trees))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert head.decode(x, OFFSETS) == trees


def test_a_batch_parses_the_same_as_its_sentences() -> None:
    head = build(dropout=0.4).eval()
    x = torch.randn(13, 5, dtype=torch.double)
    alone = [
        head.decode(x[start:end], torch.tensor([0, end - start]))[0]
        for start, end in pairwise(OFFSETS.tolist())
    ]
    assert head.decode(x, OFFSETS) == alone


def test_without_noise_a_sample_is_the_best_tree_and_draws_nothing() -> None:
    head = build(dropout=0.4)
    x = torch.randn(13, 5, dtype=torch.double)
    state = torch.get_rng_state()
    sampled = head.sample(x, OFFSETS)
    assert torch.equal(torch.get_rng_state(), state)
    assert head.training, "sampling has left dropout off"
    assert sampled == head.eval().decode(x, OFFSETS)


def test_samples_have_the_probabilities_of_the_parser() -> None:
    """Of two tokens either is the root, so that the chance of each tree is known."""
    head = build()
    head.tree_noise = 1.0
    x = torch.randn(2, 5, dtype=torch.double)
    offsets, copies = torch.tensor([0, 2]), 4000
    sampled = head.sample(x.repeat(copies, 1), torch.arange(0, 2 * copies + 1, 2))
    p = head.arc_scores(x, offsets)[0].log_softmax(1)
    # The first is the root where the difference of its two arcs' scores, each sum with noise, says
    # so: a difference of two sums of two Gumbels.
    draws = p[[0, 1], [0, 1]].sum() - p[[0, 1], [2, 0]].sum()
    gumbels = -torch.empty(4, 200_000, dtype=torch.double).exponential_().log()
    noise = gumbels[0] + gumbels[1] - gumbels[2] - gumbels[3]
    wanted = (draws + noise > 0).double().mean()
    found = sum(heads == [ROOT, 0] for heads, _ in sampled) / copies
    assert 0.02 < wanted < 0.98
    assert abs(found - wanted) < 0.03
    rows = [names[1] for heads, names in sampled if heads == [ROOT, 0]]
    chances = head.relation_scores(x, offsets, torch.tensor([ROOT, 0])).softmax(1)[1]
    for name, chance in zip(RELATIONS, chances, strict=True):
        assert abs(rows.count(name) / len(rows) - chance) < 0.06


def test_samples_are_trees_with_one_root() -> None:
    head = build()
    head.tree_noise = 5.0
    x = torch.randn(13, 5, dtype=torch.double)
    first, second = head.sample(x, OFFSETS), head.sample(x, OFFSETS)
    assert first != second
    for heads, names in (*first, *second):
        Sentence(["x"] * len(heads), heads=heads, relations=names).check()


@pytest.mark.parametrize("k", [1, 2, 3, 9])
def test_best_arcs_are_those_of_a_loop(k: int) -> None:
    head = build()
    head.soft_heads = k
    x = torch.randn(13, 5, dtype=torch.double)
    expected, weights = [], []
    for start, scores in zip(OFFSETS.tolist(), head.arc_scores(x, OFFSETS), strict=False):
        for token, row in enumerate(scores.exp().tolist()):
            row[token + 1] = 0
            best = sorted(range(len(row)), key=lambda column: -row[column])[:k]
            for column in best:
                if column and row[column]:
                    heads = torch.zeros(13, dtype=torch.long)
                    heads[start + token] = column - 1
                    relation = head.relation_scores(x, OFFSETS, heads)[start + token].argmax()
                    expected.append((start + column - 1, start + token, int(relation)))
                    weights.append(row[column] / sum(row))
    found = head.best_arcs(x, OFFSETS)
    columns = (found.heads, found.dependents, found.relations)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected
    torch.testing.assert_close(found.weight.tolist(), weights)


def test_half_precision_scores_in_float32() -> None:
    head = build().bfloat16()
    x = torch.randn(13, 5, dtype=torch.bfloat16)
    assert {s.dtype for s in head.arc_scores(x, OFFSETS)} == {torch.float32}
    assert head.loss(x, OFFSETS, head.encode(random_trees())).dtype == torch.float32


def test_an_unknown_relation_is_refused() -> None:
    with pytest.raises(InputError, match=r"Unknown relation 'nsubj:x'\. Did you mean 'nsubj'\?"):
        build().encode([([1, ROOT], ["nsubj:x", "nsubj"])])


def test_is_built_where_asked_for() -> None:
    assert build_parser_head(ParserConfig(), 5, RELATIONS) is None
    head = build_parser_head(ParserConfig(name="biaffine", options={"arc_size": 9}), 5, RELATIONS)
    assert head is not None and head.arc.weight.shape == (9, 9)
    with pytest.raises(InputError, match="learns from trees, but the corpus has none"):
        build_parser_head(ParserConfig(name="biaffine"), 5, ())


def test_two_passes_pay_for_the_heads_and_relations_that_they_disagree_on() -> None:
    head, trees = build(), random_trees()
    x, other = (torch.randn(13, 5, dtype=torch.double, requires_grad=True) for _ in range(2))
    gold, inputs = head.encode(trees), (x, other, *head.parameters())

    loss = head.rdrop_loss(x, other, OFFSETS, gold, 1.7)

    arcs, relations, losses = zip(*(naive(head, rows, trees) for rows in (x, other)), strict=True)
    expected = (losses[0] + losses[1]) / 2
    for one, two in [relations, *zip(*arcs, strict=True)]:
        p, q = one.softmax(1), two.softmax(1)
        expected = expected + 1.7 * ((p * (p / q).log()).sum() + (q * (q / p).log()).sum()) / 2
    torch.testing.assert_close(loss, expected)
    found, wanted = (torch.autograd.grad(total, inputs) for total in (loss, expected))
    for first, second in zip(found, wanted, strict=True):
        torch.testing.assert_close(first, second)
