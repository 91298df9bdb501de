"""Encoders go to other processes."""

import pickle

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.data.words.lexicon import Spelling
from synner_graph.encoders.shape import ShapeEncoder
from synner_graph.encoders.words import WordEncoder


def test_encoders_that_remember_words_can_be_pickled() -> None:
    sentences = [Sentence(["Ann", "saw", "1999"])]
    words = WordEncoder(Vocabulary(("saw", "ann")), 4, Spelling(True, False), 0.0, False)
    for encoder in (ShapeEncoder(3), words):
        encoder.collate(sentences)
        again = pickle.loads(pickle.dumps(encoder))
        assert again.collate(sentences).ids.tolist() == encoder.collate(sentences).ids.tolist()
