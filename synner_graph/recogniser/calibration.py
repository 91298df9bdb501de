"""The calibration that a run keeps: one temperature, and how far it mends the scores."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Reliability:
    """How well the scores of one split agree with how often they are right.

    Attributes:
        entities: Entities found.
        before: Expected calibration error at temperature 1.
        after: The same at the temperature chosen.
    """

    entities: int
    before: float
    after: float


@dataclass(frozen=True)
class Calibration:
    """A temperature and what it does.

    Attributes:
        temperature: What a head divides its scores by before it makes probabilities of them.
        splits: By name; the temperature was chosen on the first.
    """

    temperature: float
    splits: dict[str, Reliability]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Calibration":
        """Read what `to_json` gave.

        Raises:
            KeyError: Something is missing.
            ValueError: The temperature is not a finite number above 0.
            TypeError, AttributeError: Something is not of its kind.
        """
        splits = {name: Reliability(**split) for name, split in values["splits"].items()}
        temperature = float(values["temperature"])
        if not 0 < temperature < float("inf"):
            raise ValueError(f"expected a temperature above 0, got {temperature}")
        return cls(temperature, splits)
