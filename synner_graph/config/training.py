"""The settings of the section `training`."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from synner_graph.config.section import Section


class TrainingConfig(Section):
    """How the model learns."""

    epochs: int = Field(3, gt=0, description="passes over the training sentences")
    batch_size: int = Field(16, gt=0, description="sentences in a batch, over all processes")
    accumulation: int = Field(
        1,
        gt=0,
        description="parts of a process's share of a batch that are learned from one after the "
        "other: less memory, and the same step",
    )
    part_tokens: int | None = Field(
        None,
        gt=0,
        description="where documents are read: tokens in each part that the model learns from; "
        "default 128",
    )
    layer_decay: float = Field(
        1.0,
        gt=0,
        le=1,
        description="learning rate of a layer, as a share of that of the layer above",
    )
    encoder_learning_rate: float = Field(
        1e-4, gt=0, description="peak learning rate of pretrained weights"
    )
    learning_rate: float = Field(1e-3, gt=0, description="peak learning rate of all other weights")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of steps with a rising rate")
    schedule: Literal["linear", "inverse"] = Field(
        "linear",
        description="rates after the warm-up: linear falls to 0, inverse divides the peak by "
        "1 + decay * epochs done",
    )
    decay: float = Field(
        0.0, ge=0, description="how fast the inverse schedule falls; 0 keeps the rates"
    )
    optimizer: Literal["adamw", "sgd"] = Field("adamw", description="adamw, or plain sgd")
    betas: tuple[float, float] = Field(
        (0.9, 0.999), description="decay of the running averages of adamw"
    )
    weight_decay: float = Field(0.01, ge=0, description="weight decay of matrices")
    loss: Literal["mean", "sum"] = Field(
        "mean", description="a batch's loss: mean or sum over its sentences"
    )
    clip_norm: float = Field(5.0, ge=0, description="greatest norm of the gradient; 0: no limit")
    ema: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="decay of averages of the weights, which are scored and saved in their place "
        "(Polyak averaging); 0: none",
    )
    adversarial: float = Field(
        0.0,
        ge=0,
        description="learn each batch again with its words moved so far to where the loss rises "
        "(FGM, Miyato et al. 2017); 0: off",
    )
    rdrop: float = Field(
        0.0,
        ge=0,
        description="pass each batch through twice, and weigh how far the two predictions are "
        "apart (R-Drop, Liang et al. 2021); 0: off",
    )
    patience: int | None = Field(
        None, gt=0, description="stop after this many epochs without a better dev F1"
    )
    seed: int = Field(42, ge=0, lt=2**32, description="seed of every random choice")
    precision: Literal["no", "bf16", "fp16"] = Field("no", description="mixed precision")
    from_run: str | None = Field(
        None,
        description="run to go on from (folder, installed package or hub repository): its weights, "
        "its vocabulary, and new rows for new labels, relations, words and characters",
    )
    teacher: Path | None = Field(
        None,
        description="run folder, saved combination, or JSON lines of `predict --candidates` whose "
        "probabilities of all spans are learned beside the gold entities",
    )
    teacher_weight: float = Field(
        0.5,
        gt=0,
        le=1,
        description="the teacher's share in the loss; the gold entities' is the rest",
    )
    unlabelled: tuple[Path, ...] = Field(
        (),
        description="files of sentences that are learned from the teacher alone; entities in them "
        "are not read",
    )

    @field_validator("unlabelled", mode="before")
    @classmethod
    def split_paths(cls, value: Any) -> Any:
        """Take paths with commas between them, as a command line has them, too."""
        return tuple(value.split(",")) if isinstance(value, str) else value
