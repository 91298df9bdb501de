"""Swappable parts: what a kind of part, such as the heads, needs to be chosen by name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from inspect import cleandoc
from typing import Any, ClassVar, Generic, TypeVar, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from synner_graph.config import EncoderConfig, RunConfig, Section
from synner_graph.errors import InputError, suggest

SOURCE = "Source:"
REST = r"\n *(?:Args:|Attributes:|Raises:|Parameters)\n"
"""Where a docstring goes on with what a programmer needs; the last is DGL's way."""


class Part:
    """A class that settings choose by its name.

    Its docstring is what `parts show` prints: one line, the equation (indented), what its letters
    mean, and at the end a paragraph `Source: ...`.

    Attributes:
        Options: The settings that this class reads and others of its kind need not.
    """

    Options: ClassVar[type[Section]] = Section


P = TypeVar("P", bound=Part)


class Kind(Generic[P]):
    """All parts of one kind.

    Args:
        section: Of the settings, such as `head`.
        noun: What one of them is called in messages.
        parts: By name.
        find_other: Finds a part whose name is not among them, or raises.
    """

    def __init__(
        self,
        section: str,
        noun: str,
        parts: Mapping[str, type[P]],
        find_other: Callable[[str], type[P]] | None = None,
    ) -> None:
        self.section = section
        self.noun = noun
        self.parts = parts
        self.find_other = find_other

    def find(self, name: str) -> type[P]:
        """The class of that name.

        Raises:
            InputError: The name is unknown.
        """
        if name in self.parts:
            return self.parts[name]
        if self.find_other is not None:
            return self.find_other(name)
        raise InputError(f"Unknown {self.noun} {name!r}.{suggest(name, self.parts)}")

    def options(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options of a part: those given, checked, and the defaults of the others.

        Raises:
            InputError: The part does not have one of them, or cannot take its value.
        """
        kind = self.find(name).Options
        try:
            return kind.model_validate(given).model_dump()
        except ValidationError as error:
            first = error.errors()[0]
            key = f"{self.section}.{'.'.join(str(part) for part in first['loc'])}"
            if first["type"] != "extra_forbidden":
                raise InputError(
                    f"The setting {key!r} is wrong: {first['msg']}, got {first['input']!r}."
                ) from error
            known = [*type(getattr(RunConfig(), self.section)).model_fields, *kind.model_fields]
            known.remove("options")
            hint = suggest(str(first["loc"][0]), known)
            raise InputError(
                f"The setting {key!r} does not exist: it is no option of the {self.noun} "
                f"{name!r}.{hint}"
            ) from error

    def readers(self, option: str) -> list[str]:
        """The names of the parts that have an option."""
        return [name for name, part in self.parts.items() if option in part.Options.model_fields]


@dataclass(frozen=True)
class EncoderPart:
    """A part that an encoder may have.

    Attributes:
        encoder: The class that computes it.
        when: What it takes for an encoder to have it.
        possible: Whether an encoder with these settings can have it.
        settings: The settings of the section `encoder` that it reads.
    """

    encoder: type[Any]
    when: str
    possible: Callable[[EncoderConfig], bool]
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Option:
    """A setting of a part."""

    name: str
    type: str
    default: Any
    description: str


@dataclass(frozen=True)
class Description:
    """A part in words.

    Attributes:
        name: As the settings name it.
        summary: One line.
        equation: One or several lines; empty where there is none.
        notes: What the equation leaves open.
        paper: Where it comes from.
        options: Its own settings.
    """

    name: str
    summary: str
    equation: str
    notes: str
    paper: str
    options: tuple[Option, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def describe(name: str, part: type, options: Mapping[str, FieldInfo]) -> Description:
    """What the docstring of a class and its options say about it."""
    text = re.split(REST, cleandoc(part.__doc__ or ""), maxsplit=1)[0].strip()
    summary, *paragraphs = text.split("\n\n")
    found: dict[str, list[str]] = {"equation": [], "notes": [], "paper": []}
    for paragraph in paragraphs:
        if paragraph.startswith(" "):
            found["equation"].append(cleandoc(paragraph))
        elif paragraph.startswith(SOURCE):
            found["paper"].append(_one_line(paragraph.removeprefix(SOURCE)))
        else:
            found["notes"].append(_one_line(paragraph))
    return Description(
        name=name,
        summary=_one_line(summary),
        equation="\n".join(found["equation"]),
        notes="\n".join(found["notes"]),
        paper=" ".join(found["paper"]),
        options=tuple(_option(option, field) for option, field in options.items()),
    )


def _option(name: str, field: FieldInfo) -> Option:
    choices = get_args(field.annotation) or (field.annotation,)
    written = " | ".join(_type_name(choice) for choice in choices)
    return Option(name, written, field.default, field.description or "")


def _type_name(choice: Any) -> str:
    if choice is type(None):
        return "none"
    return str(getattr(choice, "__name__", choice))


def _one_line(text: str) -> str:
    return " ".join(text.split())
