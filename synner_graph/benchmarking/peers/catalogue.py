"""The peers: what to install for each, and the program that runs there."""

from dataclasses import dataclass

from synner_graph.errors import InputError, suggest

OURS = "synner"


@dataclass(frozen=True)
class Peer:
    """A recogniser that ours is compared with.

    Attributes:
        name: For the command line and the tables.
        program: Module of `programs` that trains and runs it.
        packages: What pip installs; `torch` is pinned to the version that runs here. Nothing for
            ours, which runs in this environment.
        library: The package whose version is reported.
        reads_texts: Whether it finds entities in text that is not cut into sentences and tokens.
    """

    name: str
    program: str
    packages: tuple[str, ...]
    library: str
    reads_texts: bool = True


PEERS = {
    peer.name: peer
    for peer in (
        Peer(OURS, "synner_run", (), "synner-graph"),
        Peer(
            "transformers",
            "token_classification",
            ("torch", "transformers", "accelerate"),
            "transformers",
        ),
        Peer("flair", "flair_tagger", ("torch", "flair"), "flair"),
        Peer(
            "span-marker",
            "span_marker_model",
            ("torch", "span-marker"),
            "span-marker",
            reads_texts=False,
        ),
        Peer("spacy", "spacy_ner", ("spacy",), "spacy"),
    )
}


def chosen(names: str) -> list[Peer]:
    """Return the peers of a list joined by commas.

    Raises:
        InputError: There is no such peer.
    """
    peers = []
    for name in names.split(","):
        if name not in PEERS:
            raise InputError(f"There is no peer {name!r}{suggest(name, PEERS)}")
        peers.append(PEERS[name])
    return peers
