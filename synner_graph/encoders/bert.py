"""BERT without padding: what transformers' BertModel computes, with the same names of weights.

Linear maps, norms and activations see the pieces of all windows in one matrix [R, D], R in number.
Only attention needs to know the windows; those of equal length attend together.

Source: Devlin et al. (NAACL 2019).
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def is_bert(config: Any) -> bool:
    """Say whether `Bert` computes what a transformer with this configuration does."""
    return (
        config.model_type == "bert"
        and config.hidden_act == "gelu"
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
        and not getattr(config, "is_decoder", False)
        and not getattr(config, "add_cross_attention", False)
        and config.hidden_size % config.num_attention_heads == 0
    )


@dataclass(frozen=True)
class States:
    """What a transformer gives, named as transformers names it.

    Attributes:
        last_hidden_state: Of the last layer; zeros at places that were not computed.
            *Shape:* [P, L, D]
        hidden_states: Of the embeddings and of each layer, if they were asked for.
    """

    last_hidden_state: Tensor
    hidden_states: tuple[Tensor, ...] | None


@dataclass(frozen=True)
class Layout:
    """Where the pieces of windows stand in a matrix with a row for each of them.

    Attributes:
        rows: The flattened place of each piece, shorter windows first. *Shape:* [R]
        groups: Windows and pieces in each, of every group of windows of equal length.
        mask: Which places may be attended to, where padding is computed; else None.
            *Shape:* [P, 1, 1, L]
    """

    rows: Tensor
    groups: list[tuple[int, int]]
    mask: Tensor | None

    @classmethod
    def packed(cls, mask: Tensor) -> "Layout":
        """Lay out the pieces alone. *Shape:* [P, L]"""
        lengths, order = mask.sum(1).sort(stable=True)
        first = order * mask.shape[1]
        ends = lengths.cumsum(0)
        within = torch.arange(int(ends[-1])) - (ends - lengths).repeat_interleave(lengths)
        sizes, counts = torch.unique_consecutive(lengths, return_counts=True)
        groups = list(zip(counts.tolist(), sizes.tolist(), strict=True))
        return cls(first.repeat_interleave(lengths) + within, groups, None)

    @classmethod
    def padded(cls, mask: Tensor) -> "Layout":
        """Lay out all places, padding included. *Shape:* [P, L]"""
        rows = torch.arange(mask.numel(), device=mask.device)
        return cls(rows, [(mask.shape[0], mask.shape[1])], mask.bool()[:, None, None])


class Linear(nn.Linear):
    """A linear map without weights: to set those that others replace takes time and memory."""

    def reset_parameters(self) -> None:
        """Set nothing."""


class Embedding(nn.Embedding):
    """Embeddings without weights, as `Linear` is."""

    def reset_parameters(self) -> None:
        """Set nothing."""


class SelfAttention(nn.Module):
    """Every piece attends to the pieces of its window."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        size = config.hidden_size
        self.heads = config.num_attention_heads
        self.query = Linear(size, size)
        self.key = Linear(size, size)
        self.value = Linear(size, size)
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """*Shape:* [R, D] to [R, D]"""
        q, k, v = (part.view(len(x), self.heads, -1) for part in self.project(x))
        dropout = self.dropout.p if self.training else 0.0
        found: list[Tensor] = []
        start = 0
        for windows, length in layout.groups:
            end = start + windows * length
            query, key, value = (
                part[start:end].view(windows, length, self.heads, -1).transpose(1, 2)
                for part in (q, k, v)
            )
            read = F.scaled_dot_product_attention(
                query, key, value, attn_mask=layout.mask, dropout_p=dropout
            )
            found.append(read.transpose(1, 2).flatten(2).flatten(0, 1))
            start = end
        return found[0] if len(found) == 1 else torch.cat(found)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values. *Shape:* [R, D] each"""
        return self.query(x), self.key(x), self.value(x)


class Residual(nn.Module):
    """A linear map, dropout, and the norm of its sum with what it is added to."""

    def __init__(self, config: Any, input_size: int) -> None:
        super().__init__()
        self.dense = Linear(input_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, x: Tensor, below: Tensor) -> Tensor:
        """*Shape:* [R, input_size] and [R, D] to [R, D]"""
        normed: Tensor = self.LayerNorm(self.dropout(self.dense(x)) + below)
        return normed


class Attention(nn.ModuleDict):
    """Self-attention and what follows it; a dictionary, because one is called `self`."""

    def __init__(self, config: Any) -> None:
        super().__init__(
            {"self": SelfAttention(config), "output": Residual(config, config.hidden_size)}
        )

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """*Shape:* [R, D] to [R, D]"""
        read: Tensor = self["output"](self["self"](x, layout), x)
        return read


class Intermediate(nn.Module):
    """The wide part of a layer."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.intermediate_size)

    def forward(self, x: Tensor) -> Tensor:
        """*Shape:* [R, D] to [R, intermediate_size]"""
        return F.gelu(self.dense(x))


