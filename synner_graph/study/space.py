"""The search space of a sweep: the values that are given, or those that a setting allows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from synner_graph.config import RunConfig
from synner_graph.errors import InputError, suggest
from synner_graph.model.kinds import KINDS

SPREAD = 4
"""A setting without an upper bound is tried from its default divided by this to its multiple."""


@dataclass(frozen=True)
class Dimension:
    """What a setting may be.

    Attributes:
        key: Its dotted name.
        choices: Its values; empty for a range.
        low, high: Ends of a range, both included.
        whole: Whether only whole numbers are meant.
        log: Whether to draw the logarithm evenly.
    """

    key: str
    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False

    def suggest(self, trial: Any) -> Any:
        """Have a trial of Optuna choose a value."""
        if self.choices:
            return trial.suggest_categorical(self.key, list(self.choices))
        if self.whole:
            return trial.suggest_int(self.key, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.key, self.low, self.high, log=self.log)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {"choices": list(self.choices)}


def read_space(tuned: Sequence[str], config: RunConfig) -> list[Dimension]:
    """Read what `--tune` says: KEY, KEY=A,B,C or KEY=LOW..HIGH.

    Args:
        tuned: One text for each setting.
        config: The settings that stay as they are; they say which parts there are.

    Raises:
        InputError: A setting does not exist, comes twice or has no such values; or a range is
            needed, since the setting alone does not say what it may be.
    """
    pairs = [(text.partition("=")[0], text.partition("=")[2]) for text in tuned]
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise InputError(f"expected each setting once after --tune, got {key} twice")
    # A part that is tuned itself may be any of its choices, with the options of each.
    named = {key: text.split(",") for key, text in pairs if key.endswith(".name") and text}
    return [_dimension(key, text, _field(key, config, named)) for key, text in pairs]


def _field(key: str, config: RunConfig, named: Mapping[str, Sequence[str]]) -> FieldInfo:
    section, _, name = key.partition(".")
    if section not in RunConfig.model_fields or not name:
        raise InputError(
            f"expected SECTION.SETTING after --tune, got {key!r}."
            f"{suggest(section, RunConfig.model_fields)}"
        )
    chosen = getattr(config, section)
    known: dict[str, FieldInfo]
    known = {n: f for n, f in type(chosen).model_fields.items() if n != "options"}
    if section in KINDS:
        for part in named.get(f"{section}.name", [chosen.name]):
            known = dict(KINDS[section].find(part).Options.model_fields) | known
    if name not in known:
        raise InputError(f"The setting {key!r} does not exist.{suggest(name, known)}")
    return known[name]


def _dimension(key: str, text: str, field: FieldInfo) -> Dimension:
    kinds = set(get_args(field.annotation)) or {field.annotation}
    number: type[int] | type[float] | None = None
    if int in kinds and bool not in kinds:
        number = int
    elif float in kinds:
        number = float
    if ".." in text:
        return _range(key, text, number)
    if text:
        values = tuple(_value(key, word, number, bool in kinds) for word in text.split(","))
        if len(values) < 2 or len(set(values)) < len(values):
            raise InputError(f"expected several values for {key}, each once, got {text!r}")
        return Dimension(key, choices=values)
    if get_origin(field.annotation) is Literal:
        return Dimension(key, choices=get_args(field.annotation))
    if bool in kinds:
        return Dimension(key, choices=(False, True))
    if key.partition(".")[0] in KINDS and key.endswith(".name"):
        return Dimension(key, choices=tuple(KINDS[key.partition(".")[0]].parts))
    return _from_default(key, field, number)


def _range(key: str, text: str, number: type[int] | type[float] | None) -> Dimension:
    if number is None:
        raise InputError(f"{key} is no number: expected {key}=A,B,C, got {text!r}")
    low, _, high = text.partition("..")
    try:
        ends = number(low), number(high)
    except ValueError as error:
        raise InputError(f"expected {key}=LOW..HIGH with two numbers, got {text!r}") from error
    if not ends[0] < ends[1]:
        raise InputError(f"expected {key}=LOW..HIGH with LOW below HIGH, got {text!r}")
    wide = ends[0] > 0 and ends[1] >= 10 * ends[0]
    return Dimension(key, low=ends[0], high=ends[1], whole=number is int, log=wide)


def _from_default(key: str, field: FieldInfo, number: type[int] | type[float] | None) -> Dimension:
    """The range of a number: its bounds, or around its default where there is no upper one."""
    bounds = {
        name: getattr(limit, name)
        for limit in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if getattr(limit, name, None) is not None
    }
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    default = field.default
    if number is None or isinstance(default, bool) or not isinstance(default, int | float):
        raise InputError(f"say what {key} may be: {key}=A,B,C or {key}=LOW..HIGH")
    if high is not None and low is not None and number is float:
        # A share such as dropout, of which the upper half is rarely meant.
        return Dimension(key, low=float(low), high=float(low) + 0.5 * (float(high) - float(low)))
    if default <= 0:
        raise InputError(f"say what {key} may be: {key}=LOW..HIGH")
    ends = default / SPREAD, default * SPREAD
    if number is int:
        return Dimension(key, low=max(1, int(ends[0])), high=int(ends[1]), whole=True, log=True)
    return Dimension(key, low=ends[0], high=ends[1], log=True)


def _value(key: str, word: str, number: type[int] | type[float] | None, truth: bool) -> Any:
    if truth and word in ("true", "false"):
        return word == "true"
    if number is None:
        return word
    try:
        return number(word)
    except ValueError:
        return word  # a number or a word, or nothing that the setting takes: each trial checks it
