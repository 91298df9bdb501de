"""`compare` of two systems, whose predictions lie in files, on a split as large as UNER-EWT's."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from synner_graph.benchmarking.scores import with_errors
from synner_graph.benchmarking.timing import interleaved
from synner_graph.data.documents import document_sizes
from synner_graph.data.formats import read_sentences, write_sentences
from synner_graph.data.nesting import flatten
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.comparison import Group, SystemComparison, by_kind, compare_systems
from synner_graph.evaluation.comparison_page import comparison_page
from synner_graph.evaluation.significance import RESAMPLES, f1
from synner_graph.evaluation.systems import read_systems

BASELINE = "the difference in F1 alone, one resample after the other"
TOLERANCE = 0.05
"""The share by which two standard errors may differ that come from different draws."""


def make_sentences(
    corpus: Sequence[Sentence], number: int, documents: int, seed: int = 0
) -> list[Sentence]:
    """Draw sentences, with replacement, and lay them into documents of equal length.

    Args:
        corpus: What is drawn from.
        number: How many sentences.
        documents: How many documents.
        seed: Of the draws.

    Raises:
        InputError: There are more documents than sentences.
    """
    if documents > number:
        raise InputError(
            f"expected at most {number} documents of {number} sentences, got {documents}"
        )
    drawn = Random(seed).choices(
        [flatten(sentence, "outermost")[0] for sentence in corpus], k=number
    )
    return [
        Sentence(
            *(sentence.tokens, sentence.heads, sentence.relations, sentence.entities),
            document=str(place * documents // number),
        )
        for place, sentence in enumerate(drawn)
    ]


def measure_compare(sentences: Sequence[Sentence], rounds: int) -> dict[str, Any]:
    """Time `compare` by part and as a whole, beside a plain loop over resamples.

    Args:
        sentences: With flat gold entities, and with documents.
        rounds: How often each is timed.

    Returns:
        The object that `bench compare --json` prints.

    Raises:
        InputError: The loop finds another standard error, or the command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        gold, *systems = (Path(folder, name) for name in ("gold.conllu", "a.jsonl", "b.jsonl"))
        page = Path(folder, "page.html")
        write_sentences(gold, sentences)
        for seed, system in enumerate(systems):
            found = with_errors(sentences, Random(seed))
            named = zip(sentences, found, strict=True)
            write_sentences(system, (s.replace(entities=entities) for s, entities in named))
        groups = _groups(systems, sentences)
        sizes = document_sizes(sentences)
        counts = [by_kind(sentences, group.trainings[0], None, sizes)["", ""] for group in groups]

        def compared() -> SystemComparison:
            return compare_systems(sentences, groups)

        def command(*options: str) -> None:
            _run("compare", *map(str, systems), "--gold", str(gold), *options)

        parts = {
            "the files": lambda: _groups(systems, list(read_sentences(gold))),
            "F1, differences, kinds of entities": compared,
            "the page of drawings": lambda: comparison_page("bench", sentences, groups),
            "synner compare": command,
            "synner compare --page": lambda: command("--page", str(page)),
            BASELINE: lambda: _plain_error(*counts),
        }
        seconds = interleaved(parts, rounds, warm_up=False)
    ours, theirs = compared().versus[0].difference, _plain_error(*counts)
    if abs(ours.error - theirs) > TOLERANCE * theirs:
        raise InputError(
            f"expected the standard error of a plain loop, {theirs:.3f}, got {ours.error:.3f}"
        )
    return {
        "sentences": len(sentences),
        "tokens": sum(map(len, sentences)),
        "documents": len(sizes),
        "entities": sum(len(sentence.entities) for sentence in sentences),
        "resamples": RESAMPLES,
        "difference": ours.value,
        "error": ours.error,
        "baseline": BASELINE,
        "measurements": [
            {"name": name, "seconds": time, "ratio": time / seconds[BASELINE]}
            for name, time in seconds.items()
        ],
    }


def _groups(paths: Sequence[Path], sentences: Sequence[Sentence]) -> list[Group]:
    return [Group(system.name, [system.entities]) for system in read_systems(paths, sentences)]


def _run(*arguments: str) -> None:
    """Run the program in a process of its own, as it is typed."""
    start = "from synner_graph.cli import app; app()"
    done = subprocess.run([sys.executable, "-c", start, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"synner {arguments[0]} failed: {done.stderr.strip()}")


def _plain_error(one: np.ndarray, other: np.ndarray) -> float:
    """The standard error of the difference, by a loop. *Shape of each:* [documents, 3]"""
    draw, documents = np.random.default_rng(0), len(one)
    gaps = []
    for _ in range(RESAMPLES):
        rows = draw.integers(documents, size=documents)
        gaps.append(f1(one[rows].sum(0)) - f1(other[rows].sum(0)))
    return float(np.std(gaps) * (documents / (documents - 1)) ** 0.5)
