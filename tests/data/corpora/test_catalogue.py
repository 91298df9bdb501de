import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pooch
import pytest

from synner_graph.config import DataConfig, TextConfig
from synner_graph.data.characters import split_characters
from synner_graph.data.corpora.catalogue import (
    corpus_of,
    differences,
    load_corpus,
    load_files,
    whereabouts,
)
from synner_graph.data.corpora.known import CORPORA, Counts
from synner_graph.data.formats import format_of, scheme_of
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.trees import shuffle_heads, shuffle_relations
from synner_graph.errors import InputError


def test_an_unknown_name_or_split_names_the_nearest():
    with pytest.raises(InputError, match=r"expected a corpus.*'uner-ewtt'.*mean 'uner-ewt'\?"):
        load_corpus("uner-ewtt")
    with pytest.raises(InputError, match=r"expected a split, got 'tset'\. Did you mean 'test'\?"):
        load_corpus("sample", splits=["tset"])


def test_every_corpus_says_where_it_comes_from():
    for name, spec in CORPORA.items():
        assert spec.description and spec.licence and spec.source
        assert spec.obtain or name == "sample"
        assert "train" in spec.files and spec.counts.keys() <= spec.files.keys()
        assert spec.pinned.keys() in (set(), spec.files.keys())
        if name != "uner-ewt":
            scheme_of(format_of(Path(), spec.format), spec.scheme)


# Lines of each layout, one sentence of two tokens with one entity.
TINY = {
    "conllx": "1\tLima\t_\tX\tX\t_\t2\tdep\t_\t_\tB-LOC\n2\tfell\t_\tX\tX\t_\t0\troot\t_\t_\tO\n\n",
    "conll2003": "-DOCSTART- -X- -X- O\n\nLima NNP B-NP B-LOC\nfell VBD B-VP O\n\n",
    "wnut": "Lima\tB-LOC\nfell\tO\n\n",
    "bmes": "Lima S-LOC\nfell O\n\n",
    "fewnerd": "Lima\tlocation-GPE\nfell\tO\n\n",
    "cluener": '{"text": "利马", "label": {"address": {"利": [[0, 0]]}}}\n',
}
IN_ONE_FOLDER = sorted(CORPORA.keys() - {"sample", "uner-ewt"})


@pytest.fixture
def tiny_folder(tmp_path) -> Path:
    """Every corpus that is a file a split, with one sentence in each file."""
    for name in IN_ONE_FOLDER:
        spec = CORPORA[name]
        text = TINY[spec.format]
        if spec.segmented:
            text = text.replace("\t", "0\t")
        for (file,) in spec.files.values():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", IN_ONE_FOLDER)
def test_a_folder_of_the_user_is_read_and_its_counts_are_compared(name, tiny_folder):
    spec = CORPORA[name]
    corpus = load_corpus(name, tiny_folder)
    assert corpus.splits.keys() == spec.files.keys()
    for split, (sentence,) in corpus.splits.items():
        assert [(e.start, e.end) for e in sentence.entities] == [(0, 1)]
        assert sentence.tokens in (("Lima", "fell"), ("利", "马"))
        expected = spec.counts.get(split, Counts())
        if expected.sentences:
            assert any(
                note.startswith(f"{split}: expected {expected.sentences:,} sentences, got 1")
                for note in corpus.notes
            )
    assert whereabouts(name, tiny_folder) == (True, str(tiny_folder / name))


def test_only_counts_that_differ_are_noted():
    sentences = [Sentence(["a", "b"], entities=[Entity(0, 1, "X")])] * 3
    assert differences("dev", Counts(3, 6, 3), sentences) == []
    assert differences("dev", Counts(), sentences) == []
    assert differences("dev", Counts(3, 7_000, 2), sentences) == [
        "dev: expected 7,000 tokens, got 6; 2 entities, got 3"
    ]


def test_what_is_missing_is_named(tiny_folder, monkeypatch):
    monkeypatch.delenv("SYNNER_DATA_DIR", raising=False)
    (tiny_folder / "conll2003" / "dev.txt").unlink()
    folder = tiny_folder / "conll2003"
    assert whereabouts("conll2003", tiny_folder) == (False, f"{folder} lacks dev.txt")
    with pytest.raises(InputError, match=r"expected the file .*dev.txt, got none there"):
        load_corpus("conll2003", tiny_folder)
    assert load_corpus("conll2003", tiny_folder, ["test"]).splits.keys() == {"test"}
    assert whereabouts("sample") == (True, "bundled")
    assert whereabouts("msra")[0] is whereabouts("msra", folder)[0] is False


def test_a_split_that_a_corpus_has_not(tiny_folder):
    assert load_corpus("msra", tiny_folder).splits.keys() == {"train", "test"}
    with pytest.raises(InputError, match="expected a split of msra, which has no dev"):
        load_corpus("msra", tiny_folder, ["dev"])


