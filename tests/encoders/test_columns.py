"""Embeddings of parts of speech and relations."""

import pytest
import torch

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.encoders.columns import RelationEncoder, UposEncoder
from synner_graph.errors import InputError

SENTENCES = [
    Sentence(["a", "b"], heads=[-1, 0], relations=["root", "nmod:poss"], upos=["X", "NOUN"]),
    Sentence(["c"], heads=[-1], relations=["other"], upos=["VERB"]),
]


@pytest.mark.parametrize(
    ("encoder", "ids"),
    [
        (UposEncoder(Vocabulary(("NOUN", "VERB")), 4), [0, 1, 2]),
        (RelationEncoder(Vocabulary(("root", "nmod")), 4, fold_subtypes=False), [1, 0, 0]),
        (RelationEncoder(Vocabulary(("root", "nmod")), 4, fold_subtypes=True), [1, 2, 0]),
    ],
)
def test_a_token_has_the_vector_of_its_value(
    encoder: UposEncoder | RelationEncoder, ids: list[int]
) -> None:
    expected = torch.stack([encoder.embedding.weight[i] for i in ids])
    assert torch.equal(encoder(encoder.collate(SENTENCES)), expected)
    assert encoder.output_size == 4


def test_xpos_is_read_on_request() -> None:
    encoder = UposEncoder(Vocabulary(("NN", "VBZ")), 4, "xpos")
    sentences = [sentence.replace(xpos=["NN"] * len(sentence)) for sentence in SENTENCES]
    assert encoder.collate(sentences).ids.tolist() == [1, 1, 1]
    with pytest.raises(
        InputError, match=r"'a b' has no parts of speech .*encoder.upos_column xpos"
    ):
        encoder.collate(SENTENCES)


def test_a_missing_column_is_named_with_its_sentence() -> None:
    bare = Sentence(["Ann", "sings"])
    with pytest.raises(InputError, match=r"'Ann sings' has no parts of speech.*upos_size"):
        UposEncoder(Vocabulary(()), 4).collate([bare])
    with pytest.raises(InputError, match=r"'s1' has no dependency tree.*relation_size"):
        RelationEncoder(Vocabulary(()), 4, False).collate([bare.replace(id="s1")])
