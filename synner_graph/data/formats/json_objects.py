"""Shared by formats with one JSON object a line: check the object, build the sentence."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from synner_graph.data.formats.lines import FormatError, raise_first
from synner_graph.data.formats.rows import ReadOptions, build
from synner_graph.data.sentence import Sentence


class JsonObject(BaseModel):
    """An object whose values are checked against their types; unknown keys are dropped."""

    model_config = ConfigDict(strict=True, extra="ignore")


Object = TypeVar("Object", bound=JsonObject)


class JsonLine:
    """One line of a file and the problems found in it."""

    def __init__(self, number: int, line: str, path: str) -> None:
        self.number = number
        self.line = line
        self.path = path
        self.problems: list[FormatError] = []

    def refuse(self, message: str) -> None:
        """Note a problem."""
        self.problems.append(FormatError(self.path, self.number, message))

    def parse(self, kind: type[Object]) -> Object:
        """Parse the object in the line.

        Raises:
            FormatError: It is not JSON, or not such an object; each value at fault is named.
        """
        try:
            return kind.model_validate_json(self.line)
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in fault["loc"])
                where = place.removeprefix(".") or "a JSON object"
                got = "" if fault["type"] == "missing" else _got(fault["input"])
                self.refuse(f"expected {where}: {fault['msg'].lower()}{got}")
        raise_first(self.problems)
        raise AssertionError("a validation error without faults")

    def raise_first(self) -> None:
        """Raise the first problem, with the others attached to it; do nothing without problems."""
        raise_first(self.problems)

    def sentence(self, options: ReadOptions, **parts: Any) -> Sentence:
        """Build the sentence.

        Raises:
            FormatError: Something is wrong with it, or has been refused before.
        """
        sentence, errors = build(options, **parts)
        for error in errors:
            self.refuse(str(error))
        raise_first(self.problems)
        assert sentence is not None
        return sentence


def _got(value: object) -> str:
    text = repr(value)
    return f", got {text if len(text) <= 40 else text[:40] + '...'}"
