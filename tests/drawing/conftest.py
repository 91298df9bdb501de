"""What the tests of drawings share."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import torch

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.graph.edges import EDGE_KINDS, EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
from tests.strategies import RELATIONS

SVG = "{http://www.w3.org/2000/svg}"


def elements(svg: str, kind: str) -> list[ET.Element]:
    """The groups of one kind, in their order."""
    return [e for e in ET.fromstring(svg).iter(f"{SVG}g") if e.get("class") == kind]


def data(element: ET.Element) -> dict[str, str]:
    """The `data-` attributes."""
    return {k.removeprefix("data-"): v for k, v in element.items() if k.startswith("data-")}


def texts(element: ET.Element) -> list[str]:
    """What it writes."""
    return [text.text or "" for text in element.iter(f"{SVG}text")]


def graph_of(
    sentences: list[Sentence], kinds: tuple[str, ...] = EDGE_KINDS, weighted: bool = False
) -> TokenGraph:
    """The graph of parsed sentences."""
    relations = Vocabulary.collect(RELATIONS)
    graph = TokenGraph.build(
        [len(sentence) for sentence in sentences],
        EdgeInventory(kinds, relations.all_names),
        [sentence.heads or () for sentence in sentences],
        [[relations.id_of(name) for name in sentence.relations or ()] for sentence in sentences],
    )
    return replace(graph, weight=torch.randn(graph.num_edges)) if weighted else graph


@pytest.fixture
def hostile() -> Sentence:
    """A sentence that tries to leave its drawing."""
    return Sentence(
        ["<script>", "alert(1)", "&", "</svg>", '"x"', "\x00\x1b", "$a$"],
        [1, ROOT, 1, 1, 1, 1, 1],
        ["a&b", "root", "<i>", '"', "'", "-->", "f"],
        [Entity(0, 2, "<b>&"), Entity(3, 5, "O\"'")],
        id="<id>",
    )
