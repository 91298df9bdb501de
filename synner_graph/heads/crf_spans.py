"""Probabilities of spans under a linear-chain CRF, exact, by forward-backward."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from synner_graph.data.schemes import entities_to_tags
from synner_graph.data.sentence import Entity
from synner_graph.operators.crf import crf_forward_backward


@dataclass(frozen=True, slots=True)
class SpanTags:
    """Which tags an entity of each label has, as positions among the tags.

    Attributes:
        single: Of an entity of one token.
            *Shape:* [labels]
        first: Of the first of several tokens.
            *Shape:* [labels]
        inside: Of those between.
            *Shape:* [labels]
        last: Of the last of several.
            *Shape:* [labels]
    """

    single: Tensor
    first: Tensor
    inside: Tensor
    last: Tensor

    @classmethod
    def of(cls, labels: Sequence[str], tags: Sequence[str], scheme: str, like: Tensor) -> Self:
        """Look them up.

        Args:
            labels: Entity labels.
            tags: All tags.
            scheme: That of the tags.
            like: A tensor of the device.
        """
        position = {tag: place for place, tag in enumerate(tags)}
        rows = []
        for label in labels:
            one = entities_to_tags([Entity(0, 1, label)], 1, scheme)
            three = entities_to_tags([Entity(0, 3, label)], 3, scheme)
            rows.append([position[tag] for tag in (*one, *three)])
        return cls(*torch.tensor(rows, device=like.device).unbind(1))

    def alone(self, starts: Tensor, labels: Tensor) -> Tensor:
        """Tags of entities of one token, given its row. *Shape:* [M], [M] -> [M]"""
        return self.single[labels]

    def begin(self, starts: Tensor, labels: Tensor) -> Tensor:
        """Tags of the first of several tokens, given its row. *Shape:* [M], [M] -> [M]"""
        return self.first[labels]

    def within(self, starts: Tensor, rows: Tensor, labels: Tensor) -> Tensor:
        """Tags of tokens between, given the row of the first one and theirs. *Shape:* [M]"""
        return self.inside[labels]

    def close(self, starts: Tensor, rows: Tensor, labels: Tensor) -> Tensor:
        """Tags of the last of several, given the row of the first one and theirs. *Shape:* [M]"""
        return self.last[labels]

    def path(self, start: int, end: int, label: int) -> Tensor:
        """Return the tags of one entity. *Shape:* [end - start]"""
        rows = torch.arange(start, end, device=self.first.device)
        starts, labels = torch.full_like(rows, start), torch.full_like(rows, label)
        if end - start == 1:
            return self.alone(starts, labels)
        tags = self.within(starts, rows, labels)
        tags[0] = self.begin(starts[:1], labels[:1])
        tags[-1] = self.close(starts[-1:], rows[-1:], labels[-1:])
        return tags


@dataclass(frozen=True, slots=True)
class Lattice:
    """What tag sequences are scored by; a state is a tag, or one of several kinds of a tag.

    Attributes:
        emissions: *Shape:* [N, K]
        transitions: *Shape:* [K, K]
        start: *Shape:* [K]
        end: *Shape:* [K]
        names: The tag of each of the K states.
        forms: Which states an entity runs through.
        continues: Whether state j, where it follows state i, carries on the entity of i.
            *Shape:* [K, K]
    """

    emissions: Tensor
    transitions: Tensor
    start: Tensor
    end: Tensor
    names: tuple[str, ...]
    forms: SpanTags
    continues: Tensor

    @property
    def links(self) -> tuple[Tensor, Tensor, Tensor]:
        """Transitions, start and end."""
        return self.transitions, self.start, self.end

    def tempered(self, temperature: float) -> Self:
        """Divide all scores by a temperature, in float64 where the device has it."""
        double = self.emissions.device.type != "mps"
        dtype = torch.float64 if double else self.emissions.dtype
        return replace(
            self,
            emissions=self.emissions.to(dtype) / temperature,
            transitions=self.transitions.to(dtype) / temperature,
            start=self.start.to(dtype) / temperature,
            end=self.end.to(dtype) / temperature,
        )


@dataclass(frozen=True, slots=True)
class Chain:
    """The scores of a CRF over a batch, and the log-sums that follow from them.

    Attributes:
        emissions: *Shape:* [N, K]
        transitions: *Shape:* [K, K]
        end: *Shape:* [K]
        continues: Whether tag j, where it follows tag i, carries on the entity of i.
            *Shape:* [K, K]
        final: Whether a row is the last of its sentence.
            *Shape:* [N]
        alpha: Log-sum over all beginnings up to a token's tag, minus the log-partition: with `beta`
            added, the log-probability of the tag.
            *Shape:* [N, K]
        beta: Log-sum over all ways on after a token's tag.
            *Shape:* [N, K]
    """

    emissions: Tensor
    transitions: Tensor
    end: Tensor
    continues: Tensor
    final: Tensor
    alpha: Tensor
    beta: Tensor

    @classmethod
    def of(cls, lattice: Lattice, offsets: Tensor, kernel: str) -> Self:
        """Sweep over the batch in both directions.

        Args:
            lattice: In float64: alpha, beta and log-partition are large and cancel.
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
            kernel: See `synner_graph.operators.crf`.
        """
        emissions, transitions, start, end = lattice.emissions, *lattice.links
        alpha, beta, log_partition = crf_forward_backward(
            emissions, offsets, transitions, start, end, kernel
        )
        offsets = offsets.to(emissions.device)
        whole = log_partition.repeat_interleave(offsets.diff(), output_size=len(emissions))
        final = torch.zeros(len(emissions), dtype=torch.bool, device=emissions.device)
        final[offsets[1:] - 1] = True
        alpha = alpha - whole.unsqueeze(1)
        return cls(emissions, transitions, end, lattice.continues, final, alpha, beta)

    def posteriors(self, tags: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
        """Probability, over all tag sequences, that these very spans are entities as in `tags`.

        The sum over all sequences that have the span's tags in place and then stop: in BIO,
        `B-PER I-PER` is this entity only if no `I-PER` follows.

        Args:
            tags: A valid tag sequence in which the M spans are entities.
                *Shape:* [N]
            starts: Row of each span's first token.
                *Shape:* [M]
            ends: Row after each span's last token.
                *Shape:* [M]

        Returns:
            *Shape:* [M]
        """
        inner = ends - starts - 1  # [M]: steps from one token of the span to the next
        span = torch.repeat_interleave(inner)
        step = torch.arange(len(span), device=tags.device) - (inner.cumsum(0) - inner)[span]
        row = starts[span] + 1 + step
        steps = self.transitions[tags[row - 1], tags[row]] + self.emissions[row, tags[row]]
        inside = torch.zeros_like(self.emissions[starts, 0]).index_add(0, span, steps)  # [M]
        last = ends - 1
        return self.closed(self.alpha[starts, tags[starts]] + inside, last, tags[last])

    def closed(self, log_joint: Tensor, rows: Tensor, tags: Tensor) -> Tensor:
        """Return the probability that entities are entities, and end where they do.

        The sum is over all ways on in which nothing carries on the entity: in BIO, `B-PER I-PER` is
        this entity only if no `I-PER` follows.

        Args:
            log_joint: Log-probability of all beginnings up to the tag of the last token.
                *Shape:* [M]
            rows: Of the last tokens.
                *Shape:* [M]
            tags: Of the last tokens.
                *Shape:* [M]

        Returns:
            *Shape:* [M]
        """
        follows = (rows + 1).clamp(max=len(self.final) - 1)  # no matter which, at the very end
        stop = self.transitions[tags].masked_fill(self.continues[tags], -torch.inf)
        onward = (stop + self.emissions[follows] + self.beta[follows]).logsumexp(1)
        onward = torch.where(self.final[rows], self.end[tags], onward)
        return (log_joint + onward).exp().clamp(max=1)

    def spans(self, tags: SpanTags, threshold: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Find every span and label whose probability as an entity is at least a threshold.

        A span is left behind where even the tags of its first tokens, whatever follows them, are
        less probable than the threshold: no wider one can be more probable. So there is no limit
        to the width.

        Args:
            tags: What entities are tagged with.
            threshold: The least probability.

        Returns:
            starts: Row of each span's first token.
                *Shape:* [M]
            ends: Row after each span's last token.
                *Shape:* [M]
            labels: Position of its label.
                *Shape:* [M]
            probabilities: *Shape:* [M]
        """
        tokens, kinds = len(self.final), len(tags.single)
        device = self.final.device
        starts = torch.arange(tokens, device=device).repeat_interleave(kinds)
        labels = torch.arange(kinds, device=device).repeat(tokens)
        rows, here = starts, tags.begin(starts, labels)
        log_joint = self.alpha[rows, here]
        single = tags.alone(starts, labels)
        found = [self._probable(starts, rows, labels, single, self.alpha[rows, single], threshold)]
        while len(starts):
            goes_on = self._can_be(log_joint, rows, here, threshold) & ~self.final[rows]
            starts, rows, labels, here, log_joint = (
                x[goes_on] for x in (starts, rows, labels, here, log_joint)
            )
            rows = rows + 1
            last, inside = tags.close(starts, rows, labels), tags.within(starts, rows, labels)
            closing = log_joint + self.transitions[here, last] + self.emissions[rows, last]
            found.append(self._probable(starts, rows, labels, last, closing, threshold))
            log_joint = log_joint + self.transitions[here, inside] + self.emissions[rows, inside]
            here = inside
        columns = zip(*found, strict=True)
        first, end, label, probability = (torch.cat(column) for column in columns)
        return first, end, label, probability

    def _can_be(self, log_joint: Tensor, rows: Tensor, tags: Tensor, threshold: float) -> Tensor:
        """[M]: whether that many begin in this way, whatever follows."""
        return (log_joint + self.beta[rows, tags]).exp() >= threshold

    def _probable(
        self,
        starts: Tensor,
        rows: Tensor,
        labels: Tensor,
        tags: Tensor,
        log_joint: Tensor,
        threshold: float,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of spans that end at these rows those that `spans` is to find."""
        kept = self._can_be(log_joint, rows, tags, threshold)
        starts, rows, labels, tags, log_joint = (
            x[kept] for x in (starts, rows, labels, tags, log_joint)
        )
        probability = self.closed(log_joint, rows, tags)
        kept = probability >= threshold
        return starts[kept], rows[kept] + 1, labels[kept], probability[kept]
