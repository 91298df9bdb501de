import struct
from pathlib import Path

import numpy as np
import pytest

from synner_graph.encoders.e5_file import BLOCK, read_e5, unpack_q4
from synner_graph.errors import InputError


def small_file(
    *, magic: bytes = b"E5S1", version: int = 1, block: int = 32, kind: int = 1, weights: int = 32
) -> bytes:
    """A file of one matrix, with three pieces and two characters that change."""
    pieces = ["<s>", "▁", "né"]
    spelled = [piece.encode() for piece in pieces]
    ends = np.cumsum([0, *map(len, spelled)])
    head = magic + struct.pack("<I7ifi", version, 32, 1, 2, 64, 3, 8, 1, 1e-12, block)
    head += struct.pack("<5iQ", 3, 0, 1, 2, 1, ends[-1])
    head += ends.astype("<u4").tobytes() + np.array([0, -1.5, -2], "<f4").tobytes()
    head += b"".join(spelled)
    changes = struct.pack("<IBI", 0xFF21, 1, ord("A")) + struct.pack("<IB", 1, 0)
    head += struct.pack("<iI", 2, len(changes)) + changes
    name = b"emb.word"
    place = len(head) + 4 + 2 + len(name) + 21
    head += struct.pack("<iH", 1, len(name)) + name
    head += struct.pack("<BIQQ", kind, weights, place, 18)
    return head + np.float16(0.5).tobytes() + bytes(range(0, 256, 16))


def test_all_parts_are_read(tmp_path: Path) -> None:
    (tmp_path / "e5").write_bytes(small_file())
    file = read_e5(tmp_path / "e5")
    assert (file.hidden, file.layers, file.heads, file.intermediate) == (32, 1, 2, 64)
    assert (file.vocabulary, file.positions, file.types) == (3, 8, 1)
    assert (file.start, file.end, file.pad, file.unknown) == (0, 1, 2, 1)
    assert file.pieces == ["<s>", "▁", "né"]
    assert file.scores.tolist() == [0, -1.5, -2]
    assert file.normalized == {"\uff21": "A", "\x01": ""}
    expected = [-4.0] * 16 + [0.5 * (q - 8) for q in range(16)]
    assert file.tensors["emb.word"].tolist() == expected


def test_nibbles_are_unpacked_as_one_by_one() -> None:
    generator = np.random.default_rng(0)
    blocks = np.empty(5, BLOCK)
    blocks["scale"] = generator.normal(size=5)
    blocks["numbers"] = generator.integers(0, 256, (5, 16))
    expected = []
    for block in blocks:
        for shift in (0, 4):
            expected += [
                float(block["scale"]) * ((int(byte) >> shift & 15) - 8) for byte in block["numbers"]
            ]
    assert unpack_q4(blocks).tolist() == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"GGUF", r"to begin with b'E5S1', got b'GGUF'"),
        (small_file(version=2), "layout 1 expected, it is in layout 2"),
        (small_file(block=64), "blocks of 32 weights expected, they have 64"),
        (small_file(kind=7), "float32 or Q4_0 expected, a tensor is of kind 7"),
        (small_file(weights=64), "64 weights expected, a tensor has 32"),
        (small_file()[:90], "is damaged"),
        (small_file()[:-1], "is damaged"),
    ],
)
def test_another_file_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "e5").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_e5(tmp_path / "e5")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Cannot read the encoder in .*: No such file"):
        read_e5(tmp_path / "e5")