def test_the_tags_of_a_copy_may_be_others(tiny_folder):
    file = tiny_folder / "conll2003" / "dev.txt"
    file.write_text("Lima NNP I-NP I-LOC\n\n", encoding="utf-8")
    with pytest.raises(InputError, match="expected bio tag"):
        load_corpus("conll2003", tiny_folder, ["dev"])
    config = DataConfig(dataset="conll2003", data_dir=tiny_folder, scheme="iob1")
    [sentence] = corpus_of(config, ["dev"]).splits["dev"]
    assert sentence.entities == (Entity(0, 1, "LOC"),)
    repaired = load_corpus("conll2003", tiny_folder, ["dev"], repair=True)
    assert "dev: 1 invalid tag repaired" in repaired.notes
    with pytest.raises(InputError, match="sample is read in one way: scheme cannot be chosen"):
        load_corpus("sample", scheme="bio")


def test_a_segmented_corpus_must_be_segmented(tiny_folder):
    file = tiny_folder / "weibo" / "weiboNER_2nd_conll.dev"
    file.write_text("利\tO\n\n", encoding="utf-8")
    with pytest.raises(InputError, match="a character and its place in the word, got '利'"):
        load_corpus("weibo", tiny_folder, ["dev"])


def test_a_free_corpus_is_downloaded_and_verified(tmp_path, monkeypatch):
    monkeypatch.delenv("SYNNER_DATA_DIR", raising=False)
    monkeypatch.setenv("SYNNER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(
        pooch.HTTPDownloader,
        "__call__",
        lambda self, url, output_file, pooch: Path(output_file).write_bytes(b"x\tO\n"),
    )
    assert whereabouts("wnut-17") == (True, "will be downloaded")
    checksum = hashlib.sha256(b"x\tO\n").hexdigest()
    for data_dir in (None, tmp_path):
        with pytest.raises(InputError, match=f"SHA-256 2aa79b.*, got {checksum}"):
            load_corpus("wnut-17", data_dir, ["test"])
    spec = CORPORA["wnut-17"]
    (file,) = spec.pinned["test"]
    right = replace(spec, pinned={"test": (replace(file, sha256=checksum),)})
    monkeypatch.setitem(CORPORA, "wnut-17", right)
    corpus = load_corpus("wnut-17", tmp_path, ["test"])
    assert corpus.notes == (
        f"{tmp_path} holds no folder wnut-17: its published files are read",
        "test: expected 1,287 sentences, got 1",
    )
    assert whereabouts("wnut-17") == (True, "in the cache")


def test_the_sample_comes_with_the_program():
    corpus = load_corpus("sample")
    assert list(corpus.splits) == ["train", "dev", "test"]
    for sentences in corpus.splits.values():
        assert any(sentence.entities for sentence in sentences)
        assert all(sentence.check().heads for sentence in sentences)
    assert load_corpus("sample", splits=["dev"]).splits == {"dev": corpus.splits["dev"]}


def test_uner_ewt(real_corpora):
    corpus = load_corpus("uner-ewt", real_corpora)
    counts = {split: len(sentences) for split, sentences in corpus.splits.items()}
    assert counts == {"train": 12_543, "dev": 2_001, "test": 2_077}
    tokens = {split: sum(map(len, sentences)) for split, sentences in corpus.splits.items()}
    assert tokens == {"train": 204_579, "dev": 25_149, "test": 25_097}
    labels = Counter(e.label for s in corpus.splits["test"] for e in s.entities)
    assert labels == {"PER": 449, "ORG": 322, "LOC": 317}
    labels = Counter(e.label for s in corpus.splits["dev"] for e in s.entities)
    assert labels == {"PER": 343, "ORG": 224, "LOC": 399}
    for sentences in corpus.splits.values():
        assert all(sentence.check().heads and sentence.offsets for sentence in sentences)
    if corpus.notes:  # the earlier revision that shared/data holds
        revision, first, second, count = corpus.notes
        assert (
            "en_ewt-ud-train.iob2 is git blob 236914d90bc061dfaae0abf322ab36da483fd70a" in revision
        )
        assert (first, second, count) == (
            "train: 540 tokens labelled O read as O",
            "train: 1,115 tokens labelled OTH read as O",
            "train: expected 7,022 entities, got 7,005",
        )


def test_uner_zh_gsd(real_corpora):
    corpus = load_corpus("uner-zh-gsd", real_corpora)
    counts = {split: len(sentences) for split, sentences in corpus.splits.items()}
    assert counts == {"train": 3_990, "dev": 500, "test": 499}
    assert corpus.notes == ()


def test_a_corpus_that_is_local_only(monkeypatch):
    monkeypatch.delenv("SYNNER_DATA_DIR", raising=False)
    with pytest.raises(InputError, match=r"cannot be downloaded, in a folder .* SYNNER_DATA_DIR"):
        load_corpus("uner-zh-gsd")


def test_a_folder_without_the_files(tmp_path):
    (tmp_path / "uner-ewt").mkdir()
    with pytest.raises(InputError, match=r"expected the file .*en_ewt-ud-dev.conllu, got none"):
        load_corpus("uner-ewt", tmp_path, ["dev"])


