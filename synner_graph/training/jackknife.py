"""Trees for training sentences as a parser gives them to sentences that it has not seen."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain, islice
from random import Random

import torch
from torch import Tensor, nn

from synner_graph.config import RunConfig
from synner_graph.data.documents import documents
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.evaluate import evaluate_trees
from synner_graph.model.batch import Batch
from synner_graph.model.network import SynNERModel
from synner_graph.parsers.own import BiaffineParser
from synner_graph.recogniser.synner import SynNER
from synner_graph.training.batches import LengthGroupedBatches, training_units
from synner_graph.training.checkpoint import Checkpoints
from synner_graph.training.learner import Learner
from synner_graph.training.loop import run_epochs
from synner_graph.training.progress import progress_bar

Build = Callable[[Sequence[Sentence]], SynNER]
"""Makes a recogniser that has yet to learn from these sentences."""

logger = logging.getLogger(__name__)


def jackknife(
    config: RunConfig,
    sentences: Sequence[Sentence],
    build: Build,
    checkpoints: Checkpoints,
    progress: bool = True,
) -> tuple[tuple[Sentence, ...], str]:
    """Parse each part of the sentences with a parser that learned from all the others.

    The trees of each part are kept beside the checkpoints: a part that is done is not done again.

    Args:
        config: Every setting; each parser trains as the model will.
        sentences: With gold trees.
        build: Makes the model that a parser is to learn with.
        checkpoints: Of the run; the training of part 1 is its stage 1, and so on.
        progress: Show progress bars.

    Returns:
        The sentences, in order, with trees of parsers, and a note on them.

    Raises:
        InputError: There are fewer documents than parts.
    """
    assert config.parser.jackknife is not None
    parts = split_documents(sentences, config.parser.jackknife, config.training.seed)
    parsed: dict[int, Sentence] = {}
    right = tokens = 0
    for number, part in enumerate(parts, 1):
        unseen = [sentences[row] for row in part]
        result = checkpoints.result(number)
        if result is None:
            held_out = set(part)
            rest = [sentence for row, sentence in enumerate(sentences) if row not in held_out]
            title = f"jackknife {number}/{len(parts)}"
            ner = train_parser(config, rest, build, checkpoints, number, title, progress)
            trees = [(s.heads, s.relations) for s in ner.own_parser().parse(unseen)]
            score = evaluate_trees(ner, unseen, "train").all
            logger.info(
                "%s: LAS %.2f on %d sentences, learned from %d",
                *(title, score.las, len(part), len(rest)),
            )
            checkpoints.accelerator.free_memory()
            result = {"trees": trees, "right": score.arcs, "tokens": score.tokens}
            checkpoints.save_result(number, result)
        given = result["trees"]
        own = BiaffineParser(lambda _, given=given: given, "", ())  # type: ignore[misc]
        parsed |= zip(part, own.parse(unseen), strict=True)
        right, tokens = right + result["right"], tokens + result["tokens"]
    note = (
        f"train: trees of {len(parts)} parsers, each for a part that it did not learn from; LAS "
        f"{100 * right / tokens:.2f}"
    )
    return tuple(parsed[row] for row in range(len(sentences))), note


def split_documents(sentences: Sequence[Sentence], parts: int, seed: int) -> list[list[int]]:
    """Rows of sentences in parts, each in order; no document is torn apart.

    Documents are drawn at random; the numbers in any two parts differ by at most one.

    Raises:
        InputError: There are fewer documents than parts.
    """
    rows = iter(range(len(sentences)))
    found = [list(islice(rows, len(document))) for document in documents(sentences)]
    if len(found) < parts:
        raise InputError(f"expected a document for each of {parts} parts, got {len(found)}")
    Random(f"{seed}-jackknife").shuffle(found)
    return [sorted(chain.from_iterable(found[part::parts])) for part in range(parts)]


class ParserAlone(nn.Module):
    """The encoder and the parser of a model: what learns where entities do not."""

    def __init__(self, model: SynNERModel) -> None:
        super().__init__()
        assert model.parser is not None
        self.encoder = model.encoder
        self.dropout = model.dropout
        self.parser = model.parser

    def forward(self, batch: Batch, rdrop: float = 0.0) -> Tensor:
        """Compute the loss of the batch: see `SynNERModel.forward`. *Shape:* []"""
        assert batch.trees is not None
        offsets = batch.graph.offsets
        x = self.dropout(self.encoder(batch.inputs))
        if not rdrop:
            return self.parser.loss(x, offsets, batch.trees)
        other = self.dropout(self.encoder(batch.inputs))
        return self.parser.rdrop_loss(x, other, offsets, batch.trees, rdrop)


def train_parser(
    config: RunConfig,
    sentences: Sequence[Sentence],
    build: Build,
    checkpoints: Checkpoints,
    stage: int = 1,
    title: str = "parser",
    progress: bool = True,
) -> SynNER:
    """Train the encoder and the parser of a new model, up to the last epoch.

    Args:
        config: Every setting.
        sentences: With gold trees.
        build: Makes the model.
        checkpoints: Of the run.
        stage: Number of this training within the run.
        title: Of the progress bars.
        progress: Show them.
    """
    settings = config.training
    torch.manual_seed(settings.seed)
    accelerator = checkpoints.accelerator
    ner = build(sentences)
    units = training_units(sentences, ner.model.reads_documents, settings.part_tokens)
    batches = LengthGroupedBatches(units, settings.batch_size, settings.seed)
    learner = Learner(ParserAlone(ner.model), config, batches.total(settings.epochs), accelerator)

    def collate(rows: Sequence[int]) -> Batch:
        return ner.model.collator([sentence for row in rows for sentence in units[row]])

    def bar(epoch: int, done: int) -> AbstractContextManager[Callable[[str], None]]:
        name = f"{title}, epoch {epoch}/{settings.epochs}"
        return progress_bar(name, batches.count(epoch), progress, accelerator, done)

    position = checkpoints.restore(stage, learner)
    after_step = partial(checkpoints.after_step, stage, learner, position)
    for record in run_epochs(learner, batches, collate, settings, position, bar, after_step):
        position.add(record, score=None)
        checkpoints.after_epoch(stage, learner, position)
    learner.finish()
    return ner
