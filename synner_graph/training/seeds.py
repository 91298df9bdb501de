"""The same training with several seeds: a folder each, and what the scores are on average."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from synner_graph.config import RunConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.errors import InputError
from synner_graph.files import make_folder, write_text
from synner_graph.training.run import train

SUMMARY = "seeds.json"


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds with commas between them.

    Raises:
        InputError: They are not two or more different numbers from 0 to 4294967295.
    """
    parts = [part.strip() for part in text.split(",")]
    fit = all(p.isascii() and p.isdigit() and len(p) <= 10 and int(p) < 2**32 for p in parts)
    if not fit or len({int(part) for part in parts}) != len(parts) or len(parts) < 2:
        raise InputError(
            f"expected two or more different seeds with commas between them, such as 1,2,3, "
            f"got {text!r}"
        )
    return tuple(map(int, parts))


def train_seeds(
    config: RunConfig, seeds: Sequence[int], corpus: Corpus, folder: Path, **how: Any
) -> dict[str, Any]:
    """Train once with each seed, in `folder/seed-1`, `folder/seed-2` and so on.

    Args:
        config: Every setting; the seed is replaced.
        seeds: Different ones.
        corpus: See `train`.
        folder: Gets a run folder for each seed and `seeds.json`.
        how: The other arguments of `train`; those with which each training is called.

    Returns:
        What seeds.json holds: `seeds`, and for each split the `f1` of each seed, their `mean` and
        their standard deviation `sd` (of a sample); nothing outside the main process.

    Raises:
        InputError: See `train`.
        WriteError: A folder cannot be written to.
    """
    found: list[dict[str, Any]] = []
    for seed in seeds:
        training = config.training.model_copy(update={"seed": seed})
        one = config.model_copy(update={"training": training})
        metrics, _ = train(one, corpus, folder / f"seed-{seed}", **how)
        found.append(metrics)
    if not all(found):
        return {}
    summary: dict[str, Any] = {"seeds": list(seeds)}
    for split in ("dev", "test"):
        scores = [metrics[split]["overall"]["f1"] for metrics in found if split in metrics]
        if scores:
            summary[split] = {"f1": scores, "mean": mean(scores), "sd": stdev(scores)}
    make_folder(folder)
    write_text(folder / SUMMARY, json.dumps(summary, indent=2) + "\n")
    return summary


def summary_lines(summary: dict[str, Any]) -> Iterator[str]:
    """Say in a line for each split what the scores are: `dev: F1 75.00 ± 1.20 (seed 1: ...)`."""
    for split in ("dev", "test"):
        if split in summary:
            one = summary[split]
            pairs = zip(summary["seeds"], one["f1"], strict=True)
            each = ", ".join(f"seed {seed}: {f1:.2f}" for seed, f1 in pairs)
            yield f"{split}: F1 {one['mean']:.2f} ± {one['sd']:.2f} ({each})"
