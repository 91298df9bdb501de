"""The probabilities of all spans against the enumeration of all tag sequences."""

import pytest
import torch

from synner_graph.data.schemes import tags_to_entities
from synner_graph.data.sentence import Entity
from synner_graph.heads.crf_spans import Chain
from tests.heads.test_crf_head import (
    KERNELS,
    LABELS,
    LENGTHS,
    OFFSETS,
    SCHEMES,
    enumerate_scores,
    log_partition,
    random_head,
    states,
)


@pytest.mark.parametrize("temperature", [1.0, 1.7])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_probability_is_the_share_of_the_tag_sequences(
    scheme: str, kernel: str, temperature: float
) -> None:
    head, h = random_head(scheme), states()
    head.kernel, head.temperature = kernel, temperature
    found = head.candidates(h, OFFSETS, 0.0)
    for entities, rows in zip(found, h.split(LENGTHS), strict=True):
        scores = {tags: s / temperature for tags, s in enumerate_scores(head, rows).items()}
        expected = {
            Entity(start, end, label): 0.0
            for start in range(len(rows))
            for end in range(start + 1, len(rows) + 1)
            for label in LABELS
        }
        for tags, score in scores.items():
            for entity in tags_to_entities(tags, scheme)[0]:
                expected[entity] += (score - log_partition(scores)).exp().item()
        assert entities == sorted(expected)
        assert [e.score for e in entities] == pytest.approx([expected[e] for e in entities])


@pytest.mark.parametrize("threshold", [0.001, 0.03, 0.4])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_threshold_leaves_the_more_probable(scheme: str, threshold: float) -> None:
    head = random_head(scheme)
    h, offsets = torch.randn(40, 6, dtype=torch.float64), torch.tensor([0, 1, 15, 40])
    every = head.candidates(h, offsets, 0.0)
    kept = [[e for e in entities if e.score >= threshold] for entities in every]
    found = head.candidates(h, offsets, threshold)
    assert found == kept
    assert [e.score for row in found for e in row] == [e.score for row in kept for e in row]
    assert sum(map(len, found)) > 5
    if threshold < 0.01:
        assert max(e.end - e.start for row in found for e in row) > 3


@pytest.mark.parametrize("scheme", SCHEMES)
def test_decoded_entities_are_candidates_of_the_same_score(scheme: str) -> None:
    head, checked = random_head(scheme), 0
    head.temperature = 1.3
    for _ in range(5):
        h = states()
        found = head.candidates(h, OFFSETS, 0.0)
        for decoded, candidates in zip(head.decode(h, OFFSETS), found, strict=True):
            scores = {candidate: candidate.score for candidate in candidates}
            for entity in decoded:
                assert entity.score == pytest.approx(scores[entity], rel=1e-12)
                checked += 1
    assert checked > 10


@pytest.mark.parametrize("scheme", SCHEMES)
def test_labels_of_a_token_share_its_probability(scheme: str) -> None:
    """What covers a token sums to the probability that its tag is not O."""
    head = random_head(scheme)
    h, offsets = torch.randn(30, 6, dtype=torch.float64), torch.tensor([0, 30])
    covered = torch.zeros(30, dtype=torch.float64)
    for entity in head.candidates(h, offsets, 0.0)[0]:
        covered[entity.start : entity.end] += entity.score
    assert (covered < 1).all()
    outside = head.tags.index("O")
    chain = Chain.of(head._lattice(head.emission(h)), offsets, "naive")
    marginal = (chain.alpha + chain.beta)[:, outside].exp()
    torch.testing.assert_close(1 - covered, marginal)
