"""What `predict` does once its options are understood: name texts or sentences, and write them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from synner_graph.cli.console import errors, print_notes, unknown_relations
from synner_graph.cli.pretty import print_pretty
from synner_graph.cli.scale import SHARD, Scale
from synner_graph.cli.source import dictionary_notes, open_work
from synner_graph.data.formats import DOCUMENT_FORMATS, LINE_FORMATS, ReadReport, scheme_of
from synner_graph.errors import InputError

if TYPE_CHECKING:
    from synner_graph.data.dictionary import Dictionary
    from synner_graph.data.sentence import Sentence
    from synner_graph.recogniser.recogniser import Recogniser
    from synner_graph.recogniser.sentences import SentenceNamer, SentenceWork
    from synner_graph.text.blocks import TextWork
    from synner_graph.text.engine import Engine, Pool, Work
    from synner_graph.text.live import LiveLines
    from synner_graph.text.pipeline import TextPipeline
    from synner_graph.text.shards import Block
    from synner_graph.text.sources import Record


@dataclass(frozen=True)
class Naming:
    """Names what is read and writes it.

    Attributes:
        opener: Opens the recogniser, given the dictionary; picklable.
        phrases: The user's dictionary, if there is one.
        scale: How the work is shared.
        source: The file that is read; None where the texts are on the command line.
        output: The file or folder to write, `-` for standard output; None to print for reading.
        format: Of the output: one of `FORMATS`, or csv.
        scheme: Tag scheme of the output; None for the usual one.
        resume: Go on with an output that was broken off.
        settings: What the output follows from beside the input, as JSON has it.
        report: What was counted in reading sentences.
        quiet: Show no bar.
    """

    opener: "Callable[[Dictionary | None], Recogniser]"
    phrases: "Dictionary | None"
    scale: Scale
    source: str | None
    output: str | None
    format: str
    scheme: str | None
    resume: bool
    settings: Mapping[str, Any]
    report: ReadReport
    quiet: bool

    def texts(
        self, records: "Iterable[Record]", how: tuple[str, int], live: "LiveLines | None"
    ) -> None:
        """Name texts.

        Args:
            records: The texts.
            how: Parser and budget: see `Recogniser.pipeline`.
            live: The lines of standard input, where they come one by one.
        """
        if self.scale.in_shards:
            self._texts_in_shards(records, how)
            return
        make = methodcaller("pipeline", *how)
        pipeline: TextPipeline | Pool = make(self.opener(self.phrases))
        with ExitStack() as stack:
            pool = self.scale.pool(partial(open_work, self.opener, make), self.phrases)
            if pool is not None:  # each worker has a pipeline
                pipeline = stack.enter_context(pool)
            done = stack.enter_context(_progress(self.source, self.quiet))
            pauses = live.pauses if live else lambda: False
            replaced = self._one_file(pipeline, records, done, pauses)
        self._note(pipeline.unknown, replaced)

    def _texts_in_shards(self, records: "Iterable[Record]", how: tuple[str, int]) -> None:
        from synner_graph.text.blocks import text_blocks
        from synner_graph.text.writers import writer_of

        self._check_joinable()
        header = writer_of(self.format, self.scheme).header.encode()
        make = partial(text_work, how, self.format, self.scheme)
        with ExitStack() as stack:
            engine = self._engine(stack, make(self.opener(self.phrases)), make)
            self._shards(engine, text_blocks(records), header)

    def sentences(
        self,
        sentences: "Iterable[Sentence]",
        parser: str | None,
        batch_size: int,
        candidates: float | None,
    ) -> None:
        """Name sentences.

        Args:
            sentences: With trees or without.
            parser: What gives them new trees; None leaves those that they have.
            batch_size: Sentences in a batch.
            candidates: The least probability of the candidates; None for no candidates.
        """
        from synner_graph.data.formats import write_sentences
        from synner_graph.recogniser.sentences import SentenceNamer, sentence_blocks, together

        if self.scale.in_shards:
            self._check_joinable()
        ner = self.opener(self.phrases)
        trees = None if parser is None else ner.chosen_parser(parser)
        if trees is not None:
            print_notes(ner.tree_notes(trees))
        units = ner.units(sentences)
        namer = SentenceNamer(ner, trees, batch_size, candidates)
        if self.scale.in_shards:
            place = (self.format, scheme_of(self.format, self.scheme), str(self.output))
            make = partial(sentence_work, (parser, batch_size, candidates), place)
            with ExitStack() as stack:
                engine = self._engine(stack, _work_of(namer, place), make)
                del ner, trees, namer  # each worker has them
                self._shards(engine, sentence_blocks(units, batch_size))
            return
        found = chain.from_iterable(map(namer.named, together(units, batch_size)))
        if self.output is None:
            print_pretty(found)
        else:
            write_sentences(self.output, found, self.format, scheme=self.scheme)
        self._note(namer.unknown)

    def _check_joinable(self) -> None:
        """Refuse a format whose shards could not be joined."""
        if self.format in DOCUMENT_FORMATS:
            raise InputError(
                f"{self.format} has no shards, for its files cannot be joined: choose another "
                f"--output-format, csv or one of {', '.join(LINE_FORMATS)}."
            )

    def _engine(
        self, stack: ExitStack, work: "Work", make: "Callable[[Recogniser], Work]"
    ) -> "Engine":
        """Return what works on the blocks of shards.

        Args:
            stack: Ends it.
            work: That of this process.
            make: Makes the same of the recogniser of another.
        """
        from synner_graph.text.engine import Alone

        pool = self.scale.pool(partial(open_work, self.opener, make), self.phrases)
        return Alone(work) if pool is None else stack.enter_context(pool)

    def _shards(self, engine: "Engine", blocks: "Iterable[Block]", header: bytes = b"") -> None:
        """Name blocks and write them into shards."""
        from synner_graph.text.shards import Plan, write_shards

        plan = Plan(self.format, self.scale.shard_size or SHARD, self.settings, header)
        with _progress(self.source, self.quiet) as done:
            folder = Path(self.output or "")
            replaced = write_shards(engine, blocks, folder, plan, self.resume, done)
        self._note(engine.unknown, replaced)

    def _one_file(
        self,
        pipeline: "TextPipeline | Pool",
        records: "Iterable[Record]",
        done: Callable[[int], None],
        pauses: Callable[[], bool],
    ) -> int:
        """Name texts and write them, or print their sentences where no output is named.

        Returns:
            Texts with lone surrogates, for which U+FFFD was written.
        """
        from synner_graph.text.pipeline import chunks
        from synner_graph.text.targets import continue_named, opened, part_of, write_named
        from synner_graph.text.writers import writer_of

        writer = writer_of(self.format, self.scheme)
        output = self.output
        if output is None:
            parts = chunks(records, lambda record: record.text, pauses=pauses)
            for _, named in pipeline.parts(parts, lambda record: record.text):
                print_pretty(segment.sentence for segment in chain.from_iterable(named))
        elif self.resume and (part_of(output).exists() or Path(output).exists()):
            continue_named(pipeline, records, writer, Path(output), done)
        else:
            with opened(output) as stream:
                write_named(pipeline, records, writer, stream, done, pauses)
        return writer.replaced

    def _note(self, unknown: Counter[str], replaced: int = 0) -> None:
        """Say what should be known of what was read."""
        self.report.repaired_tags = 0  # of entities that are replaced
        print_notes([f"{what}: {count:,}" for what, count in self.report.notes.items()])
        print_notes(unknown_relations(dict(unknown.most_common())))
        if replaced:
            print_notes([f"{replaced} texts have lone surrogates, written as U+FFFD"])
        print_notes(dictionary_notes(self.phrases))


def text_work(
    how: tuple[str, int], format: str, scheme: str | None, ner: "Recogniser"
) -> "TextWork":
    """Return what names and writes the texts of a block.

    Args:
        how: Parser and budget: see `Recogniser.pipeline`.
        format, scheme: See `writer_of`.
        ner: Names them.
    """
    from synner_graph.text.blocks import TextWork
    from synner_graph.text.writers import writer_of

    return TextWork(ner.pipeline(*how), writer_of(format, scheme))


def sentence_work(
    how: tuple[str | None, int, float | None], place: tuple[str, str, str], ner: "Recogniser"
) -> "SentenceWork":
    """Return what names and writes the sentences of a block.

    Args:
        how: Parser, batch size and candidates: see `Naming.sentences`.
        place: Format, scheme and name of the output: see `SentenceWork`.
        ner: Names them.
    """
    from synner_graph.recogniser.sentences import SentenceNamer

    parser, batch_size, candidates = how
    trees = None if parser is None else ner.chosen_parser(parser)
    return _work_of(SentenceNamer(ner, trees, batch_size, candidates), place)


def _work_of(namer: "SentenceNamer", place: tuple[str, str, str]) -> "SentenceWork":
    from synner_graph.recogniser.sentences import SentenceWork

    return SentenceWork(namer, *place)


@contextmanager
def _progress(source: str | None, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar over the bytes of a file, and yield the function that moves it."""
    from synner_graph.text.sources import size_of

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    hidden = quiet or source is None or not errors.is_terminal
    with Progress(*columns, console=errors, disable=hidden) as bar:
        task = bar.add_task("", total=size_of(source) if source else None)
        yield lambda position: bar.update(task, completed=position)
