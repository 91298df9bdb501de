"""Optimisers and learning rates."""

from pathlib import Path
from typing import Any

import pytest
import torch

from synner_graph.config import TrainingConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.recogniser.new import new_recogniser
from synner_graph.training.optimiser import build_optimizer, build_schedule
from tests.fixtures import tiny_config


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


def test_adamw_takes_its_betas(small_corpus: Corpus) -> None:
    config = tiny_config("characters", training__betas=(0.5, 0.9))
    ner = new_recogniser(
        config, small_corpus.splits["train"], "torch", torch.device("cpu"), "naive"
    )
    groups = build_optimizer(ner.model, config).param_groups
    assert {group["betas"] for group in groups} == {(0.5, 0.9)}


def test_words_and_vectors_do_not_decay(small_corpus: Corpus) -> None:
    config = tiny_config("lexical", training__weight_decay=0.25)
    train = small_corpus.splits["train"]
    ner = new_recogniser(config, train, "torch", torch.device("cpu"), "naive")
    words = {id(parameter) for parameter in ner.model.encoder.embeddings()}
    assert words
    decays = {
        id(parameter): group["weight_decay"]
        for group in build_optimizer(ner.model, config).param_groups
        for parameter in group["params"]
    }
    for name, parameter in ner.model.named_parameters():
        alone = parameter.dim() < 2 or id(parameter) in words
        assert decays[id(parameter)] == (0 if alone else 0.25), name
    assert set(decays.values()) == {0, 0.25}


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
