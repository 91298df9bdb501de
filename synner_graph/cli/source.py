"""One split of a dataset, or a file: what `eval` and `visualize` read."""

from pathlib import Path
from typing import Any

from synner_graph.config import DataConfig
from synner_graph.data.catalogue import SPLITS
from synner_graph.errors import InputError, suggest


def split_of(dataset: str | None, input: Path | None, split: str, **reading: Any) -> DataConfig:
    """Where the sentences come from.

    Args:
        dataset: a corpus of the catalogue.
        input: a file, instead.
        split: which part of the dataset; for a file, what to call it.
        reading: further settings of DataConfig.

    Raises:
        InputError: for both or neither of dataset and file, or an unknown split.
    """
    if (dataset is None) == (input is None):
        raise InputError("Say what to read: either --dataset NAME or --input FILE.")
    if split not in SPLITS:
        raise InputError(f"Unknown split {split!r}.{suggest(split, SPLITS)}")
    return DataConfig(dataset=dataset, **reading, **({} if input is None else {split: input}))
