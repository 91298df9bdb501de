"""Dictionary entries as token features."""

import torch

from synner_graph.data.entries import Entry
from synner_graph.data.gazetteer import Gazetteer
from synner_graph.data.sentence import Sentence
from synner_graph.encoders.gazetteer import GazetteerEncoder


def test_the_vectors_of_all_matches_around_a_token_are_summed() -> None:
    entries = [Entry("New York City", "LOC", "a"), Entry("York City", "ORG", "a")]
    encoder = GazetteerEncoder(Gazetteer(entries), 5)
    sentences = [Sentence(["in", "New", "York", "City"]), Sentence(["nothing"])]
    found = encoder(encoder.collate(sentences))
    loc, org = encoder.embedding.weight.view(2, 4, 5)  # types, then begin, inside, end, single
    nothing = torch.zeros(5)
    expected = [nothing, loc[0], loc[1] + org[0], loc[2] + org[2], nothing]
    torch.testing.assert_close(found, torch.stack(expected))


def test_a_batch_without_matches_has_zeros_and_a_gradient() -> None:
    encoder = GazetteerEncoder(Gazetteer([Entry("x", "LOC", "a")]), 3)
    found = encoder(encoder.collate([Sentence(["a", "b"])]))
    assert torch.equal(found, torch.zeros(2, 3))
    found.sum().backward()
    assert encoder.embedding.weight.grad is not None
