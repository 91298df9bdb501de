"""Probabilities of spans under a linear-chain CRF, exact, by forward-backward."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    def of(cls, scores: Sequence[Tensor], offsets: Tensor, continues: Tensor, kernel: str) -> Self:
        """Sweep over the batch in both directions.

        Args:
            scores: Emissions, transitions, scores of first tags and of last ones.
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
            continues: See the class.
            kernel: See `synner_graph.operators.crf`.
        """
        emissions, transitions, start, end = scores
        alpha, beta, log_partition = crf_forward_backward(
            emissions, offsets, transitions, start, end, kernel
        )
        offsets = offsets.to(emissions.device)
        whole = log_partition.repeat_interleave(offsets.diff(), output_size=len(emissions))
        final = torch.zeros(len(emissions), dtype=torch.bool, device=emissions.device)
        final[offsets[1:] - 1] = True
        return cls(emissions, transitions, end, continues, final, alpha - whole.unsqueeze(1), beta)

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
        rows, here = starts, tags.first[labels]
        log_joint = self.alpha[rows, here]
        single = tags.single[labels]
        found = [self._probable(starts, rows, labels, single, self.alpha[rows, single], threshold)]
        while len(starts):
            goes_on = self._can_be(log_joint, rows, here, threshold) & ~self.final[rows]
            starts, rows, labels, here, log_joint = (
                x[goes_on] for x in (starts, rows, labels, here, log_joint)
            )
            rows = rows + 1
            last, inside = tags.last[labels], tags.inside[labels]
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
