"""Low-rank adapters in a transformer: few weights learn, all others stay as they are.

Source: Hu et al. (ICLR 2022); the implementation is that of the package peft.
"""

import warnings

from torch import Tensor, nn

from synner_graph.errors import InputError

ADAPTER = "default"


def add_adapters(transformer: nn.Module, rank: int, alpha: int) -> None:
    """Put an adapter into every linear map, and train nothing but adapters.

        W x  becomes  W x + (alpha / rank) B A x

    Args:
        transformer: A model of transformers.
        rank: Rows of A and columns of B.
        alpha: Weight of the adapters.

    Raises:
        InputError: If peft is not installed.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model  # slow
    except ImportError as error:
        raise InputError(
            "The setting encoder.lora_rank needs peft, which is not installed: "
            "pip install 'synner-graph[lora]'."
        ) from error
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules="all-linear")
    with warnings.catch_warnings():
        # It finds out by itself that GPT-2's maps are transposed, and warns that it did.
        warnings.filterwarnings("ignore", message="fan_in_fan_out")
        inject_adapter_in_model(config, transformer, ADAPTER)


def plain_name(name: str) -> str | None:
    """Return what a weight is called in the same model without adapters; None for an adapter's."""
    return None if ".lora_" in name else name.replace(".base_layer.", ".")


def merged_state(model: nn.Module) -> dict[str, Tensor]:
    """Return the state of a model, its adapters added to the weights beside them.

    It fits the same model built without adapters. The model itself stays as it is.
    """
    adapted = {name: m for name, m in model.named_modules() if hasattr(m, "get_delta_weight")}
    state: dict[str, Tensor] = {}
    for key, tensor in model.state_dict().items():
        name, is_base, leaf = key.rpartition(".base_layer.")
        if is_base:
            if leaf == "weight":
                tensor = tensor + adapted[name].get_delta_weight(ADAPTER).detach()
            state[f"{name}.{leaf}"] = tensor
        elif key.partition(".lora_")[0] not in adapted:
            state[key] = tensor
    return state
