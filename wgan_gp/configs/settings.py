"""The settings of a run: frozen dataclasses, whose fields are declared here.

`configs.resolve` makes them from a ConfigDict; later code does not see a ConfigDict.
The sections `data`, `penalty`, `construction`, `critic` and `generator` are declared
where the kinds of data, the constraints and the networks are.
"""

import dataclasses
from pathlib import Path
from typing import Any

from wgan_gp.algorithm.optimisers import OPTIMISERS, SCHEDULES
from wgan_gp.constraints import CONSTRAINTS, DEFAULT
from wgan_gp.losses import OBJECTIVES
from wgan_gp.networks import CRITICS, GENERATORS
from wgan_gp.system.fields import (
    Rule,
    among,
    at_least,
    not_negative,
    positive,
    setting,
    share,
    whole,
)
from wgan_gp.system.values import MOST_SAMPLES, show

TASKS = ("gan", "critic")
DTYPES = ("float32", "bfloat16")
FEATURES = ("none", "digits", "inception")
PLAYERS = {"critic": CRITICS, "generator": GENERATORS}


def _check_name(path: str, name: str) -> None:
    """Raises ValueError unless a name can be the name of a folder."""
    if not name or name != Path(name).name or not name.isprintable() or len(name) > 100:
        raise ValueError(
            f"{path} must be fit for a folder: 1 to 100 characters that can be printed,"
            f" without /; got {show(name)}"
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimiserSettings:
    """An optimiser and its learning rate's schedule."""

    name: str | None = setting(None, "Optimiser of the player.", among(OPTIMISERS))
    learning_rate: float | None = setting(None, "Initial learning rate.", positive())
    beta1: float | None = setting(
        None, "Adam's decay of the mean of gradients.", share()
    )
    beta2: float | None = setting(
        None, "Adam's and RMSProp's decay of the mean of squared gradients.", share()
    )
    schedule: str | None = setting(
        None,
        "Learning rate over the run; all but constant reach 0.",
        among(SCHEDULES),
    )
    weight_decay: float = setting(
        0.0, "Weights times this number are added to their gradients.", not_negative()
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckpointSettings:
    """When checkpoints are written, and which are kept."""

    every: int = setting(
        1000, "Steps between checkpoints; the last is always saved.", at_least(1)
    )
    # At least two, because one may be damaged.
    keep: int = setting(2, "How many of the newest checkpoints are kept.", at_least(2))
    keep_every: int = setting(
        0, "Steps between checkpoints that are kept for good; 0 is none.", at_least(0)
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class MeshSettings:
    """The devices of a run."""

    data: int = setting(
        0,
        "Devices that batches are split over; 0 is the most that divide them.",
        whole(0, 2**20),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelWeights:
    """Weights of the auxiliary classifier's losses, in a run with labels."""

    critic: float = setting(
        1.0, "Weight of the critic's loss on labels.", not_negative()
    )
    generator: float = setting(
        0.1, "Weight of the generator's loss on labels.", not_negative()
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComputeSettings:
    """Number types and memory of a training step."""

    dtype: str = setting(
        "float32", "Type in which the networks compute.", among(DTYPES)
    )
    penalty_dtype: str = setting(
        "float32", "The critic's type within the penalty.", among(DTYPES)
    )
    rematerialise: bool = setting(
        False,
        "Whether activations are computed again to save memory; XLA undoes it on CPUs.",
    )
    microbatches: int = setting(
        1,
        "Parts of a critic batch that are differentiated in turn; saves memory.",
        at_least(1),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureSettings:
    """The network whose features evaluations compare."""

    network: str = setting(
        "none",
        "Network whose features evaluations compare images on.",
        among(FEATURES),
    )
    weights: str | None = setting(None, "File of the Inception network's weights.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CriticSettings:
    """Settings of task "critic": a critic alone, on two distributions of known W1."""

    name: str = setting(
        "unnamed", "Name of the experiment, and of folders in runs/.", Rule(_check_name)
    )
    task: str = setting(
        "gan", "gan trains both networks, critic a critic alone.", among(TASKS)
    )
    seed: int = setting(
        0, "Seed of initial weights, samples and noise.", whole(0, 2**32)
    )
    lipschitz: str = setting(
        DEFAULT, "Lipschitz constraint on the critic.", among(CONSTRAINTS)
    )
    steps: int = setting(
        10_000,
        "Generator updates; of a critic alone, critic updates.",
        at_least(1),
    )
    batch_size: int = setting(
        256,
        "Real samples of an update, and as many generated.",
        whole(1, MOST_SAMPLES),
    )
    critic: Any  # `network`, and the attributes of that network
    critic_optimiser: OptimiserSettings
    # Each has the fields of all constraints of that section; None if not used.
    penalty: Any
    construction: Any
    clip_bound: float | None
    data: Any  # the settings of a kind of data
    checkpoint: CheckpointSettings
    mesh: MeshSettings
    debug_nans: bool = setting(
        False, "Whether to find the operation that made a NaN; slow."
    )
    log_every: int = setting(
        100, "Steps between records of training metrics.", at_least(1)
    )
    eval_every: int = setting(1000, "Steps between evaluations.", at_least(1))
    eval_samples: int = setting(
        2000,
        "Real samples of an evaluation, and as many generated.",
        whole(1, MOST_SAMPLES),
    )

    @property
    def batches(self) -> dict[str, tuple[int, int]]:
        """The batches that are split over devices: size and microbatches by field."""
        return {"batch_size": (self.batch_size, 1)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(CriticSettings):
    """Settings of task "gan": a critic and a generator."""

    # The constraint or `resolve` sets these two where they are open.
    objective: str = setting(None, "What the two networks minimise.", among(OBJECTIVES))
    n_critic: int = setting(
        None, "Critic updates for each generator update.", at_least(1)
    )
    ema_decay: float = setting(
        0.0,
        "Decay of the exponential average of the generator's weights; 0 is no average.",
        share(),
    )
    generator: Any  # `network`, `latent`, and the attributes of that network
    generator_optimiser: OptimiserSettings
    generator_batch_size: int | None = setting(
        None,
        "Generated samples of a generator update; open is batch_size.",
        whole(1, MOST_SAMPLES),
    )
    eval_repeats: int = setting(
        16,
        "Independent sets of samples in the final report.",
        whole(1, MOST_SAMPLES),
    )
    eval_default: tuple[int, int] = setting(
        (2000, 16),
        "The experiment's own (eval_samples, eval_repeats), which shrink to what a"
        " data set holds out; any others are refused where it holds out fewer.",
    )
    conditional: bool = setting(
        False,
        "Whether a generator is told a label or other conditions of each sample.",
    )
    label_weights: LabelWeights
    compute: ComputeSettings
    features: FeatureSettings

    @property
    def batches(self) -> dict[str, tuple[int, int]]:
        """As in `CriticSettings`."""
        found = {"batch_size": (self.batch_size, self.compute.microbatches)}
        if self.generator_batch_size is not None:
            found["generator_batch_size"] = self.generator_batch_size, 1
        return found
