"""Targets for the formats of sentences: read, written, and read again."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fuzz.targets import Target, Unequal
from synner_graph.data.formats import FORMATS, LINE_FORMATS, read_sentences, write_sentences
from synner_graph.data.schemes import SCHEMES
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError

EXAMPLES = (
    Sentence(["Ann", "saw", "Oslo"], entities=[Entity(0, 1, "PER"), Entity(2, 3, "LOC")]),
    Sentence(
        ["New", "York", "Times", "北京"],
        heads=[2, 0, -1, 2],
        relations=["flat", "flat", "root", "dep"],
        upos=["PROPN"] * 4,
        xpos=["NN"] * 4,
        entities=[Entity(0, 3, "ORG")],
        id="s1",
        document="d1",
    ),
)
CHARACTERS = Sentence(list("北京A"), entities=[Entity(0, 2, "LOC")])
REPAIR, ROOTS = 1, 2
"""Bits of an input's first byte; the rest of it chooses a scheme."""


def _read(name: str, data: bytes, folder: Path) -> None:
    choice = data[0] if data else 0
    path = folder / "input"
    path.write_bytes(data[1:])
    scheme = None
    if name in LINE_FORMATS and LINE_FORMATS[name].scheme:
        scheme = [None, *SCHEMES][(choice >> 2) % (len(SCHEMES) + 1)]
    options = {"repair": bool(choice & REPAIR), "multiple_roots": bool(choice & ROOTS)}
    found = list(read_sentences(path, name, scheme=scheme, **options))
    again = folder / "again"
    try:
        write_sentences(again, found, name, scheme=scheme)
    except InputError:
        return  # a format need not hold what another option of it reads
    if name not in LINE_FORMATS:
        return  # a document's text is cut into sentences anew
    back = list(read_sentences(again, name, scheme=scheme, multiple_roots=True))
    if [_content(sentence) for sentence in back] != [_content(sentence) for sentence in found]:
        raise Unequal(f"{name}: written and read again, the sentences differ")


def _content(sentence: Sentence) -> tuple[object, ...]:
    return (sentence.tokens, sentence.heads, sentence.relations, sentence.entities)


def _seeds(name: str) -> list[bytes]:
    """Write the examples in a format, with each option."""
    import tempfile

    examples = (CHARACTERS,) if name == "cluener" else EXAMPLES
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "seed")
        write_sentences(path, examples, name)
        content = path.read_bytes()
    return [bytes([choice]) + content for choice in (0, REPAIR, ROOTS, 4, 8)]


def _json_seeds() -> list[bytes]:
    row = {
        "tokens": ["Ann", "saw"],
        "heads": [1, -1],
        "entities": [{"start": 0, "end": 1, "type": "PER", "score": 0.5}],
        "candidates": [[0, 1, "PER", 0.5], [1, 2, "LOC", 1e-3]],
        "id": "1",
    }
    return [b"\0" + json.dumps(row).encode() + b"\n"]


def targets() -> dict[str, Target]:
    """Return a target for each format."""
    found = {}
    for name in FORMATS:
        seeds: Callable[[], list[bytes]] = partial(_seeds, name)
        found[f"format-{name}"] = Target(partial(_read, name), seeds)
    found["format-jsonl"] = Target(partial(_read, "jsonl"), lambda: _seeds("jsonl") + _json_seeds())
    return found
