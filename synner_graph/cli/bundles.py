"""Options that several commands have in common, as one object."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from inspect import Parameter, signature
from typing import Any

Command = Callable[..., None]


def unfold(name: str, bundle: type[Any], *without: str) -> Callable[[Command], Command]:
    """Give a command the options of a bundle in place of one parameter.

    Typer reads options off the signature alone, so the decorated function shows the fields there.

    Args:
        name: The parameter.
        bundle: A dataclass; each field is an option of the same name.
        without: Fields that are no option of this command and keep their default.
    """
    shown = [field for field in fields(bundle) if field.name not in without]

    def options_of(kind: Any) -> list[Parameter]:
        return [Parameter(f.name, kind, default=f.default, annotation=f.type) for f in shown]

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(**given: Any) -> None:
            bundled = bundle(**{field.name: given.pop(field.name) for field in shown})
            command(**given, **{name: bundled})

        parameters: list[Parameter] = []
        for parameter in signature(command).parameters.values():
            parameters += options_of(parameter.kind) if parameter.name == name else [parameter]
        run.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate
