"""Fuzz one target with atheris, which follows what its inputs reach in the code.

    python -m fuzz.worker TARGET --runs 200000 --found FOLDER --result FILE

A finding does not stop it: the first input for each place in the code is kept, and the count of all
goes into the result. What atheris itself stops, an input that takes too long or too much memory,
ends the process with another status than 0 and leaves the input in the folder.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["synner_graph"]):
    from fuzz.registry import all_targets
    from fuzz.targets import accepts

SECONDS_OF_AN_INPUT = 30
MEGABYTES = 6000


def _place(error: BaseException) -> str:
    """Where an error came from: its kind and the last line of ours that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "synner_graph" in frame.filename] or frames
    return f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"


def main() -> None:
    """Fuzz until the inputs or the time are used up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--found", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    given = parser.parse_args()
    target = all_targets()[given.target]
    shared = Path("/dev/shm")
    base = Path(tempfile.mkdtemp(prefix="fuzz-", dir=shared if shared.is_dir() else None))
    os.environ["SYNNER_CACHE_DIR"] = str(base / "cache")
    corpus, scratch = base / "corpus", base / "scratch"
    corpus.mkdir()
    given.found.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    began = time.monotonic()
    counts = {"inputs": 0, "taken": 0, "uncaught": 0}
    places: dict[str, str] = {}

    def finish() -> None:
        result = counts | {"seconds": round(time.monotonic() - began, 1), "places": places}
        given.result.write_text(json.dumps(result), encoding="utf-8")
        shutil.rmtree(base, ignore_errors=True)
        os._exit(0)  # atheris would say on its way out what is said already

    def one_input(data: bytes) -> None:
        scratch.mkdir()
        try:
            counts["taken"] += accepts(target, data, scratch)
        except Exception as error:
            counts["uncaught"] += 1
            place = _place(error)
            if place not in places:
                name = hashlib.sha256(data).hexdigest()[:12]
                places[place] = name
                (given.found / name).write_bytes(data)
                print(f"{given.target}: {place}: {error!r:.200}", file=sys.stderr, flush=True)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        counts["inputs"] += 1
        used_up = given.runs is not None and counts["inputs"] >= given.runs
        if used_up or (given.seconds and time.monotonic() - began >= given.seconds):
            finish()

    options = [
        f"-max_len={target.longest}",
        f"-seed={given.seed}",
        f"-timeout={SECONDS_OF_AN_INPUT}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={given.found}/stopped-",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
