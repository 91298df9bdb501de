"""Files of precomputed features: three layouts, one behaviour."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from synner_graph.data.features import feature_name, open_features
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError

SENTENCES = [
    Sentence(["Ann", "sings"], id="bc/cctv/00"),
    Sentence(["either", "/", "or", "."]),
    Sentence(["one"], id="s.3"),
]
MATRICES = {
    "bc/cctv/00": np.arange(6, dtype=np.float64).reshape(2, 3),
    "either / or .": np.ones((4, 3), dtype=np.float16),
    "s.3": np.full((1, 3), -2, dtype=np.int64),
}


def write(path: Path, matrices: dict[str, np.ndarray]) -> Path:
    if path.suffix in (".h5", ".hdf5"):
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            for name, matrix in matrices.items():
                file.create_dataset(name, data=matrix)
    elif path.suffix == ".npz":
        np.savez_compressed(path, **matrices)
    else:
        save_file({name: torch.from_numpy(m).contiguous() for name, m in matrices.items()}, path)
    return path


@pytest.fixture(params=[".h5", ".hdf5", ".npz", ".safetensors"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"features{request.param}"


def test_every_sentence_has_its_matrix(path: Path) -> None:
    file = open_features(write(path, MATRICES))
    for sentence in reversed(SENTENCES):
        assert file.width(sentence) == 3
        found = file.features(sentence, 3)
        assert found.dtype == np.float32
        assert np.array_equal(found, MATRICES[feature_name(sentence)])


WRONG = {
    "missing": (Sentence(["x"], id="s4"), "has no features for the sentence 's4'"),
    "too short": (
        Sentence(["one", "two"], id="s.3"),
        "expected features of shape [2, width] for the 2 tokens of the sentence 's.3', got [1, 3]",
    ),
    "group": (Sentence(["x"], id="bc/cctv"), "has no features for the sentence 'bc/cctv'"),
    "flat": (Sentence(["x"], id="flat"), "tokens of the sentence 'flat', got [3]"),
    "wide": (Sentence(["x"], id="wide"), "expected features of width 3, got 4"),
    "nan": (Sentence(["x"], id="nan"), "expected finite features for the sentence 'nan'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_named(case: str, path: Path) -> None:
    more = {"flat": np.ones(3), "wide": np.ones((1, 4)), "nan": np.full((1, 3), np.nan)}
    file = open_features(write(path, MATRICES | more))
    sentence, message = WRONG[case]
    with pytest.raises(InputError, match=f"^{re.escape(str(path))}.*{re.escape(message)}"):
        file.features(sentence, 3)


def test_files_that_cannot_be_read_are_named(path: Path) -> None:
    for content in (None, b"", b"\0" * 40):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match=f"^Cannot read .* in {re.escape(str(path))}"):
            open_features(path)


def test_other_suffixes_are_refused() -> None:
    with pytest.raises(InputError, match=r"expected a file of features \(\.h5, .*got x\.pickle"):
        open_features(Path("x.pickle"))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    np.savez(path, s1=np.array([[Path()]], dtype=object))
    with pytest.raises(InputError, match="the features of the sentence 's1' cannot be read"):
        open_features(path).features(Sentence(["x"], id="s1"), 1)


def test_a_width_that_would_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, a=np.zeros((1, 100_000), dtype=np.float32))
    with pytest.raises(InputError, match="expected features of width up to 65,536, got 100,000"):
        open_features(path).width(Sentence(["a"]))
