"""Pack a run as a wheel: a module with the run inside, found by its name once it is installed."""

import keyword
import re
import sys
from pathlib import Path

from packaging.version import InvalidVersion, Version

from synner_graph.errors import InputError
from synner_graph.publishing.card import FRONT_MATTER_ENDS, files_for, licence_of, metrics_of
from synner_graph.publishing.wheel import VERSION, write_wheel
from synner_graph.recogniser.find import GROUP, INSIDE
from synner_graph.recogniser.run_folder import CARD, RunFolder
from synner_graph.recogniser.stored import load_stored

MODULE = '''"""A named entity recogniser of synner_graph: `load()` gives it."""

from pathlib import Path
from typing import Any

from synner_graph import SynNER

__version__ = "{version}"


def load(**options: Any) -> SynNER:
    """Load the recogniser; the options are those of `SynNER.from_pretrained`."""
    return SynNER.from_pretrained(Path(__file__).parent / "{inside}", **options)
'''


def pack(
    run: RunFolder, folder: Path, name: str | None, version: str, licence: str | None
) -> tuple[Path, str]:
    """Write a run as a wheel.

    The wheel holds what `files_for` gives, and a module that loads it.

    Args:
        run: Whose training has ended.
        folder: Where to write the wheel.
        name: Of the package; None for `synner-` and the name of the run's folder.
        version: Of the package.
        licence: SPDX expression.

    Returns:
        The path of the wheel, and the name of the package.

    Raises:
        InputError: The run cannot be handed on, or name, version or licence are not valid.
        WriteError: The wheel cannot be written.
    """
    licence = licence_of(licence, metrics_of(run))
    name = _name(name or f"synner-{run.path.resolve().name}")
    module = name.replace("-", "_")
    version = _version(version)
    stored = load_stored(run)
    inside = files_for(run, name, licence)
    source = MODULE.format(version=version, inside=INSIDE)
    files = {f"{module}/__init__.py": source.encode(), f"{module}/py.typed": b""}
    files |= {f"{module}/{INSIDE}/{leaf}": content for leaf, content in inside.items()}
    card = inside[CARD].decode()
    parser = stored.parser_record.name if stored.parser_record else ""
    info = {
        "METADATA": _metadata(name, version, licence, card, stored.vocabularies.labels, parser),
        "entry_points.txt": f"[{GROUP}]\n{name} = {module}\n".encode(),
    }
    return write_wheel(folder, module, version, files, info), name


def _metadata(
    name: str, version: str, licence: str, card: str, labels: tuple[str, ...], parser: str
) -> bytes:
    """Return what pip reads: the fields, and the model card as description."""
    needs = "[parse]" if parser.startswith("spacy:") else ""
    fields = {
        "Metadata-Version": "2.4",
        "Name": name,
        "Version": version,
        "Summary": f"A named entity recogniser of synner_graph: {', '.join(labels)}",
        "License-Expression": licence,
        "Keywords": "named entity recognition,synner-graph",
        "Requires-Python": ">=3.11",
        "Requires-Dist": f"synner-graph{needs}>={VERSION}",
        "Description-Content-Type": "text/markdown",
    }
    head = "".join(f"{key}: {' '.join(value.split())}\n" for key, value in fields.items())
    return f"{head}\n{card.partition(FRONT_MATTER_ENDS)[2].lstrip()}".encode()


def _name(given: str) -> str:
    """Return the normalised name of a package whose module can be imported.

    Raises:
        InputError: It is none, or would hide a module of Python or of this program.
    """
    name = re.sub(r"[-_.]+", "-", given).lower()
    module = name.replace("-", "_")
    taken = module in sys.stdlib_module_names or module == "synner_graph"
    if not name.isascii() or not module.isidentifier() or keyword.iskeyword(module) or taken:
        raise InputError(
            "expected a name for the package of letters, digits and hyphens that begins with a "
            f"letter and is no module of Python, such as synner-news, got {given!r}: give one "
            "with --name"
        )
    return name


def _version(given: str) -> str:
    try:
        return str(Version(given))
    except InvalidVersion as error:
        raise InputError(f"expected a version such as 1.0.0, got {given!r}") from error
