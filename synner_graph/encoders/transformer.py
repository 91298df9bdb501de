"""A pretrained transformer as token encoder."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from synner_graph.data.sentence import Sentence
from synner_graph.encoders.base import TokenEncoder
from synner_graph.encoders.bert import Bert, is_bert
from synner_graph.encoders.blueprint import (
    AnyConfig,
    AnyTokenizer,
    StoredConfig,
    check_sizes,
    hub_config,
    max_length,
    with_dropout,
)
from synner_graph.encoders.depth import (
    EVERYTHING,
    NOTHING,
    evaluate_frozen,
    freeze,
    layer_count,
    parameter_levels,
)
from synner_graph.encoders.grouping import tight_groups
from synner_graph.encoders.lora import add_adapters
from synner_graph.encoders.mix import LayerMix
from synner_graph.encoders.pieces import PieceInputs, PieceTokenizer
from synner_graph.encoders.precision import narrow
from synner_graph.errors import InputError

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

PASS_COST = 64
"""Places that cost as much as one more pass: beside what a pass computes for its places, it adds
a gradient to each weight. Both grow with the transformer, so that this does not."""

ONE_PASS = 10**9
"""A cost that no second pass is worth."""


class TransformerEncoder(TokenEncoder[PieceInputs]):
    """Hidden states of a transformer, the last or a mix of all, pooled from pieces to tokens.

    The constructor builds the architecture with random weights, or with zeros where the
    configuration is that of a saved run, whose weights follow; `load_pretrained` fills it. On a
    CPU padding costs what words cost: a `Bert` computes none, and through other transformers
    windows of similar length pass together.

    Args:
        config: Architecture.
        tokenizer: A fast tokenizer.
        pooling: `first` reads a token off its first piece, `mean` averages its pieces.
        frozen: What is not trained and has no dropout: `none`, `all`, `embeddings`, or the
            number of layers from below that are frozen with the embeddings.
        mix: Read a learned mix of all layers, not the last one.
        lora: Rank and weight of adapters, which then learn in place of all other weights; a rank
            of 0 is none.
        window: Pieces of a document that are encoded together; 0 encodes each sentence by itself.
    """

    def __init__(
        self,
        config: AnyConfig,
        tokenizer: AnyTokenizer,
        pooling: str,
        frozen: str = NOTHING,
        mix: bool = False,
        lora: tuple[int, int] = (0, 1),
        window: int = 0,
    ) -> None:
        super().__init__()
        self.frozen = frozen
        self.config = config
        self.lora = lora
        self.pass_cost = PASS_COST
        self.narrowed = False
        self.mix = LayerMix(config.num_hidden_layers + 1) if mix else None
        try:
            # Float32 whatever the checkpoint holds: mixed precision is the loop's part.
            self._take(self._build())
            longest = max_length(config, tokenizer)
        except InputError:
            raise
        except Exception as error:  # it does not fit itself; a library says so as it likes
            raise InputError(
                f"The transformer cannot be built as its configuration says: {_reason(error)}"
            ) from error
        self.tokenizer = tokenizer
        model: Any = self.transformer
        known = int(model.get_input_embeddings().num_embeddings)
        self.pieces = PieceTokenizer(tokenizer, longest, pooling == "first", window, known)
        self.output_size = int(config.hidden_size)

    @property
    def pretrained(self) -> torch.nn.Module:
        """See TokenEncoder."""
        return self.transformer

    def refuse_long_sentences(self, refuse: bool) -> None:
        """See TokenEncoder."""
        self.pieces.refuses_long = refuse

    def read_in_one_pass(self) -> None:
        """See TokenEncoder."""
        self.pass_cost = ONE_PASS
        if isinstance(self.transformer, Bert):
            self.transformer.packs = False

    def compute_in(self, precision: str) -> bool:
        """See TokenEncoder; the states that it gives are float32."""
        self.narrowed = narrow(self.transformer, precision)
        return self.narrowed

    def depths(self) -> Iterator[tuple[torch.nn.Parameter, int]]:
        """See TokenEncoder."""
        levels, layers = parameter_levels(self.transformer), layer_count(self.transformer)
        for name, parameter in self.transformer.named_parameters():
            yield parameter, max(layers - levels[name], 0)

    def lexical_embeddings(self) -> Iterator[Tensor]:
        """See TokenEncoder."""
        model: Any = self.transformer
        yield model.get_input_embeddings().weight

    def load_pretrained(self, source: str, rows: Sequence[int] | None = None) -> None:
        """Take over the weights of a hub id or folder.

        Args:
            source: Hub id or folder.
            rows: For a pruned vocabulary, the old ids of its pieces; None takes all.

        Raises:
            InputError: If there are none; the encoder is of no use then.
        """
        from transformers import AutoConfig, AutoModel  # slow

        del self.transformer  # not to hold two at once
        config = hub_config(self.config)
        try:
            if rows is not None:
                config = deepcopy(config)
                config.vocab_size = AutoConfig.from_pretrained(
                    source, trust_remote_code=False
                ).vocab_size
            model = AutoModel.from_pretrained(
                source, config=config, dtype=torch.float32, trust_remote_code=False
            )
        except OSError as error:
            raise InputError(f"No weights found at {source!r}: {_reason(error)}") from error
        if rows is not None:
            keep_rows(model.get_input_embeddings(), rows)
            model.config = config = hub_config(self.config)
        if self._is_bert:
            weights = _without_pooler(model).state_dict()
            del model
            model = self._build()
            model.load_state_dict(weights)
        self._take(model)

    @property
    def _is_bert(self) -> bool:
        """Whether `Bert` computes the states; peft adapts models of transformers alone."""
        return is_bert(self.config) and not self.lora[0]

    def _build(self) -> torch.nn.Module:
        """Return a transformer with random weights."""
        if self._is_bert:
            return Bert(self.config, random=not isinstance(self.config, StoredConfig))
        from transformers import AutoModel  # slow

        model: torch.nn.Module = AutoModel.from_config(
            hub_config(self.config), dtype=torch.float32, trust_remote_code=False
        )
        return model

    def _take(self, model: torch.nn.Module) -> None:
        """Use this model from now on."""
        self.transformer = _without_pooler(model)
        freeze(self.transformer, self.frozen)
        if self.lora[0]:
            add_adapters(self.transformer, *self.lora)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """See `torch.nn.Module.train`; frozen parts stay as they are in evaluation."""
        super().train(mode)
        evaluate_frozen(self.transformer)
        return self

    def collate(self, sentences: Sequence[Sentence]) -> PieceInputs:
        """See TokenEncoder."""
        return self.pieces(sentences)

    def forward(self, inputs: PieceInputs) -> Tensor:
        """See TokenEncoder."""
        ids, mask = inputs.input_ids, inputs.attention_mask
        groups = [list(range(len(ids)))]
        if ids.device.type == "cpu" and not isinstance(self.transformer, Bert):
            groups = tight_groups(mask.sum(1).tolist(), self.pass_cost)
        states = self._states(ids, mask, inputs.piece_index, groups)
        if self.pieces.first_only:
            return states
        return mean_of_pieces(states, inputs.piece_token)

    def _states(
        self, ids: Tensor, mask: Tensor, places: Tensor, groups: Sequence[Sequence[int]]
    ) -> Tensor:
        """Return the states at places of the flattened windows, computed group by group.

        Args:
            ids: *Shape:* [P, L]
            mask: *Shape:* [P, L]
            places: *Shape:* [M]
            groups: Windows of each group; every window is in one.

        Returns:
            *Shape:* [M, D]
        """
        found: list[Tensor] = []
        starts = places.new_empty(len(ids))  # of each window in what is found
        total, width = 0, ids.shape[1]
        for rows in groups:
            longest = int(mask[rows].sum(1).max()) if len(groups) > 1 else width
            states = self._read(ids[rows, :longest], mask[rows, :longest])
            found.append(states.flatten(0, 1))
            starts[rows] = total + longest * torch.arange(len(rows), device=ids.device)
            total += len(found[-1])
        return torch.cat(found)[starts[places // width] + places % width]

    def _read(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Run the transformer on windows. *Shape:* [P, L] to [P, L, D]"""
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.frozen != EVERYTHING):
            read = self.transformer(
                input_ids=ids, attention_mask=mask, output_hidden_states=self.mix is not None
            )
        layers = [read.last_hidden_state] if self.mix is None else read.hidden_states
        if self.narrowed:
            layers = [layer.float() for layer in layers]
        states: Tensor = layers[0] if self.mix is None else self.mix(layers)
        return states

    def piece_counts(self, inputs: PieceInputs) -> Tensor | None:
        """See TokenEncoder."""
        return inputs.piece_counts


