"""The span head against span vectors that are built one by one, and against all sets of spans."""

from dataclasses import astuple
from itertools import combinations, product

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.heads import SpanHead
from synner_graph.heads.span_features import CASES, case_of
from synner_graph.heads.span_types import SpanGold, SpanMarks

LABELS = ("LOC", "PER")
LENGTHS = [5, 1, 3, 2, 7]
OFFSETS = torch.tensor([0, *LENGTHS]).cumsum(0)
N, C, W = sum(LENGTHS), 6, 4
FEATURES = [
    dict(zip(("endpoints", "width", "pooling"), on, strict=True))
    for on in product((True, False), repeat=3)
    if any(on)
]
FEATURES += [{"morphology_size": 3}, {"morphology_size": 2, "length_size": 3}]
FEATURES += [{"endpoints": False, "width": False, "pooling": False, "length_size": 3}]
SENTENCES = [
    Sentence(tuple("abcde"), entities=(Entity(0, 1, "PER"), Entity(2, 5, "LOC"))),
    Sentence(("f",), entities=(Entity(0, 1, "LOC"),)),
    Sentence(tuple("ghi")),
    Sentence(tuple("jk"), entities=(Entity(0, 2, "PER"),)),
    Sentence(tuple("lmnopqr"), entities=(Entity(0, 5, "LOC"), Entity(5, 7, "LOC"))),
]


CASES_OF_TOKENS = torch.arange(N) % len(CASES)
PIECES = torch.arange(N) % 3 + 1
MARKS = SpanMarks(CASES_OF_TOKENS, PIECES)


def random_head(max_width: int = W, **options: bool | str | float) -> SpanHead:
    """In evaluation mode, F = 9, width embedding 4."""
    return SpanHead(C, LABELS, max_width, 9, 4, **options).double().eval()


def states(scale: float = 1.0) -> Tensor:
    return (torch.randn(N, C, dtype=torch.float64) * scale).requires_grad_()


def all_spans(max_width: int = W) -> list[tuple[int, int]]:
    """Rows of every candidate."""
    return [
        (start, end)
        for first, last in zip(OFFSETS.tolist(), OFFSETS[1:].tolist(), strict=False)
        for start in range(first, last)
        for end in range(start + 1, min(start + max_width, last) + 1)
    ]


def materialized_log_probs(
    head: SpanHead, h: Tensor, start: int, end: int, marks: SpanMarks = MARKS
) -> Tensor:
    """What the factorized first layer stands for: joined vectors and one linear layer."""
    vectors, weights = [], []
    if "endpoints" in head.features:
        layer = head.features["endpoints"]
        vectors += [h[start], h[end - 1]]
        weights += [layer.first.weight, layer.last.weight]
    if "width" in head.features:
        layer = head.features["width"]
        vectors += [layer.embedding.weight[end - start - 1]]
        weights += [layer.linear.weight]
    if "pooling" in head.features:
        layer = head.features["pooling"]
        tokens = h[start:end]
        attention = (tokens @ layer.score.weight[0]).softmax(0)
        vectors += [attention @ tokens]
        weights += [layer.value.weight]
    if "morphology" in head.features:
        layer = head.features["morphology"]
        vectors += [sum(layer.embedding.weight[case] for case in marks.cases[start:end])]
        weights += [layer.linear.weight]
    if "length" in head.features:
        layer = head.features["length"]
        pieces = int(marks.pieces[start:end].sum())
        vectors += [layer.embedding.weight[min(pieces, head.max_width) - 1]]  # all below 6 apart
        weights += [layer.linear.weight]
    hidden = F.gelu(F.linear(torch.cat(vectors), torch.cat(weights, dim=1), head.bias))
    return F.log_softmax(F.linear(hidden, head.classify.weight, head.classify.bias), dim=0)


@pytest.mark.parametrize("kernel", ["auto", "naive", "fused", "cpu", "triton"])
@pytest.mark.parametrize("options", FEATURES)
def test_factorized_scores_are_those_of_joined_vectors(
    options: dict[str, int], kernel: str
) -> None:
    head, h = random_head(**options), states()
    head.kernel = kernel
    inputs = (h, *head.parameters())

    starts, ends, log_probs = head.span_scores(h, OFFSETS, MARKS)

    spans = list(zip(starts.tolist(), ends.tolist(), strict=True))
    assert sorted(spans) == all_spans()
    expected = torch.stack([materialized_log_probs(head, h, *span) for span in spans])
    torch.testing.assert_close(log_probs, expected, rtol=1e-10, atol=1e-12)
    upstream = torch.randn_like(log_probs)
    torch.testing.assert_close(
        torch.autograd.grad(log_probs, inputs, upstream, materialize_grads=True),
        torch.autograd.grad(expected, inputs, upstream, materialize_grads=True),
        rtol=1e-9,
        atol=1e-11,
    )


