"""Recipes: for each published row a file of settings, what it needs, the score to compare with.

They lie in configs/recipes and travel in the wheel as synner_graph/configs/recipes.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import try_to_load_from_cache
from pydantic import Field, ValidationError

from synner_graph.config import RunConfig, Section, explain, load_config
from synner_graph.data.corpora.catalogue import spec_of, whereabouts
from synner_graph.data.corpora.known import Counts
from synner_graph.data.corpora.pinned import data_folder
from synner_graph.encoders.choice import has_transformer
from synner_graph.encoders.packages import resolve
from synner_graph.errors import InputError, suggest
from synner_graph.files import bundled

VECTORS_FOLDER = "vectors"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")


class Published(Section):
    """Scores on the test split, in percent."""

    precision: float | None = Field(None, gt=0, lt=100)
    recall: float | None = Field(None, gt=0, lt=100)
    f1: float = Field(gt=0, lt=100)

    def __str__(self) -> str:
        known = (("P", self.precision), ("R", self.recall), ("F1", self.f1))
        return " ".join(f"{name} {value:.2f}" for name, value in known if value is not None)


class RecipePage(Section):
    """The table `recipe` of a recipe: what it says of itself."""

    title: str = Field(description="the row, in words")
    paper: str | None = Field(None, description="what it comes from, where there is a paper")
    source: str = Field(description="where its settings, and its score, were read")
    published: Published | None = Field(None, description="only figures read in that source")
    note: str | None = Field(None, description="what is peculiar to the row")
    vectors: str | None = Field(None, description="where the word vectors are obtained")


@dataclass(frozen=True)
class Recipe:
    """A published row as a training run.

    Attributes:
        name: of its file.
        text: the file.
        about: its table `recipe`.
        config: its settings; see `settings` for those that it leaves out.
    """

    name: str
    text: str
    about: RecipePage
    config: RunConfig

    @property
    def corpus(self) -> str:
        """Name in the catalogue."""
        assert self.config.data.dataset is not None
        return self.config.data.dataset

    @property
    def counts(self) -> Mapping[str, Counts]:
        """Counts of each split, as far as a published source gives them."""
        return spec_of(self.corpus).counts

    def missing(self, data_dir: Path | None = None) -> dict[str, str]:
        """List what it needs and this machine lacks, and where that was sought or can be found."""
        needs = {}
        here, where = whereabouts(self.corpus, data_dir)
        if not here:
            needs[f"corpus {self.corpus}"] = where
        encoder = self.config.encoder
        if encoder.vectors is not None and find_vectors(encoder.vectors, data_dir) is None:
            needs[f"vectors {encoder.vectors}"] = f"from {self.about.vectors}"
        if has_transformer(encoder) and not _has_weights(encoder.name):
            needs[f"weights {encoder.name}"] = "downloaded at first use"
        return needs

    def settings(self) -> RunConfig:
        """Every setting, those of its parts too, checked against them.

        Raises:
            InputError: An option does not exist, is wrong or has no effect.
        """
        # This imports the parts, and torch with them, which a table of recipes does not need.
        from synner_graph.recogniser.settings import read_settings

        return read_settings(recipe_path(self.name))

    def to_json(self, data_dir: Path | None = None) -> dict[str, Any]:
        """All of it, with every setting.

        Raises:
            InputError: See `settings`.
        """
        return {
            "name": self.name,
            **self.about.model_dump(mode="json"),
            "corpus": self.corpus,
            "encoder": self.config.encoder.name,
            "missing": self.missing(data_dir),
            "config": self.settings().model_dump(mode="json"),
        }


def recipe_names() -> list[str]:
    """The names of all recipes, sorted."""
    return sorted(path.stem for path in bundled("recipes").glob("*.toml"))


def recipe_path(name: str) -> Path:
    """The file of a recipe.

    Raises:
        InputError: for an unknown name; suggests the nearest.
    """
    names = recipe_names()
    if name not in names:
        raise InputError(f"Unknown recipe {name!r}.{suggest(name, names)}")
    return bundled("recipes") / f"{name}.toml"


def load_recipe(name: str) -> Recipe:
    """Read a recipe.

    Raises:
        InputError: for an unknown name, or a file that is no recipe.
    """
    path = recipe_path(name)
    config = load_config(path)
    text = path.read_text(encoding="utf-8")
    try:
        about = RecipePage.model_validate(tomllib.loads(text).get("recipe", {}))
    except ValidationError as error:
        raise InputError(f"{path}: {explain(error, RecipePage)}") from error
    if config.data.dataset is None:
        raise InputError(f"{path}: expected a recipe to name its corpus, data.dataset")
    if config.encoder.vectors is not None and about.vectors is None:
        raise InputError(f"{path}: expected recipe.vectors, where {config.encoder.vectors} is from")
    return Recipe(name, text, about, config)


def find_vectors(path: Path, data_dir: Path | None = None) -> Path | None:
    """A file of word vectors: as it is named, else in the folder `vectors` of the data folder."""
    folder = data_folder(data_dir)
    places = [path] if folder is None else [path, folder / VECTORS_FOLDER / path.name]
    return next((place for place in places if place.is_file()), None)


def with_vectors(config: RunConfig, about: RecipePage) -> RunConfig:
    """The settings of a recipe with the place of its word vectors.

    Raises:
        InputError: They are not there.
    """
    vectors = config.encoder.vectors
    if vectors is None:
        return config
    found = find_vectors(vectors, config.data.data_dir)
    if found is None:
        raise InputError(
            f"The word vectors {vectors} are neither here nor in the folder {VECTORS_FOLDER} of "
            f"--data-dir: get them from {about.vectors}, or name others by --encoder.vectors FILE."
        )
    encoder = config.encoder.model_copy(update={"vectors": found})
    return config.model_copy(update={"encoder": encoder})


def _has_weights(encoder: str) -> bool:
    """Say whether a transformer's weights are in a folder or in the Hugging Face cache."""
    try:
        source = resolve(encoder)
    except InputError:
        return False
    if Path(source).is_dir():
        return True
    found = (try_to_load_from_cache(source, name) for name in WEIGHTS)
    return any(isinstance(path, str) for path in found)
