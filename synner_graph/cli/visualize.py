"""`visualize`: draw what a run sees in sentences, and what it gets wrong."""

from collections.abc import Sequence
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synner_graph.cli import options
from synner_graph.cli.console import print_notes
from synner_graph.cli.outputs import check_output
from synner_graph.cli.reading import AS_USUAL, Reading, reads
from synner_graph.cli.source import open_run, split_of
from synner_graph.data.batching import BATCH_SIZE
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.files import write_text

if TYPE_CHECKING:
    from synner_graph.drawing import Drawing
    from synner_graph.recogniser.synner import SynNER


@reads()
def visualize(
    run: options.Run,
    text: Annotated[
        list[str] | None,
        typer.Argument(help="Texts to draw, instead of a dataset.", show_default=False),
    ] = None,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="File to write: .html, .svg, .png or .pdf.", show_default=False
        ),
    ],
    index: Annotated[
        int | None,
        typer.Option(
            min=1, help="Draw this sentence alone, counted from 1; default: all, on a page."
        ),
    ] = None,
    errors: Annotated[
        bool,
        typer.Option("--errors", help="Write a page of the sentences with mistakes, with filters."),
    ] = False,
    weights: Annotated[
        bool,
        typer.Option(
            "--weights",
            help="Draw the edges of the graph, each as wide as its part in the entities found.",
        ),
    ] = False,
    entity: Annotated[
        int | None,
        typer.Option(min=1, help="With --weights: explain only this entity, counted from 1."),
    ] = None,
    dataset: options.Dataset = None,
    split: Annotated[
        str | None,
        typer.Option(help="train, dev or test; default: test.", rich_help_panel=options.DATA),
    ] = None,
    input: Annotated[
        Path | None,
        typer.Option(
            "--input",
            "-i",
            help="File of parsed sentences, instead of a dataset.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    reading: Reading = AS_USUAL,
    graph_backend: options.GraphBackend = options.Backend.auto,
    device: options.Device = "auto",
    batch_size: options.BatchSize = BATCH_SIZE,
) -> None:
    """Draw sentences with their trees and the entities that a run finds in them.

    Example: synner visualize runs/sample "Chelsea moved to Chelsea." --output tree.svg

    Where the sentences have gold entities, both are drawn, and what differs has a dashed border.

    Example: synner visualize runs/sample --dataset sample --split test --index 3 --output tree.svg

    Example: synner visualize runs/sample --dataset sample --errors --output mistakes.html

    With --weights the edges that the messages pass along are drawn in place of the tree, each as
    wide as its contribution to the entities found: gradient times input, over all layers. With
    --entity the contributions have signs: some edges speak for the entity, some against it.

    Example: synner visualize runs/sample --dataset sample --index 3 --weights --entity 1 -o why.svg
    """
    check_output(output, (input, reading.features))
    if text and (dataset or input or split or reading != AS_USUAL):
        raise InputError("A text is drawn as it stands: leave out what chooses and reads a file.")
    split = split or "test"
    data = None if text else split_of(dataset, input, split, reading)

    from synner_graph.data.corpora.catalogue import corpus_of
    from synner_graph.drawing.drawing import check_suffix
    from synner_graph.drawing.page import Card, cards_page
    from synner_graph.evaluation.mistakes import mistakes_page, numbered

    is_page = check_suffix(output) == ".html"
    if errors and weights:
        raise InputError("--weights draws sentences, not a page of --errors.")
    if errors and (index is not None or not is_page):
        raise InputError(
            "--errors writes a page of all mistakes: give it an .html file, no --index."
        )
    if entity is not None and not (weights and (index is not None or text)):
        raise InputError(
            "--entity explains one entity of one sentence: give --index and --weights."
        )
    one_wanted = f"{output} holds one sentence: say which with --index, or write .html."
    if index is None and not is_page and not text:
        raise InputError(one_wanted)

    ner = open_run(run, reading.features, graph_backend, device)
    if data is None:
        sentences = [s.replace(entities=()) for doc in ner.pipe(text or ()) for s in doc.sentences]
        name = "the text"
        if index is None and (entity is not None or not is_page):
            if len(sentences) != 1:
                raise InputError(f"The text has {len(sentences)} sentences: {one_wanted}")
            index = 1
    else:
        corpus = corpus_of(data, splits=(split,), text=ner.text_config)
        print_notes(corpus.notes)
        sentences = list(corpus.splits[split])
        name = str(input) if input else f"{dataset} {split}"
    has_gold = any(sentence.entities for sentence in sentences)
    labels = {e.label for s in sentences for e in s.entities} | set(ner.vocabularies.labels)
    if errors:
        if not has_gold:
            raise InputError(f"--errors compares with gold entities, but {name} has none.")
        predicted = ner.predict(sentences, batch_size)
        title = f"Mistakes of {run} in {name}"
        write_text(output, mistakes_page(title, sentences, predicted, labels))
        return
    if index is not None and index > len(sentences):
        raise InputError(f"--index is {index}, but {name} has {len(sentences)} sentences.")
    drawings = _drawings(ner, sentences, index, weights, entity, has_gold, labels, batch_size)
    if index is not None:
        drawings[0].save(output)
        return
    cards = [
        Card(numbered(number, sentence), drawing.scene)
        for number, (sentence, drawing) in enumerate(zip(sentences, drawings, strict=True), 1)
    ]
    write_text(output, cards_page(f"Entities that {run} finds in {name}", cards))


def _drawings(
    ner: "SynNER",
    sentences: Sequence[Sentence],
    index: int | None,
    weights: bool,
    entity: int | None,
    has_gold: bool,
    labels: set[str],
    batch_size: int,
) -> "list[Drawing]":
    """Name sentences and draw each, or the one of an index alone.

    Raises:
        InputError: There is no such entity.
    """
    from synner_graph.drawing import draw_sentence
    from synner_graph.evaluation.explain import explain, weighted_graph

    units = list(ner.units(sentences))
    wanted = None
    if index is not None:  # its document with it, where the model reads documents
        units, wanted = next(
            ([unit], index - 1 - start)
            for unit, start in zip(units, accumulate(map(len, units), initial=0), strict=False)
            if index <= start + len(unit)
        )
    stream = ner.stream(chain.from_iterable(units), batch_size)
    drawings = []
    for unit in units:
        named = list(islice(stream, len(unit)))
        for place, (sentence, found) in enumerate(zip(unit, named, strict=True)):
            if wanted not in (None, place):
                continue
            graph, around = None, (named[:place], named[place + 1 :])
            if entity is not None:
                if entity > len(found.entities):
                    count = len(found.entities)
                    raise InputError(f"--entity is {entity}, but the entities found are {count}.")
                graph = explain(ner, found, found.entities[entity - 1], *around).graph
            elif weights:
                graph = weighted_graph(ner, found, *around)
            gold = sentence.entities if has_gold else None
            drawings.append(draw_sentence(found, gold, graph, labels, named, place))
    return drawings
