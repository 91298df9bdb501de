"""A teacher: what a student learns beside its gold entities, or in their place.

Source: Hinton, Vinyals and Dean (2015), distillation; what is distilled here are probabilities of
spans: see `heads.soft`.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from synner_graph.data.formats import FormatError, read_numbered
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.systems import Runtime, read_system
from synner_graph.heads.soft import ROUNDING, SoftTarget
from synner_graph.recogniser.recogniser import PROBABLE
from synner_graph.recogniser.run_folder import RunFolder
from synner_graph.training.checkpoint import Checkpoints
from synner_graph.training.distributed import on_main

STAGE = 0
"""The number under which the answers of a run lie beside the checkpoints."""

Answers = list[tuple[Entity, ...]]
"""What a teacher takes for entities of each sentence, each scored with its probability."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Teacher:
    """What is known of a teacher before it has said anything.

    Attributes:
        path: A run folder, a saved combination, or a file of candidates.
        digest: SHA-256 of all that its answers follow from, in hexadecimal.
        read: Its answers, where it is a file.
    """

    path: Path
    digest: str
    read: Answers | None

    @classmethod
    def open(cls, path: Path, sentences: Sequence[Sentence], labels: Sequence[str]) -> "Teacher":
        """Find a teacher, and read its answers where it is a file.

        Args:
            path: Of the teacher.
            sentences: All that are to be learned; a file holds them in this order.
            labels: Of the student.

        Raises:
            InputError: There is none, or its file is malformed, lacks a sentence, or has other
                labels.
        """
        if path.is_dir():
            return cls(path, RunFolder(path).digest(), None)
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise InputError(f"cannot read the teacher {path}: {error.strerror}") from error
        answers = read_answers(path, sentences)
        check_labels(path, answers, labels)
        return cls(path, digest, answers)

    def answers(
        self,
        sentences: Sequence[Sentence],
        labels: Sequence[str],
        checkpoints: Checkpoints,
        backend: str,
        kernel: str,
    ) -> Answers:
        """What the teacher takes for entities; a run is asked once and its answers are kept.

        It reads the trees of the sentences, as `eval` does.

        Args:
            sentences: All that are to be learned.
            labels: Of the student.
            checkpoints: Of the student's run, where the answers are kept.
            backend: Graph backend.
            kernel: What computes the operators: see `operators.choice.NAMES`.

        Raises:
            InputError: The run cannot be loaded, cannot read the sentences, or has other labels.
        """
        if self.read is not None:
            return self.read
        result = checkpoints.result(STAGE)
        if result is None:
            device = str(checkpoints.accelerator.device)
            runtime = Runtime(backend, device, kernel, candidates=PROBABLE)

            def ask() -> list[list[Any]]:
                # A student of a file of the same answers is the same student, to the bit.
                with torch.random.fork_rng(devices=[]):
                    system = read_system(self.path, sentences, runtime=runtime)
                answers = list(system.candidates or ())
                check_labels(self.path, answers, labels)
                return [[(e.start, e.end, e.label, e.score) for e in found] for found in answers]

            result = {"answers": on_main(checkpoints.accelerator, ask)}
            checkpoints.save_result(STAGE, result)
        return [tuple(Entity(*entity) for entity in found) for found in result["answers"]]


def read_answers(path: Path, sentences: Sequence[Sentence]) -> Answers:
    """Read a teacher's answers from a file of JSON lines with `candidates`.

    Args:
        path: The file. It holds the sentences in their order, and may hold others between them.
        sentences: All that are to be learned.

    Raises:
        InputError: The file cannot be read, or lacks a sentence.
        FormatError: A line is malformed, has no candidates, or probabilities of the labels of one
            span that sum up to more than 1.
    """
    rows = read_numbered(path, "jsonl", multiple_roots=True)
    answers: Answers = []
    others = 0
    for number, sentence in enumerate(sentences, 1):
        for line, row in rows:
            if row.candidates is None:
                raise FormatError(
                    str(path), line, "expected candidates, as `predict --candidates` writes them"
                )
            if row.tokens == sentence.tokens:
                answers.append(_checked(row.candidates, path, line))
                break
            others += 1
        else:
            raise InputError(
                f"{path}: expected all {len(sentences)} sentences that are to be learned, in their "
                f"order, got none with the tokens of sentence {number}, "
                f"{' '.join(sentence.tokens[:8])!r}"
            )
    others += sum(1 for _ in rows)
    if others:
        logger.info("%s holds %d sentences that are not to be learned", path, others)
    return answers


def _checked(candidates: tuple[Entity, ...], path: Path, line: int) -> tuple[Entity, ...]:
    """Candidates of which the labels of each span are a distribution."""
    sums: defaultdict[tuple[int, int], float] = defaultdict(float)
    for entity in candidates:
        sums[entity.start, entity.end] += entity.score or 0.0
    for (start, end), total in sums.items():
        if total > 1 + ROUNDING:
            raise FormatError(
                str(path),
                line,
                f"expected labels of tokens {start} to {end} (exclusive) with probabilities that "
                f"sum up to at most 1, got {total:.4f}",
            )
    return candidates


def check_labels(path: Path, answers: Answers, labels: Sequence[str]) -> None:
    """Refuse a teacher of other labels.

    Raises:
        InputError: It names a label that the student lacks, or never one that the student has.
    """
    named = {entity.label for found in answers for entity in found}
    for label in sorted(named - set(labels)):
        raise InputError(
            f"The teacher {path} has the label {label!r}, which the training split lacks: its "
            f"labels are {', '.join(labels)}."
        )
    for label in labels:
        if label not in named:
            raise InputError(
                f"The teacher {path} never names the label {label!r} of the training split: a "
                "student would unlearn it."
            )


def soft_targets(
    sentences: Sequence[Sentence], answers: Answers, share: float, labelled: int
) -> list[SoftTarget]:
    """What is to be learned of each sentence.

    Args:
        sentences: First those with gold entities, then those without.
        answers: The teacher's, of each.
        share: The teacher's share in the loss.
        labelled: How many sentences have gold entities.
    """
    return [
        SoftTarget(len(s), s.entities if number < labelled else None, found, share)
        for number, (s, found) in enumerate(zip(sentences, answers, strict=True))
    ]


def summary(targets: Sequence[SoftTarget]) -> str:
    """How much a teacher has said, for the log."""
    spans = sum(len(target.taught) for target in targets)
    unlabelled = sum(target.gold is None for target in targets)
    return (
        f"probabilities of {spans} spans in {len(targets)} sentences, {unlabelled} of them "
        "unlabelled"
    )