class Layer(nn.Module):
    """Attention and a feed-forward network, each with its residual connection."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = Intermediate(config)
        self.output = Residual(config, config.intermediate_size)

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """*Shape:* [R, D] to [R, D]"""
        x = self.attention(x, layout)
        read: Tensor = self.output(self.intermediate(x), x)
        return read


class Embeddings(nn.Module):
    """The sum of the embeddings of a piece, its place and its segment, which is the first."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        size = config.hidden_size
        self.word_embeddings = Embedding(config.vocab_size, size, padding_idx=config.pad_token_id)
        self.position_embeddings = Embedding(config.max_position_embeddings, size)
        self.token_type_embeddings = Embedding(config.type_vocab_size, size)
        self.LayerNorm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, ids: Tensor, places: Tensor) -> Tensor:
        """*Shape:* [R] and [R] to [R, D]"""
        x = self.word_embeddings(ids) + self.token_type_embeddings.weight[0]
        normed: Tensor = self.dropout(self.LayerNorm(x + self.position_embeddings(places)))
        return normed


class Encoder(nn.Module):
    """The layers, under the name that transformers gives them."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))


class Bert(nn.Module):
    """BertModel of transformers without its pooler; `is_bert` says for which configurations.

    On a CPU only pieces are computed; on other devices padding too, because to look for it there
    takes longer.

    Args:
        config: Of transformers, or any object with the same attributes.
        random: Draw weights; else maps and embeddings hold anything, until those of a run come.

    Attributes:
        packs: Whether padding is left out on a CPU.
    """

    def __init__(self, config: Any, random: bool = True) -> None:
        super().__init__()
        self.config = config
        self.packs = True
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        if random:
            self._draw()

    @torch.no_grad()
    def _draw(self) -> None:
        """Draw weights as BertModel does."""
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                module.weight.normal_(std=self.config.initializer_range)
            if isinstance(module, nn.Linear):
                module.bias.zero_()
            if isinstance(module, nn.Embedding) and module.padding_idx is not None:
                module.weight[module.padding_idx] = 0

    def get_input_embeddings(self) -> nn.Embedding:
        """Return the embeddings of the pieces."""
        return self.embeddings.word_embeddings

    def leaves_out_padding(self, ids: Tensor) -> bool:
        """Say whether only pieces are computed for these windows."""
        return self.packs and ids.device.type == "cpu"

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        output_hidden_states: bool = False,
    ) -> States:
        """Run the layers over windows of pieces.

        Args:
            input_ids: *Shape:* [P, L]
            attention_mask: 1 for pieces, 0 for the padding behind them; None where there is no
                padding. *Shape:* [P, L]
            output_hidden_states: Return those of all layers.
        """
        windows, length = input_ids.shape
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        lay_out = Layout.packed if self.leaves_out_padding(input_ids) else Layout.padded
        layout = lay_out(attention_mask)
        x = self.embeddings(input_ids.flatten()[layout.rows], layout.rows % length)
        states = [x]
        for layer in self.encoder.layer:
            x = layer(x, layout)
            if output_hidden_states:
                states.append(x)
        if not output_hidden_states:
            states = [x]
        spread = [
            s.new_zeros(windows * length, s.shape[1])
            .index_copy(0, layout.rows, s)
            .view(windows, length, -1)
            for s in states
        ]
        return States(spread[-1], tuple(spread) if output_hidden_states else None)
