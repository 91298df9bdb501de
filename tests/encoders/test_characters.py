"""The character convolution against a loop that convolves each token on its own."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import conv1d

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.encoders.characters import CharacterCNN, CharacterEncoder, CharacterLSTM
from synner_graph.errors import InputError

KNOWN = Vocabulary(tuple("abcnéß東👩\u200d\u0301 "))
SENTENCES = [
    Sentence(["banana", "a", "nn", "cab"]),
    Sentence(["b"]),
    Sentence(["e\u0301té", "東京", "👩\u200d🚀", "\u200d", "new york", "Straße"]),
    Sentence(["abc" * 1000, "x"]),
]


@pytest.fixture
def encoder() -> CharacterCNN:
    return CharacterCNN(KNOWN, embedding_size=4, output_size=7, dropout=0.5).eval()


def encode(encoder: CharacterEncoder, sentences: list[Sentence]) -> Tensor:
    found: Tensor = encoder(encoder.collate(sentences))
    return found


def by_hand(encoder: CharacterCNN, sentences: list[Sentence]) -> Tensor:
    """Zeros on both sides of each token, and the maximum over its characters."""
    filters = encoder.convolution
    rows = []
    for token in (token for sentence in sentences for token in sentence.tokens):
        ids = torch.tensor([KNOWN.id_of(character) for character in token])
        embedded = encoder.embedding.weight[ids]
        filtered = conv1d(embedded.T.unsqueeze(0), filters.weight, filters.bias, padding=1)
        rows.append(filtered[0].amax(-1))
    return torch.stack(rows)


def test_equals_a_convolution_of_each_token(encoder: CharacterCNN) -> None:
    found = encode(encoder, SENTENCES)
    assert found.shape == (13, encoder.output_size)
    torch.testing.assert_close(found, by_hand(encoder, SENTENCES))


def test_gradients_equal_those_of_the_loop(encoder: CharacterCNN) -> None:
    # Sums over thousands of characters come out in another order: double leaves no doubt.
    encoder.double()
    upstream = torch.randn(13, 7, dtype=torch.float64)
    parameters = list(encoder.parameters())
    found = torch.autograd.grad(encode(encoder, SENTENCES), parameters, upstream)
    expected = torch.autograd.grad(by_hand(encoder, SENTENCES), parameters, upstream)
    torch.testing.assert_close(found, expected)
    assert all(gradient.any() for gradient in found)


def test_tied_maxima_share_the_gradient(encoder: CharacterCNN) -> None:
    """torch.segment_reduce gives each of them all of a negative gradient."""
    upstream = torch.tensor([[-1.0, 1.0, -2.0, 2.0, -3.0, 3.0, 0.0]])
    encode(encoder, [Sentence(["a" * 50])]).backward(upstream)
    assert encoder.convolution.bias.grad is not None
    torch.testing.assert_close(encoder.convolution.bias.grad, upstream[0])


def test_neighbors_do_not_matter(encoder: CharacterCNN) -> None:
    alone = torch.cat([encode(encoder, [Sentence([t])]) for s in SENTENCES for t in s.tokens])
    torch.testing.assert_close(encode(encoder, SENTENCES), alone)


def test_the_blank_between_tokens_is_never_learned(encoder: CharacterCNN) -> None:
    encoder.train()
    encode(encoder, SENTENCES).sum().backward()
    assert encoder.embedding.weight.grad is not None
    assert not encoder.embedding.weight[encoder.blank].any()
    assert not encoder.embedding.weight.grad[encoder.blank].any()
    assert encoder.blank not in (KNOWN.id_of(character) for character in KNOWN.names)


def test_unknown_characters_look_alike(encoder: CharacterCNN) -> None:
    found = encode(encoder, [Sentence(["axb", "a🚀b", "acb"])])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_dropout_is_on_in_training_only(encoder: CharacterCNN) -> None:
    inputs = encoder.collate(SENTENCES)
    assert torch.equal(encoder(inputs), encoder(inputs))
    encoder.train()
    assert not torch.equal(encoder(inputs), encoder(inputs))


def test_a_line_has_each_character_once_and_a_blank_after_each_token(
    encoder: CharacterCNN,
) -> None:
    inputs = encoder.collate([Sentence(["ab", "c"]), Sentence(["a"])])
    a, b, c = (KNOWN.id_of(character) for character in "abc")
    blank = len(KNOWN)
    assert inputs.line.tolist() == [a, b, blank, c, blank, a, blank]
    assert inputs.places.tolist() == [0, 1, 3, 5]
    assert inputs.counts.tolist() == [2, 1, 1]


@pytest.mark.parametrize("kind", [CharacterCNN, CharacterLSTM])
def test_digits_read_as_zero_on_request(kind: type[CharacterCNN | CharacterLSTM]) -> None:
    known = Vocabulary(tuple("a012"))
    sentences = [Sentence(["a1", "a0", "20", "00"])]
    plain = kind(known, 4, 6, 0.0)
    assert not torch.equal(*encode(plain, sentences)[:2])
    zeros = kind(known, 4, 6, 0.0, zero_digits=True)
    first, second, third, fourth = encode(zeros, sentences)
    assert torch.equal(first, second) and torch.equal(third, fourth)


class TestLSTM:
    @pytest.fixture
    def encoder(self) -> CharacterLSTM:
        return CharacterLSTM(KNOWN, embedding_size=4, output_size=6, dropout=0.5).eval()

    @staticmethod
    def by_hand(encoder: CharacterLSTM, sentences: list[Sentence]) -> Tensor:
        """Each token alone: the forward state of its last character, the backward of its first."""
        rows = []
        for token in (token for sentence in sentences for token in sentence.tokens):
            ids = torch.tensor([KNOWN.id_of(character) for character in token])
            states = encoder.lstm(encoder.embedding.weight[ids])[0]
            rows.append(torch.cat([states[-1, :3], states[0, 3:]]))
        return torch.stack(rows)

    def test_equals_an_lstm_over_each_token(self, encoder: CharacterLSTM) -> None:
        sentences = SENTENCES[:3]
        torch.testing.assert_close(encode(encoder, sentences), self.by_hand(encoder, sentences))

    def test_gradients_equal_those_of_the_loop(self, encoder: CharacterLSTM) -> None:
        sentences = SENTENCES[:3]
        upstream = torch.randn(11, 6)
        parameters = list(encoder.parameters())
        found = torch.autograd.grad(encode(encoder, sentences), parameters, upstream)
        expected = torch.autograd.grad(self.by_hand(encoder, sentences), parameters, upstream)
        torch.testing.assert_close(found, expected)
        assert all(gradient.any() for gradient in found)

    def test_refuses_an_odd_width(self) -> None:
        with pytest.raises(InputError, match=r"even encoder.character_size .* got 7"):
            CharacterLSTM(KNOWN, 4, 7, 0.0)


@given(st.lists(st.text(st.characters(), min_size=1), min_size=1), st.text(max_size=9))
def test_every_character_is_looked_up(tokens: list[str], known: str) -> None:
    characters = Vocabulary(tuple(dict.fromkeys(known)))
    inputs = CharacterCNN(characters, 2, 2, 0.0).collate([Sentence(tokens)])
    line, blank = inputs.line.tolist(), len(characters)
    expected = [[*map(characters.id_of, token), blank] for token in tokens]
    assert line == [i for ids in expected for i in ids]
    assert inputs.counts.tolist() == list(map(len, tokens))
    places = inputs.places.tolist()
    assert [line[place] for place in places] == [
        i for token in tokens for i in map(characters.id_of, token)
    ]
    assert blank not in [line[place] for place in places]
