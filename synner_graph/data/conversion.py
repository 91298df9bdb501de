"""Convert files from one format to another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from synner_graph.config import TextConfig
from synner_graph.data.characters import (
    AlignmentReport,
    Carrier,
    align_characters,
    split_characters,
)
from synner_graph.data.formats import ReadReport, format_of, read_sentences, write_sentences
from synner_graph.data.formats.lines import Stream
from synner_graph.data.losses import Losses
from synner_graph.data.nesting import Keep, flatten
from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import join_trees


@dataclass(frozen=True)
class Conversion:
    """The outcome of `convert`.

    Attributes:
        notes: What was changed or left out on the way, one line each, with counts.
    """

    sentences: int
    notes: tuple[str, ...]


def convert(
    source: Stream,
    target: Stream,
    format: str | None = None,
    output_format: str | None = None,
    *,
    scheme: str | None = None,
    output_scheme: str | None = None,
    repair: bool = False,
    multiple_roots: bool = False,
    trees: Stream | None = None,
    trees_format: str | None = None,
    characters: Carrier | None = None,
    nested: Keep | None = None,
    text: TextConfig | None = None,
) -> Conversion:
    """Write the sentences of a file in another format; see `read_sentences` and `write_sentences`.

    Args:
        trees: A file with the trees of the same sentences, in the same order.
        characters: Make every character a token, and its word's first or last stand for the word
            in the tree; `trees` may then have other words than the source.
        nested: Keep one of the entities that share a token; by default all are kept, and refused
            by a format that cannot hold them.
        text: How texts of annotation tools are cut; see `read_sentences`.

    Raises:
        InputError: A file cannot be read or written, or sentences and trees do not fit together.
    """
    read, alignment = ReadReport(), AlignmentReport()
    dropped = [0]
    sentences: Iterable[Sentence] = read_sentences(
        source,
        format,
        scheme=scheme,
        repair=repair,
        multiple_roots=multiple_roots,
        report=read,
        text=text,
    )
    if trees is not None:
        parsed = read_sentences(trees, trees_format, repair=True, multiple_roots=multiple_roots)
        if characters is None:
            sentences = join_trees(sentences, parsed)
        else:
            sentences = align_characters(sentences, parsed, characters, alignment)
    elif characters is not None:
        sentences = (split_characters(sentence, characters) for sentence in sentences)
    if nested is not None:
        sentences = _flattened(sentences, nested, dropped)
    losses = Losses(format_of(target, output_format), output_scheme)
    watched = losses.watch(sentences)
    written = write_sentences(target, watched, output_format, scheme=output_scheme)
    counts = {
        **read.notes,
        **losses.counts,
        "nested entities dropped": dropped[0],
        "sentences left out, whose characters are not those of their tree": alignment.left_out,
        "words in which an entity begins or ends": alignment.crossed_words,
        "entities that begin or end inside a word": alignment.crossing_entities,
    }
    return Conversion(written, tuple(f"{what}: {n:,}" for what, n in counts.items() if n))


def _flattened(sentences: Iterable[Sentence], keep: Keep, dropped: list[int]) -> Iterator[Sentence]:
    for sentence in sentences:
        flat, number = flatten(sentence, keep)
        dropped[0] += number
        yield flat
