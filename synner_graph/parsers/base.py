"""The base of all parsers: they give sentences their trees."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from synner_graph.data.sentence import Sentence, SentenceError
from synner_graph.data.trees import Tree
from synner_graph.errors import InputError
from synner_graph.parts import Part

TREES = "trees"


@dataclass(frozen=True)
class ParserRecord:
    """The source of the trees that a model was trained on.

    Attributes:
        name: That of the parser; `trees` for those of the corpus itself.
        version: The parser's; empty for those of the corpus.
        relations: The relations that the parser can give, or that the corpus has; sorted.
    """

    name: str
    version: str
    relations: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"name": self.name, "version": self.version, "relations": list(self.relations)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ParserRecord":
        """Inverse of `to_json`.

        Raises:
            KeyError: Something is missing.
            ValueError: Something is not the string, or the list of strings, that it must be.
        """
        name, version, relations = values["name"], values["version"], values["relations"]
        strings = isinstance(relations, list) and all(isinstance(r, str) for r in relations)
        if not (isinstance(name, str) and isinstance(version, str) and strings):
            raise ValueError("expected strings as name and version, a list of them as relations")
        return cls(name, version, tuple(relations))


class Parser(Part, ABC):
    """Gives sentences their dependency trees.

    Attributes:
        name: What it is called on the command line.
        version: Of the parser and its model.
        relations: Those it can give, sorted; empty where they cannot be known.
    """

    name: str
    version: str
    relations: tuple[str, ...]

    @property
    def record(self) -> ParserRecord:
        """What a run stores about the parser."""
        return ParserRecord(self.name, self.version, self.relations)

    def parse(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """Return the sentences, each with a new tree that has one root.

        Tokens, tags, entities and text stay. Enhanced dependencies go: they are those of the tree
        before.

        Raises:
            InputError: The parser gives something that is no such tree.
        """
        parsed = []
        for sentence, (heads, relations) in zip(sentences, self.trees(sentences), strict=True):
            extra = sentence.extra and replace(sentence.extra, deps=None)
            try:
                tree = sentence.replace(heads=heads, relations=relations, extra=extra)
                parsed.append(tree.check(flat=False))
            except SentenceError as error:
                words = " ".join(sentence.tokens[:8])
                raise InputError(f"The parser {self.name} fails at {words!r}: {error}") from error
        return parsed

    @abstractmethod
    def trees(self, sentences: Sequence[Sentence]) -> list[Tree]:
        """Return the tree of each sentence, over its own tokens."""


class CorpusTrees(Parser):
    """The trees that the sentences come with."""

    name = TREES
    version = ""
    relations = ()

    def parse(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """Return the sentences unchanged.

        Raises:
            InputError: One of them has no tree.
        """
        self.trees(sentences)
        return list(sentences)

    def trees(self, sentences: Sequence[Sentence]) -> list[Tree]:
        """See `Parser.trees`."""
        trees: list[Tree] = []
        for sentence in sentences:
            if sentence.heads is None or sentence.relations is None:
                name = sentence.id or " ".join(sentence.tokens[:8])
                raise InputError(
                    f"The sentence {name!r} has no dependency tree: name a parser with --parser."
                )
            trees.append((sentence.heads, sentence.relations))
        return trees


def fill_trees(
    sentences: Iterable[Sentence], parser: Callable[[], Parser], window: int = 1024
) -> Iterator[Sentence]:
    """Give trees to the sentences that have none, lazily and in order.

    Args:
        sentences: Parsed or not.
        parser: Returns what parses; called only where it is needed.
        window: How many sentences are held at a time.
    """
    iterator = iter(sentences)
    while rows := list(islice(iterator, window)):
        bare = [sentence for sentence in rows if sentence.heads is None]
        parsed = iter(parser().parse(bare) if bare else ())
        yield from (next(parsed) if sentence.heads is None else sentence for sentence in rows)


def scheme_note(trained: ParserRecord, parser: Parser) -> str | None:
    """Return a note if the trees are of another kind than those the model was trained on.

    Trees that come with the sentences are taken for what the model knows: their relations are
    compared one by one when the graphs are built.
    """
    if parser.name == TREES or parser.record == trained:
        return None
    known = set(trained.relations) & set(parser.relations)
    return (
        f"the model was trained on trees of {_described(trained)} with {len(trained.relations)} "
        f"relations; {_described(parser.record)} has {len(parser.relations)}, of which the model "
        f"knows {len(known)}"
    )


def _described(record: ParserRecord) -> str:
    if record.name == TREES:
        return "its corpus"
    return f"{record.name} {record.version}"
