"""Take over the weights of a model that knows fewer names: labels, relations, words, characters.

A module whose weights have a row for each name says so in `named_axes`: weight -> the names along
its first axes, one sequence an axis. A row is found again by its name, wherever it stands; `None`
is the name of a row that belongs to no name, such as the padding.
"""

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor, nn

from synner_graph.encoders.lora import plain_name
from synner_graph.errors import InputError

Axes = Sequence[Sequence[Hashable]]


@torch.no_grad()
def take_over(model: nn.Module, before: nn.Module) -> None:
    """Copy every weight of a model; rows of names that it does not know stay as they are.

    Args:
        model: Gets the weights. Adapters, which the other lacks, stay as they are, too.
        before: A model of the same architecture without adapters. All its names are known to
            `model`.

    Raises:
        InputError: A weight is missing on one side, or differs in shape.
    """
    old, axes_of, axes_before = before.state_dict(), named_axes(model), named_axes(before)
    for key, tensor in model.state_dict().items():
        name = plain_name(key)
        if name is None:
            continue
        source = old.pop(name, None)
        axes = axes_of.get(name, ()), axes_before.get(name, ())
        if source is None or _rest(tensor, axes[0]) != _rest(source, axes[1]):
            raise InputError(_misfit(name, tensor, source))
        _copy(tensor, source.to(tensor), *axes)
    for name, source in old.items():
        raise InputError(_misfit(name, None, source))


def named_axes(model: nn.Module) -> dict[str, Axes]:
    """Gather what the modules of a model say of their weights: name of the weight -> names."""
    return {
        f"{path}.{name}".removeprefix("."): axes
        for path, module in model.named_modules()
        for name, axes in getattr(module, "named_axes", {}).items()
    }


def _copy(tensor: Tensor, source: Tensor, axes: Axes, before: Axes) -> None:
    """Copy the entries that have the same names on all axes with names, and all along the rest."""
    if not axes:
        tensor.copy_(source)
        return
    to, origin = [], []
    for names, known in zip(axes, before, strict=True):
        rows = {name: row for row, name in enumerate(names)}
        to.append(torch.tensor([rows[name] for name in known], device=tensor.device))
        origin.append(torch.arange(len(known), device=tensor.device))
    places = torch.meshgrid(*to, indexing="ij")
    tensor[places] = source[torch.meshgrid(*origin, indexing="ij")]


def _rest(tensor: Tensor, axes: Axes) -> torch.Size:
    """Return the shape without the axes that have names."""
    return tensor.shape[len(axes) :]


def _misfit(name: str, tensor: Tensor | None, source: Tensor | None) -> str:
    there, here = (
        "missing" if t is None else f"of shape {list(t.shape)}" for t in (source, tensor)
    )
    return (
        f"The weights {name!r} are {there} in the run to go on from, and {here} in the new model: "
        "they cannot be taken over."
    )
