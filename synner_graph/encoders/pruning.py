"""Drop the pieces of a transformer's vocabulary in scripts that a corpus does not use."""

import json
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from synner_graph.encoders.blueprint import AnyConfig, Blueprint, backend_of
from synner_graph.encoders.pieces import cut_words
from synner_graph.encoders.transformer import load_blueprint
from synner_graph.errors import InputError
from synner_graph.files import write_text

logger = logging.getLogger(__name__)

TOKENIZER = "tokenizer.json"
IDS_END_WITH = "_token_id"


def prune_vocabulary(blueprint: Blueprint, tokens: Collection[str]) -> tuple[Blueprint, list[int]]:
    """Keep pieces in the characters of the tokens, single characters and special pieces.

    A text whose pieces are kept is cut as before, and every text in those characters is one. Others
    are cut into smaller pieces; they become unknown only where they were. To keep no more than the
    pieces of the tokens themselves would cut names otherwise that the tokens lack.

    Args:
        blueprint: Configuration and fast tokenizer, which stay as they are.
        tokens: Tokens of a corpus.

    Returns:
        Configuration and tokenizer with the new ids, and the old id of each new one, ascending.

    Raises:
        InputError: The tokenizer is neither a Unigram nor a WordPiece model, or its ids cannot be
            changed.
    """
    config, tokenizer = blueprint
    whole: dict[str, Any] = json.loads(backend_of(tokenizer).to_str())
    spelled = _spelled(whole["model"])
    special = {piece["id"] for piece in whole["added_tokens"]} | set(_special_ids(config).values())
    used = {piece for pieces in cut_words(tokenizer, sorted(tokens)) for piece in pieces} - special
    characters = set().union(*(spelled[piece] for piece in used))
    kept = special | _needed(whole["model"])
    kept |= {i for i, piece in spelled.items() if len(piece) == 1 or characters.issuperset(piece)}
    rows = sorted(kept)
    new = {old: row for row, old in enumerate(rows)}
    pad = getattr(config, "pad_token_id", None)
    if pad is not None and new[pad] != pad:
        # Where positions are counted from the padding piece, as in RoBERTa, others would be read.
        raise InputError(
            "encoder.prune_vocabulary cannot serve this tokenizer: its padding piece would move "
            f"from {pad} to {new[pad]}."
        )
    _renumber(whole, new)
    with TemporaryDirectory() as folder:
        config.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        write_text(Path(folder, TOKENIZER), json.dumps(whole))
        pruned, cutter = load_blueprint(folder)  # as from a saved run
    pruned.update({name: new[old] for name, old in _special_ids(config).items()})
    pruned.vocab_size = len(rows)
    if cutter.get_vocab() != {p: new[i] for p, i in tokenizer.get_vocab().items() if i in new}:
        raise InputError(
            f"encoder.prune_vocabulary cannot serve the tokenizer {type(tokenizer).__name__}: it "
            "did not take the new ids."
        )
    logger.info(
        "Kept %d of %d pieces: embeddings of %.0f MB in place of %.0f MB",
        len(rows),
        config.vocab_size,
        *(4e-6 * count * config.hidden_size for count in (len(rows), config.vocab_size)),
    )
    return (pruned, cutter), rows


def _spelled(model: Mapping[str, Any]) -> dict[int, str]:
    """Return the characters of each piece, by its id."""
    if model["type"] == "Unigram":
        return {i: piece for i, (piece, _) in enumerate(model["vocab"])}
    if model["type"] == "WordPiece":
        prefix = model["continuing_subword_prefix"]
        return {i: piece.removeprefix(prefix) for piece, i in model["vocab"].items()}
    raise InputError(
        "encoder.prune_vocabulary needs a Unigram or WordPiece tokenizer, got one of the kind "
        f"{model['type']}."
    )


def _needed(model: Mapping[str, Any]) -> set[int]:
    """Return the ids of the pieces that a model always needs."""
    if model["type"] == "WordPiece":
        return {model["vocab"][model["unk_token"]]}
    scored: list[tuple[str, float]] = model["vocab"]
    # The score of an unknown character is the lowest of all minus ten: it has to stay what it is.
    needed = {model["unk_id"], min(range(len(scored)), key=lambda i: scored[i][1])}
    if model["byte_fallback"]:
        bytes_ = {f"<0x{byte:02X}>" for byte in range(256)}
        needed.update(i for i, (piece, _) in enumerate(scored) if piece in bytes_)
    return needed


def _special_ids(config: AnyConfig) -> dict[str, int]:
    """Return the settings of a configuration that are ids of pieces."""
    found = config.to_dict().items()
    return {name: i for name, i in found if name.endswith(IDS_END_WITH) and isinstance(i, int)}


def _renumber(whole: dict[str, Any], new: Mapping[int, int]) -> None:
    """Keep in a tokenizer.json the pieces that have a new id, and renumber them.

    Args:
        whole: What the file holds, which is changed.
        new: New id of each old one.
    """
    model = whole["model"]
    if model["type"] == "Unigram":
        model["vocab"] = [entry for i, entry in enumerate(model["vocab"]) if i in new]
        model["unk_id"] = new[model["unk_id"]]
    else:
        model["vocab"] = {p: new[i] for p, i in model["vocab"].items() if i in new}
    for piece in whole["added_tokens"]:
        piece["id"] = new[piece["id"]]
    if whole["padding"]:
        whole["padding"]["pad_id"] = new[whole["padding"]["pad_id"]]
    last = whole["post_processor"] or {}
    for processor in last.get("processors", [last]):
        for piece in processor.get("special_tokens", {}).values():
            piece["ids"] = [new[i] for i in piece["ids"]]
        for name in ("cls", "sep"):
            if name in processor:
                processor[name][1] = new[processor[name][1]]
