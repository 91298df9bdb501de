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
        self.named_axes = {"embedding.weight": (names.all_names,)}

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
    """An embedding of each token's part of speech.

    Args:
        names: Known parts of speech.
        output_size: Width of the embedding.
        source: The column that they stand in: upos, or xpos.
    """

    def __init__(self, names: Vocabulary, output_size: int, source: str = "upos") -> None:
        super().__init__(names, output_size)
        self.source = source

    def column(self, sentence: Sentence) -> Sequence[str]:
        """See ColumnEncoder."""
        return parts_of_speech(sentence, self.source)


def parts_of_speech(sentence: Sentence, source: str) -> Sequence[str]:
    """Return the part of speech of each token.

    Args:
        sentence: A sentence.
        source: The column that they stand in: upos, or xpos.

    Raises:
        InputError: If the sentence has none.
    """
    column: Sequence[str] | None = getattr(sentence, source)
    if column is None:
        raise InputError(
            f"The sentence {_name(sentence)} has no parts of speech in the column {source}, but "
            f"the model reads them (encoder.upos_size, encoder.upos_column {source}): use a format "
            "that has them (conllu, conllx)."
        )
    return column


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
