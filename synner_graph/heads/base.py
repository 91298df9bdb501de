"""What every head is: node states in, entities out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from synner_graph.data.dictionary import Rules, Scope, SpanRule
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError, suggest
from synner_graph.graph.tensors import Tensors
from synner_graph.heads.soft import SoftTarget
from synner_graph.parts import Part

GoldT = TypeVar("GoldT", bound=Tensors)
MarksT = TypeVar("MarksT", bound=Tensors | None)


class Head(nn.Module, Part, ABC, Generic[GoldT, MarksT]):
    """Names the entities of a ragged batch.

    `Head[Gold, Marks]` declares what its loss reads of the gold entities, and what it reads of the
    tokens beside their states: None for nothing.

    Sentence `b` owns rows `offsets[b]:offsets[b + 1]` of the node states; C is the width of a row.

    Args:
        input_size: Width C of the node states.
        labels: The entity labels it can give.
        options: `dropout`, and each of the fields of `Options` by its name.

    Attributes:
        name: What the head is called in `HEADS`.
        labels: The entity labels it can give.
        kernel: Name of the kernel that computes its operators, or `auto`.
        temperature: Divides its scores before they become probabilities of entities. It changes
            neither the loss nor which entities are found.

    Raises:
        InputError: There are no labels, or one comes twice.
    """

    name: ClassVar[str]
    labels: tuple[str, ...]
    kernel: str = "auto"
    temperature: float = 1.0

    @abstractmethod
    def __init__(self, input_size: int, labels: Sequence[str], **options: Any) -> None:
        super().__init__()
        self.labels = tuple(labels)
        if not self.labels:
            raise InputError("expected entity labels, got none: is the training split annotated?")
        if len(set(self.labels)) < len(self.labels):
            raise InputError(f"expected distinct entity labels, got {', '.join(self.labels)}")

    @classmethod
    def resolve(cls, options: Mapping[str, Any], sentences: Sequence[Sentence]) -> dict[str, Any]:
        """Decide what the options leave open; by default they are returned as they are.

        Args:
            options: All of the head's options.
            sentences: The training sentences.
        """
        return dict(options)

    def remarks(self, sentences: Sequence[Sentence]) -> Iterator[str]:
        """Yield what a user should know before the head learns from these sentences.

        Args:
            sentences: The training sentences.
        """
        return iter(())

    @property
    def scope(self) -> Scope:
        """What it can name; by default entities of any width that share no token."""
        return Scope(self.labels)

    def check_kernel(self) -> None:
        """Check, before work begins, that the chosen kernel can run here.

        Raises:
            InputError: It cannot run here.
        """

    def marks(self, sentences: Sequence[Sentence], pieces: Tensor | None) -> MarksT | None:
        """Return what the head reads of the tokens beside their states; None by default.

        Args:
            sentences: The sentences of one batch.
            pieces: How many pieces the encoder reads each token as; None if it reads none.
                *Shape:* [N]
        """
        return None

    @abstractmethod
    def encode(self, sentences: Sequence[Sentence]) -> GoldT:
        """Turn the gold entities of one batch into the tensors that `loss` reads.

        Raises:
            InputError: An entity cannot be a target of this head.
        """

    @abstractmethod
    def encode_soft(self, targets: Sequence[SoftTarget]) -> GoldT:
        """Gold entities and a teacher's probabilities of one batch as the tensors `loss` reads.

        The loss of a sentence is then the cross-entropy of what the head predicts, relative to
        what gold and teacher say, each with its share. Where both say the same and are certain it
        is the loss of `encode`.

        Args:
            targets: Of the sentences of the batch; the head has all of their labels.
        """

    def soft_remarks(self, targets: Sequence[SoftTarget]) -> Iterator[str]:
        """What a user should know before the head learns from these targets.

        Args:
            targets: Of the training sentences.
        """
        return iter(())

    @abstractmethod
    def loss(self, h: Tensor, offsets: Tensor, gold: GoldT, marks: MarksT | None = None) -> Tensor:
        """Compute the loss, summed over the sentences of the batch.

        Args:
            h: Node states.
                *Shape:* [N, C]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
            gold: What `encode` gave for these sentences, on the device of `h`.
            marks: What `marks` gave for them, likewise.

        Returns:
            A scalar.
        """

    @abstractmethod
    def rdrop_loss(
        self,
        h: Tensor,
        other: Tensor,
        offsets: Tensor,
        gold: GoldT,
        marks: MarksT | None,
        weight: float,
    ) -> Tensor:
        """Compute the loss of two passes that differ in dropout, with a price on disagreement.

        It is the mean of their losses plus `weight` times the mean of the two Kullback-Leibler
        divergences between their predictions, summed over the sentences.

        Source: Liang et al. (NeurIPS 2021), R-Drop, which adds up the two losses.

        Args:
            h: Node states of the first pass.
                *Shape:* [N, C]
            other: Node states of the second pass.
                *Shape:* [N, C]
            offsets: See `loss`.
            gold: See `loss`.
            marks: See `loss`.
            weight: Of the divergence.

        Returns:
            A scalar.
        """

    @abstractmethod
    def decode(
        self, h: Tensor, offsets: Tensor, marks: MarksT | None = None, rules: Rules | None = None
    ) -> list[list[Entity]]:
        """Find the entities of each sentence, in order, each scored with its probability.

        Under rules, both are those of the model that is left with them: of what the rules allow,
        every outcome has its probability times the factors of its hints, and all sum to 1.

        Args:
            h: Node states.
                *Shape:* [N, C]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
            marks: What `marks` gave for these sentences, on the device of `h`.
            rules: What holds of spans of each sentence, as `Dictionary.find` gives it for `scope`.
        """

    @abstractmethod
    def best_log_probability(
        self, h: Tensor, offsets: Tensor, marks: MarksT | None = None, rules: Rules | None = None
    ) -> list[float]:
        """Compute the log-probability of all that `decode` says of a sentence, taken together.

        Args:
            h: Node states.
                *Shape:* [N, C]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
            marks: What `marks` gave for these sentences, on the device of `h`.
            rules: See `decode`.

        Returns:
            One for each sentence.
        """

    @abstractmethod
    def candidates(
        self,
        h: Tensor,
        offsets: Tensor,
        threshold: float,
        marks: MarksT | None = None,
        rules: Rules | None = None,
    ) -> list[list[Entity]]:
        """Spans of each sentence that may be entities, in order; they may share tokens.

        Each comes with every label that is probable enough, and is scored as `decode` scores it.

        Args:
            h: Node states.
                *Shape:* [N, C]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
            threshold: The least probability, from 0, which takes all, to 1.
            marks: What `marks` gave for these sentences, on the device of `h`.
            rules: See `decode`.
        """

    @abstractmethod
    def log_probability(
        self, h: Tensor, entity: Entity, marks: MarksT | None = None, rules: Sequence[SpanRule] = ()
    ) -> Tensor:
        """Compute the log-probability of one entity, which `decode` gives as score; differentiable.

        Args:
            h: Node states of the sentence.
                *Shape:* [N, C]
            entity: Any; it need not be one that `decode` gives.
            marks: What `marks` gave for the sentence, on the device of `h`.
            rules: What holds of spans of the sentence; see `decode`.

        Returns:
            A scalar.

        Raises:
            InputError: The head cannot give this entity.
        """

    def entities(
        self, offsets: Tensor, starts: Tensor, ends: Tensor, labels: Tensor, scores: Tensor
    ) -> list[list[Entity]]:
        """Turn the M spans of a batch into entities of its sentences, in order.

        Args:
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
            starts: Row of each span's first token.
                *Shape:* [M]
            ends: Row after each span's last token.
                *Shape:* [M]
            labels: Position in `labels`.
                *Shape:* [M]
            scores: *Shape:* [M]
        """
        columns = (*placed(offsets, starts, ends), labels, scores)
        found: list[list[Entity]] = [[] for _ in range(len(offsets) - 1)]
        for b, start, end, label, score in zip(*(c.tolist() for c in columns), strict=True):
            found[b].append(Entity(start, end, self.labels[label], score))
        return [sorted(entities) for entities in found]

    def check_label(self, entity: Entity) -> None:
        """Refuse a label that the head cannot give.

        Raises:
            InputError: The head does not have the entity's label.
        """
        if entity.label not in self.labels:
            hint = suggest(entity.label, self.labels)
            raise InputError(f"Unknown entity label {entity.label!r}.{hint}")


def with_forced(entities: Iterable[Entity], rules: Iterable[SpanRule]) -> list[Entity]:
    """Return the entities of a sentence with those that rules force, whose probability is 1."""
    forced = {Entity(rule.start, rule.end, rule.label, 1.0) for rule in rules if rule.forces}
    return sorted(forced.union(entities))


def placed(offsets: Tensor, starts: Tensor, ends: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find the sentences of spans.

    Args:
        offsets: First row of each sentence, and at the end N.
            *Shape:* [B + 1]
        starts: Row of each span's first token.
            *Shape:* [M]
        ends: Row after each span's last token.
            *Shape:* [M]

    Returns:
        sentence: The number of each span's sentence.
            *Shape:* [M]
        starts: Its first token, counted in the sentence.
            *Shape:* [M]
        ends: The token after its last, likewise.
            *Shape:* [M]
    """
    offsets = offsets.to(starts.device)
    sentence = torch.bucketize(starts, offsets, right=True) - 1
    return sentence, starts - offsets[sentence], ends - offsets[sentence]


def symmetric_divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Return the mean of KL(p, q) and KL(q, p), summed over rows of distributions.

    Args:
        log_p: Log-probabilities, none of them -inf.
            *Shape:* [M, classes]
        log_q: Likewise.
            *Shape:* [M, classes]

    Returns:
        A scalar.
    """
    return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum() / 2


def at_least_float32(x: Tensor) -> Tensor:
    """Return `x`, in float32 if it is in half precision, as it is under autocast."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
