"""Every recipe loads, builds its model and learns; what it needs and lacks is named."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from typer.main import get_command

from synner_graph import recipes
from synner_graph.cli import app
from synner_graph.config import RunConfig
from synner_graph.data.corpora.catalogue import corpus_of, load_corpus
from synner_graph.data.corpora.known import CORPORA
from synner_graph.data.formats import write_sentences
from synner_graph.encoders.choice import has_transformer
from synner_graph.encoders.settings import check_encoder
from synner_graph.errors import InputError
from synner_graph.model.kinds import KINDS
from synner_graph.recipes import (
    find_vectors,
    load_recipe,
    recipe_names,
    recipe_path,
    with_vectors,
)
from synner_graph.recogniser.new import new_recogniser
from synner_graph.training.learner import Learner
from tests.places import ROOT

NAMES = recipe_names()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six sentences of the sample as every corpus that a recipe names, and tiny word vectors."""
    folder = tmp_path_factory.mktemp("data")
    sample = load_corpus("sample", splits=["dev"]).splits["dev"]
    sentences = [sentence for sentence in sample if sentence.entities][:6]
    for recipe in map(load_recipe, NAMES):
        spec = CORPORA[recipe.corpus]
        for (name,) in spec.files.values():
            file = folder / recipe.corpus / name
            file.parent.mkdir(exist_ok=True, parents=True)
            write_sentences(file, sentences, spec.format, scheme=spec.scheme)
        vectors = recipe.config.encoder.vectors
        if vectors is not None:
            words = sorted({token for sentence in sentences for token in sentence.tokens})
            file = folder / "vectors" / vectors
            file.parent.mkdir(exist_ok=True)
            file.write_text("".join(f"{word} 0.5 -1 0.25\n" for word in words), encoding="utf-8")
    return folder


