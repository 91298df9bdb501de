"""How well raw text is cut into tokens and sentences: F1 of exact spans, as in CoNLL 2018's task.

    python benchmarks/segmentation.py --dataset uner-ewt --split test

The text of each document is put together again as the corpus's comments tell: a blank between
sentences (none after SpaceAfter=No), an empty line between paragraphs.
"""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

from synner_graph.config import TextConfig
from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.segmentation import build_segmenter
from synner_graph.data.sentence import Sentence
from synner_graph.evaluation.scores import Score

Spans = set[tuple[int, int]]


def documents(sentences: Iterable[Sentence]) -> list[tuple[str, Spans, Spans]]:
    """Text, token spans and sentence spans of each document."""
    found: list[tuple[str, Spans, Spans]] = []
    text, tokens, bounds, glued = "", Spans(), Spans(), True
    for sentence in sentences:
        if sentence.text is None or sentence.offsets is None:
            raise SystemExit("a sentence has no text: expected CoNLL-U with # text")
        comments = sentence.extra.comments if sentence.extra else ()
        kinds = {comment.split()[1] for comment in comments if len(comment.split()) > 1}
        if "newdoc" in kinds and text:
            found.append((text, tokens, bounds))
            text, tokens, bounds, glued = "", Spans(), Spans(), True
        if text:
            text += "\n\n" if "newpar" in kinds else "" if glued else " "
        start = len(text)
        text += sentence.text
        bounds.add((start, len(text)))
        tokens |= {(start + a, start + b) for a, b in sentence.offsets}
        misc = sentence.extra.misc[-1] if sentence.extra and sentence.extra.misc else ""
        glued = "SpaceAfter=No" in misc
    return [*found, (text, tokens, bounds)]


def main() -> None:
    """Print a table of scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="uner-ewt")
    parser.add_argument("--split", default="test")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("SYNNER_DATA_DIR"))
    parser.add_argument("--language", default="en")
    options = parser.parse_args()
    corpus = load_corpus(options.dataset, options.data_dir, (options.split,))
    segmenter = build_segmenter(TextConfig(language=options.language))
    counts = {"tokens": [0, 0, 0], "sentences": [0, 0, 0]}
    for text, tokens, bounds in documents(corpus.splits[options.split]):
        segments = list(segmenter(text))
        found = {
            "tokens": {(start + a, start + b) for start, s in segments for a, b in s.offsets or ()},
            "sentences": {(start, start + len(s.text or "")) for start, s in segments},
        }
        for name, gold in (("tokens", tokens), ("sentences", bounds)):
            for place, spans in enumerate((gold, found[name], gold & found[name])):
                counts[name][place] += len(spans)
    for name, (gold, predicted, correct) in counts.items():
        score = Score(gold, predicted, correct)
        print(
            f"{name:9}  P {score.precision:.2f}  R {score.recall:.2f}  F1 {score.f1:.2f}"
            f"  ({gold} gold, {predicted} found)"
        )


if __name__ == "__main__":
    main()
