"""`kernels`: what can compute the operators here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json

if TYPE_CHECKING:
    from synner_graph.operators.choice import Kernel


def kernels(device: options.Device = "auto", json: options.Json = False) -> None:
    """List the kernels of each operator and say why one cannot serve; build what can be.

    What is compiled is kept in the user's cache (or in SYNNER_CACHE_DIR), so that training and
    prediction find it ready. The fastest comes first: it is what --kernel auto takes.

    Example: synner kernels --json
    """
    import torch

    from synner_graph.operators import crf, span, syn_lstm
    from synner_graph.operators.build import kernel_folder
    from synner_graph.recogniser.device import pick_device

    rows = torch.empty(0, device=pick_device(device))
    operators: dict[str, Mapping[str, Kernel[Any]]] = {
        "Syn-LSTM": syn_lstm.KERNELS,
        **{f"CRF {name}": known for name, known in crf.KERNELS.items()},
        "span scores": span.KERNELS,
    }
    obstacles = {
        operator: {name: known[name].obstacle(rows) for name in known}
        for operator, known in operators.items()
    }
    if json:
        print_json({"operators": obstacles, "cache": str(kernel_folder())})
        return
    table = Table("operator", "kernel", "can serve here")
    for operator, found in obstacles.items():
        for name, reason in found.items():
            table.add_row(operator, name, "yes" if reason is None else f"no, because {reason}")
            operator = ""
        table.add_section()
    output.print(table)
    output.print(f"Compiled kernels are kept in {kernel_folder()}", soft_wrap=True)
