"""Settings that nothing reads: refused where they are given, dropped where a part is replaced."""

import logging
from pathlib import Path
from typing import Any

import pytest

from synner_graph.config import RunConfig, load_config
from synner_graph.errors import InputError
from synner_graph.recogniser.resolve import check
from synner_graph.recogniser.settings import Place, combine, read_settings
from synner_graph.recogniser.unread import effective

NO_SYNTAX = {"gnn.name": "none", "recurrent.name": "none"}
NO_DROPOUT = {"encoder.dropout": 0.0, "head.dropout": 0.0, "gnn.dropout": 0.0}
SOFT = {"parser.name": "biaffine", "parser.soft_heads": 2}
UNREAD: list[tuple[dict[str, Any], str]] = [
    ({"training.part_tokens": 64}, "training.part_tokens"),
    ({"encoder.window": 64}, "encoder.window"),
    ({"head.name": "crf", "head.decode": "nested"}, "head.decode"),
    ({"head.name": "crf", "head.max_width": 4}, "head.max_width"),
    ({"head.name": "span", "head.scheme": "bio"}, "head.scheme"),
    ({"head.name": "span", "head.width": False, "head.width_size": 7}, "head.width_size"),
    ({"encoder.upos_column": "xpos"}, "encoder.upos_column"),
    ({"gnn.name": "none", "gnn.layers": 3}, "gnn.layers"),
    ({"gnn.name": "none", "gnn.layers": 2}, "gnn.layers"),
    ({"gnn.name": "none", "gnn.edges": ["self"]}, "gnn.edges"),
    ({"gnn.name": "gcn", "gnn.heads": 2}, "gnn.heads"),
    ({"gnn.layers": 1, "gnn.dropout": 0.3}, "gnn.dropout"),
    ({"gnn.layers": 1, "gnn.jump": "concat"}, "gnn.jump"),
    ({"gnn.frequent": 0.1}, "gnn.frequent"),
    ({"gnn.gate": False}, "gnn.gate"),
    ({**NO_SYNTAX, "gnn.fold_subtypes": True}, "gnn.fold_subtypes"),
    ({"recurrent.name": "none", "recurrent.size": 50}, "recurrent.size"),
    ({"recurrent.layers": 3}, "recurrent.layers"),
    ({**NO_SYNTAX, "recurrent.size": 7}, "recurrent.size"),
    ({**NO_SYNTAX, "data.shuffle": "heads"}, "data.shuffle"),
    ({**NO_SYNTAX, "encoder.relation_size": 5, "data.shuffle": "heads"}, "data.shuffle"),
    ({"gnn.name": "gcn", "data.shuffle": "relations"}, "data.shuffle"),
    ({**NO_SYNTAX, "parser.name": "spacy:some"}, "parser.name"),
    ({"parser.arc_size": 9}, "parser.arc_size"),
    ({"parser.jackknife": 3}, "parser.jackknife"),
    ({"parser.own_trees": 0.5}, "parser.own_trees"),
    ({"parser.name": "biaffine", "parser.tree_noise": 1.0}, "parser.tree_noise"),
    (
        {"parser.name": "biaffine", "parser.own_trees": 0.5, "training.epochs": 1},
        "parser.own_trees",
    ),
    ({"parser.soft_heads": 2}, "parser.soft_heads"),
    ({**SOFT, "gnn.edges": ["self", "2-hop"]}, "parser.soft_heads"),
    ({"parser.name": "biaffine", "parser.soft_relations": 2}, "parser.soft_relations"),
    ({**SOFT, "gnn.name": "gcn", "parser.soft_relations": 2}, "parser.soft_relations"),
    ({**SOFT, "parser.own_trees": 0.5}, "parser.own_trees"),
    ({**SOFT, "parser.jackknife": 5}, "parser.jackknife"),
    ({**NO_SYNTAX, "parser.name": "biaffine", "parser.own_trees": 0.5}, "parser.own_trees"),
    ({**NO_SYNTAX, "parser.name": "biaffine", "parser.jackknife": 5}, "parser.jackknife"),
    ({"encoder.word_size": 9}, "encoder.word_size"),
    ({"encoder.vectors": "v.txt"}, "encoder.vectors"),
    ({"encoder.name": "lexical", "encoder.fix_words": True}, "encoder.fix_words"),
    ({"encoder.name": "lexical", "encoder.words": True}, "encoder.words"),
    ({"encoder.orthography": False, "encoder.character_size": 9}, "encoder.character_size"),
    ({"encoder.orthography": False, "encoder.shape_size": 9}, "encoder.shape_size"),
    ({"encoder.name": "characters", "encoder.pooling": "mean"}, "encoder.pooling"),
    ({"encoder.name": "lexical", "encoder.freeze": 3}, "encoder.freeze"),
    ({"encoder.name": "lexical", "encoder.prune_vocabulary": True}, "encoder.prune_vocabulary"),
    ({"encoder.lora_alpha": 9}, "encoder.lora_alpha"),
    ({"encoder.window": 64}, "encoder.window"),
    ({"encoder.name": "lexical", "training.layer_decay": 0.9}, "training.layer_decay"),
    (
        {"encoder.freeze": "all", "training.encoder_learning_rate": 1e-5},
        "training.encoder_learning_rate",
    ),
    ({"training.part_tokens": 64}, "training.part_tokens"),
    ({"training.decay": 0.1}, "training.decay"),
    ({"training.accumulation": 9, "training.batch_size": 8}, "training.accumulation"),
    ({"encoder.name": "characters", "training.adversarial": 0.5}, "training.adversarial"),
    ({"encoder.freeze": "embeddings", "training.adversarial": 0.5}, "training.adversarial"),
    ({"encoder.lora_rank": 4, "training.adversarial": 0.5}, "training.adversarial"),
    (
        {
            "encoder.name": "lexical",
            "encoder.vectors": "v.txt",
            "encoder.fix_words": True,
            "training.adversarial": 0.5,
        },
        "training.adversarial",
    ),
    ({**NO_DROPOUT, "encoder.transformer_dropout": 0.0, "training.rdrop": 1.0}, "training.rdrop"),
    ({**NO_DROPOUT, "encoder.freeze": "all", "training.rdrop": 1.0}, "training.rdrop"),
    ({**NO_DROPOUT, "encoder.name": "characters", "training.rdrop": 1.0}, "training.rdrop"),
    ({"training.optimizer": "sgd", "training.betas": [0.9, 0.98]}, "training.betas"),
    (
        {"text.tokenizer": "blanks", "text.splitter": "lines", "text.language": "xx"},
        "text.language",
    ),
    ({"text.tokenizer": "blanks", "text.hyphens": "whole"}, "text.hyphens"),
    ({"text.characters": "last", "text.hyphens": "whole"}, "text.hyphens"),
    ({"text.tokenizer": "rules", "text.characters": "first"}, "text.characters"),
    ({"data.train": "a.conllu", "data.data_dir": "corpora"}, "data.data_dir"),
]


