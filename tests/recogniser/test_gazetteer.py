"""A recogniser that reads the graph of a document and a gazetteer: made, saved, batched."""

import random
from itertools import chain
from pathlib import Path

import pytest
import torch

from synner_graph import SynNER
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.graph.edges import NAMED_KINDS
from synner_graph.recogniser.new import new_recogniser
from tests.fixtures import random_sentence, tiny_config

KINDS = ",".join(NAMED_KINDS).split(",")


def documents(seed: int = 1) -> list[Sentence]:
    """Four documents whose words and names come again."""
    draw = random.Random(seed)
    words = ["Ann", "Lee", "Rome", "of", "the", "Acme"]
    sentences = []
    for number in range(12):
        sentence = random_sentence(draw, draw.randint(2, 6))
        tokens = draw.choices(words, k=len(sentence))
        sentences.append(sentence.replace(tokens=tokens, document=f"d{number // 3}"))
    return sentences


def recogniser(sentences: list[Sentence], **settings: object) -> SynNER:
    torch.manual_seed(0)
    base: dict[str, object] = {"encoder__gazetteer_size": 4}
    if settings.get("gnn__name") != "none":
        base["gnn__edges"] = KINDS
    config = tiny_config("characters", **(base | settings))
    return new_recogniser(config, sentences, "torch", torch.device("cpu"), "naive")


def entries(ner: SynNER, sentences: list[Sentence]) -> set[str]:
    return set(ner.model.collator.graph(sentences).entry_names)


def test_learning_hides_what_only_the_own_document_tells() -> None:
    first = Sentence(["Ann", "ran"], [1, -1], ["a", "b"], [Entity(0, 1, "PER")], document="a")
    other = Sentence(["Rome", "fell"], [1, -1], ["a", "b"], [Entity(0, 1, "LOC")], document="b")
    both = Sentence(["Ann", "left", "Rome"], [1, -1, 1], ["a"] * 3, document="c")
    ner = recogniser([first, other], gnn__name="gcn")
    assert entries(ner, [first, other]) == set()
    assert entries(ner, [both]) == {"Ann", "Rome"}
    ids = [ner.model.encoder.parts[-1].collate([s]).ids for s in (first, other, both)]
    assert [len(found) for found in ids] == [0, 0, 2]


def test_a_saved_run_needs_no_files(tmp_path: Path) -> None:
    path = tmp_path / "cities.tsv"
    path.write_text("Rome\tCITY\nof the\tPHRASE\n")
    sentences = documents()
    ner = recogniser(sentences, gnn__gazetteer=[str(path), "train"], gnn__frequent=0.1)
    ner.save_pretrained(tmp_path / "run")
    path.unlink()
    again = SynNER.from_pretrained(tmp_path / "run", "torch", kernel="naive")
    assert again.vocabularies == ner.vocabularies
    assert {entry.list for entry in again.vocabularies.gazetteer} == {"cities", "train"}
    others = documents(2)
    assert again.predict(others) == ner.predict(others)
    assert entries(again, others) == entries(ner, others) >= {"Rome"}


def test_a_document_is_named_alike_whatever_is_in_the_batch() -> None:
    ner = recogniser(documents())
    assert ner.model.reads_documents
    ner.model.double()
    sentences = documents(2)
    whole = ner.model.decode(ner.model.eval().collator(sentences, with_gold=False))
    turned = [*sentences[6:], *sentences[:6]]
    again = ner.model.decode(ner.model.collator(turned, with_gold=False))
    alone = ner.model.decode(ner.model.collator(sentences[3:6], with_gold=False))
    assert [*again[6:], *again[:6]] == whole
    assert alone == whole[3:6]
    for one, other in zip(chain(*alone), chain(*whole[3:6]), strict=True):
        assert one.score == pytest.approx(other.score)


def test_other_sentences_of_a_document_change_what_is_read() -> None:
    ner = recogniser(documents())
    model, sentences = ner.model.eval(), documents(2)
    together = model.states(model.collator(sentences[:3], with_gold=False))
    parted = [s.replace(document=None) for s in sentences[:3]]
    apart = model.states(model.collator(parted, with_gold=False))
    assert together.shape == apart.shape == (sum(map(len, parted)), apart.shape[1])
    assert not torch.allclose(together, apart)


@pytest.mark.parametrize("head", ["crf", "span"])
def test_every_parameter_learns(head: str) -> None:
    sentences = documents()
    ner = recogniser(sentences, head__name=head)
    ner.model(ner.model.collator(sentences)).backward()
    names = {name for name, p in ner.model.named_parameters() if p.grad is not None}
    assert {"gnn.gate.logits", "gnn.entries.embedding.weight"} <= names


def test_a_gazetteer_that_nothing_reads_is_refused(tmp_path: Path) -> None:
    unread = {"gnn__edges": ["self"], "encoder__gazetteer_size": 0}
    with pytest.raises(InputError, match=r"gnn\.gazetteer' has no effect: it needs the edge kind"):
        recogniser(documents(), gnn__gazetteer=[str(tmp_path / "x.tsv")], **unread)
    with pytest.raises(InputError, match=r"gnn\.gazetteer_case' has no effect: it needs the edge"):
        recogniser(documents(), gnn__gazetteer_case="casefold", **unread)
    with pytest.raises(InputError, match=r"gnn\.gazetteer names none"):
        recogniser(documents(), gnn__gazetteer=[])
    assert recogniser(documents(), **unread).vocabularies.gazetteer == ()


def test_the_control_reads_the_same_entries_without_a_graph() -> None:
    ner = recogniser(documents(), gnn__name="none", recurrent__name="lstm")
    assert ner.model.gazetteer.entries and not ner.model.reads_documents
    assert ner.model.collator.graph(documents()).entries is None
