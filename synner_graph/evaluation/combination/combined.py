"""Several runs as one recogniser."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from synner_graph.config import TextConfig
from synner_graph.data.batching import BATCH_SIZE, in_batches
from synner_graph.data.dictionary import Dictionary
from synner_graph.data.documents import whole
from synner_graph.data.features import open_features
from synner_graph.data.segmentation import build_segmenter
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.combination.combiner import MEAN, SPAN, Combiner, Judge
from synner_graph.evaluation.combination.pool import Opinions, Said
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.heads.biaffine import BIAFFINE
from synner_graph.parsers import RUN, Parser
from synner_graph.recogniser.predictor import units_of
from synner_graph.recogniser.recogniser import PROBABLE, Recogniser
from synner_graph.recogniser.synner import SynNER, load_parser
from synner_graph.text.pipeline import BUDGET, TextPipeline

Named = tuple[str, SynNER]
Units = Sequence[Sequence[Sentence]]


class CombinedNER(Recogniser):
    """Names entities by what its members say together.

    Sentences without trees get those of each member's own parser, texts those of the parser stored
    with each member. Tokens and sentences of texts are found as the first member finds them.

    Args:
        combiner: The method and what it has learned.
        members: Runs and their names, in the order of the weights.
        judge: The span model and its name, for the method `span`.
    """

    def __init__(
        self, combiner: Combiner, members: Sequence[Named], judge: Named | None = None
    ) -> None:
        if len(members) != len(combiner.weights):
            raise InputError(
                f"expected {len(combiner.weights)} members, one for each weight, got {len(members)}"
            )
        if (judge is None) == (combiner.method == SPAN):
            raise InputError("expected a span model for the method span, and for no other")
        self.combiner = combiner
        self.members = tuple(members)
        self.judge = judge

    @property
    def all(self) -> tuple[SynNER, ...]:
        """The members and, where there is one, the judge."""
        return tuple(ner for _, ner in (*self.members, *([self.judge] if self.judge else [])))

    @property
    def labels(self) -> tuple[str, ...]:
        """See `Recogniser.labels`: those of any member."""
        return tuple(sorted({label for _, ner in self.members for label in ner.labels}))

    def _check_dictionary(self, dictionary: Dictionary) -> None:
        raise InputError(
            "A combination takes no dictionary, for each member chooses entities by itself: give "
            "it to a single run."
        )

    def units(self, sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
        """See `Recogniser.units`: documents, if any member reads them."""
        documents = any(ner.model.reads_documents for ner in self.all)
        return units_of(sentences, documents, self.text_config)

    def name(
        self,
        units: Units,
        batches: Iterable[Sequence[int]],
        unknown: Counter[str] | None = None,
        candidates: float | None = None,
    ) -> Iterator[Sentence]:
        """See `Recogniser.name`; of relations that several members do not know the most counts."""
        return self.name_on({}, units, batches, unknown, candidates)

    def name_on(
        self,
        parsers: dict[SynNER, Parser],
        units: Units,
        batches: Iterable[Sequence[int]],
        unknown: Counter[str] | None = None,
        candidates: float | None = None,
    ) -> Iterator[Sentence]:
        """Do what `name` does, where some members read the trees of parsers.

        Args:
            parsers: What parses the sentences for a member, instead of the trees that they have.
            units: And so on: see `Recogniser.name`.
        """
        rows = [list(batch) for batch in batches]
        counts: Counter[str] = Counter()
        trees: dict[tuple[str, str], Units] = {}

        def answer(named: Named, threshold: float | None) -> Said:
            name, ner = named
            read = units
            if (parser := parsers.get(ner)) is not None:
                key = parser.name, parser.version
                if key not in trees:
                    trees[key] = in_batches(units, rows, parser.parse)
                read = trees[key]
            elif any(sentence.heads is None for unit in units for sentence in unit):
                filled = iter(ner.with_trees(chain.from_iterable(units)))
                read = [list(islice(filled, len(unit))) for unit in units]
            strange: Counter[str] = Counter()
            found = list(ner.name(read, rows, strange, threshold))
            nonlocal counts
            counts |= strange
            likely = tuple(sentence.candidates or () for sentence in found)
            entities = tuple(sentence.entities for sentence in found)
            return Said(name, entities, None if threshold is None else likely)

        probable = PROBABLE if self.combiner.method == MEAN else None
        systems = [answer(member, probable) for member in self.members]
        judge = judge_of(answer(self.judge, PROBABLE), self.judge[1]) if self.judge else None
        if unknown is not None:
            unknown.update(counts)
        sentences = list(chain.from_iterable(units))
        entities = self.combiner.combine(systems, judge)
        likely: Sequence[tuple[Entity, ...] | None] = [None] * len(sentences)
        if candidates is not None:
            likely = self.combiner.candidates(systems, candidates, judge)
        for sentence, found, spans in zip(sentences, entities, likely, strict=True):
            kept = self.thresholds.keep(found)
            yield whole(sentence.replace(entities=kept, candidates=spans))

    @property
    def text_config(self) -> TextConfig:
        """See `Recogniser.text_config`; as the first member has it."""
        return self.members[0][1].config.text

    def pipeline(self, parser: str = RUN, budget: int = BUDGET) -> TextPipeline:
        """See `Recogniser.pipeline`; `run` gives every member the trees that it was trained on."""
        parsers = {ner: made for ner in self.all if (made := ner.parser_of(parser)) is not None}
        segmenter = build_segmenter(self.text_config)
        return TextPipeline(segmenter, _OnTrees(self, parsers), None, budget)

    def graph(self, sentences: Sequence[Sentence]) -> TokenGraph:
        """See `Recogniser.graph`: there is not one graph.

        Raises:
            InputError: Always.
        """
        raise InputError("A combination reads no graph of its own: each of its members reads one.")

    def chosen_parser(self, name: str) -> Parser:
        """See `Recogniser.chosen_parser`.

        Raises:
            InputError: Also where it is that of one run.
        """
        if name in (RUN, BIAFFINE):
            raise InputError(
                f"The parser {name!r} is that of one run, and each member of a combination has its "
                "own: leave --parser out, or name biaffine:RUN, spacy:PACKAGE or stanza:LANGUAGE."
            )
        return load_parser(name)

    def tree_notes(self, parser: Parser) -> list[str]:
        """See `Recogniser.tree_notes`."""
        return list(dict.fromkeys(note for ner in self.all for note in ner.tree_notes(parser)))

    def refuse_long_sentences(self, refuse: bool = True) -> None:
        """See `Recogniser.refuse_long_sentences`."""
        for ner in self.all:
            ner.refuse_long_sentences(refuse)

    def use_features(self, path: Path) -> None:
        """See `Recogniser.use_features`: the members that read features read these."""
        file = open_features(path)
        if not any([ner.model.encoder.use_features(file) for ner in self.all]):
            raise InputError(f"No member reads precomputed features, so {path} has no use.")


class _OnTrees:
    """A combination whose members read the trees of parsers: see `Namer`."""

    def __init__(self, combined: CombinedNER, parsers: dict[SynNER, Parser]) -> None:
        self.combined = combined
        self.parsers = parsers

    def units(self, sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
        return self.combined.units(sentences)

    def name(
        self,
        units: Units,
        batches: Iterable[Sequence[int]],
        unknown: Counter[str] | None = None,
    ) -> Iterator[Sentence]:
        return self.combined.name_on(self.parsers, units, batches, unknown)


def judge_of(said: Opinions, ner: SynNER) -> Judge:
    """Make a judge of what a run says.

    Args:
        said: With candidates.
        ner: The run.
    """
    return Judge(said, ner.labels, getattr(ner.model.head, "max_width", None))


def ask_judge(
    named: Named,
    sentences: Iterable[Sentence],
    batch_size: int = BATCH_SIZE,
    parser: str | None = None,
) -> Judge:
    """Let a run judge the spans of sentences.

    Args:
        named: The run and its name.
        sentences: With trees, if it reads any.
        batch_size: Sentences in a batch.
        parser: What parses them first; None for the trees that they have.

    Raises:
        InputError: It cannot read the sentences.
    """
    name, ner = named
    if parser is not None:
        sentences = ner.chosen_parser(parser).parse(list(sentences))
    rows = list(ner.stream(sentences, batch_size, candidates=PROBABLE))
    entities = tuple(row.entities for row in rows)
    return judge_of(Said(name, entities, tuple(row.candidates or () for row in rows)), ner)
