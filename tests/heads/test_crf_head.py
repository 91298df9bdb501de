"""The CRF head against the enumeration of all tag sequences of its scheme."""

from itertools import pairwise, product

import pytest
import torch
from torch import Tensor

from synner_graph.data.schemes import entities_to_tags, tags_to_entities, valid_transitions
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.heads import CRFHead
from synner_graph.heads.crf_spans import Chain

LABELS = ("LOC", "PER")
LENGTHS = [4, 1, 3, 4, 2]
OFFSETS = torch.tensor([0, *LENGTHS]).cumsum(0)
N, C = sum(LENGTHS), 6
SENTENCES = [
    Sentence(tuple("abcd"), entities=(Entity(0, 1, "PER"), Entity(1, 4, "PER"))),
    Sentence(("e",), entities=(Entity(0, 1, "LOC"),)),
    Sentence(tuple("fgh")),
    Sentence(tuple("ijkl"), entities=(Entity(0, 2, "LOC"), Entity(2, 3, "PER"))),
    Sentence(tuple("mn"), entities=(Entity(1, 2, "PER"),)),
]
KERNELS = ["naive", "fused", "cpu"]
SCHEMES = ["bio", "bioes", "bmes"]


def random_head(scheme: str, scale: float = 1.5) -> CRFHead:
    """In evaluation mode; transitions so large that a forgotten one shows."""
    head = CRFHead(C, LABELS, scheme).double().eval()
    with torch.no_grad():
        for scores in (head.transitions, head.start, head.end):
            scores.normal_()
        head.emission.weight.mul_(scale)
    return head


def states() -> Tensor:
    return torch.randn(N, C, dtype=torch.float64)


def enumerate_scores(head: CRFHead, h: Tensor) -> dict[tuple[str, ...], float]:
    """Score of every valid tag sequence of one sentence."""
    follow, first, last = valid_transitions(head.tags, head.scheme)
    emissions = head.emission(h).tolist()
    scores = {}
    for tags in product(range(len(head.tags)), repeat=len(h)):
        steps = [*pairwise(tags)]
        if first[tags[0]] and last[tags[-1]] and all(follow[step] for step in steps):
            score = head.start[tags[0]].item() + head.end[tags[-1]].item()
            score += sum(row[tag] for row, tag in zip(emissions, tags, strict=True))
            score += sum(head.transitions[step].item() for step in steps)
            scores[tuple(head.tags[tag] for tag in tags)] = score
    return scores


