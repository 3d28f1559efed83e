"""Whether a run's saved state can go on under a configuration; nothing is written."""

from functools import partial
from pathlib import Path
from typing import Any

import jax
from ml_collections import FrozenConfigDict

from wgan_gp import restore, train
from wgan_gp.configs.comparison import listed
from wgan_gp.restore import DamageError

CURE = "Name another --workdir, or add --overwrite to replace that run"


def check(
    workdir: Path,
    config: FrozenConfigDict,
    experiment: Any,
    changed: list[str],
    *,
    cure: str = CURE,
) -> None:
    """Refuses a configuration that the newest checkpoint cannot go on with.

    Args:
      workdir: of the run; it need not exist.
      config: what it is to go on with, from `configs.resolve`.
      experiment: what `build.build`, or `build.build_critic`, makes of the config.
      changed: the settings that differ from those of the run, in words.
      cure: what to do beside going on with what it was trained with, in words.

    Raises:
      ValueError: fewer steps are asked for than are done; the saved state is of other
        networks or another optimiser, or the position is one in other data; or all
        checkpoints are damaged.
    """
    folder = (workdir / "checkpoints").absolute()  # Orbax takes no other
    saved = restore.steps(folder)
    whole = (step for step in saved if not restore.problem(folder / str(step)))
    step = next(whole, None)
    if step is None:
        if saved:
            raise restore.all_damaged(folder)
        return
    check_steps(step, config)
    if found := _obstacles(folder / str(step), config, experiment):
        settings = f"with other settings ({listed(changed)})"
        raise ValueError(
            f"{workdir} cannot go on from step {step}"
            f" {settings if changed else 'with this version of the code'}:"
            f" {listed(found, 1)}. Keep what it was trained with, or: {cure}"
        )


def check_steps(done: int, config: FrozenConfigDict) -> None:
    """Raises ValueError if more steps are done than a configuration asks for."""
    if done > config.steps:
        raise ValueError(
            f"steps = {config.steps}, but {done} are done already: set --config.steps"
            f" to at least {done}, or name another --workdir"
        )


def _obstacles(path: Path, config: FrozenConfigDict, experiment: Any) -> list[str]:
    """Why a checkpoint cannot go on under a configuration, in words."""
    try:
        found = restore.mismatches(path, state_of(config, experiment))
        position = restore.position(path)
    except DamageError:  # a run of version 0.1, without checksums: told when it is read
        return []
    if found or position is None or config.task == "critic":
        return found
    if experiment.dataset.stream is not None:
        try:
            experiment.dataset.stream(config.batch_size, config.seed).set_state(
                position
            )
        except ValueError as error:
            return [str(error)]
    return []


def state_of(config: FrozenConfigDict, experiment: Any) -> Any:
    """A state under a configuration: shapes and types."""
    init = train.init_critic if config.task == "critic" else train.init
    start = partial(init, experiment.algorithm, experiment.hyperparameters)
    return jax.eval_shape(start, jax.random.key(0))
