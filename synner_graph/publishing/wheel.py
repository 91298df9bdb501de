"""Write a wheel: a zip of files with their digests.

Source: the format of binary distributions of the Python Packaging User Guide, and PEP 427.
"""

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path

from synner_graph.files import make_folder, replacing

MADE = (1980, 1, 1, 0, 0, 0)
"""The date of every file, the first that a zip can hold: the same run makes the same wheel."""

READABLE = 0o644 << 16
TAG = "py3-none-any"
VERSION = installed("synner-graph")
WHEEL = f"""Wheel-Version: 1.0
Generator: synner-graph {VERSION}
Root-Is-Purelib: true
Tag: {TAG}
"""


def write_wheel(
    folder: Path, name: str, version: str, files: Mapping[str, bytes], info: Mapping[str, bytes]
) -> Path:
    """Write a wheel of files that need no compiling.

    Args:
        folder: Where to write it; it is made if it is missing.
        name: Of the distribution, normalised: letters, digits and underscores.
        version: Normalised.
        files: Place in the folder of installed packages -> content.
        info: Name in the folder `.dist-info` -> content, METADATA among them; WHEEL and RECORD are
            written here.

    Returns:
        The path of the wheel. One of that name is replaced, in one step.

    Raises:
        WriteError: It cannot be written.
    """
    path = make_folder(folder) / f"{name}-{version}-{TAG}.whl"
    place = f"{name}-{version}.dist-info"
    inside = {f"{place}/{leaf}": content for leaf, content in info.items()}
    contents = {**files, **inside, f"{place}/WHEEL": WHEEL.encode()}
    contents[f"{place}/RECORD"] = _record(contents, f"{place}/RECORD")
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for entry, content in contents.items():
            header = zipfile.ZipInfo(entry, MADE)
            header.external_attr = READABLE
            # Weights do not shrink, and take long to try.
            stored = entry.endswith(".safetensors")
            header.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(header, content)
    return path


def _record(contents: Mapping[str, bytes], own: str) -> bytes:
    """Return the lines of RECORD: path, digest and size of each file; its own has neither."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    for name, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.writerow((name, f"sha256={digest}", len(content)))
    lines.writerow((own, "", ""))
    return text.getvalue().encode()
