"""DGL, and edges as its graph. The only module that imports dgl."""

import os

from torch import Tensor

from synner_graph.errors import InputError

# Without this DGL writes a configuration file into the user's home when it is imported.
os.environ.setdefault("DGLBACKEND", "pytorch")

try:
    import dgl as dgl
    from dgl import DGLGraph as DGLGraph
except (ImportError, OSError) as error:  # OSError: a DGL whose libraries do not fit the PyTorch
    raise InputError(
        f"The dgl graph backend needs DGL, which cannot be imported here ({error}); "
        "install `dgl==1.1.3 packaging` on Python 3.11, or use --graph-backend torch."
    ) from error


def dgl_graph(src: Tensor, dst: Tensor, num_nodes: int) -> DGLGraph:
    """Return edges as a DGLGraph with the same edge ids and no data.

    Args:
        src: The node that each edge leaves. *Shape:* [E]
        dst: The node that it enters. *Shape:* [E]
        num_nodes: N.
    """
    return dgl.graph((src, dst), num_nodes=num_nodes)
