"""Time and peak memory of `data stats` on a generated file of any size.

    python benchmarks/streaming.py --sentences 1000000

The file repeats the bundled sample corpus under new ids, in CoNLL-U with trees and entities. It
lies in the system's temporary folder, or in `--folder`, and is removed at the end.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from io import StringIO
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Annotated

import typer

from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.formats import write_sentences


def generate(path: Path, count: int) -> None:
    """Write that many sentences."""
    sample = StringIO()
    splits = load_corpus("sample").splits.values()
    write_sentences(sample, (s.replace(id="ID") for s in chain.from_iterable(splits)), "conllu")
    blocks = sample.getvalue().split("\n\n")[:-1]
    with path.open("w", encoding="utf-8") as file:
        for i, block in enumerate(islice(cycle(blocks), count)):
            file.write(block.replace("sent_id = ID", f"sent_id = generated-{i}", 1) + "\n\n")


def main(
    sentences: Annotated[int, typer.Option(min=1)] = 1_000_000,
    folder: Annotated[Path | None, typer.Option(help="For the file.")] = None,
) -> None:
    """Print what `data stats` took."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place, "generated.conllu")
        generate(path, sentences)
        started = time.perf_counter()
        program = [sys.executable, "-c", "from synner_graph.cli import app; app()"]
        command = [*program, "data", "stats", str(path), "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - started
        (counted,) = json.loads(done.stdout).values()
        assert counted["sentences"] == sentences
        size = path.stat().st_size / 1e6
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(
        f"{sentences:,} sentences, {counted['tokens']:,} tokens, {size:,.0f} MB: {seconds:.1f} s, "
        f"{usage.ru_utime + usage.ru_stime:.1f} s of the processor, at most {peak:,.0f} MiB"
    )


if __name__ == "__main__":
    typer.run(main)
