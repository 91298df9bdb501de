"""`bench`: measurements, from an installed package as from a checkout."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from synner_graph.cli import bench_runs, options
from synner_graph.cli.busy import busy
from synner_graph.cli.console import output, print_json, print_notes
from synner_graph.cli.peers import peers
from synner_graph.cli.precisions import precision
from synner_graph.cli.token_memory import memory
from synner_graph.errors import InputError

bench = typer.Typer(no_args_is_help=True, help="Measure how fast the program is here.")
bench.command("peers")(peers)
bench.command("precision")(precision)
bench.command("busy")(busy)
bench.command("memory")(memory)

FLOAT32 = options.Precisions.float32
Encoder = Annotated[str, typer.Option(help="Hub id or folder of a transformer, minilm or e5.")]
Head = Annotated[str, typer.Option(help="crf or span.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Sentences in a batch.")]
Threads = Annotated[int, typer.Option(min=1, help="Threads of PyTorch.")]
Memory = Annotated[bool, typer.Option(help="Measure peak memory too, in fresh processes.")]
Corpus = Annotated[
    str | None,
    typer.Option(help="Corpus of the catalogue; default: uner-ewt where it is at hand, or sample."),
]


class Context(StrEnum):
    """What an encoder reads at once."""

    sentence = "sentence"
    document = "document"


class MixedPrecision(StrEnum):
    """What both models of `bench train` compute in."""

    no = "no"
    bf16 = "bf16"


@bench.callback()
def main() -> None:
    """Measure how fast the program is here; on an idle machine, or the numbers mean little."""


@bench.command("kernels")
def kernels(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is timed.")] = 15,
    threads: Annotated[int, typer.Option(min=1, help="Threads of PyTorch.")] = 2,
    device: options.Device = "cpu",
    json: options.Json = False,
) -> None:
    """Time every kernel of the Syn-LSTM beside torch.nn.LSTM of the same hidden size.

    They take turns in one process, on 32 sentences with the lengths of a real batch and on 32 of
    120 tokens; given are medians. Less than 1 is faster than torch.nn.LSTM. The CRF and the span
    scores follow, on the real batch, each beside its baseline.

    Example: synner bench kernels --json
    """
    from synner_graph.benchmarking import kernels as benchmark
    from synner_graph.benchmarking.crf import measure_crf
    from synner_graph.benchmarking.span import measure_span
    from synner_graph.recogniser.device import pick_device

    work = rounds, threads, pick_device(device)
    measurements = benchmark.measure_syn_lstm(*work)
    comparisons = measure_crf(*work) + measure_span(*work)
    if json:
        rows = [asdict(comparison) for comparison in comparisons]
        print_json({**benchmark.to_json(measurements, *work[1:]), "comparisons": rows})
        return
    table = Table("batch", "H", "work", "kernel", "ms", "ratio")
    for m in measurements:
        numbers = f"{m.milliseconds:.2f}", f"{m.ratio:.2f}"
        table.add_row(m.shape, str(m.hidden), m.work, m.kernel, *numbers)
    output.print(table)
    others = Table("operator", "shape", "kernel", "ms or MB", "ratio", "to")
    for c in comparisons:
        amount = 1000 * c.seconds if c.seconds is not None else c.megabytes
        numbers = f"{amount:.2f}", f"{c.ratio:.3f}"
        others.add_row(c.name, c.shape, c.kernel, *numbers, c.baseline)
    output.print(others)


@bench.command("gnn")
def gnn(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is timed.")] = 15,
    threads: Annotated[int, typer.Option(min=1, help="Threads of PyTorch.")] = 2,
    graph_backend: options.GraphBackend = options.Backend.auto,
    json: options.Json = False,
) -> None:
    """Time forward and backward of every GNN layer beside gcn.

    They take turns in one process, on 32 trees with the lengths of a real batch, and on the same
    as four documents with all edges that join sentences; given are medians.

    Example: synner bench gnn --graph-backend torch --json
    """
    from synner_graph.benchmarking import gnn as benchmark

    measurements = benchmark.measure_layers(graph_backend, rounds, threads)
    if json:
        print_json(benchmark.to_json(measurements, graph_backend, threads))
        return
    table = Table("layer", "relations", "ms", "ratio", "documents, ms")
    for m in measurements:
        numbers = [f"{n:.2f}" for n in (m.milliseconds, m.ratio, m.document_milliseconds)]
        table.add_row(m.layer, "read" if m.reads_relations else "", *numbers)
    output.print(table)


@bench.command("scores")
def scores(
    dataset: Annotated[str, typer.Option(help="Corpus of the catalogue.")] = "sample",
    data_dir: options.DataDir = None,
    sentences: Annotated[
        int, typer.Option(min=1, help="Drawn from the test split, with replacement.")
    ] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is timed.")] = 1,
    json: options.Json = False,
) -> None:
    """Time scoring beside seqeval's strict mode, on the same sentences with errors.

    Less than 1 is faster than seqeval. Both must find the same F1.

    Example: synner bench scores --json
    """
    from synner_graph.benchmarking import scores as benchmark
    from synner_graph.data.corpora.catalogue import load_corpus

    corpus = load_corpus(dataset, data_dir, ["test"]).splits["test"]
    found = benchmark.measure_scores(benchmark.make_work(corpus, sentences), rounds)
    _print_ratios(found, f"{found['sentences']:,} sentences, {found['entities']:,} entities", json)


@bench.command("compare")
def compare(
    dataset: Annotated[str, typer.Option(help="Corpus of the catalogue.")] = "sample",
    data_dir: options.DataDir = None,
    sentences: Annotated[
        int, typer.Option(min=1, help="Drawn from the test split, with replacement.")
    ] = 2_077,
    documents: Annotated[int, typer.Option(min=2, help="Documents of these sentences.")] = 316,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is timed.")] = 1,
    json: options.Json = False,
) -> None:
    """Time the comparison of two systems whose predictions lie in files.

    Sentences and documents are as many as UNER-EWT's test split has. Beside it a plain loop over
    resamples, which must find the same standard error.

    Example: synner bench compare --json
    """
    from synner_graph.benchmarking.compare import make_sentences, measure_compare
    from synner_graph.data.corpora.catalogue import load_corpus

    corpus = load_corpus(dataset, data_dir, ["test"]).splits["test"]
    found = measure_compare(make_sentences(corpus, sentences, documents), rounds)
    title = f"{sentences:,} sentences, {documents:,} documents, {found['resamples']:,} resamples"
    _print_ratios(found, title, json)


@bench.command("train")
def train(
    dataset: Corpus = None,
    data_dir: options.DataDir = None,
    encoder: Encoder = "minilm",
    head: Head = "crf",
    sentences: Annotated[int, typer.Option(min=1, help="Drawn from the training split.")] = 900,
    batch_size: BatchSize = 30,
    rounds: Annotated[int, typer.Option(min=1, help="Passes over the sentences.")] = 1,
    threads: Threads = 2,
    reading_context: Annotated[
        Context,
        typer.Option(
            "--context",
            help="document: the encoder reads neighbouring sentences at once, beside the same "
            "model reading each by itself.",
        ),
    ] = Context.sentence,
    window: Annotated[
        int | None,
        typer.Option(min=1, help="Pieces that --context document reads at once; default: 128."),
    ] = None,
    mixed_precision: Annotated[
        MixedPrecision, typer.Option(help="Of both, as --training.precision of train.")
    ] = MixedPrecision.no,
    memory: Memory = True,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    json: options.Json = False,
) -> None:
    """Time training by part, beside transformers' AutoModelForTokenClassification.

    Both train the same encoder on the same sentences and take turns batch by batch: ours has the
    default settings and groups sentences by length, the plain model has them in random order,
    padded. Tokenisation counts for both.

    Example: synner bench train --head span --json

    With --context document the sentences are those of whole documents, and no plain model runs: the
    default model with document context is timed beside itself with sentence context.

    Example: synner bench train --context document --sentences 1800
    """
    work = {"sentences": sentences, "batch_size": batch_size, "threads": threads}
    runtime = {"graph_backend": graph_backend, "kernel": kernel}
    if window is not None and reading_context != Context.document:
        raise InputError("--window has no effect: it needs --context document.")
    context = {"context": reading_context.value, "window": window}
    chosen = {"encoder": encoder, "head": head, **work, **runtime, **context}
    chosen["mixed_precision"] = mixed_precision.value
    _end_to_end("train", dataset, data_dir, rounds, memory, json, **chosen)


@bench.command("predict")
def predict(
    dataset: Corpus = None,
    data_dir: options.DataDir = None,
    encoder: Encoder = "minilm",
    head: Head = "crf",
    sentences: Annotated[int, typer.Option(min=1, help="Drawn from the test split.")] = 1000,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Sentences in a batch of the other, and while both learn.")
    ] = 30,
    rounds: Annotated[int, typer.Option(min=1, help="Passes over the sentences.")] = 3,
    threads: Threads = 2,
    raw: Annotated[
        bool, typer.Option("--raw", help="From raw text, with a parser stored in the run.")
    ] = False,
    memory: Memory = True,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    precision: Annotated[
        options.Precisions, typer.Option(help="Precision of our encoder.")
    ] = FLOAT32,
    peer_precision: Annotated[
        options.Precisions, typer.Option(help="Precision of the other.")
    ] = FLOAT32,
    json: options.Json = False,
) -> None:
    """Time prediction by part, beside transformers' AutoModelForTokenClassification.

    Both first learn from a few batches, so that they find some entities, and then predict those of
    the same parsed sentences in turns, decoding included, ours in the batches that predict makes.
    The precision auto is bfloat16 or int8, where the processor has instructions for it.

    Example: synner bench predict --head span --json

    With --raw they are read from their texts: tokenised, parsed by a biaffine parser on the same
    encoder, and named; beside it the same model on padded batches in the order of the texts.

    Example: synner bench predict --raw --sentences 2000
    """
    work = {"sentences": sentences, "batch_size": batch_size, "threads": threads}
    runtime = {"graph_backend": graph_backend, "kernel": kernel}
    precisions = {"precision": precision, "peer_precision": peer_precision}
    chosen = {"encoder": encoder, "head": head, "raw": raw, **work, **runtime, **precisions}
    _end_to_end("predict", dataset, data_dir, rounds, memory, json, **chosen)


bench.command("serve")(bench_runs.serve)
bench.command("threads")(bench_runs.threads)
bench.command("workers")(bench_runs.workers)


def _print_ratios(found: dict[str, Any], title: str, json: bool) -> None:
    if json:
        print_json(found)
        return
    table = Table("", "seconds", f"ratio to {found['baseline']}", title=title)
    for row in found["measurements"]:
        table.add_row(row["name"], f"{row['seconds']:.2f}", f"{row['ratio']:.3f}")
    output.print(table)


def _end_to_end(
    task: str,
    dataset: str | None,
    data_dir: Path | None,
    rounds: int,
    memory: bool,
    json: bool,
    **chosen: Any,
) -> None:
    from synner_graph.benchmarking import end_to_end as benchmark
    from synner_graph.benchmarking.workload import Workload

    if dataset is None:
        dataset = "uner-ewt" if data_dir and (data_dir / "uner-ewt").is_dir() else "sample"
        if dataset == "sample":
            print_notes(["measured on the bundled sample: --data-dir does not hold uner-ewt"])
    folder = None if data_dir is None else str(data_dir)
    workload = Workload(task, dataset, folder, **chosen)
    outcomes = benchmark.measure(workload, rounds, memory)
    found = benchmark.to_json(workload, rounds, outcomes)
    if json:
        print_json(found)
        return
    table = Table("", *outcomes, title=f"{task}: {found['sentences']} sentences of {dataset}")
    sides = outcomes.values()
    for part in dict.fromkeys(part for side in sides for part in side.parts):
        shares = (side.parts.get(part, 0.0) / side.seconds for side in sides)
        table.add_row(part, *(f"{share:.1%}" if share else "" for share in shares))
    table.add_section()
    table.add_row("sentences/s", *(f"{side.sentences_per_second:.1f}" for side in sides))
    table.add_row("encoder tokens/s", *(f"{s.encoder_tokens_per_second:,.0f}" for s in sides))
    table.add_row("padded sub-words", *(f"{side.padding:.1%}" for side in sides))
    if memory:
        table.add_row("peak memory, MB", *(f"{side.peak_megabytes:,.0f}" for side in sides))
    output.print(table)
    for name, ratio in found["ratios"].items():
        output.print(f"{name.replace('_', ' ')}: {ratio:.2f} times that of {[*outcomes][1]}")
    share = found["outside_encoder_and_optimiser"]
    output.print(f"outside encoder and optimiser: {share:.1%} of the time")