@pytest.mark.parametrize(("settings", "key"), UNREAD, ids=lambda value: str(value)[:60])
def test_a_setting_without_effect_is_refused(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError, match=rf"^The setting '{key}' has no effect: .*\.$"):
        read_settings(None, settings)


@pytest.mark.parametrize(
    "settings",
    [
        NO_DROPOUT,
        {**NO_DROPOUT, "encoder.name": "lexical"},
        {**NO_DROPOUT, "encoder.name": "characters", "parser.name": "biaffine"},
        {**NO_DROPOUT, "encoder.name": "characters", "encoder.dropout": 0.2},
    ],
)
def test_two_passes_are_read_where_something_is_dropped_out(settings: dict[str, Any]) -> None:
    assert read_settings(None, settings | {"training.rdrop": 1.0}).training.rdrop == 1


def test_words_are_moved_where_they_learn() -> None:
    for settings in ({}, {"encoder.name": "lexical"}, {"encoder.freeze": 2, "encoder.words": True}):
        config = read_settings(None, {**settings, "training.adversarial": 0.5})
        assert config.training.adversarial == 0.5


def test_the_message_names_the_part_and_what_would_read_it() -> None:
    message = "it belongs to the head 'span', not to 'crf'."
    with pytest.raises(InputError, match=message):
        read_settings(None, {"head.decode": "nested"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"text.language": "klingon"}, "Unknown language 'klingon' of raw text"),
        ({"head.name": "spam"}, "Unknown head 'spam'. Did you mean 'span'"),
        ({"parser.name": "spacey:x"}, "Unknown parser 'spacey:x'"),
        ({"parser.name": "run"}, "A new run has no parser yet"),
        ({"recurrent.name": "dglstm", "gnn.edges": ["self"]}, "add head-dependent to --edges"),
        ({"gnn.edges": ["sideways"]}, "sideways"),
        ({"parser.name": "biaffine", "encoder.relation_size": 3}, "that it is to find"),
        ({**SOFT, "recurrent.name": "dglstm"}, "leave parser.soft_heads at 0"),
        ({**SOFT, "gnn.name": "dgl.nn.SAGEConv"}, "leave parser.soft_heads at 0"),
        ({"parser.name": "stanza:en", "data.shuffle": "heads"}, "leave parser.name at trees"),
    ],
)
def test_what_cannot_be_trained_with_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_settings(None, settings)


