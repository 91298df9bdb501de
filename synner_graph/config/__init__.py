"""Every setting of a run, typed. A key that does not exist is an error."""

from synner_graph.config.load import dotted, explain, load_config, nested, read_tables
from synner_graph.config.section import Section
from synner_graph.config.sections import (
    DataConfig,
    EncoderConfig,
    GNNConfig,
    HeadConfig,
    ModelConfig,
    ParserConfig,
    PartSection,
    RecurrentConfig,
    RunConfig,
    TextConfig,
)
from synner_graph.config.training import TrainingConfig

__all__ = [
    "DataConfig",
    "EncoderConfig",
    "GNNConfig",
    "HeadConfig",
    "ModelConfig",
    "ParserConfig",
    "PartSection",
    "RecurrentConfig",
    "RunConfig",
    "Section",
    "TextConfig",
    "TrainingConfig",
    "dotted",
    "explain",
    "load_config",
    "nested",
    "read_tables",
]