def keep_rows(embedding: torch.nn.Embedding, rows: Sequence[int]) -> None:
    """Keep only these rows of an embedding, in this order."""
    embedding.weight = torch.nn.Parameter(embedding.weight.detach()[list(rows)])
    embedding.num_embeddings = len(rows)


def mean_of_pieces(states: Tensor, owner: Tensor) -> Tensor:
    """Average the pieces of each token.

    Args:
        states: *Shape:* [M, D]
        owner: Token of each piece, every token owning at least one. *Shape:* [M]

    Returns:
        *Shape:* [N, D]
    """
    counts = torch.bincount(owner)
    total = states.new_zeros(len(counts), states.shape[1]).index_add(0, owner, states)
    return total / counts.unsqueeze(1)


def load_blueprint(
    source: str, dropout: float | None = None
) -> tuple["PretrainedConfig", "PreTrainedTokenizerBase"]:
    """Load configuration and tokenizer of a hub id or folder, without its weights.

    Args:
        source: Hub id or folder.
        dropout: Of all its layers, in place of what its configuration says.

    Raises:
        InputError: If they cannot be found or read, or if it is not known where its dropout is set.
    """
    from transformers import AutoConfig, AutoTokenizer  # slow

    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(
            source, add_prefix_space=True, use_fast=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise InputError(
            f"No transformer found at {source!r} (neither a folder with config.json and "
            f"tokenizer.json nor a reachable hub id): {_reason(error)}"
        ) from error
    except Exception as error:  # of a file with other values than they expect, libraries say much
        raise InputError(
            f"The configuration or the tokenizer of the transformer {source!r} cannot be read: "
            f"{_reason(error)}"
        ) from error
    check_sizes(config, f"the transformer {source!r}")
    _space_before_tokens(tokenizer)
    if dropout is not None:
        config = with_dropout(config, dropout, source)
    return config, tokenizer


def _space_before_tokens(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Make byte-level tokenizers cut tokens as in running text, with a space before them.

    Tokenizers of the generic class (ModernBERT's, for one) ignore `add_prefix_space`.
    """
    splitter = getattr(getattr(tokenizer, "backend_tokenizer", None), "pre_tokenizer", None)
    if splitter is not None and hasattr(splitter, "add_prefix_space"):
        splitter.add_prefix_space = True


def _reason(error: Exception) -> str:
    """Return the first line of an error."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _without_pooler(model: torch.nn.Module) -> torch.nn.Module:
    """Drop the sentence pooler: no token reads it, so its parameters would never learn."""
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # type: ignore[assignment]
    return model
