"""The files that the pages name, with sentences of the sample in them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.features import feature_name
from synner_graph.data.formats import write_sentences


def write_inputs(folder: Path) -> None:
    """Write the files that the pages name, with sentences of the sample."""
    sample = load_corpus("sample").splits
    rows = {"train": sample["train"][:100], "dev": sample["dev"][:20], "test": sample["test"][:20]}
    for split, sentences in rows.items():
        write_sentences(folder / f"{split}.conllu", sentences)
        write_sentences(folder / f"{split}.iob2", sentences)
    test = rows["test"]
    for name in ("parsed.conllu", "words.iob2", "words.conll2003", "words.conllx"):
        write_sentences(folder / name, test, name.partition(".")[2])
    for split, mark in (("test", ""), ("dev", "-dev")):
        for place, name in enumerate(("a{}.conll2003", "b{}.jsonl", "c{}.iob2")):
            missed = [s.replace(entities=s.entities[place:]) for s in rows[split]]
            write_sentences(folder / name.format(mark), missed)
    (folder / "systems").mkdir(exist_ok=True)
    for place, name in enumerate(("one", "two", "three")):
        for split in ("dev", "test"):
            missed = [s.entities[place:] for s in sample[split]]
            found = [tuple(replace(e, score=0.9) for e in entities) for entities in missed]
            write_sentences(
                folder / "systems" / f"{name}.{split}.jsonl",
                [
                    s.replace(entities=e, candidates=e)
                    for s, e in zip(sample[split], found, strict=True)
                ],
            )
    write_sentences(folder / "train.v4_gold_conll", rows["train"], "conll2012")
    write_sentences(folder / "train.conllx", rows["train"], "conllx")
    texts = [sentence.text or " ".join(sentence.tokens) for sentence in test]
    for name in ("notes.txt", "ten.txt"):
        (folder / name).write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    (folder / "corpus.jsonl").write_text('{"body": "Angela Merkel met the UN in Geneva."}\n')
    (folder / "words.tsv").write_text("UN\tORG\nMay\t*\tveto\n", encoding="utf-8")
    write_exports(folder)
    (folder / "chinese.tsv").write_text("北京\tLOC\n", encoding="utf-8")
    (folder / "cities.tsv").write_text("Geneva\tLOC\nNew York\tLOC\n", encoding="utf-8")
    for name, width in (("glove.6B.100d.txt", 100), ("cc.es.300.vec", 300)):
        vectors = (f"{word} {' '.join(['0.5'] * width)}\n" for word in ("the", "of", "in"))
        (folder / name).write_text("".join(vectors), encoding="utf-8")
    h5py = pytest.importorskip("h5py")
    for name, splits in (("elmo.h5", ("train", "dev", "test")), ("parsed.h5", ("test",))):
        (folder / name).unlink(missing_ok=True)  # a model of an earlier page may hold it open
        with h5py.File(folder / name, "w") as file:
            for sentence in (s for split in splits for s in rows[split]):
                file[feature_name(sentence)] = np.ones((len(sentence), 4), "float32")


def write_exports(folder: Path) -> None:
    """Write what annotation tools export, and a table."""
    text = "Angela Merkel met the UN in Geneva."
    marks = [(0, 13, "PER"), (22, 24, "ORG"), (28, 34, "LOC")]
    results = [
        {"type": "labels", "value": {"start": start, "end": end, "labels": [label]}}
        for start, end, label in marks
    ]
    task = {"data": {"text": text}, "annotations": [{"result": results}]}
    for name in ("export.json", "dev.json"):
        (folder / name).write_text(json.dumps([task] * 20), encoding="utf-8")
    row = json.dumps({"text": text, "label": marks})
    (folder / "export.jsonl").write_text(f"{row}\n", encoding="utf-8")
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"body": [text]}), folder / "table.parquet")
