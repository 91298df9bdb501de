"""Round trips: random sentences through every format of sentences."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from synner_graph.data.formats import LINE_FORMATS, read_sentences, write_sentences
from synner_graph.data.schemes import SCHEMES
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from tests.strategies import sentences


def there_and_back(name: str, examples: list[Sentence], scheme: str | None) -> None:
    """Write sentences and read them again: tokens and entities are the same, and so is the file.

    A format may refuse to write what it cannot hold.
    """
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        try:
            write_sentences(first, examples, name, scheme=scheme)
        except InputError:
            return
        back = list(read_sentences(first, name, scheme=scheme, multiple_roots=True))
        pairs = [(sentence.tokens, sentence.entities) for sentence in examples]
        assert [(sentence.tokens, sentence.entities) for sentence in back] == pairs, name
        write_sentences(second, back, name, scheme=scheme)
        assert second.read_bytes() == first.read_bytes(), name


def round_trips(how: settings) -> int:
    """Run some examples and return how many."""

    @how
    @given(st.sampled_from(sorted(LINE_FORMATS)), st.sampled_from(SCHEMES), st.data())
    def trip(name: str, scheme: str, data: st.DataObject) -> None:
        nested = data.draw(st.booleans())
        tokens = {"tokens": st.sampled_from("北京Ab")} if name == "cluener" else {}
        drawn = sentences(nested=nested, crossing=False, **tokens)
        examples = data.draw(st.lists(drawn, min_size=1, max_size=3))
        there_and_back(name, examples, scheme if LINE_FORMATS[name].scheme else None)

    trip()
    return how.max_examples
