"""The options that say how corpora and files are read, in one bundle."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, signature
from typing import Any

from synner_graph.cli import options

BUNDLE = "reading"


@dataclass(frozen=True)
class Reading:
    """How a command reads its sentences; each field is an option of the same name."""

    data_dir: options.DataDir = None
    format: options.Format = None
    scheme: options.Scheme = None
    repair: options.Repair = False
    multiple_roots: options.MultipleRoots = False
    features: options.Features = None
    no_cache: options.NoCache = False

    def settings(self) -> dict[str, Any]:
        """Return the settings of the section `data` that the user gave, by name."""
        settings = {
            "data_dir": self.data_dir,
            "format": self.format,
            "scheme": self.scheme,
            "repair": self.repair or None,
            "multiple_roots": self.multiple_roots or None,
            "cache": False if self.no_cache else None,
        }
        return {name: value for name, value in settings.items() if value is not None}


AS_USUAL = Reading()


def reads(*without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of `Reading` in place of its parameter `reading`.

    Typer reads options off the signature alone, so the decorated function shows the fields there.

    Args:
        without: Fields that are no option of this command and keep their default.
    """
    shown = [field for field in fields(Reading) if field.name not in without]

    def options_of(kind: Any) -> list[Parameter]:
        return [Parameter(f.name, kind, default=f.default, annotation=f.type) for f in shown]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            bundle = Reading(**{field.name: given.pop(field.name) for field in shown})
            command(**given, **{BUNDLE: bundle})

        parameters: list[Parameter] = []
        for parameter in signature(command).parameters.values():
            parameters += options_of(parameter.kind) if parameter.name == BUNDLE else [parameter]
        run.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate
