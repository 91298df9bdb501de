"""Drawings of sentences and graphs, for notebooks, browsers and papers."""

from collections.abc import Collection, Mapping, Sequence

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.display import makers
from synner_graph.drawing.batch import graph_scene
from synner_graph.drawing.drawing import Drawing
from synner_graph.drawing.marked import marked_text
from synner_graph.drawing.sentence import sentence_scene
from synner_graph.graph.token_graph import TokenGraph

__all__ = ["Drawing", "draw_graph", "draw_sentence"]

MOST_NODES = 60
"""Of a graph that draws itself: sentences beyond are left out, and counted in the caption."""


def draw_sentence(
    sentence: Sentence,
    gold: Sequence[Entity] | None = None,
    graph: TokenGraph | None = None,
    labels: Collection[str] = (),
    document: Sequence[Sentence] = (),
    place: int = 0,
    rows: Mapping[str, Sequence[Entity]] | None = None,
) -> Drawing:
    """Draw a sentence: its tree above the words, its entities below.

    Args:
        sentence: The sentence; entities with scores say them.
        gold: What the entities should have been, in a row of their own; an entity that one row has
            and the other has not gets a dashed border.
        graph: The sentence as a graph: its edges are drawn in place of the tree, coloured by
            direction, or, where it has weights, as wide and as strong as they are. Entries of a
            gazetteer, and words of other sentences that edges come from or go to, stand to the
            right of the sentence.
        labels: All entity labels in use, where several drawings shall agree in their colours.
        document: The sentences of the graph, where it holds more than this one.
        place: Which of them the sentence is.
        rows: In place of the sentence's entities and of `gold`, entities by the name of their row;
            one that some row lacks gets a dashed border.

    Raises:
        InputError: If the graph is not that of the sentence, or of the document.
    """
    return Drawing(sentence_scene(sentence, gold, graph, labels, document, place, rows))


def draw_graph(graph: TokenGraph, sentences: Sequence[Sentence] | None = None) -> Drawing:
    """Draw a batch as one graph: nodes in a row, sentences in boxes.

    Edges from heads to dependents run above the nodes, those from dependents to heads below, self
    edges are rings. Colours are relations, or weights where the graph has some.

    Args:
        graph: The batch.
        sentences: The sentences behind it: then nodes show their tokens and entities.
    """
    return Drawing(graph_scene(graph.to_networkx(sentences)))


def graph_html(graph: TokenGraph) -> str:
    """Return the first sentences of a graph as HTML, and the number of further ones."""
    offsets = graph.offsets.tolist()
    shown = max(sum(end <= MOST_NODES for end in offsets[1:]), min(1, graph.num_sentences))
    whole = graph.to_networkx()
    ends = zip(graph.src.tolist(), graph.dst.tolist(), strict=True)
    entries = {dst for src, dst in ends if src < offsets[shown] and dst >= graph.num_tokens}
    view = whole.subgraph([*range(offsets[shown]), *entries])
    html = Drawing(graph_scene(view))._repr_html_()
    rest, tokens = graph.num_sentences - shown, graph.num_tokens - offsets[shown]
    plural = "s" if rest > 1 else ""
    more = f"<p>and {rest} more sentence{plural} of {tokens} tokens</p>" if rest else ""
    return html + more


makers["Sentence"] = lambda sentence: draw_sentence(sentence)._repr_html_()
makers["TokenGraph"] = graph_html
makers["Doc"] = lambda doc: marked_text(doc.text, doc.entities, doc.sentences)