def test_uner_ewt_reads_what_is_no_entity_as_outside(tmp_path):
    folder = tmp_path / "uner-ewt"
    row = "{0}\t{1}\t_\t_\t_\t_\t{2}\tdep\t_\t_\n"
    tags = {"Ann": "B-PER", "Iraqi": "B-OTH", "war": "I-OTH", "Rome": "I-LOC", ".": "B-O"}
    trees = "".join(row.format(i, token, i - 1) for i, token in enumerate(tags, 1))
    rows = "".join(f"{i}\t{token}\t{tag}\n" for i, (token, tag) in enumerate(tags.items(), 1))
    for name, text in (
        ("UD_English-EWT/en_ewt-ud-dev.conllu", trees),
        ("UNER_English-EWT/en_ewt-ud-dev.iob2", rows),
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(f"# sent_id = 1\n{text}\n")
    corpus = load_corpus("uner-ewt", tmp_path, ["dev"])
    [sentence] = corpus.splits["dev"]
    assert sentence.entities == (Entity(0, 1, "PER"), Entity(3, 4, "LOC"))
    assert corpus.notes[2:] == (
        "dev: 1 token labelled O read as O",
        "dev: 2 tokens labelled OTH read as O",
        "dev: 1 invalid tag repaired",
        "dev: expected 2,001 sentences, got 1; 25,149 tokens, got 5; 966 entities, got 2",
    )


def test_load_files(tmp_path):
    train, dev = tmp_path / "a.iob2", tmp_path / "b.conll2003"
    train.write_text("1\ta\tI-X\n\n")
    dev.write_text("a B-X\n\n")
    corpus = load_files(train, dev, repair=True)
    assert {
        split: [s.entities for s in sentences] for split, sentences in corpus.splits.items()
    } == {
        "train": [(Entity(0, 1, "X"),)],
        "dev": [(Entity(0, 1, "X"),)],
    }
    assert corpus.notes == ("train: 1 invalid tag repaired",)
    with pytest.raises(InputError, match="expected bio tag B-X"):
        load_files(train, dev)
    with pytest.raises(InputError, match="at least one of train, dev and test"):
        load_files()


def test_settings_name_a_corpus_or_files(tmp_path):
    path = tmp_path / "a.iob2"
    path.write_text("1\ta\tI-X\n\n" * 9)
    corpus = corpus_of(DataConfig(train=path, scheme="iob1"))
    assert corpus.splits == load_files(path, scheme="iob1").splits
    drawn = corpus_of(DataConfig(train=path, repair=True, train_subset=4))
    assert len(drawn.splits["train"]) == 4
    path = tmp_path / "b.iob2"
    path.write_text("".join(f"# newdoc id = {i}\n" + "1\ta\tO\n\n" * i for i in range(1, 9)))
    drawn = corpus_of(DataConfig(train=path, train_documents=3)).splits["train"]
    names = [s.document for s in drawn]
    assert names == sorted(names) and len(set(names)) == 3
    assert all(names.count(name) == int(name) for name in names)
    assert drawn == corpus_of(DataConfig(train=path, train_documents=3)).splits["train"]
    assert corpus_of(DataConfig(dataset="sample"), ["dev"]) == load_corpus("sample", splits=["dev"])
    with pytest.raises(InputError, match="expected either a dataset or files"):
        corpus_of(DataConfig(dataset="sample", train=path))


def test_trees_are_spoilt_on_request():
    plain = load_corpus("sample", splits=["dev"]).splits["dev"]
    for kind, spoil in (("heads", shuffle_heads), ("relations", shuffle_relations)):
        spoilt = corpus_of(DataConfig(shuffle=kind), ["dev"]).splits["dev"]
        assert spoilt == tuple(map(spoil, plain)) != plain


@pytest.mark.parametrize("carrier", ["first", "last"])
def test_words_are_cut_into_characters_on_request(carrier):
    plain = load_corpus("sample", splits=["dev"]).splits["dev"]
    text = TextConfig(characters=carrier)
    cut = corpus_of(DataConfig(), ["dev"], text).splits["dev"]
    assert cut == tuple(split_characters(sentence, carrier) for sentence in plain)
    spoilt = corpus_of(DataConfig(shuffle="heads"), ["dev"], text).splits["dev"]
    assert spoilt == tuple(map(shuffle_heads, cut))


def test_the_published_counts_of_corpora_with_trees():
    def sentences(name):
        return {split: counts.sentences for split, counts in CORPORA[name].counts.items()}

    assert sentences("semeval2010-es") == {"dev": 1_419, "test": 1_705}
    assert sentences("semeval2010-ca") == {"dev": 1_445, "test": 1_698}
    assert sentences("ontonotes-zh") == {"dev": 6_083, "test": 4_472}


def test_ontonotes_zh_is_read_with_its_sentences_of_two_roots(tiny_folder):
    path = tiny_folder / "ontonotes-zh" / CORPORA["ontonotes-zh"].files["dev"][0]
    path.write_text(TINY["conllx"].replace("\t2\tdep", "\t0\troot"), encoding="utf-8")
    (sentence,) = load_corpus("ontonotes-zh", tiny_folder, ["dev"]).splits["dev"]
    assert sentence.heads == (-1, -1)
