"""`recipes list`, `recipes show`: the published rows, and what is missing to run them."""

from typing import Annotated

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json

app = typer.Typer(no_args_is_help=True, help="List published results, and show how to train them.")


@app.command("list")
def list_recipes(data_dir: options.DataDir = None, json: options.Json = False) -> None:
    """List the recipes: name, row, published test score, what is missing on this machine.

    Example: synner recipes list --data-dir corpora
    """
    from synner_graph.recipes import load_recipe, recipe_names

    recipes = [load_recipe(name) for name in recipe_names()]
    if json:
        print_json([recipe.to_json(data_dir) for recipe in recipes])
        return
    table = Table()
    for column in ("name", "row", "published", "missing"):
        table.add_column(column, no_wrap=column == "name", overflow="fold")
    for recipe in recipes:
        published = str(recipe.about.published or "-")
        missing = ", ".join(recipe.missing(data_dir)) or "nothing"
        table.add_row(recipe.name, recipe.about.title, published, missing)
    output.print(table, markup=False)


@app.command("show")
def show_recipe(
    name: Annotated[str, typer.Argument(help="A name from `recipes list`.", show_default=False)],
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Show a recipe: where it comes from, what it needs, its settings.

    Example: synner recipes show ontonotes-en-roberta-synlstm-span
    """
    from synner_graph.recipes import load_recipe

    recipe = load_recipe(name)
    if json:
        print_json(recipe.to_json(data_dir))
        return
    about = recipe.about
    lines = [f"{name}: {about.title}", about.paper, f"Source: {about.source}"]
    lines += [f"Published on test: {about.published}" if about.published else None, about.note]
    for split, counts in recipe.counts.items():
        if counts.sentences is not None:
            lines.append(f"Expect {counts.sentences:,} sentences in {split}.")
    lines += [f"Missing: {need} ({how})" for need, how in recipe.missing(data_dir).items()]
    lines += [f"Run: train --recipe {name}", ""]
    for line in lines:
        if line is not None:
            output.print(line, markup=False, highlight=False, soft_wrap=True)
    settings = recipe.text.partition("\n[data]")
    output.print(f"[data]{settings[2]}".rstrip(), markup=False, highlight=False, soft_wrap=True)
