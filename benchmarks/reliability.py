"""What faults, kills, damage and long trainings cost: docs/reliability.md, by one command.

    python benchmarks/reliability.py

It runs tests/faults and tests/test_torchrun.py, which count their faults, feeds random input to all
that reads any, as `make fuzz` does, and trains the default model for four epochs to watch its
memory and its checkpoints. That takes hours: `--slice` takes the few faults of `make test-slow`,
`--only` the faults of some tests, `--runs` and `--seconds` less random input, and `--part` does one
part; what is not done again stays as it was. Counts are valid on any machine, shares of time on an
idle one alone.
"""

import ctypes
import gc
import json
import logging
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
KEPT = ROOT / "benchmarks" / "reliability.json"
FUZZED = ROOT / "fuzz" / "results.json"
PROCESSES = "several processes"
EPOCHS = 4
NOTHING_CHOSEN = 5
"""The exit code of pytest where `-k` leaves no test of a file."""

HEAD = """# Reliability

What is lost when disks fail, processes are killed and files are damaged, by

    python benchmarks/reliability.py

which takes hours and writes this page; `--part faults`, `fuzz` or `training` does one part again.
Every fault below is injected by a test of `tests/faults` (`make test-faults`), which fails where
something is lost, doubled or unlike it is without the fault. A fault is *survived* where one
sentence says what happened (a killed process says nothing), what was there before is whole, and the
same command, with `--resume` where it has that, ends with the bytes of an undisturbed one.
"""


class Part(StrEnum):
    """What is measured."""

    faults = "faults"
    fuzz = "fuzz"
    training = "training"


def count_faults(few: bool, only: str | None) -> dict[str, Any]:
    """Run the tests that inject faults, and gather what they count.

    Args:
        few: Those of `make test-slow`.
        only: What the names of the tests must have, as `pytest -k` reads it; None for all tests.
    """
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder, "faults.jsonl")
        command = [sys.executable, "-m", "pytest", "-q"]
        places = {"SYNNER_FAULTS": str(counted), "OMP_NUM_THREADS": "1"}
        parts = [["tests/faults", "-m", "slow" if few else "faults"]]
        parts += [["tests/test_torchrun.py", "-m", "slow"]]
        chosen = [] if only is None else ["-k", only]
        codes = [
            subprocess.run(
                [*command, *part, *chosen], cwd=ROOT, env={**os.environ, **places}
            ).returncode
            for part in parts
        ]
        lines = counted.read_text("utf-8").splitlines() if counted.exists() else []
    rows = [json.loads(line) | {"slice": few} for line in lines]
    return {"passed": set(codes) <= {0, NOTHING_CHOSEN}, "operations": rows}


def with_those_before(now: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """Add the operations of the last time that were not counted again."""
    if before is None:
        return now
    counted = {(row["operation"], row["fault"]) for row in now["operations"]}
    kept = [row for row in before["operations"] if (row["operation"], row["fault"]) not in counted]
    passed = now["passed"] and before["passed"]
    since = {"since": before.get("since", before["when"])} if kept else {}
    return now | since | {"passed": passed, "operations": [*kept, *now["operations"]]}


def feed_random_input(runs: int | None, seconds: float | None) -> None:
    """Run every target of fuzz/, which keeps what it counts in `FUZZED`."""
    command = [sys.executable, "-m", "fuzz.run"]
    command += [] if runs is None else ["--runs", str(runs)]
    command += [] if seconds is None else ["--seconds", str(seconds)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})


def fuzzed() -> dict[str, Any]:
    """Sum up what fuzzing has counted."""
    values = json.loads(FUZZED.read_text("utf-8"))
    records = values["targets"].values()
    counts = [record["inputs"] for record in records if not record["timed"]]
    seconds = [record["seconds"] for record in records if record["timed"]]
    return {
        "inputs": values["inputs"],
        "uncaught": values["uncaught"],
        "missing": values["missing"],
        "readers": {"targets": len(counts), "inputs": min(counts, default=0)},
        "others": {"targets": len(seconds), "seconds": min(seconds, default=0.0)},
        "since": min(record["when"] for record in records),
        "when": max(record["when"] for record in records),
        "machine": _called(values["machine"]),
    }


def measured() -> dict[str, Any]:
    """Say when, on what and beside what a part is measured."""
    from synner_graph.training.provenance import machine

    when = datetime.now(UTC).date().isoformat()
    return {"when": when, "machine": _called(machine()), "load": round(os.getloadavg()[0], 1)}


