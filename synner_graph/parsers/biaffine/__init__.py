"""Our own parser: a biaffine head beside the head that names the entities, on the same encoder."""

from synner_graph.parsers.biaffine.decoding import best_tree
from synner_graph.parsers.biaffine.head import BIAFFINE, BiaffineHead, build_parser_head
from synner_graph.parsers.biaffine.parser import BiaffineParser

__all__ = ["BIAFFINE", "BiaffineHead", "BiaffineParser", "best_tree", "build_parser_head"]
