"""The model: its constructor is the architecture, `states` is the forward pass."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from synner_graph.config import ModelConfig
from synner_graph.data.gazetteer import Gazetteer
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.encoders.blueprint import Blueprint
from synner_graph.encoders.build import build_encoder
from synner_graph.gnn import build_gnn
from synner_graph.gnn.stack import Probe
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.tensors import Tensors
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.heads import build_head
from synner_graph.model.batch import Batch
from synner_graph.model.collate import Collator
from synner_graph.parsers import build_parser_head
from synner_graph.recurrent import KIND as RECURRENT_LAYERS
from synner_graph.recurrent import build_recurrent


class SynNERModel(nn.Module):
    """Encoder, GNN, recurrent layer, head, and where asked for a parser; knows nothing of files.

    Args:
        config: The architecture.
        vocabularies: Labels, relations, characters, words.
        backend: Message passing primitives.
        blueprint: Configuration and tokenizer of the transformer; None where there is none.
        kernel: What computes the Syn-LSTM and the CRF: see `operators.choice.NAMES`.

    Attributes:
        reads_documents: What it makes of a sentence depends on others of its document, so all of
            them must be in one batch.
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
        recurrent = RECURRENT_LAYERS.find(config.recurrent.name)
        edges = config.gnn.edges if config.gnn.name != "none" else recurrent.edges
        self.gazetteer = Gazetteer(vocabularies.gazetteer)
        self.inventory = EdgeInventory(
            edges, vocabularies.relations.all_names, self.gazetteer.types
        )

        self.encoder = build_encoder(
            config.encoder, vocabularies, blueprint, config.gnn.fold_subtypes, self.gazetteer
        )
        self.dropout = nn.Dropout(config.encoder.dropout)
        width = self.encoder.output_size
        self.gnn = build_gnn(config.gnn, width, self.inventory, backend, recurrent.needs_graph)
        self.recurrent = build_recurrent(
            config.recurrent, width, self.gnn.output_size, self.inventory
        )
        self.head = build_head(config.head, self.recurrent.output_size, vocabularies.labels)
        self.parser = build_parser_head(config.parser, width, vocabularies.relations.names)
        in_windows = config.encoder.context == "document"
        self.reads_documents = in_windows or self.inventory.reads_documents
        self.recurrent.kernel = self.head.kernel = kernel
        self.collator = Collator(
            self.inventory,
            vocabularies.relations,
            self.encoder.collate,
            self.head.encode,
            config.gnn.fold_subtypes,
            reads_relations=config.encoder.relation_size > 0,
            marks=self._marks,
            trees=self.parser and self.parser.encode,
            frequent=vocabularies.frequent,
            gazetteer=self.gazetteer,
            soft_gold=self.head.encode_soft,
        )

    def features(self, inputs: Tensors) -> Tensor:
        """What GNN, recurrent layer and parser read of every token. *Shape:* [N, D]"""
        x: Tensor = self.dropout(self.encoder(inputs))
        return x

    def read(self, x: Tensor, graph: TokenGraph, probe: Probe | None = None) -> Tensor:
        """Compute what the head reads of every token, given its features. *Shape:* [N, C]

        Args:
            x: Features. *Shape:* [N, D]
            graph: As `soften` gives it.
            probe: What an explanation asks of the GNN, which must have layers of ours.
        """
        asked = {} if probe is None else {"probe": probe}
        mixed = torch.is_autocast_enabled(x.device.type)
        # Mixed precision would give some factors of a message another type than the others.
        with torch.autocast(x.device.type, enabled=False):
            g = self.gnn(graph, x.float() if mixed else x, **asked)  # [N, G]
        h: Tensor = self.recurrent(x, g, graph)  # [N, C]
        return h

    def states(self, batch: Batch) -> Tensor:
        """What the head reads of every token. *Shape:* [N, C]"""
        x = self.features(batch.inputs)
        return self.read(x, self.soften(x, batch.graph))

    def soften(self, x: Tensor, graph: TokenGraph) -> TokenGraph:
        """Return the graph as the GNN reads it, given the features of its tokens.

        With `parser.soft_heads` the arcs of its trees give way to the best ones of the model's own
        parser, each weighted by its probability.

        Args:
            x: Features. *Shape:* [N, D]
            graph: Of trees.
        """
        if self.parser is None or not self.parser.soft_heads:
            return graph
        arcs = self.parser.best_arcs(x, graph.offsets)
        # The relations of the parser are those of the graph but for the unknown one, whose id is 0.
        return graph.with_arcs(replace(arcs, relations=arcs.relations + 1))

    def forward(self, batch: Batch, rdrop: float = 0.0) -> Tensor:
        """Compute the loss of the batch, summed over its sentences.

        Args:
            batch: With gold entities, and gold trees where a parser learns beside.
            rdrop: Weight of the divergence between two passes; 0 makes one pass.

        Returns:
            *Shape:* []
        """
        if rdrop:
            return self._rdrop_loss(batch, rdrop)
        x = self.features(batch.inputs)
        offsets = batch.graph.offsets
        h = self.read(x, self.soften(x, self._graph(x, batch)))
        loss = self.head.loss(h, offsets, batch.gold, batch.marks)
        if self.parser is not None:
            assert batch.trees is not None
            loss = loss + self.parser.weight * self.parser.loss(x, offsets, batch.trees)
        return loss

    def _rdrop_loss(self, batch: Batch, weight: float) -> Tensor:
        """Compute the loss of two passes: see `Head.rdrop_loss`. *Shape:* []"""
        offsets = batch.graph.offsets
        x, other = self.features(batch.inputs), self.features(batch.inputs)
        graph = self._graph(x, batch)
        h, other_h = (self.read(f, self.soften(f, graph)) for f in (x, other))
        loss = self.head.rdrop_loss(h, other_h, offsets, batch.gold, batch.marks, weight)
        if self.parser is not None:
            assert batch.trees is not None
            trees = self.parser.rdrop_loss(x, other, offsets, batch.trees, weight)
            loss = loss + self.parser.weight * trees
        return loss

    def decode(self, batch: Batch) -> list[list[Entity]]:
        """Entities of each sentence, with scores."""
        return self.head.decode(self.states(batch), batch.graph.offsets, batch.marks)

    def _graph(self, x: Tensor, batch: Batch) -> TokenGraph:
        """Return the graph, with trees of the own parser where the batch asks for them."""
        if not any(batch.own_trees):
            return batch.graph
        assert self.parser is not None
        parts = torch.split(x.detach(), batch.graph.lengths.tolist())
        chosen = [part for part, own in zip(parts, batch.own_trees, strict=True) if own]
        offsets = torch.tensor([0, *accumulate(map(len, chosen))])
        trees = iter(self.parser.sample(torch.cat(chosen), offsets))
        sentences = list(batch.sentences)
        for row, own in enumerate(batch.own_trees):
            if own:
                heads, relations = next(trees)
                sentences[row] = sentences[row].replace(heads=heads, relations=relations)
        return self.collator.graph(sentences).to(x.device)

    def _marks(self, sentences: Sequence[Sentence], inputs: Any) -> Tensors | None:
        return self.head.marks(sentences, self.encoder.piece_counts(inputs))
