"""Word embeddings against a loop, and what is learned of them."""

import numpy as np
import pytest
import torch

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.data.words.lexicon import Lexicon, Spelling
from synner_graph.encoders.base import TokenIds
from synner_graph.encoders.words import WordEncoder

WORDS = Vocabulary(("the", "Paris", "0000", "paris"))
SENTENCES = [Sentence(["The", "Paris", "of", "1984"]), Sentence(["PARIS"]), Sentence(["the"])]
IDS = [1, 2, 0, 3, 4, 1]
FOUND = Lexicon(WORDS, np.array([2, 3]), np.array([[1.0, 2, 3], [4, 5, 6]], dtype=np.float32), "")


def build(dropout: float = 0.0, fixed: bool = False) -> WordEncoder:
    return WordEncoder(WORDS, 3, Spelling(lowercase=True, zero_digits=True), dropout, fixed)


def test_a_token_has_the_vector_of_its_word() -> None:
    encoder = build()
    expected = [encoder.vectors.weight[i] if i else encoder.unknown for i in IDS]
    inputs = encoder.collate(SENTENCES)
    assert inputs.ids.tolist() == IDS
    assert torch.equal(encoder(inputs), torch.stack(expected))


def test_vectors_take_the_place_of_random_ones() -> None:
    encoder = build()
    before = encoder.vectors.weight.detach().clone()
    encoder.load_vectors(FOUND)
    after = encoder.vectors.weight.detach()
    assert after[2].tolist() == [1, 2, 3] and after[3].tolist() == [4, 5, 6]
    assert torch.equal(after[[0, 1, 4]], before[[0, 1, 4]])
    nothing = np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32)
    encoder.load_vectors(Lexicon(WORDS, *nothing, ""))
    assert torch.equal(encoder.vectors.weight, after)
    assert before[1:].abs().max() <= 1 and before[1:].abs().min() > 0


@pytest.mark.parametrize("fixed", [False, True])
def test_the_gradient_reaches_what_is_learned_and_nothing_else(fixed: bool) -> None:
    encoder = build(fixed=fixed)
    upstream = torch.randn(6, 3)
    encoder(encoder.collate(SENTENCES)).backward(upstream)
    assert encoder.unknown.grad is not None
    assert torch.equal(encoder.unknown.grad, upstream[2])
    gradient = encoder.vectors.weight.grad
    if fixed:
        assert gradient is None
    else:
        expected = torch.zeros(5, 3)
        for i, row in zip(IDS, upstream, strict=True):
            expected[i] += row if i else 0
        torch.testing.assert_close(gradient, expected)


def test_dropout_reads_known_words_as_unknown_in_training_only() -> None:
    encoder = build(dropout=0.5)
    inputs = TokenIds(torch.ones(2000, dtype=torch.long))
    rows = encoder(inputs)
    unknown = (rows == encoder.unknown).all(1)
    assert 900 < unknown.sum() < 1100
    assert torch.equal(rows[~unknown], encoder.vectors.weight[1].expand_as(rows[~unknown]))
    encoder.eval()
    assert not (encoder(inputs) == encoder.unknown).all(1).any()
    assert inputs.ids.all(), "the inputs stay as they are"


def test_without_any_known_word() -> None:
    encoder = WordEncoder(Vocabulary(()), 3, Spelling(), 0.0, fixed=False)
    assert torch.equal(encoder(encoder.collate(SENTENCES)), encoder.unknown.expand(6, 3).clone())