def log_partition(scores: dict[tuple[str, ...], float]) -> Tensor:
    return torch.tensor([*scores.values()], dtype=torch.float64).logsumexp(0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_loss_is_the_negative_log_likelihood_summed_over_sentences(scheme: str) -> None:
    head, h = random_head(scheme), states()

    loss = head.loss(h, OFFSETS, head.encode(SENTENCES))

    expected = 0.0
    for sentence, rows in zip(SENTENCES, h.split(LENGTHS), strict=True):
        scores = enumerate_scores(head, rows)
        gold = entities_to_tags(sentence.entities, len(sentence), scheme)
        expected += log_partition(scores).item() - scores[tuple(gold)]
    assert loss.item() == pytest.approx(expected, rel=1e-10)


def test_a_kernel_of_other_operators_leaves_the_choice_to_auto() -> None:
    head, h = random_head("bio"), states()
    gold = head.encode(SENTENCES)
    expected = head.loss(h, OFFSETS, gold), head.decode(h, OFFSETS)
    head.kernel = "triton"
    head.check_kernel()
    assert (head.loss(h, OFFSETS, gold), head.decode(h, OFFSETS)) == expected


@pytest.mark.parametrize("scheme", SCHEMES)
def test_decodes_the_best_valid_sequence_and_scores_entities_exactly(scheme: str) -> None:
    found = 0
    for _ in range(3):
        head, h = random_head(scheme), states()
        for entities, rows in zip(head.decode(h, OFFSETS), h.split(LENGTHS), strict=True):
            scores = enumerate_scores(head, rows)
            best = max(scores, key=scores.__getitem__)
            assert entities == tags_to_entities(best, scheme)[0]

            posterior = dict.fromkeys(entities, 0.0)
            for tags, score in scores.items():
                for entity in tags_to_entities(tags, scheme)[0]:
                    if entity in posterior:
                        posterior[entity] += (score - log_partition(scores)).exp().item()
            for entity in entities:
                assert entity.score == pytest.approx(posterior[entity], rel=1e-9)
            found += len(entities)
    assert found > 10


def test_a_bio_entity_that_would_go_on_is_another_entity() -> None:
    head = CRFHead(C, ["PER"], "bio").double().eval()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()  # as likely as one another: O O, O B, B O, B B, B I
    h = torch.zeros(2, C, dtype=torch.float64)
    tags = torch.tensor([head.tags.index("B-PER"), head.tags.index("O")])

    chain = Chain.of(head._lattice(head.emission(h)), torch.tensor([0, 2]), "naive")
    posterior = chain.posteriors(tags, torch.tensor([0]), torch.tensor([1]))

    assert posterior.item() == pytest.approx(2 / 5)  # B O, B B, but not B I


@pytest.mark.parametrize("scheme", SCHEMES)
def test_decodes_valid_entities_whatever_the_states(scheme: str) -> None:
    head = random_head(scheme, scale=20)
    for _ in range(20):
        for entities, length in zip(head.decode(states(), OFFSETS), LENGTHS, strict=True):
            tags = entities_to_tags(entities, length, scheme)
            assert tags_to_entities(tags, scheme) == (entities, 0)
            assert all(0 < entity.score <= 1 for entity in entities)


def test_scores_stay_exact_in_long_sentences_in_single_precision() -> None:
    head, h, offsets = random_head("bioes", scale=10), torch.randn(600, C), torch.tensor([0, 600])

    rounded = head.float().decode(h, offsets)[0]
    exact = head.double().decode(h.double(), offsets)[0]

    assert len(exact) > 100
    assert rounded == exact
    assert [e.score for e in rounded] == pytest.approx([e.score for e in exact], rel=1e-4)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_batch_equals_its_sentences_alone(scheme: str) -> None:
    head, h = random_head(scheme), states()
    together = head.loss(h, OFFSETS, head.encode(SENTENCES))

    alone = torch.zeros((), dtype=torch.float64)
    for sentence, rows, entities in zip(
        SENTENCES, h.split(LENGTHS), head.decode(h, OFFSETS), strict=True
    ):
        offsets = torch.tensor([0, len(sentence)])
        alone += head.loss(rows, offsets, head.encode([sentence]))
        (entities_alone,) = head.decode(rows, offsets)
        assert entities_alone == entities
        assert [e.score for e in entities_alone] == pytest.approx([e.score for e in entities])

    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_parameter_gets_a_finite_gradient_and_the_forbidden_none(scheme: str) -> None:
    head = random_head(scheme)
    h = states().requires_grad_()

    head.loss(h, OFFSETS, head.encode(SENTENCES)).backward()

    follow, first, last = (torch.from_numpy(m) for m in valid_transitions(head.tags, scheme))
    for tensor in (h, *head.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()
    for scores, allowed in ((head.transitions, follow), (head.start, first), (head.end, last)):
        assert (scores.grad[~allowed] == 0).all()
        assert (scores.grad[allowed] != 0).all()


def test_encodes_gold_as_tags() -> None:
    head = CRFHead(C, LABELS)

    tags = head.encode(SENTENCES).tags

    assert [head.tags[tag] for tag in tags] == [
        *("S-PER", "B-PER", "I-PER", "E-PER"),
        *("S-LOC", "O", "O", "O"),
        *("B-LOC", "E-LOC", "S-PER", "O", "O", "S-PER"),
    ]


def test_an_unknown_label_is_refused() -> None:
    sentence = Sentence(("a",), entities=(Entity(0, 1, "PERS"),))
    with pytest.raises(InputError, match=r"Unknown entity label 'PERS'\. Did you mean 'PER'\?"):
        CRFHead(C, LABELS).encode([sentence])


def test_overlapping_gold_is_refused() -> None:
    sentence = Sentence(("a", "b"), entities=(Entity(0, 1, "PER"), Entity(0, 2, "LOC")))
    with pytest.raises(InputError, match=r"cannot learn the sentence 'a b': .* share no token"):
        CRFHead(C, LABELS).encode([sentence])


@pytest.mark.parametrize(
    ("labels", "scheme", "message"),
    [
        ((), "bio", "expected entity labels, got none"),
        (("PER", "PER"), "bio", "expected distinct entity labels, got PER, PER"),
        (
            ("PER",),
            "iob1",
            "expected one of bio, bioes, bmes as scheme of the CRF head, got 'iob1'",
        ),
    ],
)
def test_what_it_cannot_be_built_from_is_refused(
    labels: tuple[str, ...], scheme: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        CRFHead(C, labels, scheme)


def test_under_autocast_the_crf_runs_in_single_precision() -> None:
    head = random_head("bioes").float()
    h = states().float()
    gold = head.encode(SENTENCES)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = head.loss(h, OFFSETS, gold)
        entities = head.decode(h, OFFSETS)

    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, head.loss(h, OFFSETS, gold), rtol=0.05, atol=0)
    assert len(entities) == len(LENGTHS)


def test_it_saves_its_parameters_and_nothing_else() -> None:
    names = {"transitions", "start", "end", "emission.weight", "emission.bias"}
    assert set(CRFHead(C, LABELS).state_dict()) == names


@pytest.mark.parametrize("scheme", ["bio", "bioes", "bmes"])
def test_log_probability_is_the_score_of_decoding(scheme: str) -> None:
    head = CRFHead(5, ["LOC", "PER"], scheme=scheme).eval()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    checked = 0
    for length in (1, 2, 9, 14):
        h = torch.randn(length, 5, requires_grad=True)
        for entity in head.decode(h, torch.tensor([0, length]))[0]:
            found = head.log_probability(h, entity)
            assert found.exp().item() == pytest.approx(entity.score, rel=1e-5)
            (gradient,) = torch.autograd.grad(found, h)
            assert gradient.isfinite().all() and gradient.any()
            checked += 1
    assert checked > 4


@pytest.mark.parametrize("scheme", SCHEMES)
def test_two_passes_pay_for_the_tag_sequences_that_they_disagree_on(scheme: str) -> None:
    head, h, other = random_head(scheme), states(), states()
    gold = head.encode(SENTENCES)
    mean = (head.loss(h, OFFSETS, gold) + head.loss(other, OFFSETS, gold)) / 2
    assert torch.equal(head.rdrop_loss(h, other, OFFSETS, gold, None, 0.0), mean)
    apart = 0.0
    for one, two in zip(h.split(LENGTHS), other.split(LENGTHS), strict=True):
        logs = []
        for rows in (one, two):
            scores = enumerate_scores(head, rows)
            values = torch.tensor([*scores.values()], dtype=torch.float64)
            logs.append(values - log_partition(scores))
        p, q = logs
        apart += ((p.exp() * (p - q)).sum() + (q.exp() * (q - p)).sum()).item() / 2
    loss = head.rdrop_loss(h, other, OFFSETS, gold, None, 1.7)
    assert loss.item() == pytest.approx(mean.item() + 1.7 * apart, rel=1e-10)
    loss.backward()
    assert all(p.grad.isfinite().all() and p.grad.any() for p in head.parameters())


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_best_log_probability_is_the_share_of_the_best_sequence(
    scheme: str, temperature: float
) -> None:
    head, h = random_head(scheme), states()
    head.temperature = temperature
    expected = []
    for rows in h.split(LENGTHS):
        scores = {tags: s / temperature for tags, s in enumerate_scores(head, rows).items()}
        expected.append(max(scores.values()) - log_partition(scores).item())
    torch.testing.assert_close(head.best_log_probability(h, OFFSETS), expected)
