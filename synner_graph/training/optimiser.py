"""Optimiser and learning rates."""

from collections.abc import Iterator

from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from synner_graph.config import RunConfig, TrainingConfig
from synner_graph.encoders import TransformerEncoder, WordEncoder
from synner_graph.encoders.depth import layer_count, parameter_levels


def build_optimizer(model: nn.Module, config: RunConfig) -> Optimizer:
    """One rate for pretrained weights and one for the rest; only matrices decay."""
    settings = config.training
    pretrained = {
        id(parameter): rate
        for part in model.modules()
        if isinstance(part, TransformerEncoder)
        for parameter, rate in _layer_rates(part.transformer, settings)
    }
    # A step that does not see a word must not shrink it.
    words = {id(part.vectors.weight) for part in model.modules() if isinstance(part, WordEncoder)}
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
    """Warm-up, then down to 0 by the last step, or down with each epoch (`inverse`)."""
    warmup = round(settings.warmup * steps)

    def share(step: int) -> float:
        if step < warmup:
            return step / warmup
        if settings.schedule == "linear":
            return max(0.0, (steps - step) / max(1, steps - warmup))
        return 1 / (1 + settings.decay * (step * settings.epochs // steps))

    return LambdaLR(optimizer, share)


def _layer_rates(
    transformer: nn.Module, settings: TrainingConfig
) -> Iterator[tuple[nn.Parameter, float]]:
    """The peak rate of each weight of a transformer: the deeper its layer, the lower.

    Source: Howard and Ruder (ACL 2018), section 3.2; Clark et al. (ICLR 2020), appendix B.
    """
    if settings.layer_decay == 1:
        yield from ((p, settings.encoder_learning_rate) for p in transformer.parameters())
        return
    levels = parameter_levels(transformer)
    layers = layer_count(transformer)
    for name, parameter in transformer.named_parameters():
        below_top = max(layers - levels[name], 0)
        yield parameter, settings.encoder_learning_rate * settings.layer_decay**below_top
