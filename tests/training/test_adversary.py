"""Words moved to where the loss rises."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch import nn

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.errors import InputError
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.resolve import read_lexicon
from synner_graph.training.adversary import Adversary
from synner_graph.training.learner import Learner
from tests.fixtures import tiny_config

PLAIN = {
    "training__optimizer": "sgd",
    "training__warmup": 0.0,
    "training__weight_decay": 0.0,
    "training__clip_norm": 0.0,
    "training__learning_rate": 1e-2,
}
EPSILON = 0.7


@pytest.mark.parametrize(("words", "transformer"), [(True, False), (False, True), (True, True)])
def test_a_step_adds_the_gradient_at_the_moved_words(
    words: bool, transformer: bool, tiny_transformer: Path, small_corpus: Corpus
) -> None:
    name = tiny_transformer if transformer else "lexical"
    options = {"encoder__words": True} if words and transformer else {}
    rates = {"training__encoder_learning_rate": 1e-2} if transformer else {}
    config = tiny_config(name, training__adversarial=EPSILON, **PLAIN, **options, **rates)
    rows = small_corpus.splits["train"][:4]
    lexicon = read_lexicon(config, rows, ())
    ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive", lexicon)
    learner = Learner(ner.model.eval(), config, 10, Accelerator(cpu=True))
    batch = ner.model.collator(rows)

    twin = deepcopy(ner.model)
    loss = twin(batch) * 0.25
    first = torch.autograd.grad(loss, list(twin.parameters()), materialize_grads=True)
    moved = [part.transformer.embeddings.word_embeddings.weight for part in pieces(twin)]
    moved += [part.vectors.weight for part in vectors(twin)]
    assert len(moved) == words + transformer
    by = {id(p): g for p, g in zip(twin.parameters(), first, strict=True)}
    norm = torch.cat([by[id(matrix)].flatten() for matrix in moved]).norm()
    before = [p.detach().clone() for p in twin.parameters()]
    with torch.no_grad():
        for matrix in moved:
            matrix += EPSILON * by[id(matrix)] / norm
    harder = twin(batch) * 0.25
    assert harder > loss + 0.1 * EPSILON * norm
    second = torch.autograd.grad(harder, list(twin.parameters()), materialize_grads=True)

    told = learner.step([batch], 0.25)

    assert told.item() == pytest.approx(loss.item())
    names = [name for name, _ in ner.model.named_parameters()]
    for name, p, old, one, two in zip(
        names, ner.model.parameters(), before, first, second, strict=True
    ):
        torch.testing.assert_close(p, old - 1e-2 * (one + two), rtol=1e-4, atol=1e-6, msg=name)


def pieces(model: nn.Module) -> list[nn.Module]:
    return [part for part in model.encoder.encoders if hasattr(part, "transformer")]


def vectors(model: nn.Module) -> list[nn.Module]:
    return [part for part in model.encoder.encoders if hasattr(part, "vectors")]


def test_the_embeddings_are_as_before_to_the_bit_even_after_an_error() -> None:
    matrix, other = nn.Parameter(torch.randn(50, 8)), nn.Parameter(torch.randn(7, 3))
    frozen = nn.Parameter(torch.randn(4, 2), requires_grad=False)
    matrix.grad = torch.randn(50, 8)
    matrix.grad[20:] = 0
    other.grad = torch.randn(7, 3)
    before = [matrix.detach().clone(), other.detach().clone()]
    with pytest.raises(KeyError), Adversary([matrix, other, frozen], 0.5).moved():
        moves = [matrix - before[0], other - before[1]]
        assert torch.cat([move.flatten() for move in moves]).norm().item() == pytest.approx(0.5)
        assert moves[0][:20].any(dim=1).all() and not moves[0][20:].any()
        raise KeyError
    assert torch.equal(matrix, before[0]) and torch.equal(other, before[1])


@pytest.mark.parametrize("gradient", [None, 0.0, float("inf"), float("nan")])
def test_nothing_moves_where_there_is_no_direction(gradient: float | None) -> None:
    matrix = nn.Parameter(torch.randn(5, 2))
    before = matrix.detach().clone()
    matrix.grad = None if gradient is None else torch.full((5, 2), gradient)
    with Adversary([matrix], 0.5).moved():
        assert torch.equal(matrix, before)


def test_embeddings_that_do_not_learn_are_refused() -> None:
    frozen = nn.Parameter(torch.randn(4, 2), requires_grad=False)
    for embeddings in ([], [frozen]):
        with pytest.raises(InputError, match=r"'training\.adversarial' moves embeddings of words"):
            Adversary(embeddings, 0.5)
