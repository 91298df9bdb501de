"""Find the layer of each weight of a transformer, and freeze the lowest layers."""

from torch import nn

from synner_graph.errors import InputError

NOTHING = "none"
EVERYTHING = "all"
EMBEDDINGS = "embeddings"


def parameter_levels(transformer: nn.Module) -> dict[str, int]:
    """Return the level of each parameter, by name: 0 below the first layer, which is 1.

    What comes above the last layer is one level higher than that. What stands above or below
    follows from the order in which the model names its parts.

    Raises:
        InputError: If the model has no list of layers, as ALBERT, whose layers share their weights.
    """
    prefix, count = _layers(transformer)
    levels: dict[str, int] = {}
    level = 0
    for name, _ in transformer.named_parameters():
        if name.startswith(prefix):
            level = int(name.removeprefix(prefix).partition(".")[0]) + 1
        elif level > 0:
            level = count + 1
        levels[name] = level
    return levels


def layer_count(transformer: nn.Module) -> int:
    """Return the number of layers of a transformer.

    Raises:
        InputError: As `parameter_levels` does.
    """
    return _layers(transformer)[1]


def freeze(transformer: nn.Module, what: str) -> None:
    """Exclude weights from training.

    Args:
        transformer: A model of transformers.
        what: `none`, `all`, `embeddings`, or a number: the embeddings and that many layers above.

    Raises:
        InputError: If the model has no list of layers, or fewer.
    """
    if what == NOTHING:
        return
    if what == EVERYTHING:
        transformer.requires_grad_(False)
        return
    highest = 0 if what == EMBEDDINGS else int(what)
    levels = parameter_levels(transformer)
    if highest > (count := layer_count(transformer)):
        raise InputError(
            f"The setting encoder.freeze is {highest}, but the transformer has {count} layers."
        )
    for name, parameter in transformer.named_parameters():
        if levels[name] <= highest:
            parameter.requires_grad_(False)


def evaluate_frozen(module: nn.Module) -> None:
    """Switch off dropout in all parts whose weights are all frozen."""
    parameters = list(module.parameters())
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        module.eval()
        return
    for child in module.children():
        evaluate_frozen(child)


def _layers(transformer: nn.Module) -> tuple[str, int]:
    """Return the prefix of the layers' parameters, and the number of layers."""
    count = getattr(transformer.config, "num_hidden_layers", None)
    for name, module in transformer.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return f"{name}.", count
    raise InputError(
        f"{type(transformer).__name__} has no list of layers with weights of their own, so it can "
        "be frozen as a whole or not at all, and has one learning rate."
    )
