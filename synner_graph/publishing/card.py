"""What people get who get a run from others: its files, and a model card with licence and name."""

from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from synner_graph.data.corpora.known import CORPORA
from synner_graph.errors import InputError
from synner_graph.files import read_json
from synner_graph.recogniser.run_folder import CARD, METRICS, RunFolder
from synner_graph.recogniser.transaction import MANIFEST

FRONT_MATTER_ENDS = "\n---\n"
PLACE = "path/to/this/folder"
"""What the card of a run says in place of its name."""


def metrics_of(run: RunFolder) -> dict[str, Any]:
    """Read the scores and settings of a run that others are to use.

    Raises:
        InputError: It has none (it was saved without `train`, or its training has not ended), or
            they do not name the corpus.
    """
    if not run.holds(METRICS):
        raise InputError(
            f"{run.path} has no {METRICS}, so nobody could know what it is worth: hand on a run "
            "whose training has ended."
        )
    metrics: dict[str, Any] = read_json(run.read()[METRICS], run.path / METRICS)
    corpus = metrics.get("corpus")
    if not (isinstance(corpus, dict) and isinstance(corpus.get("name"), str)):
        raise InputError(f"{run.path / METRICS} does not name the corpus of the training.")
    return metrics


def licence_of(given: str | None, metrics: dict[str, Any]) -> str:
    """Return a licence as an SPDX expression in its usual spelling.

    Args:
        given: What the user says.
        metrics: Of the run.

    Raises:
        InputError: Nothing is given, or no SPDX expression.
    """
    corpus = metrics["corpus"]["name"]
    known = CORPORA.get(corpus)
    of_corpus = f"{corpus} has {known.licence}" if known else f"here that of {corpus!r}"
    if given is None:
        raise InputError(
            "Say under which licence others may use the run, with --license and an SPDX name such "
            "as Apache-2.0 or CC-BY-SA-4.0: the licence of the sentences that it learned from may "
            f"decide it ({of_corpus})."
        )
    try:
        return str(canonicalize_license_expression(given))
    except InvalidLicenseExpression as error:
        raise InputError(
            f"expected an SPDX licence expression such as Apache-2.0, CC-BY-SA-4.0 or "
            f"LicenseRef-MINE, got {given!r}"
        ) from error


def files_for(run: RunFolder, name: str, licence: str) -> dict[str, bytes]:
    """Return all files of a run but its log, by name, each checked against the manifest.

    They are as they are in the run; the model card gets name and licence.

    Args:
        run: Whose training has ended.
        name: Of a package, or of a repository.
        licence: As `licence_of` gives it.

    Raises:
        InputError: A file is missing or damaged, or there is no model card.
    """
    files = run.read() | {CARD: card_for(run, name, licence).encode()}
    manifest = run.transaction.manifest()
    return files if manifest is None else files | {MANIFEST: manifest.to_json()}


def card_for(run: RunFolder, name: str, licence: str) -> str:
    """Return the model card of a run, as it is edited, with the name that others load it by.

    Args:
        run: With a card.
        name: Of a package, or of a repository.
        licence: As `licence_of` gives it.

    Raises:
        InputError: The run has no card, or one that begins with no front matter.
    """
    content = run.transaction.read(CARD)
    if content is None:
        raise InputError(f"{run.path} has no {CARD}, which is its model card.")
    text = content.decode("utf-8", errors="replace").replace(PLACE, name)
    start, _, rest = text.partition("\n")
    if start.strip() != "---":
        raise InputError(f"{run.path / CARD}, line 1: expected --- and front matter, got {start!r}")
    if any(
        line.startswith("license:") for line in rest.partition(FRONT_MATTER_ENDS)[0].splitlines()
    ):
        return text
    return f"---\nlicense: {licence.lower()}\n{rest}"
