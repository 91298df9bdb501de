"""Print what each method of combining systems gains over the best single one.

A folder holds what each system found: NAME.dev.jsonl and NAME.test.jsonl, written by
`synner predict RUN --candidates 0.001` on the sentences of the corpus. Members, weights and method
are chosen on dev; then test is scored once for each row. Members: the two systems that are best on
dev, then, as long as the F1 on dev rises, the one that raises it most.

    SYNNER_DATA_DIR=PLACE python benchmarks/combination.py FOLDER --dataset uner-ewt
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.documents import document_sizes
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.combination import METHODS, Combiner, Dev, Judge
from synner_graph.evaluation.combination.combiner import MAJORITY, SPAN
from synner_graph.evaluation.intervals import by_unit
from synner_graph.evaluation.scores import Report, score_entities
from synner_graph.evaluation.significance import paired_bootstrap
from synner_graph.evaluation.systems import System, read_system

DEV, TEST = "dev", "test"
Found = Sequence[Sequence[Entity]]


class Systems:
    """What systems found in both splits of a corpus.

    Args:
        folder: Their files.
        sentences: With gold entities, by split.
        without: No system with this in its name.
    """

    def __init__(
        self, folder: Path, sentences: dict[str, Sequence[Sentence]], without: str | None
    ) -> None:
        self.gold = {split: [s.entities for s in rows] for split, rows in sentences.items()}
        self.sizes = document_sizes(sentences[TEST])
        names = sorted(path.name.removesuffix(".dev.jsonl") for path in folder.glob("*.dev.jsonl"))
        self.names = [name for name in names if without is None or without not in name]
        self.found = {
            name: {
                split: read_system(folder / f"{name}.{split}.jsonl", rows)
                for split, rows in sentences.items()
            }
            for name in self.names
        }
        self.ranked = sorted(self.names, key=lambda name: -self.score(DEV, self.entities(name)))
        self.judge = next(n for n in self.ranked if self.found[n][DEV].candidates is not None)

    def entities(self, name: str, split: str = DEV) -> Found:
        """What one system found."""
        return self.found[name][split].entities

    def report(self, split: str, entities: Found) -> Report:
        """Score entities of a split."""
        return score_entities(self.gold[split], entities, split)

    def score(self, split: str, entities: Found) -> float:
        """F1 in percent."""
        return self.report(split, entities).overall.f1

    def of(self, members: Sequence[str], split: str) -> list[System]:
        """What the members found."""
        return [self.found[name][split] for name in members]

    def combine(self, method: str, members: Sequence[str], split: str) -> Found:
        """Combine the members by what they are worth on dev."""
        judge = {
            s: Judge(self.found[self.judge][s]) if method == SPAN else None for s in (DEV, TEST)
        }
        dev = Dev(self.of(members, DEV), self.gold[DEV], judge[DEV])
        learned = Combiner.learn(method, len(members), None if method == MAJORITY else dev)
        return learned.combine(self.of(members, split), judge[split])

    def choose(self, method: str) -> list[str]:
        """Choose the members on dev."""
        members = self.ranked[:2]
        best = self.score(DEV, self.combine(method, members, DEV))
        while others := [name for name in self.names if name not in members]:
            scores = {
                name: self.score(DEV, self.combine(method, [*members, name], DEV))
                for name in others
            }
            name = max(scores, key=scores.__getitem__)
            if scores[name] <= best:
                break
            best = scores[name]
            members = [*members, name]
        return members

    def by_document(self, entities: Found) -> np.ndarray:
        """Counts in each test document. *Shape:* [1, documents, 3]"""
        return by_unit(self.report(TEST, entities).by_sentence, self.sizes)[None]


def rows(systems: Systems) -> Iterator[tuple[str, str, float, Found]]:
    """List name, members, F1 on dev and entities in test of each system and method."""
    for name in systems.ranked:
        dev = systems.score(DEV, systems.entities(name))
        yield name, "1", dev, systems.entities(name, TEST)
    for method in METHODS:
        for chosen in (False, True):
            members = systems.choose(method) if chosen else systems.names
            dev = systems.score(DEV, systems.combine(method, members, DEV))
            which = ", ".join(members) if chosen else f"all {len(members)}"
            yield f"*{method}*", which, dev, systems.combine(method, members, TEST)


def main(
    folder: Path,
    dataset: str = "uner-ewt",
    without: Annotated[str | None, typer.Option(help="Leave out names that hold this.")] = None,
) -> None:
    """Print the table of single systems and combinations."""
    corpus = load_corpus(dataset, splits=(DEV, TEST))
    systems = Systems(folder, {split: corpus.splits[split] for split in (DEV, TEST)}, without)
    best = systems.by_document(systems.entities(systems.ranked[0], TEST))
    print(
        "| system | members | dev F1 | test F1 | test F1 - best single on dev [95 %, documents] |"
    )
    print("| --- | --- | --- | --- | --- |")
    for name, members, dev, found in rows(systems):
        gap = paired_bootstrap(systems.by_document(found), best)
        interval = f"{gap.value:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}]"
        print(
            f"| {name} | {members} | {dev:.2f} | {systems.score(TEST, found):.2f} | "
            f"{interval if name != systems.ranked[0] else ''} |",
            flush=True,
        )


if __name__ == "__main__":
    typer.run(main)
