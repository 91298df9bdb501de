"""`gnn list`, `gnn show`: the GNN layers, and what they compute."""

from typing import Annotated

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json
from synner_graph.cli.parts import print_part

commands = typer.Typer(
    no_args_is_help=True, help="List the GNN layers, and show what they compute."
)


@commands.command("list")
def list_layers(json: options.Json = False) -> None:
    """List the GNN layers: name, one line, paper, options.

    Example: synner gnn list --json
    """
    from synner_graph.model.descriptions import describe_layers

    layers = describe_layers()
    if json:
        print_json([layer.to_json() for layer in layers])
        return
    table = Table(show_lines=True)
    for column in ("name", "what it does", "paper", "options"):
        table.add_column(column, no_wrap=column == "name")
    for layer in layers:
        settings = "\n".join(f"--gnn.{o.name} {o.default}" for o in layer.options)
        table.add_row(layer.name, layer.summary, layer.paper, settings)
    output.print(table)


@commands.command("show")
def show_layer(
    name: Annotated[str, typer.Argument(help="A name from `gnn list`.", show_default=False)],
    json: options.Json = False,
) -> None:
    """Show the equation of a GNN layer and explain its options.

    Example: synner gnn show gatv2
    """
    from synner_graph.model.descriptions import describe_layer

    layer = describe_layer(name)
    if json:
        print_json(layer.to_json())
        return
    print_part("gnn", layer)
