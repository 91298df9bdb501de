"""Averages of weights."""

import json
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load, save
from torch import nn

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.errors import InputError
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.synner import SynNER
from synner_graph.training import jackknife as parsers
from synner_graph.training import run as training
from synner_graph.training.averages import Averages
from synner_graph.training.checkpoint import Checkpoints
from synner_graph.training.learner import Learner
from synner_graph.training.metrics import dev_scores
from synner_graph.training.run import train
from tests.fixtures import building, tiny_config


@pytest.mark.parametrize("decay", [0.3, 0.95])
def test_averages_are_the_weighted_sum_of_all_weights_before(decay: float) -> None:
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2)).double()
    model[1].bias.requires_grad_(False)
    averages = Averages(model, decay)
    seen = [{name: p.detach().clone() for name, p in model.named_parameters()}]
    for _ in range(30):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter))
        averages.update()
        seen.append({name: p.detach().clone() for name, p in model.named_parameters()})
    assert averages.tensors.keys() == {"0.weight", "1.weight"}
    decays = [min(decay, (1 + t) / (10 + t)) for t in range(30)]
    assert len(set(decays)) > 1 and max(decays) <= decay
    for name, average in averages.tensors.items():
        weights, left = [], 1.0
        for rate in reversed(decays):
            weights.append(left * (1 - rate))
            left *= rate
        weights.append(left)
        assert sum(weights) == pytest.approx(1)
        values = [step[name] for step in reversed(seen)]
        expected = sum(w * value for w, value in zip(weights, values, strict=True))
        torch.testing.assert_close(average, expected)


def test_a_model_holds_its_averages_for_a_while() -> None:
    model = nn.Linear(4, 3)
    averages = Averages(model, 0.9)
    with torch.no_grad():
        model.weight.mul_(3)
    averages.update()
    raw, mean = model.weight.clone(), averages.tensors["weight"].clone()
    with pytest.raises(KeyError), averages.in_place():
        assert torch.equal(model.weight, mean) and not torch.equal(mean, raw)
        raise KeyError
    assert torch.equal(model.weight, raw) and torch.equal(averages.tensors["weight"], mean)


def test_what_is_scored_and_saved_are_averages(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[dict[str, torch.Tensor]] = []
    learners: list[Learner] = []

    def scores(ner: SynNER, *rest: object) -> dict[str, float]:
        states.append({name: p.detach().clone() for name, p in ner.model.named_parameters()})
        return dev_scores(ner, *rest)  # type: ignore[arg-type]

    class Watched(Learner):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            learners.append(self)

    monkeypatch.setattr(training, "dev_scores", scores)
    monkeypatch.setattr(training, "Learner", Watched)
    config = tiny_config(
        tiny_transformer, training__epochs=1, training__ema=0.9, encoder__freeze=1, gnn__name="gcn"
    )
    metrics, reports = train(config, small_corpus, tmp_path / "run", device="cpu", progress=False)
    (learner,) = learners
    assert learner.averages is not None
    again = SynNER.from_pretrained(tmp_path / "run")
    saved = dict(again.model.named_parameters())
    for name, average in learner.averages.tensors.items():
        assert torch.equal(states[0][name], average) and torch.equal(saved[name], average)
    raw = dict(learner.module.named_parameters())
    assert any(not torch.equal(raw[n], mean) for n, mean in learner.averages.tensors.items())
    assert not any(".embeddings." in name for name in learner.averages.tensors), "frozen"
    assert metrics["dev"]["overall"]["f1"] == metrics["epochs"][0]["dev_f1"]
    assert [report.split for report in reports] == ["dev", "test"]


def test_training_goes_on_with_the_weights_themselves(
    small_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = []
    for ema in (0.0, 0.9):
        config = tiny_config("characters", training__epochs=3, training__ema=ema)
        folder = tmp_path / str(ema)
        metrics, _ = train(config, small_corpus, folder, device="cpu", progress=False)
        losses.append([epoch["loss"] for epoch in metrics["epochs"]])
    assert losses[0] == losses[1]
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("0.0", "0.9")]
    assert weights[0] != weights[1]


def test_averages_of_another_model_are_refused(small_corpus: Corpus) -> None:
    config = tiny_config("characters", training__ema=0.9)
    rows = small_corpus.splits["train"][:4]
    ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
    learner = Learner(ner.model, config, 10, Accelerator(cpu=True))
    learner.step([ner.model.collator(rows)], 0.25)
    tensors, record = load(save(learner.tensors())), json.loads(json.dumps(learner.record()))
    assert record["averaged"] == 1
    name = next(name for name in tensors if name.startswith("average."))
    with pytest.raises(InputError, match="does not fit the model: its averages differ in"):
        learner.restore({n: t for n, t in tensors.items() if n != name}, record)


def test_a_parser_of_a_part_has_its_averages(
    small_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Learner] = []

    class Watched(Learner):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            made.append(self)

    monkeypatch.setattr(parsers, "Learner", Watched)
    rows = small_corpus.splits["train"][:12]
    models = []
    for ema in (0.0, 0.9):
        parser = {"parser__name": "biaffine", "parser__jackknife": 2}
        config = tiny_config("characters", training__ema=ema, **parser)
        checkpoints = Checkpoints(tmp_path / str(ema), Accelerator(cpu=True))
        ner = parsers.train_parser(config, rows, building(config), checkpoints, progress=False)
        models.append(dict(ner.model.named_parameters()))
    averages = made[1].averages
    assert averages is not None and averages.tensors
    for name, weight in averages.tensors.items():
        assert torch.equal(models[0][name], weight), "they learned alike"
    assert any(not torch.equal(models[1][name], w) for name, w in averages.tensors.items())
