"""The catalogue of corpora: licence, source, files and expected counts of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from synner_graph.data.corpora.pinned import PinnedFile


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a split; None where no source gives one."""

    sentences: int | None = None
    tokens: int | None = None
    entities: int | None = None


@dataclass(frozen=True, slots=True)
class CorpusSpec:
    """A corpus of the catalogue, before it is read.

    Attributes:
        source: Where it is published.
        files: By split, in the corpus's folder.
        obtain: How to come by these files.
        format: Their format.
        scheme: Their tagging scheme, where it is not the format's usual one.
        repaired: Tag sequences that break the scheme are always read by conlleval's rule.
        counts: What each split should hold, as far as a published source says.
        pinned: Files that are downloaded where the user has no folder; the same order as `files`.
        multiple_roots: Some of its sentences have several roots, and are read all the same.
        segmented: Each token ends in the place of its character in the word, a digit to cut off.
    """

    description: str
    licence: str
    source: str
    files: Mapping[str, tuple[str, ...]]
    obtain: str = ""
    format: str = ""
    scheme: str | None = None
    repaired: bool = False
    counts: Mapping[str, Counts] = field(default_factory=dict)
    pinned: Mapping[str, tuple[PinnedFile, ...]] = field(default_factory=dict)
    multiple_roots: bool = False
    segmented: bool = False


def _one_each(train: str = "", dev: str = "", test: str = "") -> dict[str, tuple[str, ...]]:
    files = {"train": train, "dev": dev, "test": test}
    return {split: (name,) for split, name in files.items() if name}


def _uner_ewt(split: str, tree_blob: str, tag_blob: str) -> tuple[PinnedFile, PinnedFile]:
    name = f"en_ewt-ud-{split}"
    return (
        PinnedFile(
            "UniversalDependencies/UD_English-EWT",
            "c491d62a7a0447946ac85b11308083ea61328ece",
            f"{name}.conllu",
            tree_blob,
        ),
        PinnedFile(
            "UniversalNER/UNER_English-EWT",
            "8ed072de2fd24022cc62458997fe96a8fe191ea4",
            f"{name}.iob2",
            tag_blob,
        ),
    )


_UNER_EWT = {
    split: _uner_ewt(split, *blobs)
    for split, blobs in {
        "train": (
            "9681e69114694a23199d595fc5a191c96b0f47fb",
            "b2423d72f37f2226e56cbe750da76f820e6c36a9",
        ),
        "dev": (
            "7f74c99caf3ada79abe33724d054cf01542d09e7",
            "ba19f8b2c24da16a9131408b5f07e3a3f0bdc5b8",
        ),
        "test": (
            "bec98b77a03f9abc32eff8de0e85e1cc2edc51b6",
            "45c5da3de8d9908dfff8d1883837ae4c42d48424",
        ),
    }.items()
}


def _wnut_17(name: str, sha256: str) -> tuple[PinnedFile]:
    """Return a file of WNUT-17, with the checksum that Hugging Face's `wnut_17` records for it."""
    commit = "e52a2d2a71ac1a051ca2d532eef28653c5c02603"
    return (PinnedFile("leondz/emerging_entities_17", commit, name, sha256=sha256),)


_WNUT_17 = {
    "train": _wnut_17(
        "wnut17train.conll", "731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5"
    ),
    "dev": _wnut_17(
        "emerging.dev.conll", "e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8"
    ),
    "test": _wnut_17(
        "emerging.test.annotated",
        "2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0",
    ),
}

_STANFORD = _one_each("train.sd.conllx", "dev.sd.conllx", "test.sd.conllx")

