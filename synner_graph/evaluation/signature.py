"""What a score depends on, in one line that is printed with it, as sacreBLEU does for BLEU."""

from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from synner_graph.config import DataConfig
from synner_graph.data.corpora.catalogue import SPLITS, spec_of
from synner_graph.data.formats import format_of, scheme_of

SPANS = "spans"


def _version() -> str:
    try:
        return version("synner-graph")
    except PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True)
class Signature:
    """How a score came about: `match:strict|unit:tokens|scheme:bio|...|version:0.1.0`.

    Two scores with the same signature can be compared.

    Attributes:
        match: When an entity is correct. Strict: its first and last unit and its label are right.
        unit: What boundaries are counted in.
        scheme: The tags that the gold entities were read from; `spans` where no tags were read.
        repair: What became of tag sequences that break the scheme: `none`, they are refused;
            `conlleval`, they are read by its rule.
        labels: Which labels count: `all`, those that the model cannot know included.
        trees: What the model read: `given`, the trees of the file where it has any, or the name
            of a parser.
        dictionary: The files of phrases that were forced, forbidden or favoured, if any were.
        data: Corpus or file, and split; empty where it is not known.
        version: Of this program; `unknown` where the package is not installed.
    """

    match: Literal["strict"] = "strict"
    unit: Literal["tokens", "characters"] = "tokens"
    scheme: str = SPANS
    repair: Literal["none", "conlleval"] = "none"
    labels: Literal["all"] = "all"
    trees: str = "given"
    dictionary: str = ""
    data: str = ""
    version: str = field(default_factory=_version)

    def __str__(self) -> str:
        return "|".join(f"{key}:{value}" for key, value in asdict(self).items() if value)


def signature_of(data: DataConfig, split: str) -> Signature:
    """Return the signature of strict scores on a split that is read with these settings.

    Args:
        data: Where the gold entities come from.
        split: train, dev or test.

    Raises:
        InputError: The corpus is unknown, or the format of the file.
    """
    files = {name: getattr(data, name) for name in SPLITS}
    path = files[split]
    repair = data.repair
    if path is not None:
        source, format, scheme = path.name, format_of(path, data.format), data.scheme
    else:
        source = data.dataset or "sample"
        spec = spec_of(source)
        repair = repair or spec.repaired
        format, scheme = data.format or spec.format, data.scheme or spec.scheme
    return Signature(
        scheme=scheme_of(format, scheme) or SPANS,
        repair="conlleval" if repair else "none",
        data=f"{source}/{split}",
    )
