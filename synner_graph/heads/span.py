"""Classification of every span of up to W tokens."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synner_graph.data.dictionary import Rules, Scope, SpanRule
from synner_graph.data.nesting import is_nested
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.heads.base import (
    Head,
    at_least_float32,
    placed,
    symmetric_divergence,
    with_forced,
)
from synner_graph.heads.decode import SHARES, choose
from synner_graph.heads.soft import Masses, SoftTarget
from synner_graph.heads.span_features import build_features, marks_of, weights_of
from synner_graph.heads.span_probabilities import of_all, tempered
from synner_graph.heads.span_rules import ruled
from synner_graph.heads.span_soft import SpanSoftGold, soft_cross_entropy, soft_gold
from synner_graph.heads.span_types import NULL, SpanGold, SpanMarks, SpanOptions
from synner_graph.operators.choice import or_auto
from synner_graph.operators.span import KERNELS, Spans, candidate_spans, span_logits


class SpanHead(Head[SpanGold | SpanSoftGold, SpanMarks]):
    """A two-layer classifier of every span up to a width.

    The first layer reads endpoints, width, softmax-pooled tokens, morphology and token length. It
    is factorised, so that they are never concatenated: see `synner_graph.operators.span`.

    Source: Fu et al. (ACL 2021), SPANNER.

    Args:
        input_size: Width of the node states.
        labels: Entity labels.
        max_width: Widest span that can be an entity, in tokens; wider gold entities are no targets.
            None is refused: `resolve` reads it off the training sentences.
        hidden_size: Width F of the first layer's output.
        width_size: Width of the width embedding.
        negative_weight: Weight in the loss of the spans that are no entities.
        endpoints: Whether the first and last token are features.
        width: Whether the number of tokens is a feature.
        pooling: Whether the pooled tokens are a feature.
        morphology_size: Width of a vector of each class of case; a span has the sum over its
            tokens. 0: no feature.
        length_size: Width of an embedding of the number of sub-tokens, or of characters where the
            encoder reads no sub-tokens. 0: no feature.
        decode: `"flat"` takes the set of spans without overlaps, `"nested"` the one without
            crossings, with the greatest sum of log p(label) - log p(no entity); `"greedy"` takes
            the most probable spans first; `"all"` every span more probably an entity than none.
        dropout: On the node states.

    Raises:
        InputError: No labels, no feature, an unknown `decode` or a `max_width` below 1.
    """

    name: ClassVar[str] = "span"
    Options = SpanOptions
    _class_weights: Tensor

    def __init__(
        self,
        input_size: int,
        labels: Sequence[str],
        max_width: int | None,
        hidden_size: int = 128,
        width_size: int = 25,
        negative_weight: float = 0.5,
        endpoints: bool = True,
        width: bool = True,
        pooling: bool = True,
        morphology_size: int = 0,
        length_size: int = 0,
        decode: str = "flat",
        dropout: float = 0.1,
    ) -> None:
        super().__init__(input_size, labels)
        if max_width is None:
            raise InputError(
                "The span head needs head.max_width; training reads it off the train split."
            )
        if max_width < 1:
            raise InputError(f"expected a maximum span width of at least 1, got {max_width}")
        if not (endpoints or width or pooling or morphology_size or length_size):
            raise InputError(
                "expected a feature for the span head: endpoints, width, pooling, morphology or "
                "length"
            )
        if decode not in SHARES:
            raise InputError(f"expected one of {', '.join(SHARES)} as decode, got {decode!r}")
        self.max_width = max_width
        self.decoder = decode
        self.dropout = nn.Dropout(dropout)
        self.features = build_features(
            input_size,
            hidden_size,
            max_width,
            width_size if width else 0,
            morphology_size,
            length_size,
            endpoints,
            pooling,
        )
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        self.classify = nn.Linear(hidden_size, 1 + len(self.labels))
        classes = (None, *self.labels)
        self.named_axes = {"classify.weight": (classes,), "classify.bias": (classes,)}
        class_weights = torch.tensor([negative_weight] + [1.0] * len(self.labels))
        self.register_buffer("_class_weights", class_weights, persistent=False)

    @classmethod
    def resolve(cls, options: Mapping[str, Any], sentences: Sequence[Sentence]) -> dict[str, Any]:
        """See `Head.resolve`; the widest candidate is as wide as the widest entity."""
        if options["max_width"] is not None:
            return dict(options)
        widest = max(e.end - e.start for sentence in sentences for e in sentence.entities)
        return {**options, "max_width": widest}

    def remarks(self, sentences: Sequence[Sentence]) -> Iterator[str]:
        """See `Head.remarks`; entities that no set of the decoder can hold together."""
        nested = sum(map(is_nested, sentences))
        if nested and self.decoder in ("flat", "greedy"):
            yield (
                f"{nested} training sentences have entities that share tokens, but --head.decode "
                f"{self.decoder} never names both: --head.decode nested does"
            )

    def marks(self, sentences: Sequence[Sentence], pieces: Tensor | None) -> SpanMarks:
        """Give case and number of pieces of each token, where they are features."""
        return marks_of(sentences, pieces, self.features)

    def encode(self, sentences: Sequence[Sentence]) -> SpanGold:
        """Turn the gold entities of up to W tokens into classes of spans.

        Wider entities are left out, as no candidate can match them; evaluation counts them as
        missed.

        Raises:
            InputError: An entity has an unknown label, or one span has two labels.
        """
        classes = {label: 1 + position for position, label in enumerate(self.labels)}
        gold: dict[tuple[int, int], int] = {}
        first = 0
        for sentence in sentences:
            for entity in sentence.entities:
                self.check_label(entity)
                span = first + entity.start, entity.end - entity.start
                if span in gold:
                    tokens = " ".join(sentence.tokens[entity.start : entity.end])
                    two = f"{self.labels[gold[span] - 1]} and {entity.label}"
                    raise InputError(f"expected one label for {tokens!r}, got {two}")
                if entity.end - entity.start <= self.max_width:
                    gold[span] = classes[entity.label]
            first += len(sentence)
        spans = torch.tensor(list(gold), dtype=torch.long).view(-1, 2)
        return SpanGold(
            spans[:, 0].contiguous(),
            spans[:, 1].contiguous(),
            torch.tensor(list(gold.values()), dtype=torch.long),
        )

    def encode_soft(self, targets: Sequence[SoftTarget]) -> SpanSoftGold:
        """See `Head.encode_soft`; the mass of a span beyond its labels is that of no entity."""
        labels = {label: position for position, label in enumerate(self.labels)}
        gold, taught = Masses.of_gold(targets, labels), Masses.of_teacher(targets, labels)
        return soft_gold(gold, taught, self.max_width)

    def soft_remarks(self, targets: Sequence[SoftTarget]) -> Iterator[str]:
        """See `Head.soft_remarks`; entities that are no candidates."""
        taught = [entity for target in targets for entity in target.taught]
        wide = sum(entity.end - entity.start > self.max_width for entity in taught)
        if wide:
            yield (
                f"{wide} of {len(taught)} spans that the teacher takes for entities are wider than "
                f"{self.max_width} tokens (head.max_width): they are no candidates"
            )

    def loss(
        self,
        h: Tensor,
        offsets: Tensor,
        gold: SpanGold | SpanSoftGold,
        marks: SpanMarks | None = None,
    ) -> Tensor:
        """Sum the cross-entropy of all candidates; those that are no entity count less."""
        spans = self._candidates(h, offsets, marks)
        return self._cross_entropy(self._log_probs(h, spans), spans, gold)

    def rdrop_loss(
        self,
        h: Tensor,
        other: Tensor,
        offsets: Tensor,
        gold: SpanGold | SpanSoftGold,
        marks: SpanMarks | None,
        weight: float,
    ) -> Tensor:
        """See `Head.rdrop_loss`; the divergence is that of the labels of each span, unweighted."""
        spans = self._candidates(h, offsets, marks)
        passes = [self._log_probs(h, spans), self._log_probs(other, spans)]
        losses = [self._cross_entropy(log_probs, spans, gold) for log_probs in passes]
        return (losses[0] + losses[1]) / 2 + weight * symmetric_divergence(*passes)

    @property
    def scope(self) -> Scope:
        """See `Head.scope`; which entities may share tokens is up to the decoder."""
        return Scope(self.labels, SHARES[self.decoder], self.max_width)

    def span_scores(
        self, h: Tensor, offsets: Tensor, marks: SpanMarks | None = None, rules: Rules | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the class probabilities of every span of up to W tokens.

        Args:
            h: Node states.
                *Shape:* [N, C]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
            marks: What `marks` gave for these sentences, on the device of `h`.
            rules: See `Head.decode`.

        Returns:
            starts: Row of each span's first token.
                *Shape:* [S]
            ends: Row after each span's last token.
                *Shape:* [S]
            log_probs: Log-probabilities of no entity, then of each label.
                *Shape:* [S, 1 + len(labels)]
        """
        spans = self._candidates(h, offsets, marks)
        log_probs = self._log_probs(h, spans)
        if rules and any(rules):
            log_probs = ruled(log_probs, spans, offsets, rules, self.scope)
        return spans.starts, spans.ends, log_probs

    @torch.no_grad()
    def decode(
        self, h: Tensor, offsets: Tensor, marks: SpanMarks | None = None, rules: Rules | None = None
    ) -> list[list[Entity]]:
        """Return what `decode` chooses among the spans that score above "no entity"."""
        starts, ends, log_probs = self.span_scores(h, offsets, marks, rules)
        best, label = log_probs[:, NULL + 1 :].max(dim=1)
        gain = best - log_probs[:, NULL]
        sentence, starts, ends = placed(offsets, starts, ends)

        beats_null = (gain > 0) & (gain < torch.inf)  # what is forced needs no choice
        of_labels = tempered(log_probs, self.temperature)[:, NULL + 1 :]
        score = of_labels.gather(1, label.unsqueeze(1)).squeeze(1)
        columns = (sentence, starts, ends, label, score.exp(), best.exp(), gain)
        rows = zip(*(column[beats_null].tolist() for column in columns), strict=True)
        found: list[list[tuple[Entity, float, float]]] = [[] for _ in range(len(offsets) - 1)]
        for b, start, end, position, scored, likely, gained in rows:
            found[b].append((Entity(start, end, self.labels[position], scored), likely, gained))
        chosen = [self._chosen(candidates) for candidates in found]
        return list(map(with_forced, chosen, rules)) if rules else chosen

    @torch.no_grad()
    def best_log_probability(
        self, h: Tensor, offsets: Tensor, marks: SpanMarks | None = None, rules: Rules | None = None
    ) -> list[float]:
        """See `Head.best_log_probability` and `heads.span_probabilities`."""
        found = self.decode(h, offsets, marks, rules)
        starts, ends, log_probs = self.span_scores(h, offsets, marks, rules)
        likely = tempered(log_probs, self.temperature)
        return of_all(likely, *placed(offsets, starts, ends), found, self.labels)

    @torch.no_grad()
    def candidates(
        self,
        h: Tensor,
        offsets: Tensor,
        threshold: float,
        marks: SpanMarks | None = None,
        rules: Rules | None = None,
    ) -> list[list[Entity]]:
        """See `Head.candidates`; a probability is the softmax over the labels of one span."""
        starts, ends, log_probs = self.span_scores(h, offsets, marks, rules)
        scores = tempered(log_probs, self.temperature)[:, NULL + 1 :].exp()
        rows, labels = (scores >= threshold).nonzero(as_tuple=True)
        found = self.entities(offsets, starts[rows], ends[rows], labels, scores[rows, labels])
        return list(map(with_forced, found, rules)) if rules else found

    def log_probability(
        self,
        h: Tensor,
        entity: Entity,
        marks: SpanMarks | None = None,
        rules: Sequence[SpanRule] = (),
    ) -> Tensor:
        """Compute the log-probability of the label of that span.

        Raises:
            InputError: The label is unknown, or the entity wider than any candidate.
        """
        self.check_label(entity)
        if entity in with_forced((), rules):
            return h.sum() * 0  # certain, however wide it is and whatever is read
        starts, ends, log_probs = self.span_scores(h, torch.tensor([0, len(h)]), marks, [rules])
        rows = ((starts == entity.start) & (ends == entity.end)).nonzero()
        if not len(rows):
            width = entity.end - entity.start
            raise InputError(
                f"expected an entity of up to {self.max_width} tokens within the sentence, "
                f"got one of {width} from token {entity.start}"
            )
        log_probs = tempered(log_probs[rows[0]], self.temperature)
        return log_probs[0, NULL + 1 + self.labels.index(entity.label)]

    def _chosen(self, candidates: Sequence[tuple[Entity, float, float]]) -> list[Entity]:
        """Choose the entities that `decode` takes, given probabilities and gains, in order."""
        spans = [(entity.start, entity.end) for entity, _, _ in candidates]
        likely = [probability for _, probability, _ in candidates]
        gains = [gain for _, _, gain in candidates]
        return [candidates[i][0] for i in choose(self.decoder, spans, likely, gains)]

    def _candidates(self, h: Tensor, offsets: Tensor, marks: SpanMarks | None) -> Spans:
        spans = candidate_spans(h, offsets, self.max_width)
        if marks is None:
            return spans
        return replace(spans, cases=marks.cases, pieces=marks.pieces)

    def _cross_entropy(
        self, log_probs: Tensor, spans: Spans, gold: SpanGold | SpanSoftGold
    ) -> Tensor:
        if isinstance(gold, SpanSoftGold):
            return soft_cross_entropy(log_probs, spans, gold, self._class_weights[NULL])
        targets = torch.full_like(spans.starts, NULL)
        targets[spans.find(gold.starts, gold.widths)] = gold.classes
        weights = self._class_weights.to(log_probs.dtype)
        return F.nll_loss(log_probs, targets, weight=weights, reduction="sum")

    def _log_probs(self, h: Tensor, spans: Spans) -> Tensor:
        weights = weights_of(self.features, self.bias, self.classify)
        kernel = or_auto(self.kernel, KERNELS)
        logits = span_logits(self.dropout(h), spans, weights, kernel)
        return at_least_float32(logits).log_softmax(dim=1)
