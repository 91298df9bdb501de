"""Fuzz everything, one target after the other, and write down what came out (`make fuzz`).

    python -m fuzz.run                                      # all: hours
    python -m fuzz.run --runs 2000 --seconds 20             # all, a little
    python -m fuzz.run dictionary machine-resume --runs 500000

`fuzz/results.json` keeps a record for each target; what was found lies in `fuzz/found/TARGET/`.
"""

import argparse
import json
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fuzz.machines import MACHINES
from fuzz.registry import all_targets
from synner_graph.training.provenance import machine

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
FOUND = HERE / "found"
RUNS = 200_000
SECONDS = 600.0


def run_one(name: str, timed: bool, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Fuzz a target in a process of its own and return its record."""
    result = folder / f".{name}.json"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "fuzz.machines", name]
    if name not in MACHINES:
        command = [sys.executable, "-m", "fuzz.worker", name, "--seed", str(given.seed)]
    command += ["--result", str(result), "--found", str(given.found / name)]
    command += ["--seconds", str(given.seconds)] if timed else ["--runs", str(given.runs)]
    done = subprocess.run(command, cwd=HERE.parent, stderr=subprocess.PIPE, text=True)
    if result.exists():
        record: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        result.unlink()
        sys.stderr.writelines(f"{line}\n" for line in done.stderr.splitlines() if " at " in line)
    else:
        print(done.stderr[-3000:], file=sys.stderr)  # what atheris itself stopped
        record = {"inputs": 0, "taken": 0, "uncaught": 1, "seconds": 0.0}
        record["places"] = {f"the process ended with {done.returncode}": ""}
    with suppress(OSError):
        (given.found / name).rmdir()  # empty, where nothing was found
    return record


def today() -> str:
    """Return the date, as `2026-11-27`."""
    return datetime.now(UTC).date().isoformat()


def main() -> int:
    """Fuzz, and return 1 where something was found."""
    targets = all_targets()
    timed = {name: target.timed for name, target in targets.items()}
    timed |= dict.fromkeys(MACHINES, True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("targets", nargs="*", help=f"default: all; {', '.join(timed)}")
    parser.add_argument("--runs", type=int, default=RUNS, help="inputs for each reader of bytes")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each other target")
    parser.add_argument("--seed", type=int, default=1, help="of the inputs that atheris makes")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--found", type=Path, default=FOUND, help="folder for what is found")
    given = parser.parse_args()
    unknown = sorted(set(given.targets) - timed.keys())
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(timed)}")
    if given.runs < 1 or given.seconds <= 0:
        parser.error("expected at least one input and more than no time")
    records: dict[str, Any] = {}
    if given.results.exists():
        records = json.loads(given.results.read_text(encoding="utf-8"))["targets"]
    uncaught = 0
    for name in given.targets or timed:
        record = run_one(name, timed[name], given, given.results.parent)
        records[name] = {"timed": timed[name], "when": today(), **record}
        uncaught += record["uncaught"]
        print(f"{name}: {record['inputs']:,} inputs, {record['uncaught']:,} uncaught", flush=True)
        known = {key: records[key] for key in timed if key in records}
        totals = {
            key: sum(record[key] for record in known.values()) for key in ("inputs", "uncaught")
        }
        missing = [key for key in timed if key not in records]
        rest = {"machine": machine(), "missing": missing, "targets": known}
        text = json.dumps(totals | rest, indent=1) + "\n"
        given.results.write_text(text, encoding="utf-8")
    return 1 if uncaught else 0


if __name__ == "__main__":
    sys.exit(main())
