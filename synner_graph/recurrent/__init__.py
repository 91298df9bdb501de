"""Recurrent layers by name: token vectors and graph features in, one state a token out."""

from synner_graph.errors import InputError, suggest
from synner_graph.recurrent.base import Recurrent
from synner_graph.recurrent.dglstm import DGLSTM
from synner_graph.recurrent.lstm import LSTM
from synner_graph.recurrent.none import NoRecurrence
from synner_graph.recurrent.syn_lstm import SynLSTM

__all__ = ["DGLSTM", "LSTM", "RECURRENT", "NoRecurrence", "Recurrent", "SynLSTM", "recurrent_class"]

RECURRENT: dict[str, type[Recurrent]] = {
    "syn-lstm": SynLSTM,
    "lstm": LSTM,
    "dglstm": DGLSTM,
    "none": NoRecurrence,
}


def recurrent_class(name: str) -> type[Recurrent]:
    """The recurrent layer of that name.

    Raises:
        InputError: for an unknown name; suggests the nearest.
    """
    if name not in RECURRENT:
        raise InputError(f"Unknown recurrent layer {name!r}.{suggest(name, RECURRENT)}")
    return RECURRENT[name]
