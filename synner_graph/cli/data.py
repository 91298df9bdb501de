"""`data`: convert, validate and describe files."""

from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output as stdout
from synner_graph.cli.console import print_json, print_notes
from synner_graph.cli.outputs import check_output
from synner_graph.cli.source import text_config
from synner_graph.data.conversion import convert as convert_file
from synner_graph.data.corpora.catalogue import SPLITS, spec_of, whereabouts
from synner_graph.data.corpora.known import CORPORA
from synner_graph.data.formats import read_sentences
from synner_graph.data.statistics import Distribution, Statistics
from synner_graph.data.validation import validate as validate_file
from synner_graph.errors import InputError, message_line

app = typer.Typer(
    no_args_is_help=True, help="List corpora; convert, validate and describe files of sentences."
)


class Carrier(StrEnum):
    """The character that stands for its word."""

    first = "first"
    last = "last"


class Keep(StrEnum):
    """Which of the entities that share a token."""

    innermost = "innermost"
    outermost = "outermost"


@app.command()
def convert(
    input: Annotated[str, typer.Argument(help="File to read; - for standard input.")],
    output: Annotated[str, typer.Argument(help="File to write; - for standard output.")],
    format: options.Format = None,
    output_format: Annotated[
        str | None, typer.Option(help="Format of the output; default: by suffix.")
    ] = None,
    scheme: options.Scheme = None,
    output_scheme: Annotated[
        str | None, typer.Option(help="Tag scheme of the output; default: the format's usual one.")
    ] = None,
    repair: options.Repair = False,
    multiple_roots: options.MultipleRoots = False,
    trees: Annotated[
        Path | None,
        typer.Option(help="File with the trees of the same sentences, in the same order."),
    ] = None,
    trees_format: Annotated[
        str | None,
        typer.Option(help="Format of --trees; default: by suffix. For 10-column CoNLL-X: conllu."),
    ] = None,
    characters: Annotated[
        Carrier | None,
        typer.Option(help="Make characters the tokens; this character of a word carries the tree."),
    ] = None,
    nested: Annotated[
        Keep | None,
        typer.Option(help="Which of the entities that share a token to keep; default: all."),
    ] = None,
    tokenizer: options.TextTokenizer = None,
    language: options.TextLanguage = None,
) -> None:
    """Write a file in another format.

    Example: synner data convert train.v4_gold_conll train.conllu --format conll2012 --trees
    train.conllx
    """
    check_output(output, (input, trees))
    conversion = convert_file(
        input,
        output,
        format,
        output_format,
        scheme=scheme,
        output_scheme=output_scheme,
        repair=repair,
        multiple_roots=multiple_roots,
        trees=trees,
        trees_format=trees_format,
        characters=None if characters is None else characters.value,
        nested=None if nested is None else nested.value,
        text=text_config(input, format, tokenizer, language),
    )
    print_notes([f"sentences written: {conversion.sentences:,}", *conversion.notes])


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(help="Files to read; - for standard input.")],
    format: options.Format = None,
    scheme: options.Scheme = None,
    multiple_roots: options.MultipleRoots = False,
) -> None:
    """List every problem of files, with file and line; exit with 2 if there is one.

    Example: synner data validate train.conllu dev.conllu
    """
    total = sentences = faulty = 0
    for file in files:
        try:
            for problems in validate_file(
                file, format, scheme=scheme, multiple_roots=multiple_roots
            ):
                sentences += 1
                faulty += bool(problems)
                total += len(problems)
                for problem in problems:
                    typer.echo(message_line(str(problem)))
        except InputError as error:  # the next file may still be as it should be
            total += 1
            typer.echo(message_line(str(error)))
    typer.echo(
        f"problems: {total:,} (sentences with problems: {faulty:,} of {sentences:,}; "
        f"files: {len(files):,})"
    )
    if total:
        raise typer.Exit(2)


@app.command()
def stats(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files to read, instead of a dataset.")
    ] = None,
    dataset: options.Dataset = None,
    data_dir: options.DataDir = None,
    format: options.Format = None,
    scheme: options.Scheme = None,
    repair: options.Repair = False,
    multiple_roots: options.MultipleRoots = False,
    json: options.Json = False,
) -> None:
    """Count sentences, tokens, entities, relations, and what the trees are like.

    Files are read one sentence at a time, whatever their size.

    Example: synner data stats --dataset uner-ewt --json
    """
    if bool(files) == (dataset is not None):
        raise InputError("Say what to describe: either files or --dataset NAME.")
    if dataset is not None:
        from synner_graph.data.corpora.catalogue import load_corpus

        corpus = load_corpus(dataset, data_dir)
        print_notes(corpus.notes)
        found = {split: Statistics.of(rows) for split, rows in corpus.splits.items()}
    else:
        found = {
            file: Statistics.of(
                read_sentences(
                    file, format, scheme=scheme, repair=repair, multiple_roots=multiple_roots
                )
            )
            for file in files or ()
        }
    if json:
        print_json({name: statistics.to_json() for name, statistics in found.items()})
    else:
        _print_table(found)


