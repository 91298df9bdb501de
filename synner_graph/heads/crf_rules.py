"""Rules of spans in a linear-chain CRF: forced, forbidden and favoured entities, exactly.

A rule is of an entity as a whole, and a tag at a token does not tell which entity it is of. So the
chain gets more states. Where a rule is of several tokens from row `s` on, an entity of its label
that begins at `s` runs through a track, states of its own:

    begin ─► inside ─► ... ─► leave ─► the ordinary states inside and last
        └───────┴─► last

`leave` is the last token of the widest rule from `s` on, for entities that go on behind it. So
`last` of a track, at the end of a rule, is that very entity, and gets the weight of the rule as
emission. On the tokens of a forced entity only its own states are left. Every tag sequence of the
CRF is one path of states, with the same score but for the rules: sums and maxima over paths are
those over tag sequences under the rules. In BIO, first and single tokens share a tag, and so do
last ones and those between, but not a state.

A track serves several entities of one label in a sentence, if they do not overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Self

import torch
from torch import Tensor

from synner_graph.data.dictionary import Rules
from synner_graph.data.schemes import OUTSIDE
from synner_graph.heads.crf_spans import Lattice, SpanTags

SINGLE, FIRST, INSIDE, LAST = range(1, 5)
"""States of label 0; state 0 is outside, and each label has four more."""
KINDS = BEGIN, WITHIN, LEAVE, CLOSE = range(4)
"""States of a track."""


@dataclass(frozen=True, slots=True)
class TrackTags(SpanTags):
    """Which states an entity has, which depends on where it begins and ends.

    Attributes:
        tracks: First state of the track of entities that begin at a row; -1: they have none.
            *Shape:* [N, labels]
        reach: Row after the widest rule of these.
            *Shape:* [N, labels]
    """

    tracks: Tensor
    reach: Tensor

    def to(self, device: torch.device) -> Self:
        """Return the same on a device."""
        columns = {field.name: getattr(self, field.name).to(device) for field in fields(self)}
        return replace(self, **columns)

    def begin(self, starts: Tensor, labels: Tensor) -> Tensor:
        """See `SpanTags`."""
        track = self.tracks[starts, labels]
        return torch.where(track < 0, self.first[labels], track + BEGIN)

    def within(self, starts: Tensor, rows: Tensor, labels: Tensor) -> Tensor:
        """See `SpanTags`."""
        track, left = self.tracks[starts, labels], self.reach[starts, labels] - rows
        on_track = torch.where(left > 1, track + WITHIN, track + LEAVE)
        return torch.where((track < 0) | (left < 1), self.inside[labels], on_track)

    def close(self, starts: Tensor, rows: Tensor, labels: Tensor) -> Tensor:
        """See `SpanTags`."""
        track, left = self.tracks[starts, labels], self.reach[starts, labels] - rows
        return torch.where((track < 0) | (left < 1), self.last[labels], track + CLOSE)


def ruled(
    plain: Lattice,
    offsets: Sequence[int],
    rules: Rules,
    labels: Sequence[str],
) -> Lattice:
    """Return the lattice in which rules hold.

    Args:
        plain: That of the CRF without them.
        offsets: First row of each sentence, and at the end N.
        rules: Of each sentence; none shares a token with a forced one.
        labels: The labels of the CRF.
    """
    positions = {label: place for place, label in enumerate(labels)}
    rows = [
        (first + rule.start, first + rule.end, positions[rule.label], rule.weight)
        for first, of_sentence in zip(offsets, rules, strict=False)
        for rule in of_sentence
    ]
    device, size = plain.emissions.device, 1 + 4 * len(labels)
    tracks = torch.full((len(plain.emissions), len(labels)), -1)
    reach = torch.zeros_like(tracks)
    owners = _lay_tracks(rows, offsets, size, tracks, reach)
    before = 4 * torch.arange(len(labels))
    forms = TrackTags(
        before + SINGLE, before + FIRST, before + INSIDE, before + LAST, tracks, reach
    )
    weights = _weights(rows, forms, size + len(KINDS) * len(owners))

    forms_of = (plain.forms.single, plain.forms.first, plain.forms.inside, plain.forms.last)
    tags_of: list[list[int]] = torch.stack(forms_of, dim=1).tolist()
    tags = [plain.names.index(OUTSIDE), *chain.from_iterable(tags_of)]
    for label in owners:
        _, first, inside, last = tags_of[label]
        tags += [first, inside, inside, last]
    allowed, opens, closes = (mask.to(device) for mask in _links(len(labels), owners))
    places = torch.tensor(tags, device=device)
    return Lattice(
        plain.emissions[:, places] + weights.to(device, plain.emissions.dtype),
        plain.transitions[places][:, places].masked_fill(~allowed, -torch.inf),
        plain.start[places].masked_fill(~opens, -torch.inf),
        plain.end[places].masked_fill(~closes, -torch.inf),
        tuple(plain.names[tag] for tag in tags),
        forms.to(device),
        torch.zeros_like(allowed),
    )


def _lay_tracks(
    rows: Sequence[tuple[int, int, int, float]],
    offsets: Sequence[int],
    size: int,
    tracks: Tensor,
    reach: Tensor,
) -> list[int]:
    """Fill `TrackTags.tracks` and `reach`; return the label of each track."""
    ends: dict[tuple[int, int], int] = {}
    for start, end, label, weight in rows:
        if end - start > 1 and weight != torch.inf:
            ends[start, label] = max(end, ends.get((start, label), 0))
    owners: list[int] = []
    free_from: list[int] = []  # the row from which on a track is free again
    for (start, label), end in sorted(ends.items()):
        known = (t for t, owner in enumerate(owners) if owner == label and free_from[t] <= start)
        track = next(known, len(owners))
        if track == len(owners):
            owners.append(label)
            free_from.append(end)
        free_from[track] = end
        tracks[start, label] = size + len(KINDS) * track
        reach[start, label] = end
    return owners


def _weights(rows: Sequence[tuple[int, int, int, float]], forms: TrackTags, states: int) -> Tensor:
    """What rules add to emissions. *Shape:* [N, states]"""
    ordinary = 1 + 4 * len(forms.single)
    weights = torch.zeros(len(forms.tracks), states, dtype=torch.float64)
    weights[:, ordinary:] = -torch.inf
    for start, label in (forms.tracks >= 0).nonzero().tolist():
        track, end = int(forms.tracks[start, label]), int(forms.reach[start, label])
        weights[start, forms.first[label]] = -torch.inf
        weights[start, track + BEGIN] = 0
        weights[start + 1 : end - 1, track + WITHIN] = 0
        weights[end - 1, track + LEAVE] = 0
        weights[start + 1 : end, track + CLOSE] = 0
    for start, end, label, weight in rows:
        path = forms.path(start, end, label)
        if weight == torch.inf:
            weights[start:end] = -torch.inf
            weights[torch.arange(start, end), path] = 0
        else:
            weights[end - 1, path[-1]] = weight
    return weights


def _links(labels: int, owners: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Which state may follow which, which come first, and which last. *Shape:* [K, K], [K], [K]"""
    firsts, singles, lasts = [], [], []
    inner: list[tuple[int, int]] = []
    for label in range(labels):
        single, first, inside, last = (4 * label + kind for kind in (SINGLE, FIRST, INSIDE, LAST))
        firsts.append(first)
        singles.append(single)
        lasts.append(last)
        inner += [(first, inside), (first, last), (inside, inside), (inside, last)]
    size = 1 + 4 * labels
    for number, label in enumerate(owners):
        begin, within, leave, close = (size + len(KINDS) * number + kind for kind in KINDS)
        firsts.append(begin)
        lasts.append(close)
        inner += [(one, other) for one in (begin, within) for other in (within, leave, close)]
        inner += [(leave, 4 * label + INSIDE), (leave, 4 * label + LAST)]
    states = size + len(KINDS) * len(owners)
    opens, closes = torch.zeros(2, states, dtype=torch.bool)
    opens[[0, *singles, *firsts]] = True
    closes[[0, *singles, *lasts]] = True
    allowed = closes.unsqueeze(1) & opens.unsqueeze(0)
    for one, other in inner:
        allowed[one, other] = True
    return allowed, opens, closes
