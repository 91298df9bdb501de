"""One recogniser for many threads, and for other processes."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.explain import explain


@pytest.fixture(scope="module")
def ner(parsing_run: Path) -> SynNER:
    return SynNER.from_pretrained(parsing_run, "torch")


def test_threads_get_what_one_thread_gets(ner: SynNER, small_corpus: Corpus) -> None:
    sentences = [s for s in small_corpus.splits["test"] if len(s) < 30][:8]
    texts = [" ".join(sentence.tokens) for sentence in sentences]

    def work(row: int) -> tuple[object, list[float], list[Sentence]]:
        found = explain(ner, sentences[row], Entity(0, 1, ner.vocabularies.labels[0]))
        contributions = [edge.contribution for edge in found.edges]
        return ner(texts[row]).entities, contributions, ner.predict([sentences[row]])

    alone = [work(row) for row in range(len(sentences))]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads take turns within every layer
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(work, [*range(len(sentences))] * 3))
    finally:
        sys.setswitchinterval(interval)
    for (entities, contributions, named), (some, others, more) in zip(
        alone * 3, together, strict=True
    ):
        assert some == entities and more == named
        assert others == pytest.approx(contributions, abs=1e-6)


def test_a_recogniser_can_be_pickled(ner: SynNER, small_corpus: Corpus) -> None:
    sentences = small_corpus.splits["test"]
    named = ner.predict(sentences)
    doc = ner("Angela Merkel met Bob Smith in Oslo.")
    again = pickle.loads(pickle.dumps(ner))
    assert again.predict(sentences) == named
    assert again(doc.text).entities == doc.entities