@app.command("list")
def list_corpora(data_dir: options.DataDir = None, json: options.Json = False) -> None:
    """List the corpora of the catalogue: sentences, licence, and whether they are at hand.

    Example: synner data list --data-dir corpora
    """
    rows = [_row(name, data_dir) for name in CORPORA]
    if json:
        print_json(rows)
        return
    table = Table(show_lines=True)
    for column in ("name", "what it is", "sentences", "licence", "here"):
        table.add_column(column, no_wrap=column == "name", overflow="fold")
    for row in rows:
        counts = row["counts"]
        numbers = [counts[split]["sentences"] for split in SPLITS if split in counts]
        sentences = " / ".join(f"{number:,}" for number in numbers)
        here = row["where"] if row["here"] else f"no: {row['where']}"
        table.add_row(row["name"], row["description"], sentences, row["licence"], here)
    stdout.print(table, markup=False)


@app.command("show")
def show_corpus(
    name: Annotated[str, typer.Argument(help="A name from `data list`.", show_default=False)],
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Show what is known of a corpus: where to obtain it, its files, the counts to expect.

    Example: synner data show ontonotes-en
    """
    row = _row(name, data_dir)
    if json:
        print_json(row)
        return
    lines = [f"{name}: {row['description']}", f"licence: {row['licence']}", row["source"]]
    lines += [row["obtain"]] if row["obtain"] else []
    lines += [f"here: {'yes' if row['here'] else 'no'} ({row['where']})"]
    for split, files in row["files"].items():
        expected = row["counts"].get(split, {})
        numbers = [f"{count:,} {what}" for what, count in expected.items() if count is not None]
        known = f": {', '.join(numbers)}" if numbers else ""
        lines.append(f"{split}: {', '.join(str(Path(name, file)) for file in files)}{known}")
    for line in lines:
        stdout.print(line, markup=False, highlight=False, soft_wrap=True)


def _row(name: str, data_dir: Path | None) -> dict[str, Any]:
    """What `list` and `show` say of a corpus."""
    spec = spec_of(name)
    here, where = whereabouts(name, data_dir)
    row = {
        "name": name,
        "description": spec.description,
        "licence": spec.licence,
        "source": spec.source,
        "obtain": spec.obtain,
        "format": spec.format,
        "files": {split: list(files) for split, files in spec.files.items()},
        "counts": {split: asdict(counts) for split, counts in spec.counts.items()},
    }
    return row | {"here": here, "where": where}


def _print_table(found: dict[str, Statistics]) -> None:
    table = Table("", *found)
    for column in table.columns[1:]:
        column.justify, column.overflow = "right", "fold"
    every = list(found.values())

    def row(name: str, cells: Iterable[object]) -> None:
        table.add_row(
            name, *(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells)
        )

    row("sentences", (s.sentences for s in every))
    row("tokens", (s.tokens for s in every))
    row("sentence length: mean, median, max", (_three(s.lengths) for s in every))
    table.add_section()
    row("entities", (s.entities.total() for s in every))
    for label in sorted({label for s in every for label in s.entities}):
        row(f"  {label}", (s.entities[label] for s in every))
    row("entity length: mean, median, max", (_three(s.entity_lengths) for s in every))
    row("entities that share a token", (s.overlapping for s in every))
    table.add_section()
    row("sentences with a tree", (s.parsed for s in every))
    row("relation types", (len(s.relations) for s in every))
    row("tree depth: mean, median, max", (_three(s.depths) for s in every))
    row("non-projective sentences", (_part(s.nonprojective, s.parsed) for s in every))
    row(
        "entities that are no subtree",
        (_part(s.not_subtrees.total(), s.parsed_entities) for s in every),
    )
    table.add_section()
    relations = {name for s in every for name in s.relations}
    for relation in sorted(relations, key=lambda name: -sum(s.relations[name] for s in every)):
        row(f"  {relation}", (s.relations[relation] for s in every))
    stdout.print(table, markup=False)


def _three(numbers: Distribution) -> str:
    return f"{numbers.mean:.2f}, {numbers.median}, {numbers.maximum}"


def _part(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.2%})" if whole else "-"