def _called(machine: dict[str, Any]) -> str:
    return f"{platform.system()}, {machine['model'] or machine['processor']}, " + (
        f"{machine['cores']} cores"
    )


def watch_training(encoder: str, subset: int | None) -> dict[str, Any]:
    """Train in a process of its own, and watch its memory and its checkpoints."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_train, (encoder, subset))


def _train(encoder: str, subset: int | None) -> dict[str, Any]:
    from synner_graph.config.environment import set_up

    set_up(os.environ)  # as the command line does, before torch is imported

    import psutil

    from synner_graph.config import nested
    from synner_graph.data.corpora.catalogue import corpus_of
    from synner_graph.recogniser.settings import Place, combine
    from synner_graph.training.checkpoint import Checkpoints
    from synner_graph.training.learner import Learner
    from synner_graph.training.run import train

    memory: list[int] = []
    saves: list[tuple[float, float]] = []
    process = psutil.Process()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if str(record.msg).startswith("epoch %d: loss"):
                gc.collect()
                give_back()
                memory.append(process.memory_info().rss)

    # What the allocator keeps for later is free, and how much it is depends on chance.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    give_back = (lambda: None) if trim is None else (lambda: trim(0))
    save = Checkpoints.save

    def timed(self: Checkpoints, *arguments: Any) -> None:
        began = time.perf_counter()
        save(self, *arguments)
        saves.append((began, time.perf_counter()))

    Checkpoints.save = timed  # type: ignore[method-assign]
    fit = Learner.__init__

    def begun(self: Learner, *arguments: Any) -> None:
        fit(self, *arguments)
        saves.append((time.perf_counter(),) * 2)

    Learner.__init__ = begun  # type: ignore[method-assign]
    logging.getLogger("synner_graph").addHandler(Watch())
    given = {"training.epochs": EPOCHS, "encoder.name": encoder, "data.train_subset": subset}
    settings = {name: value for name, value in given.items() if value is not None}
    [config, *_] = combine((Place("reliability", nested(settings), shared=True),))
    with tempfile.TemporaryDirectory() as folder:
        corpus = corpus_of(config.data)
        train(config, corpus, Path(folder, "run"), device="cpu", progress=False)
    between = [start - end for (_, end), (start, _) in pairwise(saves)]
    return {
        "encoder": encoder,
        "sentences": len(corpus.splits["train"]),
        "memory": memory,
        "checkpoints": [end - start for start, end in saves[1:]],
        "between": between,
    }


def page(results: dict[str, Any]) -> str:
    """Write down what was measured."""
    lines = [HEAD, "## Must hold", "", "| | must be | is |", "|---|---|---|"]
    lines += [f"| {what} | {must} | {found} |" for what, must, found in _rows(results)]
    if "faults" in results:
        faults = results["faults"]
        lines += ["", "## Faults", ""]
        lines += ["`all` is `make test-faults`: every step of a disk, up to 20 kills;"]
        lines += ["`slice` is what `make test-slow` has of it. Lost and doubled are texts,"]
        lines += ["sentences, answers of a server, or cells of a study.", ""]
        lines += ["| operation | fault | | injected | survived | lost | doubled |"]
        lines += ["|---|---|---|---|---|---|---|"]
        for row in _merged(faults["operations"]):
            lost, doubled = (_or_dash(row[name]) for name in ("lost", "doubled"))
            counts = f"{row['injected']:,} | {row['survived']:,} | {lost} | {doubled}"
            which = "slice" if row["slice"] else "all"
            lines.append(f"| {row['operation']} | {row['fault']} | {which} | {counts} |")
        lines += ["", _measured(faults)]
    if "fuzzed" in results:
        lines += ["", "## Random input", "", *_random_input(results["fuzzed"])]
    if "training" in results:
        watched = results["training"]
        megabytes = ", ".join(f"{size / 1e6:,.0f}" for size in watched["memory"])
        seconds = ", ".join(f"{second:.1f}" for second in watched["between"])
        lines += ["", "## A training", ""]
        lines += [f"{EPOCHS} epochs of {watched['sentences']:,} sentences of the bundled sample "]
        lines[-1] += f"with `--encoder {watched['encoder']}` and defaults."
        lines += [
            f"Memory after each epoch, without what is free to be used again: {megabytes} MB."
        ]
        lines += ["Seconds before each checkpoint: "]
        lines[-1] += f"{seconds}; of a checkpoint: "
        lines[-1] += ", ".join(f"{second:.2f}" for second in watched["checkpoints"]) + "."
        lines += ["", _measured(watched)]
    return "\n".join([*lines, ""])


def _random_input(counted: dict[str, Any]) -> Iterator[str]:
    """Say how much random input each target has read."""
    readers, others = counted["readers"], counted["others"]
    yield "atheris makes input for every reader of files, for run folders, combinations and"
    yield "`predict`; Hypothesis breaks off trainings, studies and saves at any step (fuzz/)."
    yield (
        f"{readers['targets']} readers of bytes got at least {readers['inputs']:,} inputs each, "
        f"{others['targets']} other targets at least {others['seconds']:,.0f} seconds each."
    )
    yield "`make fuzz` gives 200,000 inputs for each reader and ten minutes for each other target."
    if counted["missing"]:
        yield f"Not run: {', '.join(counted['missing'])}."
    yield from ("", _measured(counted))


def _measured(part: dict[str, Any]) -> str:
    beside = f", after a minute with a load of {part['load']:.1f}" if "load" in part else ""
    since = part.get("since", part["when"])
    when = part["when"] if since == part["when"] else f"{since} to {part['when']}"
    return f"Measured {when} on {part['machine']}{beside}."


def _rows(results: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what must hold: of what, what must be, what is."""
    if "faults" in results:
        rows = results["faults"]["operations"]
        total = {
            name: sum(row[name] or 0 for row in rows)
            for name in ("injected", "survived", "lost", "doubled")
        }
        survived = f"{total['survived']:,} of {total['injected']:,}"
        yield "faults survived", "all that were injected", survived
        yield "lost", "0", f"{total['lost']:,}"
        yield "doubled", "0", f"{total['doubled']:,}"
        resumed = [row["difference"] for row in rows if row["fault"] != PROCESSES]
        yield "resumed minus uninterrupted weights", "0", _greatest(resumed)
        several = [row["difference"] for row in rows if row["fault"] == PROCESSES]
        yield "weights of several processes minus those of one", "≤ 1e-5", _greatest(several)
    found = "not run"
    if "fuzzed" in results:
        counted = results["fuzzed"]
        found = f"{counted['uncaught']:,} of {counted['inputs']:,} inputs"
    yield "random inputs with an error that is not caught", "0", found
    memory = share = "not run"
    if "training" in results:
        watched = results["training"]
        memory = f"{watched['memory'][-1] / watched['memory'][0] - 1:+.1%}"
        share = f"{sum(watched['checkpoints']) / sum(watched['between']):.1%}"
    yield f"memory, end of epoch {EPOCHS} to 1", "within 2 %", memory
    yield "time of a checkpoint to that between two", "≤ 3 %", share


