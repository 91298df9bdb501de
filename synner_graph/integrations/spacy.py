"""The component `synner` of spaCy pipelines: `nlp.add_pipe("synner", config={"run": "runs/ewt"})`.

The only module but `parsers/spacy.py` that imports spaCy, which finds it by its entry point.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from synner_graph.data.dictionary import read_dictionary
from synner_graph.data.formats.docbin import tree_in
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.recogniser.device import pick_device
from synner_graph.recogniser.synner import SynNER
from synner_graph.recogniser.thresholds import Thresholds

OWN_PARSE = "doc"
SPANS = "synner"
Places = list[int]
"""The token of a Doc behind each token of a sentence."""


class SynNERComponent:
    """Finds entities in Docs, over the tokens that they have.

    Sentences are those of the Doc where it has any, else those of the run's splitter. All entities
    found go into `doc.spans["synner"]`, each with its score in `span._.synner_score`. They also go
    into `doc.ents`, which cannot overlap: the likelier one stays, and what was in `doc.ents` before
    where nothing overlaps it.

    Args:
        ner: The run.
        parser: `doc` for the Doc's own parse, else a parser's name; see `load_parser`.

    Raises:
        InputError: There is no such parser.
    """

    def __init__(self, ner: SynNER, parser: str) -> None:
        self.ner = ner
        self.own_parse = parser == OWN_PARSE
        self.pipeline = ner.pipeline("trees" if self.own_parse else parser)
        if not Span.has_extension("synner_score"):
            Span.set_extension("synner_score", default=None)

    def __call__(self, doc: Doc) -> Doc:
        """Find the entities of a Doc."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 64) -> Iterator[Doc]:
        """Find the entities of Docs, `batch_size` Docs at a time."""
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            read = [list(self._sentences(doc)) for doc in batch]
            unread = [sentence for pairs in read for sentence, _ in pairs]
            named = self.pipeline.name(unread)
            for doc, pairs in zip(batch, read, strict=True):
                found = zip(islice(named, len(pairs)), pairs, strict=True)
                self._mark(doc, [(sentence, places) for sentence, (_, places) in found])
                yield doc

    def _sentences(self, doc: Doc) -> Iterator[tuple[Sentence, Places]]:
        """Return the sentences of a Doc without tokens of white space."""
        if self.own_parse and not doc.has_annotation("DEP"):
            raise InputError(
                "The component synner is to read the parse of the Doc, but it has none: put a "
                "parser before it, or name one with the setting 'parser'."
            )
        tokens = [token for token in doc if not token.is_space]
        if doc.has_annotation("SENT_START"):
            bounds = [[t.i for t in sentence if not t.is_space] for sentence in doc.sents]
        else:
            place_of = {token.idx: token.i for token in tokens}
            spans = [(token.idx, token.idx + len(token)) for token in tokens]
            split = self.pipeline.segmenter.splitter(doc.text, spans)
            bounds = [[place_of[start] for start, _ in sentence] for sentence in split]
        for places in filter(None, bounds):
            yield self._sentence(doc, places), places

    def _sentence(self, doc: Doc, places: Places) -> Sentence:
        words = tuple(doc[place].text for place in places)
        if not self.own_parse:
            return Sentence(words)
        return Sentence(words, **tree_in(doc, places))

    def _mark(self, doc: Doc, named: Iterable[tuple[Sentence, Places]]) -> None:
        found: list[Span] = []
        for sentence, places in named:
            for entity in sentence.entities:
                span = Span(doc, places[entity.start], places[entity.end - 1] + 1, entity.label)
                span._.synner_score = entity.score
                found.append(span)
        doc.spans[SPANS] = found
        likely = sorted(found, key=lambda span: (-span._.synner_score, span.start))
        chosen: list[Span] = []
        taken: set[int] = set()
        for span in chain(likely, doc.ents):
            if taken.isdisjoint(range(span.start, span.end)):
                chosen.append(span)
                taken.update(range(span.start, span.end))
        doc.set_ents(sorted(chosen, key=lambda span: span.start))


@Language.factory(
    "synner",
    assigns=["doc.ents", "doc.spans"],
    default_config={
        "run": "",
        "parser": "run",
        "device": "auto",
        "backend": "auto",
        "min_score": 0.0,
        "min_scores": {},
        "dictionary": [],
    },
)
def make_component(
    nlp: Language,
    name: str,
    run: str,
    parser: str,
    device: str,
    backend: str,
    min_score: float,
    min_scores: dict[str, float],
    dictionary: str | list[str],
) -> Any:
    """Make the component from the settings of a pipeline.

    Args:
        run: Run folder, or a repository on the hub.
        parser: `doc` for the Doc's own parse, `run` for the parser of the run, or another's name.
        device: `auto`, `cpu` or `cuda`.
        backend: Graph backend: auto, dgl or torch.
        min_score: The least score of entities, from 0 to 1.
        min_scores: The least score for some labels, in its place.
        dictionary: A file of phrases that are forced to be entities, forbidden to be, or favoured,
            or several; see `read_dictionary`.

    Raises:
        InputError: No run is named, there is no such run, parser or label, or no such dictionary.
    """
    if not run:
        raise InputError(
            'The component synner needs a run: nlp.add_pipe("synner", config={"run": '
            '"runs/sample"}).'
        )
    files = [dictionary] if isinstance(dictionary, str) else dictionary
    phrases = read_dictionary(*files) if files else None
    ner = SynNER.from_pretrained(run, backend, pick_device(device))
    ner.dictionary = phrases
    ner.thresholds = Thresholds(min_score, min_scores)
    return SynNERComponent(ner, parser)
