"""A recogniser under a dictionary: decoded, scored, explained, in threads and in documents."""

import math
import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.dictionary import read_dictionary
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.combination.combined import CombinedNER
from synner_graph.evaluation.combination.combiner import Combiner
from synner_graph.evaluation.explain import explain
from synner_graph.recogniser.new import new_recogniser
from tests.fixtures import tiny_config

TEXT = "Angela Merkel met Bob Smith in Oslo."


HEADS = ({"head__name": "crf"}, {"head__name": "span", "head__max_width": 4})


@pytest.fixture(scope="module", params=HEADS, ids=["crf", "span"])
def made(request: pytest.FixtureRequest, tiny_transformer: Path, small_corpus: Corpus) -> SynNER:
    """A tiny model with parser, GNN and random weights, which finds a lot."""
    sizes = {"parser__arc_size": 16, "parser__relation_size": 8}
    config = tiny_config(
        tiny_transformer, gnn__name="gcn", parser__name="biaffine", **sizes, **request.param
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        rows = small_corpus.splits["train"]
        return new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")


@pytest.fixture
def ner(made: SynNER) -> SynNER:
    made.dictionary = None
    return made


def written(folder: Path, *lines: str) -> Path:
    path = folder / "words.tsv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_what_is_forced_is_found_and_what_is_vetoed_is_not(ner: SynNER, tmp_path: Path) -> None:
    before = ner(TEXT).entities
    vetoed = before[0]
    path = written(tmp_path, f"{vetoed.text}\t*\tveto", "Smith in Oslo .\tLOC")
    ner.dictionary = read_dictionary(path)
    found = {(e.text, e.label): e.score for e in ner(TEXT).entities}
    assert found["Smith in Oslo.", "LOC"] == pytest.approx(1)
    assert vetoed.text not in {text for text, _ in found}
    ner.dictionary = None
    assert ner(TEXT).entities == before


def test_candidates_and_explanations_have_the_scores_under_the_rules(
    ner: SynNER, small_corpus: Corpus, tmp_path: Path
) -> None:
    sentences = [s for s in small_corpus.splits["test"] if len(s) > 4][:6]
    first = sentences[0].tokens
    path = written(
        tmp_path,
        f"{' '.join(first[1:3])}\tPER\tforce",
        *(f"{' '.join(s.tokens[:2])}\tLOC\thint\t1.5" for s in sentences[1:]),
        *(f"{' '.join(s.tokens[2:4])}\tPER\tveto" for s in sentences[1:]),
    )
    plain = [{e: e.score for e in row} for row in ner.candidates(sentences, 0.0)]
    ner.dictionary = read_dictionary(path)
    likely = ner.candidates(sentences, 0.0)
    scores = [{e: e.score or 0.0 for e in row} for row in likely]
    assert scores[0][Entity(1, 3, "PER")] == pytest.approx(1)
    changed = 0
    for sentence, old, new, named in zip(
        sentences[1:], plain[1:], scores[1:], ner.predict(sentences)[1:], strict=True
    ):
        hinted, vetoed = Entity(0, 2, "LOC"), Entity(2, 4, "PER")
        if vetoed in new:
            assert new[vetoed] == 0
        if hinted in new and old[hinted]:
            changed += new[hinted] > (old[hinted] or 0)
        for entity in named.entities:
            assert entity.score == pytest.approx(new[entity], rel=1e-5)
            found = explain(ner, sentence, entity).entity.score
            assert found == pytest.approx(entity.score, rel=1e-4)
    assert changed > 2
    forced = explain(ner, sentences[0], Entity(1, 3, "PER"))
    assert forced.entity.score == pytest.approx(1)
    assert max(abs(edge.contribution) for edge in forced.edges) < 1e-5


def test_a_hint_multiplies_the_odds(ner: SynNER, tmp_path: Path) -> None:
    sentence = ner(TEXT).sentences[0]
    place = Entity(6, 7, "LOC")
    before = {e: e.score or 0.0 for e in ner.candidates([sentence], 0.0)[0]}[place]
    ner.dictionary = read_dictionary(written(tmp_path, "oslo\tLOC\thint\tcasefold"))
    after = {e: e.score or 0.0 for e in ner.candidates([sentence], 0.0)[0]}[place]
    assert after / (1 - after) == pytest.approx(before / (1 - before) * math.exp(2), rel=1e-3)


def test_threads_and_processes_follow_one_dictionary(
    ner: SynNER, small_corpus: Corpus, tmp_path: Path
) -> None:
    sentences = [s for s in small_corpus.splits["test"] if 2 < len(s) < 30][:8]
    lines = {f"{' '.join(s.tokens[:2])}\tPER" for s in sentences}
    ner.dictionary = read_dictionary(written(tmp_path, *sorted(lines)))

    def work(row: int) -> Sequence[Sentence]:
        return ner.predict([sentences[row]])

    alone = [work(row) for row in range(len(sentences))]
    assert all(Entity(0, 2, "PER") in found.entities for (found,) in alone)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, [*range(len(sentences))] * 2)) == alone * 2
    again = pickle.loads(pickle.dumps(ner))
    assert again.predict(sentences) == ner.predict(sentences)


def test_unknown_labels_and_combinations_are_refused(ner: SynNER, tmp_path: Path) -> None:
    path = written(tmp_path, "Oslo\tLOC", "Ann\tPRE")
    with pytest.raises(InputError) as refusal:
        ner.dictionary = read_dictionary(path)
    assert str(refusal.value).startswith(f"{path}:2: unknown label 'PRE'. Did you mean 'PER'?")
    assert ner.dictionary is None
    combined = CombinedNER(Combiner.learn("majority", 2), [("a", ner), ("b", ner)])
    with pytest.raises(InputError, match="A combination takes no dictionary"):
        combined.dictionary = read_dictionary(written(tmp_path, "Oslo\tLOC"))
