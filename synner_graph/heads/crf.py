"""Linear-chain CRF over the tags of a scheme."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import ClassVar, Literal, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn

from synner_graph.config import Section
from synner_graph.data.dictionary import Rules, SpanRule
from synner_graph.data.schemes import entities_to_tags, tag_set, tags_to_entities, valid_transitions
from synner_graph.data.sentence import Entity, Sentence, SentenceError
from synner_graph.errors import InputError
from synner_graph.graph.tensors import Tensors
from synner_graph.heads.base import Head, at_least_float32, with_forced
from synner_graph.heads.crf_rules import ruled
from synner_graph.heads.crf_soft import CRFSoftGold, soft_gold, soft_score
from synner_graph.heads.crf_spans import Chain, Lattice, SpanTags
from synner_graph.heads.soft import ROUNDING, Masses, SoftTarget, excess
from synner_graph.operators.choice import or_auto
from synner_graph.operators.crf import (
    KERNELS,
    crf_divergence,
    crf_forward_backward,
    crf_log_partition,
    crf_score,
    crf_viterbi,
)

FoundT = TypeVar("FoundT")

SCHEMES = ("bio", "bioes", "bmes")
"""Schemes that tag an entity the same way whatever stands before it: iob1 does not."""


IMPOSSIBLE = -1e4
"""Emission of a tag that is ruled out: its exponential is 0, and its gradient is finite."""


class CRFOptions(Section):
    """Options of `crf`."""

    scheme: Literal["bioes", "bio"] = Field("bioes", description="tags it labels tokens with")


@dataclass(frozen=True, eq=False)
class CRFGold(Tensors):
    """Gold tags, as positions in `CRFHead.tags`.

    Attributes:
        tags: *Shape:* [N]
    """

    tags: Tensor


class CRFHead(Head[CRFGold | CRFSoftGold, None]):
    """One linear layer for emissions, and a score for each pair of tags.

    Tag sequences that the scheme forbids have probability 0, in training and in decoding.

    Source: Lample et al. (NAACL 2016).

    Args:
        input_size: Width of the node states.
        labels: Entity labels.
        scheme: `"bio"`, `"bioes"` or `"bmes"`.
        dropout: On the node states.

    Attributes:
        tags: The K tags, in the order of the last axis of the emissions.

    Raises:
        InputError: No labels, or not one of these schemes.
    """

    name: ClassVar[str] = "crf"
    Options = CRFOptions
    _forbidden: Tensor
    _forbidden_start: Tensor
    _forbidden_end: Tensor
    _continues: Tensor

    def __init__(
        self, input_size: int, labels: Sequence[str], scheme: str = "bioes", dropout: float = 0.1
    ) -> None:
        super().__init__(input_size, labels)
        if scheme not in SCHEMES:
            choices = ", ".join(SCHEMES)
            raise InputError(f"expected one of {choices} as scheme of the CRF head, got {scheme!r}")
        self.scheme = scheme
        self.tags = tag_set(self.labels, scheme)
        self.dropout = nn.Dropout(dropout)
        self.emission = nn.Linear(input_size, len(self.tags))
        self.transitions = nn.Parameter(torch.empty(len(self.tags), len(self.tags)))
        self.start = nn.Parameter(torch.empty(len(self.tags)))
        self.end = nn.Parameter(torch.empty(len(self.tags)))
        for parameter in (self.transitions, self.start, self.end):
            nn.init.uniform_(parameter, -0.1, 0.1)
        tags = tuple(self.tags)
        self.named_axes = {
            name: (tags,) for name in ("emission.weight", "emission.bias", "start", "end")
        } | {"transitions": (tags, tags)}

        follow, first, last = valid_transitions(self.tags, scheme)
        masks = {
            "_forbidden": ~torch.from_numpy(follow),
            "_forbidden_start": ~torch.from_numpy(first),
            "_forbidden_end": ~torch.from_numpy(last),
            "_continues": torch.from_numpy(follow) & _same_entity(self.tags),
        }
        for name, mask in masks.items():  # they follow from labels and scheme: not saved
            self.register_buffer(name, mask, persistent=False)

    def encode(self, sentences: Sequence[Sentence]) -> CRFGold:
        """Turn the gold entities into tags.

        Raises:
            InputError: An entity has an unknown label or overlaps another.
        """
        index = {tag: position for position, tag in enumerate(self.tags)}
        tags: list[int] = []
        for sentence in sentences:
            for entity in sentence.entities:
                self.check_label(entity)
            try:
                names = entities_to_tags(sentence.entities, len(sentence), self.scheme)
            except SentenceError as error:
                name = sentence.id or " ".join(sentence.tokens)
                raise InputError(
                    f"The CRF head cannot learn the sentence {name!r}: {error}; --head span can, "
                    "or `data convert --nested` drops what is nested."
                ) from error
            tags.extend(index[name] for name in names)
        return CRFGold(torch.tensor(tags))

    def encode_soft(self, targets: Sequence[SoftTarget]) -> CRFSoftGold:
        """See `Head.encode_soft`; expected counts of tags: see `heads.crf_soft`."""
        labels = {label: position for position, label in enumerate(self.labels)}
        gold, taught = Masses.of_gold(targets, labels), Masses.of_teacher(targets, labels)
        return soft_gold(gold, taught, self.labels, self.tags, self.scheme)

    def soft_remarks(self, targets: Sequence[SoftTarget]) -> Iterator[str]:
        """See `Head.soft_remarks`; entities that no tag sequence holds together."""
        crowded = sum(excess(target) > 1 + ROUNDING for target in targets)
        if crowded:
            yield (
                f"{crowded} sentences have tokens that the teacher claims for entities with "
                "probabilities that sum up to more than 1: they are scaled down, for a CRF"
            )

    def loss(
        self, h: Tensor, offsets: Tensor, gold: CRFGold | CRFSoftGold, marks: None = None
    ) -> Tensor:
        """Negative log-likelihood of the gold tags, summed over the sentences.

        Of soft targets it is the expected one: see `heads.crf_soft`.
        """
        return self._negative_log_likelihood(self._emissions(h), offsets, gold)

    def rdrop_loss(
        self,
        h: Tensor,
        other: Tensor,
        offsets: Tensor,
        gold: CRFGold | CRFSoftGold,
        marks: None,
        weight: float,
    ) -> Tensor:
        """See `Head.rdrop_loss`; the divergence is that over whole tag sequences, exactly.

        It is these that a CRF predicts and that its loss is of. A sum over the tags of single
        tokens would take tokens for independent, and emissions alone know nothing of what is
        forbidden.
        """
        passes = [self._emissions(h), self._emissions(other)]
        losses = [self._negative_log_likelihood(e, offsets, gold) for e in passes]
        apart = crf_divergence(passes[0], passes[1], offsets, *self._scores())
        return (losses[0] + losses[1]) / 2 + weight * apart.sum()

    @torch.no_grad()
    def decode(
        self, h: Tensor, offsets: Tensor, marks: None = None, rules: Rules | None = None
    ) -> list[list[Entity]]:
        """Entities of the best tag sequence, each scored with its exact posterior probability."""
        found = self._of_sentences(h, offsets, rules, self._best)
        return list(map(with_forced, found, rules)) if rules else found

    @torch.no_grad()
    def best_log_probability(
        self, h: Tensor, offsets: Tensor, marks: None = None, rules: Rules | None = None
    ) -> list[float]:
        """See `Head.best_log_probability`; that of the best tag sequence, among all of them."""

        def share(lattice: Lattice, offsets: Tensor) -> list[float]:
            tags = crf_viterbi(lattice.emissions, offsets, *lattice.links, self._kernel)
            lattice = lattice.tempered(self.temperature)
            best = crf_score(lattice.emissions, tags, offsets, *lattice.links)
            whole = crf_log_partition(lattice.emissions, offsets, *lattice.links, self._kernel)
            shares: list[float] = (best - whole).tolist()
            return shares

        return self._of_sentences(h, offsets, rules, share)

    @torch.no_grad()
    def candidates(
        self,
        h: Tensor,
        offsets: Tensor,
        threshold: float,
        marks: None = None,
        rules: Rules | None = None,
    ) -> list[list[Entity]]:
        """See `Head.candidates`; a probability is the exact posterior, of spans of any width."""

        def probable(lattice: Lattice, offsets: Tensor) -> list[list[Entity]]:
            chain = Chain.of(lattice.tempered(self.temperature), offsets, self._kernel)
            return self.entities(offsets, *chain.spans(lattice.forms, threshold))

        found = self._of_sentences(h, offsets, rules, probable)
        return list(map(with_forced, found, rules)) if rules else found

    def log_probability(
        self, h: Tensor, entity: Entity, marks: None = None, rules: Sequence[SpanRule] = ()
    ) -> Tensor:
        """Compute the log of the share that tag sequences with the entity have in the partition."""
        self.check_label(entity)
        lattice = self._lattice(self._emissions(h))
        if rules:
            lattice = ruled(lattice, [0], [rules], self.labels)
        lattice = lattice.tempered(self.temperature)
        tags = lattice.forms.path(entity.start, entity.end, self.labels.index(entity.label))
        emissions = lattice.emissions
        others = torch.zeros_like(emissions, dtype=torch.bool)
        others[entity.start : entity.end] = True
        others[torch.arange(entity.start, entity.end, device=h.device), tags] = False
        if entity.end < len(h):
            others[entity.end] = lattice.continues[tags[-1]]
        held = emissions.masked_fill(others, IMPOSSIBLE)
        offsets = torch.tensor([0, len(h)])
        whole, part = (
            crf_log_partition(e, offsets, *lattice.links, self._kernel)[0]
            for e in (emissions, held)
        )
        return part - whole

    @torch.no_grad()
    def check_kernel(self) -> None:
        """See `Head.check_kernel`; the kernels run on one token."""
        emissions = self.start.new_zeros(1, len(self.tags))
        for function in (crf_log_partition, crf_viterbi, crf_forward_backward):
            function(emissions, torch.tensor([0, 1]), *self._scores(), self._kernel)

    @property
    def _kernel(self) -> str:
        """The chosen kernel, or `auto` if the CRF has none of that name."""
        return or_auto(self.kernel, KERNELS["log-partition"])

    def _emissions(self, h: Tensor) -> Tensor:
        return at_least_float32(self.emission(self.dropout(h)))

    def _lattice(self, emissions: Tensor) -> Lattice:
        forms = SpanTags.of(self.labels, self.tags, self.scheme, emissions)
        return Lattice(emissions, *self._scores(), tuple(self.tags), forms, self._continues)

    def _of_sentences(
        self,
        h: Tensor,
        offsets: Tensor,
        rules: Rules | None,
        find: Callable[[Lattice, Tensor], list[FoundT]],
    ) -> list[FoundT]:
        """Find something in sentences with rules, and in those without, in the order of all."""
        emissions = self._emissions(h)
        if not rules or not any(rules):
            return find(self._lattice(emissions), offsets)
        bounds = list(pairwise(offsets.tolist()))
        found: dict[int, FoundT] = {}
        for has_rules in (False, True):
            chosen = [b for b, of_sentence in enumerate(rules) if bool(of_sentence) == has_rules]
            if not chosen:
                continue
            rows = torch.cat([torch.arange(*bounds[b]) for b in chosen]).to(h.device)
            starts = [0, *accumulate(bounds[b][1] - bounds[b][0] for b in chosen)]
            lattice = self._lattice(emissions[rows])
            if has_rules:
                lattice = ruled(lattice, starts, [rules[b] for b in chosen], self.labels)
            found.update(zip(chosen, find(lattice, torch.tensor(starts)), strict=True))
        return [found[b] for b in range(len(bounds))]

    def _best(self, lattice: Lattice, offsets: Tensor) -> list[list[Entity]]:
        """See `decode`."""
        tags = crf_viterbi(lattice.emissions, offsets, *lattice.links, self._kernel)
        names = [lattice.names[tag] for tag in tags.tolist()]
        bounds = offsets.tolist()
        entities = [
            tags_to_entities(names[first:last], self.scheme)[0] for first, last in pairwise(bounds)
        ]
        rows = [
            (first + entity.start, first + entity.end)
            for first, found in zip(bounds, entities, strict=False)
            for entity in found
        ]
        if not rows:
            return entities
        starts, ends = torch.tensor(rows, device=tags.device).unbind(1)
        chain = Chain.of(lattice.tempered(self.temperature), offsets, self._kernel)
        scores = iter(chain.posteriors(tags, starts, ends).tolist())
        return [
            [Entity(entity.start, entity.end, entity.label, next(scores)) for entity in found]
            for found in entities
        ]

    def _negative_log_likelihood(
        self, emissions: Tensor, offsets: Tensor, gold: CRFGold | CRFSoftGold
    ) -> Tensor:
        scores = self._scores()
        log_partition = crf_log_partition(emissions, offsets, *scores, self._kernel)
        if isinstance(gold, CRFSoftGold):
            expected = soft_score(gold, emissions, self.transitions, self.start, self.end)
            return (gold.weights.to(log_partition.dtype) * log_partition).sum() - expected
        return (log_partition - crf_score(emissions, gold.tags, offsets, *scores)).sum()

    def _scores(self) -> tuple[Tensor, Tensor, Tensor]:
        return (
            self.transitions.masked_fill(self._forbidden, -torch.inf),
            self.start.masked_fill(self._forbidden_start, -torch.inf),
            self.end.masked_fill(self._forbidden_end, -torch.inf),
        )


def _same_entity(tags: Sequence[str]) -> Tensor:
    """Say whether tag j, where it may follow tag i, continues the entity of i. *Shape:* [K, K]"""
    labels = [tag.partition("-")[2] for tag in tags]
    same_label = [[left == right for right in labels] for left in labels]
    carries_on = [tag[0] in "IME" for tag in tags]
    return torch.tensor(same_label) & torch.tensor(carries_on)
