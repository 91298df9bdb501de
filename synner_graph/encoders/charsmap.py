"""Character maps as SentencePiece compiles them, which the `Precompiled` normaliser reads.

A map is a double array (Aoe 1989, in the layout of Darts-clone) over the UTF-8 bytes of what is
replaced, and behind it the replacements, each closed by a zero byte. The four bytes in front are
the length of the array in bytes. A node has a base b; its child by byte c is the unit at b ^ c,
and the value of a key that ends at the node stands at b itself.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

ENDS = 1 << 8  # a key ends at this node
VALUE = 1 << 31


def compile_charsmap(replacements: Mapping[str, str]) -> bytes:
    """Compile a map from strings to their replacements for `normalizers.Precompiled`.

    The normaliser looks at grapheme clusters of up to five bytes as a whole and then takes the
    first key that such a cluster begins with: where a character is replaced, a combining mark
    behind it is lost. Those of all other characters stay.
    """
    texts = bytearray()
    keys: dict[bytes, int] = {}
    for key, replacement in replacements.items():
        keys[key.encode()] = len(texts)
        texts += replacement.encode() + b"\0"
    array = _double_array(keys).astype("<u4").tobytes()
    return len(array).to_bytes(4, "little") + array + bytes(texts)


def _double_array(keys: Mapping[bytes, int]) -> NDArray[np.uint32]:
    """Build the units of a double array over keys."""
    children: dict[bytes, list[int]] = {b"": []}  # of each prefix: bytes, and 0 where a key ends
    for key in sorted(keys):
        for length, byte in enumerate(key):
            prefix = key[:length]
            if byte not in children.setdefault(prefix, []):
                children[prefix].append(byte)
        children.setdefault(key, []).append(0)
    room = 256 * (len(children) + 1)
    units = np.zeros(room, np.uint32)
    free = np.ones(room, bool)  # units
    unused = np.ones(room, bool)  # bases: two nodes with one base would find each other's children
    free[0] = unused[0] = False
    places = {b"": 0}
    first = 0
    for prefix in sorted(children, key=len):
        labels = np.array(children[prefix])
        while not free[first : first + 256].any():
            first += 256
        # A base and its children share their upper bits: a block of 256 that is full has no room.
        for start in range(first, room, 256):
            bases = np.arange(start, start + 256)
            fits = unused[bases] & free[bases[:, None] ^ labels].all(1)
            if fits.any():
                base = start + int(fits.argmax())
                break
        unused[base] = False
        place = places[prefix]
        units[place] |= (place ^ base) << 10
        for label in children[prefix]:
            child = base ^ label
            free[child] = False
            if label:
                places[prefix + bytes([label])] = child
                units[child] = label
            else:
                units[place] |= ENDS
                units[child] = VALUE | keys[prefix]
    return units[: (int(np.flatnonzero(~free).max()) // 256 + 1) * 256]