def test_options_of_the_chosen_parts_are_spelled_out() -> None:
    config = read_settings(None, {"head.name": "span", "recurrent.name": "none"})
    assert config.head.options["hidden_size"] == 150
    assert config.head.options["max_width"] is None
    assert config.recurrent.options == {}


def test_a_part_replaced_on_the_command_line_takes_its_settings_along(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "run.toml"
    path.write_text('[head]\nname = "span"\ndecode = "nested"\ndropout = 0.3\n')
    with caplog.at_level(logging.WARNING, "synner_graph"):
        config = read_settings(path, {"head.name": "crf"})
    assert (config.head.name, config.head.dropout) == ("crf", 0.3)
    assert config.head.options == {"scheme": "bioes"}
    assert f"Dropped from {path}" in caplog.text and "head.decode" in caplog.text
    with pytest.raises(InputError, match=r"\'head\.decode' has no effect"):
        read_settings(path, {"head.name": "crf", "head.decode": "flat"})


def test_a_file_is_wrong_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('[head]\ndecode = "nested"\n')
    with pytest.raises(InputError, match=r"\'head\.decode' has no effect"):
        read_settings(path, {"training.epochs": 1})
    assert read_settings(path, {"head.name": "span"}).head.options["decode"] == "nested"


def test_shared_settings_serve_models_of_different_parts() -> None:
    shared = Place("all", {"gnn": {"name": "gat", "heads": 2}}, shared=True)
    config, dropped = combine([shared, Place("one", {"gnn": {"name": "none"}})])
    assert config.gnn.options == {} and dropped == {"all": {"gnn.heads"}}
    with pytest.raises(InputError, match=r"\'gnn\.layers' has no effect"):
        combine([shared, Place("one", {"gnn": {"name": "none", "layers": 3}})])


def test_settings_made_in_python_are_checked_too() -> None:
    assert check(RunConfig()).head.options == {"scheme": "bioes"}
    with pytest.raises(InputError, match=r"\'gnn\.layers' has no effect"):
        check(load_config(None, {"gnn.name": "none", "gnn.layers": 3}))


def test_what_makes_a_run_what_it_is() -> None:
    """Flat settings of an earlier version say the same as those of today."""
    config = read_settings(None, {"head.name": "span", "head.decode": "nested", "gnn.size": 30})
    now = config.model_dump(mode="json")
    before = now | {
        "head": {"name": "span", "dropout": 0.1, "scheme": "bio", "decode": "nested"},
        "recurrent": {"name": "syn-lstm", "size": 100, "layers": 4, "dropout": 0.7},
    }
    assert effective(now) == effective(before)
    assert effective(now) == {"head.name": "span", "head.decode": "nested", "gnn.size": 30}
    assert effective(before | {"gnn": now["gnn"] | {"gone": 1}})["gnn.gone"] == 1


def test_vectors_can_be_switched_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "words.toml"
    path.write_text('[encoder]\nname = "lexical"\nvectors = "v.txt"\nfix_words = true\n')
    config = read_settings(path, {"encoder.vectors": "none"})
    assert config.encoder.vectors is None and not config.encoder.fix_words
    assert f"Dropped from {path}, as the model does not read it: encoder.fix_words" in caplog.text
