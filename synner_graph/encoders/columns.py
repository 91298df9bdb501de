"""Embed the columns of a parsed file: part of speech and relation of each token."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary, without_subtype
from synner_graph.encoders.base import TokenEncoder, TokenIds
from synner_graph.errors import InputError


class ColumnEncoder(TokenEncoder[TokenIds]):
    """An embedding of the value that a column has for each token.

    Args:
        names: Known values.
        output_size: Width of the embedding.
    """

    def __init__(self, names: Vocabulary, output_size: int) -> None:
        super().__init__()
        self.names = names
        self.embedding = nn.Embedding(len(names), output_size)
        self.output_size = output_size

    @abstractmethod
    def column(self, sentence: Sentence) -> Sequence[str]:
        """Return the value of each token.

        Raises:
            InputError: If the sentence has none.
        """

    def collate(self, sentences: Sequence[Sentence]) -> TokenIds:
        """See TokenEncoder."""
        ids = [self.names.id_of(name) for s in sentences for name in self.column(s)]
        return TokenIds(torch.tensor(ids))

    def forward(self, inputs: TokenIds) -> Tensor:
        """See TokenEncoder."""
        embedded: Tensor = self.embedding(inputs.ids)
        return embedded


class UposEncoder(ColumnEncoder):
    """An embedding of each token's part of speech."""

    def column(self, sentence: Sentence) -> Sequence[str]:
        """See ColumnEncoder."""
        if sentence.upos is None:
            raise InputError(
                f"The sentence {_name(sentence)} has no parts of speech, but the model reads them "
                "(encoder.upos_size): use a format that has them (conllu, conllx)."
            )
        return sentence.upos


class RelationEncoder(ColumnEncoder):
    """An embedding of each token's relation to its head.

    Args:
        relations: Known relations.
        output_size: Width of the embedding.
        fold_subtypes: Read relations without their subtypes.
    """

    def __init__(self, relations: Vocabulary, output_size: int, fold_subtypes: bool) -> None:
        super().__init__(relations, output_size)
        self.fold_subtypes = fold_subtypes

    def column(self, sentence: Sentence) -> Sequence[str]:
        """See ColumnEncoder."""
        if sentence.relations is None:
            raise InputError(
                f"The sentence {_name(sentence)} has no dependency tree, but the model reads "
                "relations (encoder.relation_size): use a format with heads and relations "
                "(conllu, conllx)."
            )
        if self.fold_subtypes:
            return [without_subtype(relation) for relation in sentence.relations]
        return sentence.relations


def _name(sentence: Sentence) -> str:
    return repr(sentence.id or " ".join(sentence.tokens))
