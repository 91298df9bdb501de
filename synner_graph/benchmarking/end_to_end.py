"""Training and prediction as users see them, by part, beside another model on the same work."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any

import torch

from synner_graph.benchmarking.memory import peak_megabytes, peak_of_module
from synner_graph.benchmarking.side import ENCODER, OPTIMISER, OTHER, Side
from synner_graph.benchmarking.timing import threads
from synner_graph.benchmarking.workload import SEED, Workload

MODULE = "synner_graph.benchmarking.end_to_end"


@dataclass(frozen=True)
class Outcome:
    """The time and memory that one side needed.

    Attributes:
        seconds: All in all.
        sentences_per_second: How fast it was.
        parts: Seconds by part; their sum is `seconds`.
        padding: Share of the places its encoder computed that held no sub-word.
        encoder_tokens_per_second: Tokens of the sentences, by the time of the encoder alone.
        entities: How many it found; None in training.
        peak_megabytes: The most memory of a process that does nothing else; None if not measured.
    """

    seconds: float
    sentences_per_second: float
    parts: dict[str, float]
    padding: float
    encoder_tokens_per_second: float
    entities: int | None
    peak_megabytes: float | None


def names_of(workload: Workload) -> tuple[str, str]:
    """Return the names of the two sides: ours, and the one that it is compared with."""
    if workload.context == "document":
        return "document", "sentence"
    return "synner", "unsorted" if workload.raw else "plain"


def side_named(name: str) -> Callable[[Workload], Side]:
    """Return the class of a side.

    It is imported here, so that a process that weighs one side does not hold the code of the other.
    """
    if name == "plain":
        from synner_graph.benchmarking.theirs import Plain

        return Plain
    from synner_graph.benchmarking import ours

    sides = (ours.Ours, ours.Unsorted, ours.DocumentContext, ours.SentenceContext)
    return {side.name: side for side in sides}[name]


def measure(workload: Workload, rounds: int, memory: bool = True) -> dict[str, Outcome]:
    """Measure both sides in turns: by batch in training, by corpus in prediction.

    Args:
        workload: What they do.
        rounds: How often they go through the sentences.
        memory: Weigh each side too, in a process of its own.
    """
    arguments = json.dumps(asdict(workload))
    names = names_of(workload)
    peaks = {n: peak_of_module(MODULE, n, arguments) if memory else None for n in names}
    with threads(workload.threads):
        torch.manual_seed(SEED)
        sides = [side_named(name)(workload) for name in names]
        if workload.task == "train":
            _train(sides, rounds)
        else:
            _predict(sides, workload, rounds)
    return {side.name: _outcome(side, workload, rounds, peaks[side.name]) for side in sides}


def weigh(name: str, workload: Workload) -> float:
    """Do the work of one side once, and return the peak memory of this process."""
    with threads(workload.threads):
        torch.manual_seed(SEED)
        side = side_named(name)(workload)
        if workload.task == "predict":
            side.start_predicting()
            side.predict(workload.to_predict)
        else:
            _learn_all(side)
    return peak_megabytes()


def to_json(workload: Workload, rounds: int, outcomes: dict[str, Outcome]) -> dict[str, Any]:
    """Return what `--json` prints."""
    ours, other = outcomes.values()
    ratios = {"sentences_per_second": ours.sentences_per_second / other.sentences_per_second}
    if ours.peak_megabytes is not None and other.peak_megabytes is not None:
        ratios["peak_megabytes"] = ours.peak_megabytes / other.peak_megabytes
    return {
        **asdict(workload),
        "sentences": len(workload.work),
        "tokens": sum(map(len, workload.work)),
        "rounds": rounds,
        "torch": torch.__version__,
        **{name: asdict(outcome) for name, outcome in outcomes.items()},
        "ratios": ratios,
        "outside_encoder_and_optimiser": outside_encoder_and_optimiser(ours),
    }


def outside_encoder_and_optimiser(outcome: Outcome) -> float:
    """Return the share of the time outside encoder and optimiser."""
    inside = sum(outcome.parts.get(part, 0.0) for part in (ENCODER, OPTIMISER))
    return 1 - inside / outcome.seconds


def _train(sides: Sequence[Side], rounds: int) -> None:
    batches = [list(side.batches()) for side in sides]
    for side, own in zip(sides, batches, strict=True):
        side.start_learning(1 + rounds * len(own))
        side.learn(own[0])  # warm up
    for _ in range(rounds):
        for turn in zip_longest(*batches):  # one side may have more batches than the other
            for side, sentences in zip(sides, turn, strict=True):
                if sentences is not None:
                    with side.clock.running(OPTIMISER):
                        side.learn(sentences)


def _predict(sides: Sequence[Side], workload: Workload, rounds: int) -> None:
    for side in sides:
        _learn_all(side)
        side.start_predicting()
        side.predict(workload.to_predict[: workload.batch_size])  # warm up
    for _ in range(rounds):
        for side in sides:
            with side.clock.running(OTHER):
                side.predict(workload.to_predict)


def _learn_all(side: Side) -> None:
    batches = list(side.batches())
    side.start_learning(len(batches))
    for sentences in batches:
        side.learn(sentences)


def _outcome(side: Side, workload: Workload, rounds: int, peak: float | None) -> Outcome:
    seconds = sum(side.clock.seconds.values())
    tokens = rounds * sum(map(len, workload.work))
    return Outcome(
        seconds=seconds,
        sentences_per_second=rounds * len(workload.work) / seconds,
        parts=dict(side.clock.seconds),
        padding=1 - side.pieces / side.places,
        encoder_tokens_per_second=tokens / side.clock.seconds[ENCODER],
        entities=side.entities if workload.task == "predict" else None,
        peak_megabytes=peak,
    )


if __name__ == "__main__":
    print(weigh(sys.argv[1], Workload(**json.loads(sys.argv[2]))))
