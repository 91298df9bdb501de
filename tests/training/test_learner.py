"""Steps, and what they change."""

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load, save
from torch import Tensor

from synner_graph.config import RunConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.errors import InputError
from synner_graph.model.batch import Batch
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.synner import SynNER
from synner_graph.training.batches import LengthGroupedBatches
from synner_graph.training.learner import Learner, frozen_digest
from synner_graph.training.optimiser import build_optimizer
from synner_graph.training.run import train
from tests.fixtures import tiny_config


def test_backends_give_equal_losses(tiny_transformer: Path, small_corpus: Corpus) -> None:
    config = tiny_config(tiny_transformer)
    sentences = small_corpus.splits["train"]
    losses: dict[str, list[float]] = {}
    for backend in ("dgl", "torch"):
        torch.manual_seed(0)
        ner = new_recogniser(config, sentences, backend, torch.device("cpu"), "auto")
        optimizer = build_optimizer(ner.model, config)
        batches = LengthGroupedBatches([[s] for s in sentences], 4, seed=0)
        losses[backend] = []
        for rows in islice(batches.epoch(1), 10):
            loss = ner.model(ner.model.collator([sentences[row] for row in rows]))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses[backend].append(loss.item())
    assert losses["dgl"] == pytest.approx(losses["torch"], rel=1e-5)


def step_once(config: RunConfig, corpus: Corpus, scale: float) -> tuple[list[Tensor], list[Tensor]]:
    """Weights before and after one step on the same batch, dropout off."""
    torch.manual_seed(0)
    rows = corpus.splits["train"][:4]
    ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
    learner = Learner(ner.model.eval(), config, 10, Accelerator(cpu=True))
    before = [parameter.detach().clone() for parameter in ner.model.parameters()]
    learner.step([ner.model.collator(rows)], scale)
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


LEVERS: dict[str, dict[str, Any]] = {
    "crf": {},
    "span": {"head__name": "span"},
    "parser": {"parser__name": "biaffine"},
    "sum": {"training__loss": "sum", "training__learning_rate": 1e-4},
    "adversarial": {"training__adversarial": 0.5},
}


@pytest.mark.parametrize("kind", list(LEVERS))
def test_parts_of_a_batch_make_the_step_of_the_whole(
    kind: str, tiny_transformer: Path, small_corpus: Corpus
) -> None:
    rows = small_corpus.splits["train"][:5]
    plain = {"optimizer": "sgd", "warmup": 0.0, "learning_rate": 1e-2, "clip_norm": 1.0}
    settings = {f"training__{key}": value for key, value in plain.items()} | LEVERS[kind]
    found = []
    for parts in (1, 3, 8):
        config = tiny_config(tiny_transformer, training__accumulation=parts, **settings)
        torch.manual_seed(0)
        ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
        learner = Learner(ner.model.eval(), config, 10, Accelerator(cpu=True))
        sizes = []

        def collate(batch: Sequence[int], ner: SynNER = ner, sizes: list[int] = sizes) -> Batch:
            sizes.append(len(batch))
            return ner.model.collator([rows[row] for row in batch])

        before = [p.detach().clone() for p in ner.model.parameters()]
        loss = learner.learn(range(len(rows)), len, collate)
        moves = [p.detach() - b for p, b in zip(ner.model.parameters(), before, strict=True)]
        found.append((loss, sizes, torch.cat([move.flatten() for move in moves])))
    (whole, one, move), *others = found
    assert one == [5] and move.norm() > 1e-4
    assert [sizes for _, sizes, _ in others] == [[2, 2, 1], [1] * 5]
    for loss, _, other in others:
        assert loss == pytest.approx(whole, rel=1e-5)
        torch.testing.assert_close(other, move, rtol=1e-3, atol=1e-6)


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
        learner.step([ner.model.collator(sentences)], 1 / len(sentences))
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


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_learner_goes_on_where_another_was(optimizer: str, small_corpus: Corpus) -> None:
    config = tiny_config("characters", training__optimizer=optimizer)
    rows = small_corpus.splits["train"][:4]
    learners = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
        learners.append(Learner(ner.model.eval(), config, 10, Accelerator(cpu=True)))
    batch = learners[0].module.collator(rows)
    for _ in range(3):
        learners[0].step([batch], 0.25)
    tensors = load(save(learners[0].tensors()))
    learners[1].restore(tensors, json.loads(json.dumps(learners[0].record())))
    losses = [[learner.step([batch], 0.25).item() for _ in range(3)] for learner in learners]
    assert losses[0] == losses[1]
    one, other = (learner.tensors() for learner in learners)
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    rates = [learner.schedule.get_last_lr() for learner in learners]
    assert rates[0] == rates[1]


def test_a_learner_keeps_what_steps_change_alone(
    tiny_transformer: Path, small_corpus: Corpus
) -> None:
    pytest.importorskip("peft")
    config = tiny_config(tiny_transformer, encoder__lora_rank=2)
    rows = small_corpus.splits["train"][:4]
    ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
    learner = Learner(ner.model, config, 10, Accelerator(cpu=True))
    trained = {f"model.{n}" for n, p in ner.model.named_parameters() if p.requires_grad}
    buffers = {f"model.{name}" for name, _ in ner.model.named_buffers()}
    names = set(learner.tensors())
    assert trained <= names <= trained | buffers
    assert any("lora_A" in name for name in names)
    assert not any(name.endswith("base_layer.weight") for name in names)


def test_weights_of_another_model_are_refused(small_corpus: Corpus) -> None:
    config = tiny_config("characters")
    rows = small_corpus.splits["train"][:4]
    ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
    learner = Learner(ner.model, config, 10, Accelerator(cpu=True))
    tensors = learner.tensors()
    name = next(iter(tensors))
    with pytest.raises(InputError, match="does not fit the model"):
        learner.restore({n: t for n, t in tensors.items() if n != name}, learner.record())
    with pytest.raises(InputError, match="does not fit the model"):
        learner.restore(tensors | {name: torch.zeros(77)}, learner.record())


def test_the_digest_is_of_frozen_weights_alone() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2).bfloat16())
    model[1].requires_grad_(False)
    digest = frozen_digest(model)
    with torch.no_grad():
        model[0].weight += 1
    assert frozen_digest(model) == digest
    with torch.no_grad():
        model[1].bias += 1
    assert frozen_digest(model) != digest
