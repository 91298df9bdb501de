"""Recurrent layers by name: token vectors and graph features in, one state a token out.

A new layer is one new file and one line in RECURRENT.
"""

from synner_graph.config import RecurrentConfig
from synner_graph.graph.edges import EdgeInventory
from synner_graph.parts import Kind
from synner_graph.recurrent.base import Recurrent
from synner_graph.recurrent.dglstm import DGLSTM
from synner_graph.recurrent.lstm import LSTM
from synner_graph.recurrent.none import NoRecurrence
from synner_graph.recurrent.syn_lstm import SynLSTM

__all__ = [
    "DGLSTM",
    "KIND",
    "LSTM",
    "RECURRENT",
    "NoRecurrence",
    "Recurrent",
    "SynLSTM",
    "build_recurrent",
]

RECURRENT: dict[str, type[Recurrent]] = {
    "syn-lstm": SynLSTM,
    "lstm": LSTM,
    "dglstm": DGLSTM,
    "none": NoRecurrence,
}
KIND = Kind("recurrent", "recurrent layer", RECURRENT)


def build_recurrent(
    config: RecurrentConfig, input_size: int, graph_size: int, inventory: EdgeInventory
) -> Recurrent:
    """The recurrent layer that the settings describe.

    Args:
        config: Settings.
        input_size: Width D of the token vectors.
        graph_size: Width G of the graph features; 0 where there is no graph layer.
        inventory: Edge kinds and relation types of the graphs to come.

    Raises:
        InputError: The name is unknown, the layer refuses an option, or the graphs lack what it
            reads.
    """
    options = KIND.options(config.name, config.options)
    return KIND.find(config.name)(input_size, graph_size, inventory, **options)
