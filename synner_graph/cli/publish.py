"""`package` and `push`: hand a run on to people who need not train."""

from pathlib import Path
from typing import Annotated

import typer

from synner_graph.cli import options

Licence = Annotated[
    str | None,
    typer.Option(
        "--license",
        help="Licence under which others may use the run, as SPDX names it: Apache-2.0. "
        "Required; the licence of the training sentences may decide it.",
        show_default=False,
    ),
]


def package(
    run: options.Run,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the wheel.")] = Path(
        "dist"
    ),
    name: Annotated[
        str | None,
        typer.Option(help="Name of the package; default: synner- and that of the run's folder."),
    ] = None,
    version: Annotated[str, typer.Option(help="Version of the package.")] = "1.0.0",
    license: Licence = None,
) -> None:
    """Pack a run as a wheel that pip installs; from then on its name is enough.

    The package has a function `load()`, and `predict`, `serve` and `SynNER.from_pretrained` take
    its name in place of a folder.

    Example: synner package runs/sample --license Apache-2.0 --output dist
    """
    from synner_graph.publishing.package import pack
    from synner_graph.recogniser.find import find_run

    path, found = pack(find_run(run), output, name, version, license)
    typer.echo(f"Wrote {path}")
    typer.echo(f"pip install {path}")
    typer.echo(f'synner predict {found} "A text."')


def push(
    run: options.Run,
    repository: Annotated[
        str, typer.Argument(help="Repository on the hub, as user/name.", show_default=False)
    ],
    private: Annotated[
        bool, typer.Option("--private", help="Make a repository that others do not see.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Replace what the repository holds, in one commit.")
    ] = False,
    license: Licence = None,
) -> None:
    """Put a run on the Hugging Face hub; from then on user/name is enough.

    The token is that of HF_TOKEN, or of `hf auth login`; HF_ENDPOINT names another hub.

    Example: synner push runs/sample user/name --license Apache-2.0
    """
    from synner_graph.publishing.hub import push as put
    from synner_graph.recogniser.find import find_run

    address = put(find_run(run), repository, license, private, update)
    typer.echo(f"Pushed to {address}")
    typer.echo(f'synner predict {repository} "A text."')
