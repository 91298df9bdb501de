"""Precomputed features as token features."""

from pathlib import Path

import numpy as np
import pytest

from synner_graph.data.features import open_features
from synner_graph.data.sentence import Sentence
from synner_graph.encoders.features import FeatureEncoder
from synner_graph.errors import InputError

SENTENCES = [Sentence(["a", "b"], id="s1"), Sentence(["c"], id="s2")]


@pytest.fixture
def encoder(tmp_path: Path) -> FeatureEncoder:
    np.savez(tmp_path / "f.npz", s2=np.full((1, 3), 7.0), s1=np.arange(6.0).reshape(2, 3))
    encoder = FeatureEncoder(3)
    encoder.file = open_features(tmp_path / "f.npz")
    return encoder


def test_rows_stand_in_the_order_of_the_sentences(encoder: FeatureEncoder) -> None:
    found = encoder(encoder.collate(SENTENCES))
    assert found.tolist() == [[0, 1, 2], [3, 4, 5], [7, 7, 7]]
    assert encoder.output_size == 3
    assert list(encoder.parameters()) == []


def test_without_a_file_one_is_asked_for() -> None:
    with pytest.raises(InputError, match=r"features of width 3: .* --encoder\.features"):
        FeatureEncoder(3).collate(SENTENCES)
