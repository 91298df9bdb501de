"""`serve` and `demo`: a run behind HTTP, with a page to look at."""

from pathlib import Path
from typing import Annotated

import typer

from synner_graph.cli import options
from synner_graph.cli.console import print_notes
from synner_graph.errors import InputError
from synner_graph.serving.limits import Limits

DEMO = Path("runs/sample")
"""The run of `make train`."""

BACKLOG = 1024
"""Connections that wait to be accepted."""

LIMITS = Limits()
"""Those of a server whose user names no others."""

Host = Annotated[str, typer.Option(help="Interface to listen at; 0.0.0.0 for all.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")]


def serve(
    run: options.Run,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    max_characters: Annotated[
        int, typer.Option(min=1, help="Most characters in a request; more are refused (413).")
    ] = LIMITS.characters,
    timeout: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds to receive a request (408), and to answer it (503)."),
    ] = LIMITS.seconds,
    max_waiting: Annotated[
        int, typer.Option(min=1, help="Most characters that wait; more are refused (503).")
    ] = LIMITS.waiting,
    batch_tokens: Annotated[
        int, typer.Option(min=1, help="Most tokens in a batch.", rich_help_panel=options.RUNTIME)
    ] = LIMITS.batch_tokens,
    parser: Annotated[
        str,
        typer.Option(
            help="Where trees come from: run, spacy:PACKAGE, stanza:LANGUAGE.",
            rich_help_panel=options.RUNTIME,
        ),
    ] = "run",
    dictionary: options.Dictionary = None,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    device: options.Device = "auto",
    precision: options.Precision = options.Precisions.float32,
) -> None:
    """Serve a run over HTTP: POST /predict, and a page at /.

    Ctrl-C or SIGTERM ends it when what was taken is answered. It needs the extra `serve`.

    Example: synner serve runs/sample --port 8000
    """
    try:
        from synner_graph.serving.app import create_app
        from synner_graph.serving.server import address_of, bound, run_server, shared_cores
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn", "prometheus_client", "starlette"):
            raise
        raise InputError(
            f"The server needs {error.name}: pip install 'synner-graph[serve]'."
        ) from error
    from synner_graph.cli.source import dictionary_notes, dictionary_of, open_run

    phrases = dictionary_of(dictionary)
    limits = Limits(max_characters, seconds=timeout, waiting=max_waiting, batch_tokens=batch_tokens)
    with bound(host, port) as made:
        ner = open_run(run, None, graph_backend, device, kernel, precision)
        ner.dictionary = phrases
        app = create_app(ner, run, limits, parser, shared_cores(ner.device))
        made.listen(BACKLOG)  # from here on clients are answered, if not yet at once
        typer.echo(f"{run} is served at {address_of(made)} (Ctrl-C ends it)")
        run_server(app, made, limits)
        print_notes(dictionary_notes(phrases))


def demo(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve runs/sample, the run of `make train`: open the address that it prints.

    Example: synner demo
    """
    if not DEMO.is_dir():
        raise InputError(
            f"There is no {DEMO} here: make it with 'make train' in a checkout, or with "
            f"'synner train --dataset sample --parser biaffine --output {DEMO}'."
        )
    serve(str(DEMO), host, port)
