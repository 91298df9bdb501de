"""Classification of every span of up to W tokens."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.heads.base import Head, at_least_float32
from synner_graph.heads.decode import best_non_overlapping
from synner_graph.operators.span import (
    IMPLEMENTATIONS,
    Spans,
    SpanWeights,
    candidate_spans,
    span_logits,
)

NULL = 0
"""The class of a span that is no entity; label `labels[i]` is class `i + 1`."""


class SpanHead(Head):
    """A two-layer classifier over span features (Fu et al., 2021), decoded exactly.

    The first layer reads endpoints, width and softmax-pooled tokens joined, without ever joining
    them: see `synner_graph.operators.span`.

    Args:
        input_size: Width of the node states.
        labels: Entity labels.
        max_width: Widest span that can be an entity, in tokens; wider gold entities are no targets.
        hidden_size: Width F of the first layer's output.
        width_size: Width of the width embedding.
        negative_weight: Weight in the loss of the spans that are no entities.
        endpoints: Whether the first and last token are features.
        width: Whether the number of tokens is a feature.
        pooling: Whether the pooled tokens are a feature.
        dropout: On the node states.

    Raises:
        InputError: No labels, no feature, or a `max_width` below 1.
    """

    name: ClassVar[str] = "span"
    _class_weights: Tensor

    def __init__(
        self,
        input_size: int,
        labels: Sequence[str],
        max_width: int,
        hidden_size: int = 128,
        width_size: int = 25,
        negative_weight: float = 0.5,
        endpoints: bool = True,
        width: bool = True,
        pooling: bool = True,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(labels)
        if max_width < 1:
            raise InputError(f"expected a maximum span width of at least 1, got {max_width}")
        if not (endpoints or width or pooling):
            raise InputError("expected a feature for the span head: endpoints, width or pooling")
        self.max_width = max_width
        self.dropout = nn.Dropout(dropout)
        self.features = nn.ModuleDict()
        if endpoints:
            self.features["endpoints"] = nn.ModuleDict(
                {
                    "first": nn.Linear(input_size, hidden_size, bias=False),
                    "last": nn.Linear(input_size, hidden_size, bias=False),
                }
            )
        if width:
            self.features["width"] = nn.ModuleDict(
                {
                    "embedding": nn.Embedding(max_width, width_size),
                    "linear": nn.Linear(width_size, hidden_size, bias=False),
                }
            )
        if pooling:
            self.features["pooling"] = nn.ModuleDict(
                {
                    "score": nn.Linear(input_size, 1, bias=False),  # a bias would cancel
                    "value": nn.Linear(input_size, hidden_size, bias=False),
                }
            )
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        self.classify = nn.Linear(hidden_size, 1 + len(self.labels))
        class_weights = torch.tensor([negative_weight] + [1.0] * len(self.labels))
        self.register_buffer("_class_weights", class_weights, persistent=False)

    def encode(self, sentences: Sequence[Sentence]) -> dict[str, Tensor]:
        """The M gold entities of up to W tokens, `{"starts": [M], "widths": [M], "classes": [M]}`.

        Starts are rows of the batch. Wider entities are left out, as no span can match them; they
        stay in the recall denominator at evaluation.

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
        return {
            "starts": spans[:, 0].contiguous(),
            "widths": spans[:, 1].contiguous(),
            "classes": torch.tensor(list(gold.values()), dtype=torch.long),
        }

    def loss(self, h: Tensor, offsets: Tensor, gold: dict[str, Tensor]) -> Tensor:
        """Summed cross entropy of all candidate spans, those of no entity weighted down."""
        spans = candidate_spans(h, offsets, self.max_width)
        targets = torch.full_like(spans.starts, NULL)
        targets[spans.find(gold["starts"], gold["widths"])] = gold["classes"]
        log_probs = self._log_probs(h, spans)
        weights = self._class_weights.to(log_probs.dtype)
        return F.nll_loss(log_probs, targets, weight=weights, reduction="sum")

    def span_scores(self, h: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Class probabilities of every span of up to W tokens.

        Args:
            h: Node states.
                *Shape:* [N, C]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]

        Returns:
            starts: Row of each span's first token.
                *Shape:* [S]
            ends: Row after each span's last token.
                *Shape:* [S]
            log_probs: Log-probabilities of no entity, then of each label.
                *Shape:* [S, 1 + len(labels)]
        """
        spans = candidate_spans(h, offsets, self.max_width)
        return spans.starts, spans.ends, self._log_probs(h, spans)

    @torch.no_grad()
    def decode(self, h: Tensor, offsets: Tensor) -> list[list[Entity]]:
        """The best non-overlapping spans, each with the probability of its label as score.

        They maximize the sum of log p(label) - log p(no entity), exactly.
        """
        starts, ends, log_probs = self.span_scores(h, offsets)
        best, label = log_probs[:, NULL + 1 :].max(dim=1)
        gain = best - log_probs[:, NULL]
        offsets = offsets.to(h.device)
        sentence = torch.bucketize(starts, offsets, right=True) - 1
        starts, ends = starts - offsets[sentence], ends - offsets[sentence]

        beats_null = gain > 0
        columns = (sentence, starts, ends, label, best.exp(), gain)
        rows = zip(*(column[beats_null].tolist() for column in columns), strict=True)
        found: list[list[tuple[Entity, float]]] = [[] for _ in range(len(offsets) - 1)]
        for b, start, end, position, score, gained in rows:
            found[b].append((Entity(start, end, self.labels[position], score), gained))
        return [_best(candidates) for candidates in found]

    def log_probability(self, h: Tensor, entity: Entity) -> Tensor:
        """Log-probability of the label of that span.

        Raises:
            InputError: The label is unknown, or the entity wider than any candidate.
        """
        self.check_label(entity)
        starts, ends, log_probs = self.span_scores(h, torch.tensor([0, len(h)]))
        rows = ((starts == entity.start) & (ends == entity.end)).nonzero()
        if not len(rows):
            width = entity.end - entity.start
            raise InputError(
                f"expected an entity of up to {self.max_width} tokens within the sentence, "
                f"got one of {width} from token {entity.start}"
            )
        return log_probs[rows[0, 0], NULL + 1 + self.labels.index(entity.label)]

    def _log_probs(self, h: Tensor, spans: Spans) -> Tensor:
        weights = dict(self.features.named_parameters())
        known = self.implementation in IMPLEMENTATIONS  # one for the other operators is none here
        logits = span_logits(
            self.dropout(h),
            spans,
            SpanWeights(
                self.bias,
                self.classify.weight,
                self.classify.bias,
                first=weights.get("endpoints.first.weight"),
                last=weights.get("endpoints.last.weight"),
                embedding=weights.get("width.embedding.weight"),
                width=weights.get("width.linear.weight"),
                score=weights.get("pooling.score.weight"),
                value=weights.get("pooling.value.weight"),
            ),
            self.implementation if known else "auto",
        )
        return at_least_float32(logits).log_softmax(dim=1)


def _best(candidates: Sequence[tuple[Entity, float]]) -> list[Entity]:
    spans = [(entity.start, entity.end) for entity, _ in candidates]
    chosen = best_non_overlapping(spans, [gain for _, gain in candidates])
    return [candidates[i][0] for i in chosen]
