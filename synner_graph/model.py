"""The model: its constructor is the architecture, `states` is the forward pass."""

from collections.abc import Sequence

from torch import Tensor, nn

from synner_graph.config import ModelConfig
from synner_graph.data.collate import Batch, Collator
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.encoders import Blueprint, build_encoder
from synner_graph.gnn import build_gnn
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.heads import build_head
from synner_graph.recurrent import recurrent_class


class SynNERModel(nn.Module):
    """Encoder, GNN, recurrent layer, head; knows nothing of files.

    Args:
        config: the architecture.
        vocabularies: labels, relations, characters, words.
        backend: message passing primitives.
        blueprint: configuration and tokenizer of the transformer; None where there is none.
        kernel: which implementation computes the Syn-LSTM and the CRF: auto, cpu, fused or naive.
    """

    def __init__(
        self,
        config: ModelConfig,
        vocabularies: Vocabularies,
        backend: GraphBackend,
        blueprint: Blueprint | None,
        kernel: str = "auto",
    ) -> None:
        super().__init__()
        self.backend = backend
        edges = config.gnn.edges if config.gnn.name != "none" else ()
        self.inventory = EdgeInventory(edges, vocabularies.relations.all_names)
        recurrent = recurrent_class(config.recurrent.name)

        self.encoder = build_encoder(
            config.encoder, vocabularies, blueprint, config.gnn.fold_subtypes
        )
        self.dropout = nn.Dropout(config.encoder.dropout)
        width = self.encoder.output_size
        self.gnn = build_gnn(config.gnn, width, self.inventory, backend, recurrent.needs_graph)
        self.recurrent = recurrent(width, self.gnn.output_size, config.recurrent.size)
        self.head = build_head(config.head, self.recurrent.output_size, vocabularies.labels)
        self.recurrent.implementation = self.head.implementation = kernel
        self.collator = Collator(
            self.inventory,
            vocabularies.relations,
            self.encoder.collate,
            self.head.encode,
            config.gnn.fold_subtypes,
            reads_relations=config.encoder.relation_size > 0,
            marks=self._marks,
        )

    def states(self, batch: Batch) -> Tensor:
        """What the head reads of every token. *Shape:* [N, C]"""
        x = self.dropout(self.encoder(batch.inputs))  # [N, D]
        g = self.gnn(batch.graph, x)  # [N, G]
        h: Tensor = self.recurrent(x, g, batch.graph.offsets)  # [N, C]
        return h

    def forward(self, batch: Batch) -> Tensor:
        """Loss of the batch, summed over its sentences. *Shape:* []"""
        return self.head.loss(self.states(batch), batch.graph.offsets, batch.gold, batch.marks)

    def decode(self, batch: Batch) -> list[list[Entity]]:
        """Entities of each sentence, with scores."""
        return self.head.decode(self.states(batch), batch.graph.offsets, batch.marks)

    def _marks(self, sentences: Sequence[Sentence], inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        return self.head.marks(sentences, self.encoder.piece_counts(inputs))