def _greatest(differences: list[float | None]) -> str:
    known = [difference for difference in differences if difference is not None]
    return f"{max(known):.1g}" if known else "not run"


def _or_dash(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _merged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add up the rows of one operation and one fault."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if row["fault"] == PROCESSES:
            continue
        same = found.setdefault((row["operation"], row["fault"]), dict.fromkeys(row))
        for name, value in row.items():
            if isinstance(value, int) and name != "slice":
                same[name] = (same[name] or 0) + value
            elif value is not None:
                same[name] = value
    return [found[key] for key in sorted(found)]


def main(
    few: Annotated[bool, typer.Option("--slice", help="The faults of make test-slow.")] = False,
    only: Annotated[
        str | None, typer.Option(help="Faults of the tests of such names, as pytest -k has them.")
    ] = None,
    part: Annotated[Part | None, typer.Option(help="Do this alone.")] = None,
    encoder: Annotated[str, typer.Option(help="Of the model that is trained.")] = "minilm",
    train_subset: Annotated[
        int | None, typer.Option(min=1, help="Sentences that it is trained on; default: all.")
    ] = None,
    runs: Annotated[
        int | None, typer.Option(min=1, help="Inputs for each reader; default: as make fuzz.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="For each other target; default: as make fuzz.")
    ] = None,
    output: Annotated[Path, typer.Option(help="The page.")] = PAGE,
    kept: Annotated[Path, typer.Option(help="What was measured, for the next time.")] = KEPT,
) -> None:
    """Measure, and write the page."""
    results: dict[str, Any] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    if part in (None, Part.faults):
        before = results.get("faults") if only else None
        results["faults"] = measured() | with_those_before(count_faults(few, only), before)
    if part in (None, Part.training):
        results["training"] = measured() | watch_training(encoder, train_subset)
    if part in (None, Part.fuzz):
        feed_random_input(runs, seconds)
    if FUZZED.exists():
        results["fuzzed"] = fuzzed()
    kept.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    output.write_text(page(results), encoding="utf-8")
    print(f"wrote {output}")
    if not results.get("faults", {}).get("passed", True):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
