"""Check that the sample corpus is what its README says; prints the figures, exits with 1 if not.

python datasets/validate_sample.py
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from synner_graph.data.formats import read_sentences
from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import is_projective

FOLDER = Path(__file__).parent / "sample"
ROOT = Path(__file__).parents[1]
LEAST_SENTENCES = {"train": 780, "dev": 100, "test": 150}
LEAST_DOCUMENTS, LEAST_IN_DOCUMENT = 30, 5
LABELS = {"LOC", "MISC", "ORG", "PER"}

Corpus = dict[str, list[Sentence]]


def read() -> Corpus:
    """All splits; reading already refuses cycles, several roots and broken tags."""
    return {split: list(read_sentences(FOLDER / f"{split}.conllu")) for split in LEAST_SENTENCES}


def documents(lines: Iterable[str]) -> list[int]:
    """How many sentences each document has that `# newdoc` begins."""
    sizes: list[int] = []
    for line in lines:
        if line.startswith("# newdoc"):
            sizes.append(0)
        elif line.startswith("# sent_id") and sizes:
            sizes[-1] += 1
    return sizes


def train_documents() -> list[int]:
    """How many sentences each marked document of the training split has."""
    with (FOLDER / "train.conllu").open(encoding="utf-8") as lines:
        return documents(lines)


def examples() -> str:
    """README, the docs and the cells of the notebooks.

    The outputs of the notebooks are left out: they show sentences of this corpus on purpose.
    """
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        texts += ["".join(cell["source"]) for cell in cells]
    return "\n".join(texts)


def names(sentences: Sequence[Sentence]) -> list[str]:
    """The words of every entity."""
    return [" ".join(s.tokens[e.start : e.end]) for s in sentences for e in s.entities]


def readings(sentences: Sequence[Sentence]) -> dict[str, set[str]]:
    """What each word that is somewhere a whole entity stands for: labels, or `O`."""
    found: dict[str, set[str]] = defaultdict(set)
    for sentence in sentences:
        single = {e.start: e.label for e in sentence.entities if e.end - e.start == 1}
        covered = {row for e in sentence.entities for row in range(e.start, e.end)}
        for position, token in enumerate(sentence.tokens):
            if position in single:
                found[token.lower()].add(single[position])
            elif position not in covered:
                found[token.lower()].add("O")
    return {word: labels for word, labels in found.items() if labels != {"O"}}


def figures(corpus: Corpus) -> dict[str, float]:
    """Everything that is checked, as numbers."""
    everything = [sentence for sentences in corpus.values() for sentence in sentences]
    known = set(names(corpus["train"]))
    test_names = set(names(corpus["test"]))
    patterns = Counter((s.heads, s.relations) for s in everything)
    return {
        **{f"{split} sentences": len(sentences) for split, sentences in corpus.items()},
        "tokens a sentence": sum(map(len, everything)) / len(everything),
        "entities": sum(len(s.entities) for s in everything),
        "relations": len({relation for s in everything for relation in s.relations or ()}),
        "distinct texts": len({s.text for s in everything}),
        "test names unseen in train, percent": 100 * len(test_names - known) / len(test_names),
        "sentences of the commonest tree, percent": 100 * max(patterns.values()) / len(everything),
        "words with several readings": sum(len(r) > 1 for r in readings(everything).values()),
        "non-projective sentences": sum(not is_projective(s.heads or ()) for s in everything),
        "documents in train": len(train_documents()),
    }


def problems(corpus: Corpus) -> list[str]:
    """Every promise that the corpus breaks."""
    of = figures(corpus)
    labels = {e.label for sentences in corpus.values() for s in sentences for e in s.entities}
    total = sum(len(sentences) for sentences in corpus.values())
    sizes, shown = train_documents(), examples()
    promises = {
        f"at least {n} sentences in {split}": of[f"{split} sentences"] >= n
        for split, n in LEAST_SENTENCES.items()
    } | {
        "at least 12 tokens a sentence": of["tokens a sentence"] >= 12,
        "at least 30 relations": of["relations"] >= 30,
        f"the labels {', '.join(sorted(LABELS))}": labels == LABELS,
        "every text once": of["distinct texts"] == total,
        "most test names unseen in train": of["test names unseen in train, percent"] > 50,
        "no tree in more than 1 percent": of["sentences of the commonest tree, percent"] <= 1,
        "at least 20 words with several readings": of["words with several readings"] >= 20,
        f"at least {LEAST_DOCUMENTS} documents in train": len(sizes) >= LEAST_DOCUMENTS,
        f"at least {LEAST_IN_DOCUMENT} sentences in a document": min(sizes, default=0)
        >= LEAST_IN_DOCUMENT,
        "no training sentence in README, docs or notebooks": not any(
            s.text is not None and s.text in shown for s in corpus["train"]
        ),
        "every token in its text": all(
            s.offsets is not None and s.text is not None for rows in corpus.values() for s in rows
        ),
    }
    return [promise for promise, kept in promises.items() if not kept]


def main() -> int:
    """Print the figures and what is wrong."""
    corpus = read()
    for name, value in figures(corpus).items():
        print(f"{value:10.1f}  {name}" if isinstance(value, float) else f"{value:8d}    {name}")
    broken = problems(corpus)
    for promise in broken:
        print(f"broken promise: {promise}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
