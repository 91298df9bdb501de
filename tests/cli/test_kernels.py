"""`kernels`, `bench kernels` and `--kernel`, as they are typed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from synner_graph.benchmarking import kernels as benchmark
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences
from synner_graph.operators import build
from tests.cli.conftest import Run

Refused = Callable[..., str]
SAID = "there is no C++ compiler (looked for c++, g++, clang++)"
NO_GPU = "it runs on NVIDIA GPUs, not on cpu"


@pytest.fixture
def no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which nothing can be compiled, nor was."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(build.COMPILER_VARIABLE, raising=False)
    build._outcome.cache_clear()
    yield
    build._outcome.cache_clear()


def test_the_list_names_every_kernel(run: Run) -> None:
    result = run("kernels", "--json", "--device", "cpu")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [*found["operators"]] == [
        "Syn-LSTM",
        "CRF log-partition",
        "CRF Viterbi search",
        "CRF forward-backward pass",
        "span scores",
    ]
    faster = {"Syn-LSTM": ["cpu", "triton", "triton-float32"], "span scores": []}
    for operator, kernels in found["operators"].items():
        fastest = faster.get(operator, ["cpu"])
        assert [*kernels] == [*fastest, "fused", "naive"]
        assert kernels["naive"] is None
    assert found["cache"] == str(build.kernel_folder())
    assert any(Path(found["cache"]).glob("syn_lstm-*.so")) == (
        found["operators"]["Syn-LSTM"]["cpu"] is None
    )


@pytest.mark.usefixtures("no_compiler")
def test_the_list_says_what_is_missing(run: Run) -> None:
    result = run("kernels", "--json", "--device", "cpu")
    assert json.loads(result.stdout)["operators"]["Syn-LSTM"] == {
        "cpu": SAID,
        "triton": NO_GPU,
        "triton-float32": NO_GPU,
        "fused": None,
        "naive": None,
    }
    table = run("kernels", "--device", "cpu")
    assert "no, because" in table.stdout and "yes" in table.stdout


@pytest.mark.parametrize("kernel", ["fused", "naive"])
def test_predictions_do_not_depend_on_the_kernel(
    run: Run, trained_run: Path, small_corpus: Corpus, tmp_path: Path, kernel: str
) -> None:
    file = tmp_path / "test.conllu"
    write_sentences(file, small_corpus.splits["test"])
    reports = [
        run("eval", trained_run, "--input", file, "--kernel", name, "--json").stdout
        for name in ("auto", kernel)
    ]
    assert json.loads(reports[0]) == json.loads(reports[1])


@pytest.mark.usefixtures("no_compiler")
def test_a_kernel_that_cannot_serve_is_refused_before_anything_is_written(
    refused: Refused, trained_run: Path, tmp_path: Path
) -> None:
    message = f"'cpu' of the Syn-LSTM cannot serve, because {SAID}."
    output = tmp_path / "run"
    arguments = ("--dataset", "sample", "--kernel", "cpu", "--device", "cpu")
    training = ("train", "--encoder", "characters", "--output", output, *arguments)
    assert message in refused(*training)
    assert not output.exists()
    assert message in refused("eval", trained_run, *arguments)


@pytest.mark.slow
def test_the_benchmark_compares_with_the_lstm_of_torch(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "SHAPES", {"real": (3, 1), "long": (4,)})
    monkeypatch.setattr(benchmark, "WIDTH", 5)
    monkeypatch.setattr(benchmark, "HIDDEN", (3,))
    result = run("bench", "kernels", "--rounds", 2, "--threads", 1, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["threads"] == 1 and found["baseline"] == "torch.nn.LSTM"
    assert found["device"] == "cpu"
    rows = found["measurements"]
    works = {"forward", "forward + backward"}
    assert {(row["shape"], row["work"]) for row in rows} == {
        (shape, work) for shape in ("real", "long") for work in works
    }
    assert {"torch.nn.LSTM", "fused", "naive"} <= {row["kernel"] for row in rows}
    for row in rows:
        assert row["milliseconds"] > 0
        assert (row["ratio"] == 1) == (row["kernel"] == "torch.nn.LSTM")

    table = run("bench", "kernels", "--rounds", 1, "--threads", 1, "--device", "cpu")
    assert table.exit_code == 0 and "torch.nn.LSTM" in table.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU")
def test_the_benchmark_refuses_a_device_that_is_missing(refused: Refused) -> None:
    assert "The device 'cuda' cannot be used here" in refused(
        "bench", "kernels", "--device", "cuda"
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
def test_the_benchmark_runs_on_a_gpu(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "SHAPES", {"real": (3, 1)})
    monkeypatch.setattr(benchmark, "WIDTH", 5)
    monkeypatch.setattr(benchmark, "HIDDEN", (3,))
    result = run("bench", "kernels", "--rounds", 1, "--device", "cuda", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["device"] == torch.cuda.get_device_name()
    assert {"torch.nn.LSTM", "fused"} <= {row["kernel"] for row in found["measurements"]}
    assert all(row["megabytes"] or row["seconds"] for row in found["comparisons"])
