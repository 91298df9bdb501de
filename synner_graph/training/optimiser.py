"""Optimiser and learning rates."""

from typing import cast

from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from synner_graph.config import RunConfig, TrainingConfig
from synner_graph.encoders.base import ConcatEncoder


def build_optimizer(model: nn.Module, config: RunConfig) -> Optimizer:
    """Build the optimiser: a rate for pretrained weights, one for the rest; only matrices decay.

    With `training.layer_decay` the rate of a pretrained weight falls with the depth of its layer.

    Source: Howard and Ruder (ACL 2018), section 3.2; Clark et al. (ICLR 2020), appendix B.

    Args:
        model: What learns; `model.encoder` says which of its weights others trained.
        config: Every setting.

    Raises:
        InputError: Layers are to have rates of their own, but the transformer has no list of them.
    """
    settings, encoder = config.training, cast(ConcatEncoder, model.encoder)
    pretrained = dict.fromkeys(
        map(id, encoder.pretrained_parameters), settings.encoder_learning_rate
    )
    if settings.layer_decay != 1:
        for parameter, depth in encoder.depths():
            pretrained[id(parameter)] *= settings.layer_decay**depth
    # A step that does not see a word must not shrink it.
    words = set(map(id, encoder.embeddings()))
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        rate = pretrained.get(id(parameter), settings.learning_rate)
        matrix = parameter.dim() > 1 and id(parameter) not in words
        decay = settings.weight_decay if matrix else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    tables = [{"params": p, "lr": rate, "weight_decay": w} for (rate, w), p in groups.items()]
    if settings.optimizer == "sgd":
        return SGD(tables)
    return AdamW(tables, betas=settings.betas, fused=True)


def build_schedule(optimizer: Optimizer, settings: TrainingConfig, steps: int) -> LambdaLR:
    """Build the schedule of the learning rates.

    They rise evenly during warm-up. Then they fall evenly to 0 at the last step (`linear`), or by
    1 / (1 + decay * epoch) with each epoch (`inverse`).

    Args:
        optimizer: Whose rates change.
        settings: Of the training.
        steps: How many there will be.
    """
    warmup = round(settings.warmup * steps)

    def share(step: int) -> float:
        if step < warmup:
            return step / warmup
        if settings.schedule == "linear":
            return max(0.0, (steps - step) / max(1, steps - warmup))
        return 1 / (1 + settings.decay * (step * settings.epochs // steps))

    return LambdaLR(optimizer, share)