def test_pooling_survives_scores_that_would_overflow() -> None:
    head, h = random_head(endpoints=False, width=False), states(scale=1e3)
    with torch.no_grad():
        head.features["pooling"].value.weight.div_(1e3)

    starts, ends, log_probs = head.span_scores(h, OFFSETS)

    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    expected = torch.stack([materialized_log_probs(head, h, *span) for span in spans])
    torch.testing.assert_close(log_probs, expected)
    (gradient,) = torch.autograd.grad(log_probs.sum(), h)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("max_width", [1, 2, 50])
def test_candidates_stay_within_width_and_sentence(max_width: int) -> None:
    starts, ends, log_probs = random_head(max_width).span_scores(states(), OFFSETS)

    assert sorted(zip(starts.tolist(), ends.tolist(), strict=True)) == all_spans(max_width)
    assert len(log_probs) == len(starts)


def test_loss_weighs_the_cross_entropy_of_spans_that_are_no_entities() -> None:
    head, h = random_head(negative_weight=0.3), states()
    starts = OFFSETS.tolist()
    classes = {
        (starts[b] + entity.start, starts[b] + entity.end): 1 + LABELS.index(entity.label)
        for b, sentence in enumerate(SENTENCES)
        for entity in sentence.entities
    }

    loss = head.loss(h, OFFSETS, head.encode(SENTENCES))

    expected = torch.zeros((), dtype=torch.float64)
    for span in all_spans():
        log_probs = materialized_log_probs(head, h, *span)
        expected -= log_probs[classes[span]] if span in classes else 0.3 * log_probs[0]
    torch.testing.assert_close(loss, expected)


def test_a_batch_without_entities_has_a_loss() -> None:
    head = random_head()
    gold = head.encode([Sentence(("a", "b"))])

    assert [len(column) for column in astuple(gold)] == [0, 0, 0]
    assert head.loss(states()[:2], torch.tensor([0, 2]), gold) > 0


def test_gold_wider_than_the_widest_candidate_is_no_target() -> None:
    gold = random_head(max_width=3).encode(SENTENCES)

    assert gold.starts.tolist() == [0, 2, 5, 9, 16]
    assert gold.widths.tolist() == [1, 3, 1, 2, 2]
    assert gold.classes.tolist() == [2, 1, 1, 2, 1]


def test_decodes_the_best_set_of_spans_exactly() -> None:
    found = 0
    for _ in range(5):
        head, h = random_head(max_width=3), states(scale=3)
        for entities, rows in zip(head.decode(h, OFFSETS), h.split(LENGTHS), strict=True):
            candidates = best_label_of_each_span(head, rows)
            assert {(e.start, e.end): e.label for e in entities} == best_set(candidates)
            for entity in entities:
                _, _, probability = candidates[entity.start, entity.end]
                assert entity.score == pytest.approx(probability)
            found += len(entities)
    assert found > 10


def test_nested_decoding_keeps_what_lies_inside_but_nothing_that_crosses() -> None:
    nested = 0
    for _ in range(5):
        head, h = random_head(max_width=3, decode="nested"), states(scale=3)
        for entities, rows in zip(head.decode(h, OFFSETS), h.split(LENGTHS), strict=True):
            candidates = best_label_of_each_span(head, rows)
            chosen = {(e.start, e.end) for e in entities}
            assert entities == sorted(entities)
            assert {span: candidates[span][1] for span in chosen} == {
                (e.start, e.end): e.label for e in entities
            }
            assert not any(a < c < b < d for (a, b), (c, d) in product(chosen, repeat=2))
            # What was left out crosses something: adding any other candidate is always a gain.
            for c, d in candidates.keys() - chosen:
                assert any(a < c < b < d or c < a < d < b for a, b in chosen)
            nested += sum(c <= a < b <= d for (a, b), (c, d) in combinations(sorted(chosen), 2))
    assert nested > 5


def test_greedy_decoding_takes_the_most_probable_first() -> None:
    pruned = 0
    for _ in range(5):
        head, h = random_head(max_width=3, decode="greedy"), states(scale=3)
        for entities, rows in zip(head.decode(h, OFFSETS), h.split(LENGTHS), strict=True):
            candidates = best_label_of_each_span(head, rows)
            chosen = {(e.start, e.end) for e in entities}
            for (c, d), (_, _, probability) in candidates.items():
                rivals = [
                    candidates[a, b][2] for a, b in chosen if a < d and c < b and (a, b) != (c, d)
                ]
                if (c, d) in chosen:
                    assert not rivals
                else:
                    assert max(rivals) > probability
                    pruned += 1
    assert pruned > 5


