"""`study`: a grid of trainings, in one table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from synner_graph.cli import options
from synner_graph.cli.console import errors, print_json
from synner_graph.cli.trainings import AS_IT_IS, Machine, trains


@trains()
def study(
    context: typer.Context,
    grid: Annotated[Path, typer.Argument(help="Grid file (TOML): see configs/studies.")],
    results: Annotated[
        Path, typer.Option(help="Folder of the results files, each named as its grid.")
    ] = Path("docs/results"),
    runs: Annotated[Path, typer.Option(help="Folder for the run folders.")] = Path("runs/studies"),
    row: Annotated[
        list[str] | None, typer.Option(help="Only this row; may be given several times.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Train at most this many cells.")] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Only print what the results file says.")
    ] = False,
    pool: Annotated[
        list[Path] | None,
        typer.Option(
            help="With --report: print the mean of the differences to the control over this grid "
            "of another corpus and GRID; may be given several times."
        ),
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only list the cells that are still to be run.")
    ] = False,
    keep_runs: Annotated[
        bool, typer.Option("--keep-runs", help="Leave the run folders, with their weights.")
    ] = False,
    machine: Machine = AS_IT_IS,
    json: options.Json = False,
) -> None:
    """Train every row of a grid with every tuning and every seed, then compare the rows.

    A cell that is finished is never run again: interrupt the command and repeat it, on another day
    or in several processes at once, until nothing is missing. A cell that another grid has run with
    the same settings is taken from its results file. A cell that was broken off goes on from its
    newest checkpoint. The table is Markdown: mean ± standard deviation over seeds, and the
    difference to the control row with a paired interval over documents and seeds.

    Example: synner study configs/studies/syntax-subset.toml --report

    Rows of the same name in studies of several corpora are pooled: the mean of their differences,
    each to its own control, with an interval over the documents and seeds of all, and p.

    Example: synner study configs/studies/documents.toml --report --pool
    configs/studies/documents-zh.toml
    """
    from synner_graph.errors import InputError
    from synner_graph.study.grid import read_grid
    from synner_graph.study.report import markdown, summarize
    from synner_graph.study.results import read_records
    from synner_graph.study.runner import missing_cells, run_study

    how = machine.arguments(context)
    plan = read_grid(grid)
    for name in row or ():
        if name not in plan.rows:
            raise InputError(f"There is no row {name!r} in {grid}: {', '.join(plan.rows)}.")
    path = results / f"{grid.stem}.json"
    if pool and not report:
        raise InputError("--pool averages what results files say: say --report, too.")
    if pool:
        _tell_pooled((grid, *pool), results, json)
        return
    if missing:
        typer.echo("\n".join(map(str, missing_cells(plan, path))))
        return
    failures: list[str] = []
    if not report:
        failures = run_study(
            plan,
            path,
            runs / grid.stem,
            rows=row or None,
            limit=limit,
            keep_runs=keep_runs,
            **how,
        )
    records = read_records(path)
    if json:
        print_json(records)
    elif records:
        typer.echo(markdown(plan, summarize(plan, records)))
    for failure in failures:
        errors.print(f"failed: {failure}", markup=False, highlight=False, soft_wrap=True)
    if failures:
        raise typer.Exit(1)
    if report and not records:
        raise InputError(f"{path} holds no results yet: run the study without --report.")


def _tell_pooled(grids: Sequence[Path], results: Path, json: bool) -> None:
    """Print the differences to the controls, averaged over studies of several corpora."""
    from synner_graph.study.grid import read_grid
    from synner_graph.study.pooling import Study, pool, pooled_markdown
    from synner_graph.study.report import summarize
    from synner_graph.study.results import read_records

    studies = []
    for file in grids:
        grid = read_grid(file)
        rows = summarize(grid, read_records(results / f"{file.stem}.json"))
        studies.append(Study(str(file), grid, rows))
    averaged = pool(studies)
    if json:
        print_json([row.to_json() for row in averaged])
    else:
        typer.echo(pooled_markdown(studies, averaged))
