"""`calibrate`: choose the temperature of a run's scores."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json, print_notes
from synner_graph.cli.reading import AS_USUAL, Reading, reads
from synner_graph.cli.source import open_run, split_of
from synner_graph.config import DataConfig
from synner_graph.errors import InputError


@reads("no_cache")
def calibrate(
    run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)],
    dataset: options.Dataset = None,
    input: Annotated[
        Path | None,
        typer.Option(
            help="A file with gold entities, instead of a dataset.", rich_help_panel=options.DATA
        ),
    ] = None,
    reading: Reading = AS_USUAL,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Choose the temperature of a run's scores on the dev split, and store it with the run.

    Without --dataset and --input it reads the dev split that the run was trained with. The run
    still finds the same entities. The calibration error is printed before and after, for dev and,
    if there is one, for the test split: trust that one, since nothing was chosen there. F1 on dev
    is measured in each precision that the processor has instructions for: --precision auto goes by
    it.

    Example: synner calibrate runs/sample
    """
    from synner_graph.data.corpora.catalogue import corpus_of
    from synner_graph.evaluation.calibration import calibrate as choose
    from synner_graph.evaluation.precision import f1_by_precision
    from synner_graph.heads.biaffine import BIAFFINE
    from synner_graph.parsers import RUN, TREES
    from synner_graph.recogniser.synner import load_parser

    if dataset is None and input is None:
        data = _trained_on(run, reading.data_dir)
    else:
        data = split_of(dataset, input, "dev", reading)
    ner = open_run(run, reading.features, graph_backend, device, kernel)
    corpus = corpus_of(data, splits=("dev", "test"), text=ner.text_config)
    print_notes(corpus.notes)
    splits = {name: rows for name, rows in corpus.splits.items() if rows}
    if "dev" not in splits:
        raise InputError("The corpus of the run has no dev split: name --dataset or --input.")
    if ner.parser_record.name not in (TREES, BIAFFINE):
        parser = load_parser(RUN, ner)
        splits = {name: tuple(parser.parse(rows)) for name, rows in splits.items()}
    chosen = choose(ner, {name: splits[name] for name in ("dev", "test") if name in splits})
    ner.calibration = chosen
    ner.f1_by_precision = f1_by_precision(ner, splits["dev"])
    ner.save_measured(run)
    if json:
        print_json({**chosen.to_json(), "f1_by_precision": ner.f1_by_precision})
        return
    table = Table(title=f"temperature {chosen.temperature:.3f}: expected calibration error, %")
    for column in ("split", "entities", "before", "after"):
        table.add_column(column, justify="left" if column == "split" else "right")
    for name, split in chosen.splits.items():
        errors = (f"{100 * error:.2f}" for error in (split.before, split.after))
        table.add_row(name, str(split.entities), *errors)
    output.print(table)
    for precision, f1 in ner.f1_by_precision.items():
        output.print(f"F1 on dev in {precision}: {f1:.2f}", highlight=False)


def _trained_on(run: Path, data_dir: Path | None) -> DataConfig:
    """The data settings of a run."""
    path = run / "metrics.json"
    try:
        settings = json_module.loads(path.read_bytes())["config"]["data"]
        data = DataConfig.model_validate(settings)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} does not tell what the run was trained on: name --dataset or --input."
        ) from error
    return data.model_copy(update={"data_dir": data_dir or data.data_dir})