def test_decoding_all_takes_every_span_that_beats_no_entity() -> None:
    head, h = random_head(max_width=3, decode="all"), states(scale=3)
    for entities, rows in zip(head.decode(h, OFFSETS), h.split(LENGTHS), strict=True):
        candidates = best_label_of_each_span(head, rows)
        assert [(e.start, e.end) for e in entities] == sorted(candidates)


def test_marks_are_case_and_pieces_of_tokens_where_they_are_features() -> None:
    sentences = [Sentence(("UN", "visits", "Bonn")), Sentence(("1990", "iPod"))]
    pieces = torch.tensor([1, 1, 2, 1, 3])

    found = random_head(morphology_size=2, length_size=2).marks(sentences, pieces)
    assert [CASES[i] for i in found.cases] == ["upper", "lower", "title", "digit", "other"]
    assert found.pieces is pieces
    without_pieces = random_head(length_size=2).marks(sentences, None)
    assert without_pieces.cases is None and without_pieces.pieces.tolist() == [2, 6, 4, 4, 4]
    assert astuple(random_head().marks(sentences, pieces)) == (None, None)


@pytest.mark.parametrize(
    ("token", "case"),
    [("A1", "upper"), ("e-mail", "lower"), ("O'Neil", "title"), ("3rd", "lower"), ("-", "other")],
)
def test_case_is_what_python_says_first(token: str, case: str) -> None:
    assert case_of(token) == case


def test_marks_change_scores_loss_and_decoding_alike() -> None:
    head, h = random_head(morphology_size=3, length_size=3, decode="all"), states(scale=3)
    others = SpanMarks(*(row.flip(0) for row in astuple(MARKS)))
    gold = head.encode(SENTENCES)

    for marks in (MARKS, others):
        expected = sum(
            -head._class_weights[kind].double()
            * materialized_log_probs(head, h, start, end, marks)[kind]
            for (start, end), kind in zip(all_spans(), classes_of(gold), strict=True)
        )
        torch.testing.assert_close(head.loss(h, OFFSETS, gold, marks), expected)
    assert head.decode(h, OFFSETS, MARKS) != head.decode(h, OFFSETS, others)


def classes_of(gold: SpanGold) -> list[int]:
    """The class of every candidate."""
    columns = (column.tolist() for column in astuple(gold))
    classes = {(start, start + width): kind for start, width, kind in zip(*columns, strict=True)}
    return [classes.get(span, 0) for span in all_spans()]


def best_label_of_each_span(
    head: SpanHead, rows: Tensor
) -> dict[tuple[int, int], tuple[float, str, float]]:
    """Gain, label and probability of every span of one sentence whose best label beats null."""
    candidates = {}
    for start, end in combinations(range(len(rows) + 1), 2):
        if end - start <= head.max_width:
            null, *log_probs = materialized_log_probs(head, rows, start, end).tolist()
            best = max(log_probs)
            if best > null:
                probability = torch.tensor(best).exp().item()
                label = LABELS[log_probs.index(best)]
                candidates[start, end] = (best - null, label, probability)
    return candidates


def best_set(
    candidates: dict[tuple[int, int], tuple[float, str, float]],
) -> dict[tuple[int, int], str]:
    def sets(start: int) -> list[list[tuple[int, int]]]:
        """Every set of candidates from `start` on that share no token."""
        chosen = [[]]
        for span in candidates:
            if span[0] >= start:
                chosen += [[span, *rest] for rest in sets(span[1])]
        return chosen

    best = max(sets(0), key=lambda chosen: sum(candidates[span][0] for span in chosen))
    return {span: candidates[span][1] for span in best}


def test_a_batch_equals_its_sentences_alone() -> None:
    head, h = random_head(), states(scale=3)
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


def test_every_parameter_gets_a_gradient() -> None:
    head, h = random_head(morphology_size=3, length_size=3), states()

    head.loss(h, OFFSETS, head.encode(SENTENCES), MARKS).backward()

    for tensor in (h, *head.parameters()):
        assert tensor.grad is not None
        assert (tensor.grad != 0).any()


def test_nested_gold_is_a_target_too() -> None:
    nested = Sentence(("a", "b"), entities=(Entity(0, 1, "PER"), Entity(0, 2, "LOC")))

    assert random_head().encode([nested]).classes.tolist() == [2, 1]


def test_two_labels_for_one_span_are_refused() -> None:
    doubtful = Sentence(("a", "b"), entities=(Entity(0, 2, "LOC"), Entity(0, 2, "PER")))
    with pytest.raises(InputError, match="expected one label for 'a b', got LOC and PER"):
        random_head().encode([doubtful])


def test_an_unknown_label_is_refused() -> None:
    sentence = Sentence(("a",), entities=(Entity(0, 1, "PERS"),))
    with pytest.raises(InputError, match=r"Unknown entity label 'PERS'\. Did you mean 'PER'\?"):
        random_head().encode([sentence])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_width": 0}, "expected a maximum span width of at least 1, got 0"),
        ({"decode": "best"}, "expected one of flat, nested, greedy, all as decode, got 'best'"),
        ({"endpoints": False, "width": False, "pooling": False}, "expected a feature"),
    ],
)
def test_what_it_cannot_be_built_from_is_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        random_head(**options)


