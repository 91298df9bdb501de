"""Which sentences are read with trees of the model's own parser."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.model.batch import Batch
from synner_graph.model.network import SynNERModel
from synner_graph.training.own_trees import draw_own_trees, own_share
from synner_graph.training.run import train
from tests.fixtures import tiny_config


def test_the_share_rises_evenly_from_nothing() -> None:
    assert [own_share(0.6, epoch, 4) for epoch in (1, 2, 3, 4)] == pytest.approx([0, 0.2, 0.4, 0.6])


def test_sentences_are_drawn_with_the_seed(small_corpus: Corpus) -> None:
    batch = replace(_EMPTY, sentences=tuple(small_corpus.splits["train"][:40] * 25))
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(draw_own_trees(batch, 0.3).own_trees)
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == len(batch.sentences)
    assert 0.25 < sum(drawn[0]) / len(drawn[0]) < 0.35


def test_share_0_draws_nothing() -> None:
    state = torch.get_rng_state()
    assert draw_own_trees(_EMPTY, 0.0) is _EMPTY
    assert torch.equal(torch.get_rng_state(), state)


def test_a_training_marks_as_many_as_its_epoch_asks(
    small_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(
        "characters",
        parser__name="biaffine",
        parser__own_trees=1.0,
        parser__tree_noise=0.5,
        training__epochs=3,
    )
    seen: list[tuple[int, int]] = []
    forward = SynNERModel.forward

    def watched(model: SynNERModel, batch: Batch, rdrop: float) -> torch.Tensor:
        seen.append((len(batch.sentences), sum(batch.own_trees)))
        assert model.parser is not None and model.parser.tree_noise == 0.5
        return forward(model, batch, rdrop)

    monkeypatch.setattr(SynNERModel, "forward", watched)
    train(config, small_corpus, tmp_path / "run", device="cpu", progress=False)
    steps = len(seen) // 3
    shares = []
    for epoch in range(3):
        sizes, marked = zip(*seen[epoch * steps : (epoch + 1) * steps], strict=True)
        shares.append(sum(marked) / sum(sizes))
    assert shares[0] == 0 and shares[2] == 1
    assert 0.2 < shares[1] < 0.8


_EMPTY = Batch(sentences=(), graph=None, inputs=None)  # type: ignore[arg-type]
