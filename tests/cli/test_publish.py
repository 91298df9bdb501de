"""`package` and `push`, as they are typed."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Run


def test_a_package_is_named_after_its_run(run: Run, trained_run: Path, tmp_path: Path) -> None:
    result = run("package", trained_run, "--license", "Apache-2.0", "--output", tmp_path / "dist")
    assert result.exit_code == 0, result.output
    wheel = tmp_path / "dist" / "synner_tiny-1.0.0-py3-none-any.whl"
    assert result.stdout.splitlines() == [
        f"Wrote {wheel}",
        f"pip install {wheel}",
        'synner predict synner-tiny "A text."',
    ]
    assert wheel.is_file()


def test_licence_and_token_are_asked_for(
    refused: Callable[..., str], trained_run: Path, tmp_path: Path
) -> None:
    for command in (("package", trained_run), ("push", trained_run, "ann/news")):
        assert "--license" in refused(*command)
    assert "There is no run folder" in refused("package", tmp_path / "none")
