"""Batches, steps and learning rates."""

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor

from synner_graph.config import RunConfig, TrainingConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.synner import SynNER
from synner_graph.training.batches import LengthGroupedBatches
from synner_graph.training.learner import Learner
from synner_graph.training.optimiser import build_optimizer, build_schedule
from synner_graph.training.run import train
from tests.fixtures import tiny_config


class TestLengthGroupedBatches:
    lengths = tuple((7 * row) % 23 + 1 for row in range(101))

    def test_every_row_comes_once_an_epoch(self) -> None:
        batches = LengthGroupedBatches(self.lengths, batch_size=8, seed=1, pool=3)
        for epoch in (1, 2):
            rows = [row for batch in batches.epoch(epoch) for row in batch]
            assert sorted(rows) == list(range(101))

    def test_counts_its_batches(self) -> None:
        batches = LengthGroupedBatches(self.lengths, batch_size=8, seed=1, pool=3)
        assert len(batches) == len(list(batches.epoch(1))) == 13

    def test_epochs_differ_and_repeat_with_the_seed(self) -> None:
        batches, again, other = (LengthGroupedBatches(self.lengths, 8, seed) for seed in (1, 1, 2))
        assert list(batches.epoch(1)) == list(again.epoch(1))
        assert list(batches.epoch(1)) != list(batches.epoch(2))
        assert list(batches.epoch(1)) != list(other.epoch(1))

    def test_a_batch_holds_similar_lengths(self) -> None:
        batches = LengthGroupedBatches(self.lengths, batch_size=8, seed=1)
        longest = sum(max(self.lengths[row] for row in batch) * 8 for batch in batches.epoch(1))
        assert longest < 1.15 * sum(self.lengths)


def test_backends_give_equal_losses(tiny_transformer: Path, small_corpus: Corpus) -> None:
    config = tiny_config(tiny_transformer)
    sentences = small_corpus.splits["train"]
    losses: dict[str, list[float]] = {}
    for backend in ("dgl", "torch"):
        torch.manual_seed(0)
        ner = new_recogniser(config, sentences, backend, torch.device("cpu"), "auto")
        optimizer = build_optimizer(ner.model, config)
        batches = LengthGroupedBatches([len(s) for s in sentences], 4, seed=0)
        losses[backend] = []
        for rows in islice(batches.epoch(1), 10):
            loss = ner.model(ner.model.collator([sentences[row] for row in rows]))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses[backend].append(loss.item())
    assert losses["dgl"] == pytest.approx(losses["torch"], rel=1e-5)


def test_pretrained_weights_have_their_own_rate(
    tiny_transformer: Path, small_corpus: Corpus
) -> None:
    config = tiny_config(tiny_transformer, training__encoder_learning_rate=1e-7)
    ner = new_recogniser(config, small_corpus.splits["train"], "torch", torch.device("cpu"), "auto")
    optimizer = build_optimizer(ner.model, config)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    parameters = dict(ner.model.named_parameters())
    assert len(rates) == len(parameters)
    for name, parameter in parameters.items():
        assert rates[id(parameter)] == (1e-7 if ".transformer." in name else 1e-2), name


def step_once(config: RunConfig, corpus: Corpus, scale: float) -> tuple[list[Tensor], list[Tensor]]:
    """Weights before and after one step on the same batch, dropout off."""
    torch.manual_seed(0)
    rows = corpus.splits["train"][:4]
    ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
    learner = Learner(ner.model.eval(), config, 10, Accelerator(cpu=True))
    before = [parameter.detach().clone() for parameter in ner.model.parameters()]
    learner.step(ner.model.collator(rows), scale)
    return before, [parameter.detach() for parameter in ner.model.parameters()]


def test_sgd_steps_down_the_gradient(small_corpus: Corpus) -> None:
    plain = {"warmup": 0.0, "weight_decay": 0.0, "clip_norm": 0.0, "learning_rate": 1e-3}
    settings = {f"training__{key}": value for key, value in plain.items()}
    config = tiny_config("characters", training__optimizer="sgd", **settings)
    moves = []
    for scale in (1.0, 0.25):
        before, after = step_once(config, small_corpus, scale)
        moves.append(torch.cat([(b - a).flatten() for b, a in zip(before, after, strict=True)]))
    assert moves[0].norm() > 1e-3
    torch.testing.assert_close(moves[0], 4 * moves[1], rtol=1e-3, atol=1e-6)
    clipped = config.training.model_copy(update={"clip_norm": 0.5})
    before, after = step_once(config.model_copy(update={"training": clipped}), small_corpus, 1.0)
    move = torch.cat([(b - a).flatten() for b, a in zip(before, after, strict=True)])
    assert move.norm().item() == pytest.approx(0.5 * 1e-3, rel=1e-2)


