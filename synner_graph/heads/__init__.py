"""Heads by name. A new head is one new file and one line in HEADS."""

from collections.abc import Sequence
from typing import Any

from synner_graph.config import HeadConfig
from synner_graph.heads.base import Head
from synner_graph.heads.crf import CRFHead
from synner_graph.heads.span import SpanHead
from synner_graph.parts import Kind

__all__ = ["HEADS", "KIND", "CRFHead", "Head", "SpanHead", "build_head"]

HEADS: dict[str, type[Head[Any, Any]]] = {CRFHead.name: CRFHead, SpanHead.name: SpanHead}
KIND = Kind("head", "head", HEADS)


def build_head(config: HeadConfig, input_size: int, labels: Sequence[str]) -> Head[Any, Any]:
    """Build the head that the settings describe.

    Args:
        config: Settings.
        input_size: Width C of the node states.
        labels: Entity labels.

    Raises:
        InputError: The name is unknown, or the head refuses an option.
    """
    options = KIND.options(config.name, config.options)
    return HEADS[config.name](input_size, labels, dropout=config.dropout, **options)
