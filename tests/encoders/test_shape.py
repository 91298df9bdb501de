"""Every shape by example, and their embeddings."""

import pytest
import torch

from synner_graph.data.sentence import Sentence
from synner_graph.encoders.shape import SHAPES, ShapeEncoder, shape_of

EXAMPLES = {
    "lower": ["the", "don't", "co-operate", "été", "a"],
    "upper": ["USA", "U.S.", "AT&T", "ÉTÉ"],
    "initial": ["A", "J.", "É"],
    "title": ["Ann", "O'neill", "Élan", "Mr."],
    "mixed": ["iPod", "McDonald", "eBay", "O'Neill", "Jean-Paul"],
    "number": ["1", "10,000", "3.14", "½2", "٣"],
    "with digit": ["4th", "B2B", "R2-D2", "第1"],
    "caseless": ["東京", "مرحبا", "ไทย"],
    "other": ["!", "--", "€", "👩", "\u200b", "½"],
}


def test_every_shape_has_an_example() -> None:
    assert set(EXAMPLES) == set(SHAPES)


@pytest.mark.parametrize(("shape", "token"), [(s, t) for s, ts in EXAMPLES.items() for t in ts])
def test_shape_of_a_token(shape: str, token: str) -> None:
    assert shape_of(token) == shape


def test_tokens_get_the_embedding_of_their_shape() -> None:
    encoder = ShapeEncoder(5)
    sentences = [Sentence(["Ann", "saw", "USA"]), Sentence(["Bob"])]
    found = encoder(encoder.collate(sentences))
    shapes = ["title", "lower", "upper", "title"]
    expected = [encoder.embedding.weight[SHAPES.index(shape)] for shape in shapes]
    assert torch.equal(found, torch.stack(expected))
    assert encoder.output_size == found.shape[1] == 5


def test_every_shape_can_be_learned() -> None:
    encoder = ShapeEncoder(2)
    tokens = [examples[0] for examples in EXAMPLES.values()]
    encoder(encoder.collate([Sentence(tokens)])).sum().backward()
    assert encoder.embedding.weight.grad is not None
    assert encoder.embedding.weight.grad.tolist() == [[1, 1]] * len(SHAPES)
