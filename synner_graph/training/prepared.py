"""What a training begins with: settings, corpus, model and teacher."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from accelerate.utils import set_seed

from synner_graph.config import RunConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.segmentation import uncut_words
from synner_graph.data.sentence import Sentence
from synner_graph.data.words.lexicon import Lexicon
from synner_graph.heads.biaffine import BIAFFINE
from synner_graph.heads.soft import SoftTarget
from synner_graph.parsers import TREES, Parser, ParserRecord, fill_trees
from synner_graph.recogniser.continued import continued_recogniser, news, open_before
from synner_graph.recogniser.find import find_run
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.resolve import resolve, unknown_labels
from synner_graph.recogniser.synner import SynNER, load_parser
from synner_graph.training.learner import frozen_digest
from synner_graph.training.metrics import parameters
from synner_graph.training.teacher import Answers, Teacher, soft_targets, summary
from synner_graph.training.unlabelled import UNLABELLED, with_unlabelled

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """A training before its first step.

    Attributes:
        config: Every setting, as resolved.
        corpus: With the trees that are read, and the sentences that only a teacher labels.
        ner: The model that is to learn.
        build: Makes such a model for other sentences.
        before: The run to go on from, if there is one.
        lexicon: The words of the model, if it reads words.
        teacher: Who labels beside the corpus, if anybody does.
    """

    config: RunConfig
    corpus: Corpus
    ner: SynNER
    build: Callable[..., SynNER]
    before: SynNER | None
    lexicon: Lexicon | None
    teacher: Teacher | None

    @property
    def learned(self) -> tuple[Sentence, ...]:
        """The training sentences, and behind them those that only a teacher labels."""
        splits = self.corpus.splits
        return (*splits["train"], *splits.get(UNLABELLED, ()))

    def digests(self) -> dict[str, str | None]:
        """Return digests of what decides the weights beside settings and sentences."""
        name = self.config.training.from_run
        return {
            "pretrained weights": frozen_digest(self.ner.model),
            "teacher's files": None if self.teacher is None else self.teacher.digest,
            "files of the run to go on from": None if name is None else find_run(name).digest(),
        }

    def targets(self, answers: Answers) -> list[SoftTarget]:
        """Return what is to be learned of each sentence in `learned`, and log what a teacher says.

        Args:
            answers: Of the teacher, of each.
        """
        training, labelled = self.config.training, len(self.corpus.splits["train"])
        targets = soft_targets(self.learned, answers, training.teacher_weight, labelled)
        logger.info("Teacher %s: %s", training.teacher, summary(targets))
        for remark in self.ner.model.head.soft_remarks(targets):
            logger.warning(remark)
        return targets

    def tell(self, told: int) -> None:
        """Log what will be trained on what.

        Args:
            told: How many notes of the corpus have been told.
        """
        ner, sentences = self.ner, self.corpus.splits["train"]
        logger.info(
            "Training on %d sentences (%d entities of %s); %s parameters, %s of them trained",
            len(sentences),
            sum(len(sentence.entities) for sentence in sentences),
            ", ".join(ner.vocabularies.labels),
            f"{parameters(ner.model):,}",
            f"{parameters(ner.model, trained=True):,}",
        )
        if self.before is not None:
            for line in news(self.before, ner, sentences):
                logger.info("Going on from %s: %s", self.config.training.from_run, line)
        for note in self.corpus.notes[told:]:
            logger.info("Read with %s", note)
        if self.lexicon is not None:
            logger.info("Words: %s", self.lexicon.coverage)
        remarks = (
            *unknown_labels(self.corpus),
            *uncut_words(ner.config.text, sentences),
            *ner.model.head.remarks(sentences),
        )
        for remark in remarks:
            logger.warning(remark)


def prepare(
    config: RunConfig, corpus: Corpus, backend: str, device: torch.device, kernel: str
) -> Prepared:
    """Read the corpus as the model will, and build the model.

    Args:
        config: Settings that `check` has passed.
        corpus: With training sentences.
        backend: Graph backend: auto, dgl or torch.
        device: Where the model is to run.
        kernel: What computes the operators: see `operators.choice.NAMES`.

    Raises:
        InputError: Settings, corpus, the run to go on from and the teacher do not fit together.
    """
    before = open_before(config, backend, device, kernel)
    corpus, record = _parsed(config, with_unlabelled(config, corpus), before)
    config, lexicon = resolve(config, corpus)
    set_seed(config.training.seed)
    build: Callable[..., SynNER]
    if before is None:
        build = partial(new_recogniser, config, backend=backend, device=device, kernel=kernel)
    else:
        build = partial(continued_recogniser, before, config, backend=backend, kernel=kernel)
    sentences, unlabelled = corpus.splits["train"], corpus.splits.get(UNLABELLED, ())
    ner = build(sentences, lexicon=lexicon, unlabelled=unlabelled)
    ner.parser_record = record or ner.parser_record
    ner.model.head.encode(sentences)  # refuses entities that it cannot learn
    teacher = None
    if config.training.teacher is not None:
        learned = (*sentences, *unlabelled)
        teacher = Teacher.open(config.training.teacher, learned, ner.vocabularies.labels)
    return Prepared(config, corpus, ner, build, before, lexicon, teacher)


def _parsed(
    config: RunConfig, corpus: Corpus, before: SynNER | None
) -> tuple[Corpus, ParserRecord | None]:
    """Give the corpus the trees of the parser that the settings name, if that is another's.

    Sentences without a tree get that of the parser of the run that the training goes on from.
    """
    if config.parser.name == BIAFFINE and before is not None:
        lacking = sum(s.heads is None for rows in corpus.splits.values() for s in rows)
        if not lacking:
            return corpus, None
        parser: Parser = before.own_parser()
        splits = {s: tuple(fill_trees(r, lambda: parser)) for s, r in corpus.splits.items()}
        note = f"trees of the parser of {config.training.from_run} for {lacking} sentences without"
        return replace(corpus, splits=splits, notes=(*corpus.notes, note)), None
    if config.parser.name in (TREES, BIAFFINE):
        return corpus, None
    parser = load_parser(config.parser.name)
    splits = {split: tuple(parser.parse(rows)) for split, rows in corpus.splits.items()}
    note = f"trees of {parser.name} {parser.version} in place of the corpus's own"
    return replace(corpus, splits=splits, notes=(*corpus.notes, note)), parser.record
