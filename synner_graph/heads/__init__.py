"""Heads by name."""

from collections.abc import Callable, Sequence
from typing import Any

from synner_graph.config import HeadConfig
from synner_graph.errors import InputError, suggest
from synner_graph.heads.base import Head
from synner_graph.heads.crf import CRFHead
from synner_graph.heads.span import SpanHead

__all__ = ["HEADS", "CRFHead", "Head", "SpanHead", "build_head"]


def _crf(config: HeadConfig, input_size: int, labels: Sequence[str]) -> Head[Any, Any]:
    return CRFHead(input_size, labels, scheme=config.scheme, dropout=config.dropout)


def _span(config: HeadConfig, input_size: int, labels: Sequence[str]) -> Head[Any, Any]:
    if config.max_width is None:
        raise InputError(
            "The span head needs head.max_width; training reads it off the train split."
        )
    return SpanHead(
        input_size,
        labels,
        max_width=config.max_width,
        hidden_size=config.hidden_size,
        width_size=config.width_size,
        negative_weight=config.negative_weight,
        endpoints=config.endpoints,
        width=config.width,
        pooling=config.pooling,
        morphology_size=config.morphology_size,
        length_size=config.length_size,
        decode=config.decode,
        dropout=config.dropout,
    )


HEADS: dict[str, Callable[[HeadConfig, int, Sequence[str]], Head[Any, Any]]] = {
    CRFHead.name: _crf,
    SpanHead.name: _span,
}


def build_head(config: HeadConfig, input_size: int, labels: Sequence[str]) -> Head[Any, Any]:
    """The head that the settings describe.

    Args:
        config: settings.
        input_size: C, width of the node states.
        labels: entity labels.

    Raises:
        InputError: for an unknown name; suggests the nearest.
    """
    if config.name not in HEADS:
        raise InputError(f"Unknown head {config.name!r}.{suggest(config.name, HEADS)}")
    return HEADS[config.name](config, input_size, labels)
