"""`sweep`: trainings whose settings Optuna chooses."""

from pathlib import Path
from typing import Annotated

import typer

from synner_graph.cli import options
from synner_graph.cli.console import print_json
from synner_graph.cli.overrides import parse_overrides
from synner_graph.cli.trainings import AS_IT_IS, Machine, trains


@trains()
def sweep(
    context: typer.Context,
    tune: Annotated[
        list[str],
        typer.Option(
            metavar="KEY[=VALUES]",
            help="A setting to choose: KEY=A,B,C or KEY=LOW..HIGH; KEY alone takes what its part "
            "allows. May be given several times.",
        ),
    ],
    trials: Annotated[
        int, typer.Option(min=1, help="Trainings in all, earlier ones included.")
    ] = 20,
    config: Annotated[
        Path | None, typer.Option(help="Settings in TOML of all trials; --section.key overrides.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the sweep.")] = Path(
        "runs/sweep"
    ),
    machine: Machine = AS_IT_IS,
    json: options.Json = False,
) -> None:
    """Look for good settings by dev F1; keep the run of the best trial.

    Optuna chooses each trial by what came out of those before (TPE), and breaks off trials that
    are worse than the median of the others at their epoch. Repeat the command to go on after a
    kill, or with more --trials. The test split is not read: a best score on dev is too high, so
    test the run that is kept with `eval`.

    Example: synner sweep --tune gnn.layers=1,2,3 --tune training.learning_rate --trials 8
    """
    from synner_graph.recogniser.settings import read_settings
    from synner_graph.study.space import read_space
    from synner_graph.study.sweep import run_sweep

    how = machine.arguments(context)
    settings = read_settings(config, parse_overrides(context.args))
    found = run_sweep(settings, read_space(tune, settings), trials, output, **how)
    if json:
        print_json(found.to_json())
        return
    counts = f"{found.finished} finished, {found.pruned} pruned, {found.refused} refused"
    typer.echo(f"Trials: {counts}")
    typer.echo(f"Best on dev: {found.score:.2f}")
    for key, value in found.settings.items():
        typer.echo(f"  --{key} {value}")
    typer.echo(f"Saved in {found.run}")
