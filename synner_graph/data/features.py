"""Files of precomputed token features: a matrix for each sentence, under the sentence's name.

The name is the sentence's id; a sentence without one goes by its tokens, joined by spaces. A matrix
has a row for each token. Files are read as sentences come, never whole.
"""

import zipfile
import zlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError

WIDEST = 1 << 16
"""The greatest width of features; a compressed archive could hold any in a few bytes."""


def feature_name(sentence: Sentence) -> str:
    """Return the name of the features of a sentence: its id, else its tokens."""
    return sentence.id or " ".join(sentence.tokens)


class FeatureFile(ABC):
    """The features in a file.

    Args:
        path: The file; it stays open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def shape(self, name: str) -> tuple[int, ...] | None:
        """Return the shape of the matrix of that name; None if there is no such matrix."""

    @abstractmethod
    def read(self, name: str) -> Any:
        """Read the matrix of that name."""

    def width(self, sentence: Sentence) -> int:
        """Return the width of a sentence's features.

        Raises:
            InputError: There are none, or they do not fit its tokens.
        """
        name = feature_name(sentence)
        shape = self.shape(name)
        if shape is None:
            raise InputError(f"{self.path} has no features for the sentence {name!r}.")
        if len(shape) != 2 or shape[0] != len(sentence):
            raise InputError(
                f"{self.path}: expected features of shape [{len(sentence)}, width] for the "
                f"{len(sentence)} tokens of the sentence {name!r}, got {list(shape)}."
            )
        if shape[1] > WIDEST:
            raise InputError(
                f"{self.path}: expected features of width up to {WIDEST:,}, got {shape[1]:,} for "
                f"the sentence {name!r}."
            )
        return shape[1]

    def check(self, sentence: Sentence, width: int) -> None:
        """Check that a sentence has features of that width.

        Raises:
            InputError: There are none, or they do not fit.
        """
        if (found := self.width(sentence)) != width:
            raise InputError(
                f"{self.path}: expected features of width {width}, got {found} for the sentence "
                f"{feature_name(sentence)!r}."
            )

    def features(self, sentence: Sentence, width: int) -> NDArray[np.float32]:
        """Read the features of a sentence. *Shape:* [tokens, width]

        Raises:
            InputError: There are none, or they do not fit.
        """
        self.check(sentence, width)
        name = feature_name(sentence)
        try:
            matrix = np.asarray(self.read(name), dtype=np.float32)
        except (OSError, ValueError, TypeError, SafetensorError) as error:
            raise InputError(
                f"{self.path}: the features of the sentence {name!r} cannot be read: {error}"
            ) from error
        if not np.isfinite(matrix).all():
            raise InputError(
                f"{self.path}: expected finite features for the sentence {name!r}, got others."
            )
        return matrix


class HDF5Features(FeatureFile):
    """HDF5 with a dataset for each sentence."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            import h5py
        except ImportError as error:
            raise InputError(
                f"{path} needs h5py, which is not installed: pip install 'synner-graph[features]'."
            ) from error
        self.file = h5py.File(path, "r")
        self.kind = h5py.Dataset

    def shape(self, name: str) -> tuple[int, ...] | None:
        """See FeatureFile."""
        found = self.file.get(name)
        return tuple(found.shape) if isinstance(found, self.kind) else None

    def read(self, name: str) -> Any:
        """See FeatureFile."""
        return self.file[name][()]


class NumpyFeatures(FeatureFile):
    """NumPy archives with an array for each sentence."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with zipfile.ZipFile(path):  # NumPy leaves what is no archive open, or takes it for others
            pass
        self.file = np.load(path, allow_pickle=False)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """See FeatureFile."""
        try:
            with self.file.zip.open(f"{name}.npy") as entry:
                header = _HEADERS[np.lib.format.read_magic(entry)]
                shape: tuple[int, ...] = header(entry)[0]
                return shape
        except (KeyError, ValueError):
            return None
        except _DAMAGED as error:
            raise self._damaged(error) from error

    def read(self, name: str) -> Any:
        """See FeatureFile."""
        try:
            return self.file[name]
        except _DAMAGED as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> InputError:
        return InputError(f"Cannot read the features in {self.path}: {error}")


_DAMAGED = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What `zipfile` raises for an archive that it could open; RuntimeError says it is encrypted."""


_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class SafetensorsFeatures(FeatureFile):
    """Safetensors files with a tensor for each sentence."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        # PyTorch's tensors, because NumPy has no bfloat16.
        file: Any = safe_open(path, framework="pt")
        self.file = file
        self.names = frozenset(file.keys())

    def shape(self, name: str) -> tuple[int, ...] | None:
        """See FeatureFile."""
        return tuple(self.file.get_slice(name).get_shape()) if name in self.names else None

    def read(self, name: str) -> Any:
        """See FeatureFile."""
        return self.file.get_tensor(name).float().numpy()


FEATURE_FILES: dict[str, type[FeatureFile]] = {
    ".h5": HDF5Features,
    ".hdf5": HDF5Features,
    ".npz": NumpyFeatures,
    ".safetensors": SafetensorsFeatures,
}


def open_features(path: Path) -> FeatureFile:
    """Open a file of features, in the layout that its suffix names.

    Raises:
        InputError: There is no such layout, or the file is not of it.
    """
    if path.suffix not in FEATURE_FILES:
        known = ", ".join(FEATURE_FILES)
        raise InputError(f"expected a file of features ({known}), got {path}.")
    try:
        return FEATURE_FILES[path.suffix](path)
    except InputError:
        raise
    except (*_DAMAGED, ValueError, SafetensorError) as error:
        raise InputError(f"Cannot read the features in {path}: {error}") from error
