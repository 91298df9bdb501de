"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from synner_graph.data.batching import BATCH_TOKENS
from synner_graph.data.formats import FORMATS
from synner_graph.data.schemes import SCHEMES

DATA = "Data"
RUNTIME = "Runtime"


class Backend(StrEnum):
    """Graph backends."""

    auto = "auto"
    dgl = "dgl"
    torch = "torch"


class Kernels(StrEnum):
    """The kernels that `--kernel` names."""

    auto = "auto"
    cpu = "cpu"
    triton = "triton"
    triton_float32 = "triton-float32"
    fused = "fused"
    naive = "naive"


class Precisions(StrEnum):
    """What a transformer computes in."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"
    int8 = "int8"


Run = Annotated[
    str,
    typer.Argument(help="Run folder, installed package, or a hub repository.", show_default=False),
]
Dataset = Annotated[
    str | None,
    typer.Option(help="Corpus of the catalogue: see `data list`.", rich_help_panel=DATA),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder that holds the catalogue's corpora.",
        envvar="SYNNER_DATA_DIR",
        rich_help_panel=DATA,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        help=f"Format of the files: {', '.join(FORMATS)}; default: by suffix.",
        rich_help_panel=DATA,
    ),
]
Scheme = Annotated[
    str | None,
    typer.Option(
        help=f"Tag scheme of the files: {', '.join(SCHEMES)}; default: the format's usual one.",
        rich_help_panel=DATA,
    ),
]
Repair = Annotated[
    bool,
    typer.Option(
        "--repair", help="Repair broken tag sequences and count them.", rich_help_panel=DATA
    ),
]
MultipleRoots = Annotated[
    bool,
    typer.Option(
        "--multiple-roots", help="Accept sentences with several roots.", rich_help_panel=DATA
    ),
]
TextTokenizer = Annotated[
    str | None,
    typer.Option(
        "--text.tokenizer",
        help="What makes tokens of the texts of annotation tools: rules, characters or blanks.",
        rich_help_panel=DATA,
    ),
]
TextLanguage = Annotated[
    str | None,
    typer.Option(
        "--text.language",
        help="Language of its rules; default: en.",
        rich_help_panel=DATA,
    ),
]
Features = Annotated[
    Path | None,
    typer.Option(
        "--encoder.features",
        help="File of precomputed features of the sentences, for a model that reads them.",
        rich_help_panel=DATA,
    ),
]
Dictionary = Annotated[
    list[Path] | None,
    typer.Option(
        "--dictionary",
        metavar="FILE",
        help="File of phrases that are forced to be entities, forbidden to be, or favoured; repeat "
        "it for several.",
        rich_help_panel=DATA,
    ),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        help="Read the files anew, and neither use nor fill the user's cache.",
        rich_help_panel=DATA,
    ),
]
GraphBackend = Annotated[
    Backend,
    typer.Option(
        help="Library that passes messages; auto: dgl to train, if it can run, torch to predict.",
        rich_help_panel=RUNTIME,
    ),
]
Kernel = Annotated[
    Kernels,
    typer.Option(
        help="Kernel of Syn-LSTM, CRF and span scores; auto takes the fastest that can run.",
        rich_help_panel=RUNTIME,
    ),
]
Precision = Annotated[
    Precisions,
    typer.Option(
        help="What the transformer computes in; auto takes less than float32 where the "
        "processor has instructions for it and F1 on dev was kept.",
        rich_help_panel=RUNTIME,
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.", rich_help_panel=RUNTIME)]
BatchSize = Annotated[
    int,
    typer.Option(
        min=1,
        help=f"Sentences read at once, at most; never more than {BATCH_TOKENS:,} tokens.",
        rich_help_panel=RUNTIME,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CheckpointEvery = Annotated[
    str | None,
    typer.Option(
        metavar="STEPS|TIME",
        help="Write checkpoints every 200 steps with 200, every 5 minutes with 5m (or 90s, 1h), "
        "and after each epoch; default: every 5 minutes and after an epoch, for at most 2 % of "
        "the time.",
        rich_help_panel=RUNTIME,
    ),
]

Trees = Annotated[
    str | None,
    typer.Option(
        help="Where trees come from: run, spacy:PACKAGE, stanza:LANGUAGE; default: run for texts, "
        "else the input.",
        rich_help_panel=RUNTIME,
    ),
]
