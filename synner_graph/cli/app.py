"""The Typer application: how it starts, what it says when the input is wrong."""

import logging
import os
import sys
from contextlib import suppress
from typing import Any

import typer
from rich.logging import RichHandler

from synner_graph.cli.console import errors
from synner_graph.config.environment import set_up
from synner_graph.errors import InputError, lacks_memory, message_line
from synner_graph.files import StandardOutput

CLOSED = 141
"""Exit code where nobody reads the output any more (`| head`): that of a Unix tool."""


class _Commands(typer.core.TyperGroup):
    """Turns errors of input and system into one line and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            result = super().invoke(ctx)
            StandardOutput().flush()
            return result
        except BrokenPipeError as error:
            _drop_output()
            raise typer.Exit(CLOSED) from error
        except InputError as error:
            complaint = str(error)
        except OSError as error:
            said = error.strerror or str(error)
            complaint = f"{error.filename}: {said}" if error.filename else said
        except (MemoryError, RuntimeError) as error:
            if not lacks_memory(error):
                raise
            complaint = f"There is not enough memory for this: {error}"
        _drop_output()
        typer.echo(f"Error: {message_line(complaint)}", err=True)
        raise typer.Exit(2)


def _drop_output() -> None:
    """Redirect standard output to nowhere if it cannot be written; the exit would fail."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def main(
    quiet: bool = typer.Option(
        False, "--quiet", "-q", help="Print only results, notes on the data, and errors."
    ),
) -> None:
    """Named entity recognition that reads syntax.

    Train on a corpus with dependency trees, evaluate a saved run, predict the entities of a file:

      synner train --dataset sample --parser biaffine --output runs/sample

      synner eval runs/sample --dataset sample --split test

      synner predict runs/sample --input datasets/sample/test.conllu --pretty
    """
    # The libraries below would otherwise draw bars and print advice of their own.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    set_up(os.environ)
    console = RichHandler(console=errors, show_time=False, show_path=False, show_level=False)
    # The handler's level, not the package's: training lowers that one for the log of the run.
    console.setLevel(logging.WARNING if quiet else logging.INFO)
    package = logging.getLogger("synner_graph")
    package.handlers = [console]
    package.setLevel(logging.INFO)
