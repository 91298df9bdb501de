"""What a server does with texts: read them, draw their sentences, explain their entities."""

import asyncio
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from synner_graph.data.sentence import Sentence
from synner_graph.drawing import draw_sentence
from synner_graph.drawing.svg import svg
from synner_graph.errors import InputError
from synner_graph.evaluation.explain import explain
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.recogniser.synner import SynNER
from synner_graph.serving.batcher import Batcher, Reading
from synner_graph.serving.limits import Limits
from synner_graph.text.document import Doc

DRAWN = 0.02
"""Of the greatest contribution; edges with less are not drawn."""

EXPLAINING = 1000
"""An explanation waits like a text of this many characters."""


class Service:
    """A recogniser behind a queue.

    Args:
        ner: The recogniser; only the threads of the batcher may use it from now on.
        batcher: What reads with it.
        limits: Twice `limits.characters` of the texts read for a page are remembered.
    """

    def __init__(self, ner: SynNER, batcher: Batcher, limits: Limits) -> None:
        self.ner = ner
        self.batcher = batcher
        self.labels = sorted(ner.vocabularies.labels)
        self._kept = 2 * limits.characters
        self._readings: OrderedDict[str, Reading] = OrderedDict()

    async def read(self, text: str) -> Doc:
        """Name a text.

        Raises:
            Busy: Too much is waiting.
        """
        return self._doc(await self.batcher.read(text))

    async def remember(self, text: str) -> Doc:
        """Name a text whose sentences will be drawn; what was read lately is not read again.

        Raises:
            Busy: Too much is waiting.
        """
        return self._doc(await self._reading(text))

    async def draw(self, text: str, character: int) -> dict[str, Any]:
        """Draw the sentence around a character of a text, as `DrawnSentence`.

        Raises:
            Busy: Too much is waiting.
            InputError: The text has no such character, or it is in no sentence.
        """
        if character >= len(text):
            raise InputError(f"character is {character}, but the text has {len(text)} characters")
        reading = await self._reading(text)
        for start, sentence in reading.segments:
            end = start + len(sentence.text or "")
            if start <= character < end:
                drawing = await asyncio.to_thread(draw_sentence, sentence, labels=self.labels)
                return {
                    "start_char": start,
                    "end_char": end,
                    "tokens": list(sentence.tokens),
                    "has_tree": sentence.heads is not None,
                    "svg": svg(drawing.scene, styled=False),
                }
        raise InputError(f"character {character} is white space between two sentences")

    async def explain(self, text: str, number: int) -> dict[str, Any]:
        """Explain an entity of a text, as `ExplainedEntity`.

        Raises:
            Busy: Too much is waiting.
            InputError: The text has no such entity, or the model cannot be explained.
        """
        reading = await self._reading(text)
        left = number
        for unit in reading.units:
            for place, (_, sentence) in enumerate(unit):
                if left < len(sentence.entities):
                    return await self._explain([s for _, s in unit], place, left)
                left -= len(sentence.entities)
        raise InputError(f"entity is {number}, but the text has {number - left} entities")

    async def _explain(self, document: list[Sentence], place: int, number: int) -> dict[str, Any]:
        """Explain an entity of a sentence that was read with others."""
        sentence = document[place]
        around = document[:place], document[place + 1 :]

        def explained() -> dict[str, Any]:
            found = explain(self.ner, sentence, sentence.entities[number], *around)
            named = found.sentence.replace(entities=(found.entity,))
            graph = _strongest(found.graph)
            drawing = draw_sentence(named, None, graph, self.labels, document, place)
            return found.to_json() | {"svg": svg(drawing.scene, styled=False)}

        answer: dict[str, Any] = await self.batcher.call(explained, EXPLAINING)
        return answer

    async def _reading(self, text: str) -> Reading:
        if text in self._readings:
            self._readings.move_to_end(text)
            return self._readings[text]
        reading = await self.batcher.read(text)
        self._readings[text] = reading
        while sum(map(len, self._readings)) > self._kept and len(self._readings) > 1:
            self._readings.popitem(last=False)
        return reading

    def _doc(self, reading: Reading) -> Doc:
        return Doc(reading.text, reading.segments, self.ner.model.collator.graph)


def _strongest(graph: TokenGraph) -> TokenGraph:
    """Leave out the edges of little weight: a soft tree has arcs between most words."""
    assert graph.weight is not None
    kept = graph.weight.abs() >= DRAWN * graph.weight.abs().max()
    edges = {name: getattr(graph, name)[kept] for name in ("src", "dst", "relation", "direction")}
    return replace(graph, **edges, weight=graph.weight[kept])