def test_under_autocast_probabilities_are_in_single_precision() -> None:
    head, h = random_head().float(), states().float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        _, _, log_probs = head.span_scores(h, OFFSETS)

    assert log_probs.dtype == torch.float32
    torch.testing.assert_close(log_probs, head.span_scores(h, OFFSETS)[2], rtol=0.05, atol=0.05)


def test_it_saves_its_parameters_and_nothing_else() -> None:
    head = random_head()
    assert set(head.state_dict()) == {name for name, _ in head.named_parameters()}


def test_log_probability_is_the_score_of_decoding() -> None:
    head = SpanHead(5, ["LOC", "PER"], max_width=3).eval()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
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


def test_log_probability_of_what_is_no_candidate() -> None:
    head = SpanHead(5, ["LOC", "PER"], max_width=3)
    with pytest.raises(InputError, match="up to 3 tokens within the sentence, got one of 4"):
        head.log_probability(torch.randn(9, 5), Entity(2, 6, "LOC"))
    with pytest.raises(InputError, match="Unknown entity label"):
        head.log_probability(torch.randn(9, 5), Entity(2, 3, "ORG"))


def test_two_passes_pay_for_the_spans_that_they_disagree_on() -> None:
    head, h, other = random_head(negative_weight=0.3, morphology_size=2), states(), states()
    gold, inputs = head.encode(SENTENCES), (h, other, *head.parameters())

    loss = head.rdrop_loss(h, other, OFFSETS, gold, MARKS, 1.7)

    expected = (head.loss(h, OFFSETS, gold, MARKS) + head.loss(other, OFFSETS, gold, MARKS)) / 2
    for span in all_spans():
        p, q = (materialized_log_probs(head, rows, *span) for rows in (h, other))
        there, back = F.kl_div(q, p, log_target=True, reduction="sum"), (q.exp() * (q - p)).sum()
        expected = expected + 1.7 * (there + back) / 2
    torch.testing.assert_close(loss, expected)
    found, wanted = (torch.autograd.grad(total, inputs) for total in (loss, expected))
    for one, two in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("decode", ["flat", "nested", "greedy", "all"])
def test_candidates_are_all_labels_of_spans_and_score_as_decoding_does(decode: str) -> None:
    head, h = random_head(decode=decode), states(3.0)
    head.temperature = 1.3
    starts, ends, log_probs = head.span_scores(h, OFFSETS)
    probabilities = (log_probs / head.temperature).softmax(1)[:, 1:]
    found = head.candidates(h, OFFSETS, 0.0)
    expected = {
        (start, end, label): row[i].item()
        for start, end, row in zip(starts.tolist(), ends.tolist(), probabilities, strict=True)
        for i, label in enumerate(LABELS)
    }
    first = OFFSETS.tolist()
    scores = {
        (first[b] + e.start, first[b] + e.end, e.label): e.score
        for b, entities in enumerate(found)
        for e in entities
    }
    assert scores == pytest.approx(expected)
    assert all(entities == sorted(entities) for entities in found)
    decoded = head.decode(h, OFFSETS)
    assert sum(map(len, decoded)) > 5
    for entities, candidates in zip(decoded, found, strict=True):
        by_span = {candidate: candidate.score for candidate in candidates}
        for entity in entities:
            assert entity.score == pytest.approx(by_span[entity], rel=1e-12)
    likely = head.candidates(h, OFFSETS, 0.3)
    assert likely == [[e for e in entities if e.score >= 0.3] for entities in found]
    assert 0 < sum(map(len, likely)) < len(scores)


@pytest.mark.parametrize("decode", ["flat", "nested", "greedy", "all"])
def test_best_log_probability_is_the_product_over_all_spans(decode: str) -> None:
    head, h = random_head(decode=decode), states(3.0)
    head.temperature = 1.5
    starts, ends, log_probs = head.span_scores(h, OFFSETS)
    log_probs = (log_probs / 1.5).log_softmax(1)
    found = head.decode(h, OFFSETS)
    assert sum(map(len, found)) > 3
    expected = []
    for first, last, entities in zip(OFFSETS, OFFSETS[1:], found, strict=False):
        label_of = {(e.start, e.end): 1 + LABELS.index(e.label) for e in entities}
        total = 0.0
        for start, end, row in zip(starts, ends, log_probs, strict=True):
            if first <= start < last:
                total += row[label_of.get((int(start - first), int(end - first)), 0)].item()
        expected.append(total)
    torch.testing.assert_close(head.best_log_probability(h, OFFSETS), expected)
