"""`parts list`, `parts show`: every swappable part, and its settings."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json

if TYPE_CHECKING:
    from synner_graph.parts import Description

commands = typer.Typer(
    no_args_is_help=True, help="List the swappable parts, and show their settings."
)


@commands.command("list")
def list_parts(json: options.Json = False) -> None:
    """List the parts of every kind: kind, name, one line, settings.

    Example: synner parts list --json
    """
    from synner_graph.model.descriptions import describe_parts

    parts = describe_parts()
    if json:
        print_json([{"kind": kind, **part.to_json()} for kind, part in parts])
        return
    table = Table(show_lines=True)
    for column in ("kind", "name", "what it does", "settings"):
        table.add_column(column, no_wrap=column in ("kind", "name"))
    for kind, part in parts:
        settings = "\n".join(f"--{kind}.{o.name} {o.default}" for o in part.options)
        table.add_row(kind, part.name, part.summary, settings)
    output.print(table)


@commands.command("show")
def show_part(
    kind: Annotated[
        str, typer.Argument(help="encoder, gnn, recurrent, head or parser.", show_default=False)
    ],
    name: Annotated[str, typer.Argument(help="A name from `parts list`.", show_default=False)],
    json: options.Json = False,
) -> None:
    """Show what a part computes and explain its settings.

    Example: synner parts show head span
    """
    from synner_graph.model.descriptions import describe_part

    part = describe_part(kind, name)
    if json:
        print_json({"kind": kind, **part.to_json()})
        return
    print_part(kind, part)


def print_part(kind: str, part: "Description") -> None:
    """Print what a part computes, and what its settings mean."""
    lines: list[Any] = [f"{part.name}: {part.summary}"]
    lines += [f"    {line}" for line in part.equation.splitlines()]
    lines += [part.notes, part.paper and f"Source: {part.paper}"]
    lines += [f"--{kind}.{o.name} {o.type}  {o.description} [{o.default}]" for o in part.options]
    for line in filter(None, lines):
        output.print(line, markup=False, highlight=False, soft_wrap=True)