def ready(name: str, data_dir: Path, transformer: Path) -> RunConfig:
    """The settings of a recipe on the stand-ins, two steps an epoch."""
    recipe = load_recipe(name)
    config = recipe.config
    encoder = config.encoder
    if has_transformer(encoder):
        encoder = encoder.model_copy(update={"name": str(transformer)})
    parts = {
        "data": config.data.model_copy(update={"data_dir": data_dir}),
        "encoder": encoder,
        "training": config.training.model_copy(update={"batch_size": 3, "epochs": 1}),
    }
    return with_vectors(config.model_copy(update=parts), recipe.about)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_learns(name: str, data_dir: Path, tiny_transformer: Path) -> None:
    config = ready(name, data_dir, tiny_transformer)
    check_encoder(config.encoder)
    sentences = corpus_of(config.data).splits["train"]
    assert len(sentences) == 6
    ner = new_recogniser(config, sentences, "torch", torch.device("cpu"), "auto")
    learner = Learner(ner.model, config, 2, Accelerator(cpu=True))
    learner.model.train()
    before = {key: value.clone() for key, value in ner.model.state_dict().items()}
    for rows in (sentences[:3], sentences[3:]):
        assert torch.isfinite(learner.step([ner.model.collator(rows)], 1 / 3))
    after = ner.model.state_dict()
    assert all(torch.isfinite(value).all() for value in after.values() if value.is_floating_point())
    assert any(not torch.equal(before[key], after[key]) for key in after if "head." in key)
    assert len(ner.predict(sentences)) == 6


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_names_its_source_and_its_corpus(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert re.search(r"github\.com/\S+/\S+", recipe.about.source)
    assert name.startswith(recipe.corpus) and recipe.corpus in CORPORA
    published = recipe.about.published
    if published is None:
        assert recipe.about.note
    elif published.precision and published.recall:
        both = published.precision + published.recall
        f1 = 2 * published.precision * published.recall / both
        assert published.f1 == pytest.approx(f1, abs=0.011)


def test_every_published_table_has_its_rows() -> None:
    heads = ("crf", "span")
    rows = {
        f"{corpus}{syntax}-{head}"
        for corpus in ("ontonotes-en-roberta", "ontonotes-zh-electra")
        for syntax in ("", "-synlstm")
        for head in heads
    }
    rows |= {f"conll2003-roberta-{head}" for head in heads}
    rows |= {f"{corpus}-bilstm-crf" for corpus in ("conll2003", "ontonotes-en")}
    rows |= {f"{corpus}-bert-crf" for corpus in ("conll2003", "ontonotes-en")}
    four = ("ontonotes-en", "ontonotes-zh", "semeval2010-ca", "semeval2010-es")
    models = ("synlstm", "synlstm-bert", "dglstm")
    rows |= {f"{corpus}-{model}" for corpus in four for model in models}
    news_and_noise = ("conll2003", "ontonotes-en", "wnut-16", "wnut-17")
    rows |= {f"{corpus}-spanner" for corpus in news_and_noise}
    assert rows <= set(NAMES)


def test_what_is_missing_is_named(
    data_dir: Path, tmp_path: Path, tiny_transformer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SYNNER_DATA_DIR", raising=False)
    monkeypatch.setattr(recipes, "try_to_load_from_cache", lambda source, name: None)
    recipe = load_recipe("ontonotes-zh-electra-crf")
    weights = "weights hfl/chinese-electra-180g-base-discriminator"
    assert recipe.missing(data_dir) == {weights: "downloaded at first use"}
    assert list(recipe.missing(tmp_path)) == ["corpus ontonotes-zh", weights]
    monkeypatch.setattr(recipes, "try_to_load_from_cache", lambda source, name: "/some/where")
    assert recipe.missing(data_dir) == {}
    encoder = recipe.config.encoder.model_copy(update={"name": str(tiny_transformer)})
    local = replace(recipe, config=recipe.config.model_copy(update={"encoder": encoder}))
    monkeypatch.setattr(recipes, "try_to_load_from_cache", lambda source, name: None)
    assert local.missing(data_dir) == {}
    lexical = load_recipe("ontonotes-zh-synlstm")
    assert lexical.missing(data_dir) == {}
    assert list(lexical.missing(tmp_path)) == ["corpus ontonotes-zh", "vectors cc.zh.300.vec"]
    monkeypatch.setenv("SYNNER_DATA_DIR", str(data_dir))
    assert lexical.missing() == {}


def test_vectors_are_found_where_they_are_named_or_in_their_folder(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SYNNER_DATA_DIR", raising=False)
    name = Path("glove.6B.100d.txt")
    assert find_vectors(name, data_dir) == data_dir / "vectors" / name
    assert find_vectors(name) is None
    assert find_vectors(data_dir / "vectors" / name) == data_dir / "vectors" / name
    recipe = load_recipe("conll2003-bilstm-crf")
    with pytest.raises(
        InputError, match=r"glove.6B.100d.txt are neither here .*glove\.6B\.zip, or"
    ):
        with_vectors(recipe.config, recipe.about)


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'ontonotes-en-spam'\. Did you mean 'ontonotes"):
        recipe_path("ontonotes-en-spam")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[data]\ndataset = "sample"\n', "setting 'title' is wrong: Field required"),
        ('[recipe]\ntitle = "x"\nsource = "y"\n', "expected a recipe to name its corpus"),
        (
            '[recipe]\ntitle = "x"\nsource = "y"\nscore = 3\n[data]\ndataset = "sample"\n',
            "The setting 'score' does not exist",
        ),
        (
            '[recipe]\ntitle = "x"\nsource = "y"\n[data]\ndataset = "sample"\n'
            '[encoder]\nname = "lexical"\nvectors = "a.txt"\n',
            "expected recipe.vectors, where a.txt is from",
        ),
    ],
)
def test_a_file_that_is_no_recipe(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(recipes, "bundled", lambda name: tmp_path)
    with pytest.raises(InputError, match=f"mine.toml: .*{message}"):
        load_recipe("mine")


def test_the_map_of_flags_names_options_that_exist() -> None:
    page = ROOT / "docs" / "reproduce.md"
    flags = page.read_text(encoding="utf-8").partition("## The seeds' flags")[2]
    ours = [line.split("|")[2] for line in flags.splitlines() if line.startswith("| ")]
    named = set(re.findall(r"--([a-z][a-z_.-]+)", " ".join(ours)))
    commands = get_command(app).commands
    options = {
        option.removeprefix("--")
        for command in ("train", "eval")
        for parameter in commands[command].params
        for option in parameter.opts
    }
    sections = RunConfig().model_dump()
    settings = {f"{section}.{key}" for section, table in sections.items() for key in table}
    for section, kind in KINDS.items():
        for part in kind.parts.values():
            settings |= {f"{section}.{option}" for option in part.Options.model_fields}
    assert len(named) > 30
    assert named - options - settings == set()


def test_the_page_names_recipes_that_exist() -> None:
    page = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:--recipe|recipes show) (\S+)", page))
    assert named and named <= set(NAMES)