CORPORA: dict[str, CorpusSpec] = {
    "sample": CorpusSpec(
        description="English sentences written for this project, with trees: PER, ORG, LOC, MISC.",
        licence="Apache-2.0",
        source="datasets/sample",
        files=_one_each("train.conllu", "dev.conllu", "test.conllu"),
        format="conllu",
        counts={"train": Counts(859), "dev": Counts(110), "test": Counts(160)},
    ),
    "uner-ewt": CorpusSpec(
        description="UD English-EWT trees with the entities of Universal NER: PER, ORG, LOC.",
        licence="CC BY-SA 4.0",
        source="https://github.com/UniversalNER/UNER_English-EWT",
        files={split: tuple(str(file.path) for file in _UNER_EWT[split]) for split in _UNER_EWT},
        obtain="It is downloaded.",
        format="iob2",
        repaired=True,
        counts={
            "train": Counts(12_543, 204_579, 7_022),
            "dev": Counts(2_001, 25_149, 966),
            "test": Counts(2_077, 25_097, 1_088),
        },
        pinned=_UNER_EWT,
    ),
    "uner-zh-gsd": CorpusSpec(
        description="UD Chinese-GSD 1.4 trees with the entities of Universal NER: PER, ORG, LOC.",
        licence="CC BY-SA 4.0",
        source="https://github.com/UniversalNER/UNER_Chinese-GSD",
        files=_one_each("train.conllx", "dev.conllx", "test.conllx"),
        obtain="Join the tags with the trees of UD 1.4, sentence by sentence, where the tokens are "
        "the same.",
        format="conllx",
        counts={"train": Counts(3_990), "dev": Counts(500), "test": Counts(499)},
    ),
    "ontonotes-en": CorpusSpec(
        description="OntoNotes 5 English with Stanford dependencies, 18 types.",
        licence="LDC User Agreement",
        source="https://catalog.ldc.upenn.edu/LDC2013T19",
        files=_STANFORD,
        obtain="Train and dev by the scripts of conll.cemantix.org/2012, test by those of "
        "cemantix.org/data/ontonotes.html (so does allanj/pytorch_neural_crf, docs/benchmark.md); "
        "convert the constituents to Stanford dependencies; then `data convert --format conll2012 "
        "--trees`.",
        format="conllx",
        counts={
            "train": Counts(59_924, 1_088_503, 81_828),
            "dev": Counts(8_528, 147_724, 11_066),
            "test": Counts(8_262, 152_728, 11_257),
        },
    ),
    "ontonotes-zh": CorpusSpec(
        description="OntoNotes 5 Chinese with Stanford dependencies, 18 types.",
        licence="LDC User Agreement",
        source="https://catalog.ldc.upenn.edu/LDC2013T19",
        files=_STANFORD,
        obtain="The splits of CoNLL-2012 by the scripts of conll.cemantix.org/2012; convert the "
        "constituents to Stanford dependencies; then `data convert --format conll2012 --trees`.",
        format="conllx",
        multiple_roots=True,  # two of dev, four of test
        counts={"dev": Counts(6_083), "test": Counts(4_472)},
    ),
    "conll2003": CorpusSpec(
        description="CoNLL-2003 English, Reuters news: PER, ORG, LOC, MISC; no trees.",
        licence="Reuters Corpus agreement (NIST), for research",
        source="https://www.clips.uantwerpen.be/conll2003/ner/",
        files=_one_each("train.txt", "dev.txt", "test.txt"),
        obtain="Build eng.train, eng.testa and eng.testb from RCV1 and rename them; they are in "
        "IOB1 (--scheme iob1), most copies in BIO.",
        format="conll2003",
        counts={
            "train": Counts(14_041),
            "dev": Counts(3_250, None, 5_942),
            "test": Counts(3_453, None, 5_648),
        },
    ),
    "semeval2010-ca": CorpusSpec(
        description="SemEval-2010 task 1, Catalan (AnCora): trees, entities.",
        licence="free for research",
        source="http://stel.ub.edu/semeval2010-coref/datasets",
        files=_STANFORD,
        obtain="From data/catalan of allanj/ner_with_dependency, or `data convert --format "
        "semeval2010 --nested outermost` from the task's own files.",
        format="conllx",
        counts={"dev": Counts(1_445), "test": Counts(1_698)},
    ),
    "semeval2010-es": CorpusSpec(
        description="SemEval-2010 task 1, Spanish (AnCora): trees, entities.",
        licence="free for research",
        source="http://stel.ub.edu/semeval2010-coref/datasets",
        files=_STANFORD,
        obtain="From data/spanish of allanj/ner_with_dependency, or `data convert --format "
        "semeval2010 --nested outermost` from the task's own files.",
        format="conllx",
        counts={"dev": Counts(1_419), "test": Counts(1_705)},
    ),
    "wnut-16": CorpusSpec(
        description="WNUT-16 shared task, tweets: 10 types; no trees.",
        licence="none stated; tweets",
        source="https://github.com/aritter/twitter_nlp",
        files=_one_each("train", "dev", "test"),
        obtain="From data/annotated/wnut16/data of that repository.",
        format="wnut",
    ),
    "wnut-17": CorpusSpec(
        description="WNUT-17, emerging and rare entities: 6 types; no trees.",
        licence="CC BY 4.0",
        source="https://github.com/leondz/emerging_entities_17",
        files={split: (str(_WNUT_17[split][0].path),) for split in _WNUT_17},
        obtain="It is downloaded.",
        format="wnut",
        counts={"train": Counts(3_394), "dev": Counts(1_009), "test": Counts(1_287)},
        pinned=_WNUT_17,
    ),
    "msra": CorpusSpec(
        description="MSRA news in Chinese (SIGHAN 2006), characters: PER, ORG, LOC; no dev.",
        licence="Microsoft Research, for research",
        source="https://www.microsoft.com/en-us/download/details.aspx?id=52531",
        files=_one_each("msra_train_bio.txt", test="msra_test_bio.txt"),
        obtain="The copy in NER/MSRA of OYE93/Chinese-NLP-Corpus has these names and counts.",
        format="wnut",
        counts={
            "train": Counts(45_000, 2_171_573, 75_059),
            "test": Counts(3_442, 172_601, 6_190),
        },
    ),
    "weibo": CorpusSpec(
        description="Weibo posts, characters: names and nominal mentions of PER, LOC, GPE, ORG.",
        licence="none stated",
        source="https://github.com/hltcoe/golden-horse",
        files=_one_each(
            "weiboNER_2nd_conll.train", "weiboNER_2nd_conll.dev", "weiboNER_2nd_conll.test"
        ),
        obtain="From data/ of that repository: the second, revised annotation.",
        format="wnut",
        counts={
            "train": Counts(1_350, 73_778),
            "dev": Counts(270, 14_509),
            "test": Counts(270, 14_842),
        },
        segmented=True,
    ),
    "resume": CorpusSpec(
        description="Résumés in Chinese (Zhang and Yang, ACL 2018), characters: 8 types.",
        licence="none stated",
        source="https://github.com/jiesutd/LatticeLSTM",
        files=_one_each("train.char.bmes", "dev.char.bmes", "test.char.bmes"),
        obtain="From ResumeNER/ of that repository.",
        format="bmes",
    ),
    "fewnerd": CorpusSpec(
        description="Few-NERD, the supervised split: Wikipedia, 66 types; no trees.",
        licence="CC BY-SA 4.0",
        source="https://github.com/thunlp/Few-NERD",
        files=_one_each("train.txt", "dev.txt", "test.txt"),
        obtain="By data/download.sh of that repository, supervised.",
        format="fewnerd",
        counts={"train": Counts(131_767), "dev": Counts(18_824), "test": Counts(37_648)},
    ),
    "cluener": CorpusSpec(
        description="CLUENER2020, news in Chinese, characters: 10 types; test is not annotated.",
        licence="none stated; free download",
        source="https://github.com/CLUEbenchmark/CLUENER2020",
        files=_one_each("train.json", "dev.json"),
        obtain="cluener_public.zip, linked from that repository.",
        format="cluener",
        counts={"train": Counts(10_748), "dev": Counts(1_343)},
    ),
}