def test_adamw_takes_its_betas(small_corpus: Corpus) -> None:
    config = tiny_config("characters", training__betas=(0.5, 0.9))
    ner = new_recogniser(
        config, small_corpus.splits["train"], "torch", torch.device("cpu"), "naive"
    )
    groups = build_optimizer(ner.model, config).param_groups
    assert {group["betas"] for group in groups} == {(0.5, 0.9)}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"warmup": 0.5}, [0, 1 / 3, 2 / 3, 1, 2 / 3, 1 / 3]),
        ({"warmup": 0.34}, [0, 0.5, 1, 0.75, 0.5, 0.25]),
        ({"warmup": 0.0}, [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]),
        ({"warmup": 0.0, "schedule": "inverse"}, [1, 1, 1, 1, 1, 1]),
        ({"warmup": 0.0, "schedule": "inverse", "decay": 0.5}, [1, 1, 2 / 3, 2 / 3, 0.5, 0.5]),
        ({"warmup": 0.34, "schedule": "inverse", "decay": 1}, [0, 0.5, 0.5, 0.5, 1 / 3, 1 / 3]),
    ],
)
def test_rates_rise_and_fall(settings: dict[str, Any], expected: list[float]) -> None:
    """Six steps, three epochs of two."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = build_schedule(optimizer, TrainingConfig(epochs=3, **settings), 6)
    rates = []
    for _ in range(6):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize("frozen", ["all", "embeddings", 1])
def test_frozen_weights_stay_as_they_are(
    frozen: str | int, tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    config = tiny_config(tiny_transformer, training__epochs=1, encoder__freeze=frozen)
    ner = new_recogniser(config, small_corpus.splits["train"], "torch", torch.device("cpu"), "auto")
    optimizer = build_optimizer(ner.model, config)
    in_optimizer = {id(p) for group in optimizer.param_groups for p in group["params"]}
    fixed = {n for n, p in ner.model.named_parameters() if id(p) not in in_optimizer}
    assert fixed == {n for n, p in ner.model.named_parameters() if not p.requires_grad}
    before = {name: p.detach().clone() for name, p in ner.model.named_parameters()}

    train(config, small_corpus, tmp_path / "run", device="cpu", progress=False)
    after = dict(SynNER.from_pretrained(tmp_path / "run").model.named_parameters())
    pretrained = {name for name in before if ".transformer." in name}
    changed = {name for name in pretrained if not torch.equal(after[name], before[name])}
    assert changed == pretrained - fixed
    assert bool(changed) == (frozen != "all")


def test_deeper_layers_learn_more_slowly(tiny_transformer: Path, small_corpus: Corpus) -> None:
    config = tiny_config(
        tiny_transformer,
        training__layer_decay=0.5,
        training__encoder_learning_rate=1e-3,
        encoder__layer_mix=True,
    )
    ner = new_recogniser(config, small_corpus.splits["train"], "torch", torch.device("cpu"), "auto")
    optimizer = build_optimizer(ner.model, config)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    expected = {".embeddings.": 2.5e-4, ".layer.0.": 5e-4, ".layer.1.": 1e-3}
    for name, parameter in ner.model.named_parameters():
        found = [rate for part, rate in expected.items() if ".transformer" in name and part in name]
        assert rates[id(parameter)] == (found[0] if found else 1e-2), name


def test_adapters_learn_and_become_a_part_of_the_saved_run(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    pytest.importorskip("peft")
    config = tiny_config(tiny_transformer, training__epochs=1, encoder__lora_rank=2)
    sentences, test = small_corpus.splits["train"], small_corpus.splits["test"]
    ner = new_recogniser(config, sentences, "torch", torch.device("cpu"), "auto")
    learner = Learner(ner.model, config, 4, Accelerator(cpu=True))
    before = ner.predict(test)
    for _ in range(4):
        learner.step(ner.model.collator(sentences), 1 / len(sentences))
    after = ner.predict(test)
    assert after != before

    ner.save_pretrained(tmp_path / "run")
    again = SynNER.from_pretrained(tmp_path / "run", "torch")
    assert again.config.encoder.lora_rank == 0
    assert not any("lora" in name for name in again.model.state_dict())
    assert again.predict(test) == after
    scores = [
        [e.score for s in found for e in s.entities] for found in (again.predict(test), after)
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    assert ner.predict(test) == after, "saving leaves the model as it is"
