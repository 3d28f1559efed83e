"""Whether a run's saved state can go on under a configuration; nothing is written."""

from functools import partial
from pathlib import Path
from typing import Any

import jax

from wgan_gp import train
from wgan_gp.configs import CriticSettings
from wgan_gp.configs.comparison import join_changes
from wgan_gp.runs import dataset_file, restore
from wgan_gp.runs.restore import DamageError

_CLASSES = "the data set's classes ", "the data set's class_names "
CURE = "Name another --workdir, or add --overwrite to replace that run"


def check(
    workdir: Path,
    settings: CriticSettings,
    experiment: Any,
    changed: list[str],
    *,
    cure: str = CURE,
    accepted: bool = False,
) -> list[str]:
    """Refuses a configuration that the newest checkpoint cannot go on with.

    Args:
      workdir: of the run; it need not exist.
      settings: what it is to go on with, from `configs.resolve`.
      experiment: what `build.build`, or `build.build_critic`, makes of the settings.
      changed: the settings that differ from those of the run, in words.
      cure: what to do beside going on with what it was trained with, in words.
      accepted: whether the run is to go on in spite of what differs.

    Returns:
      What differs beside settings: in the data set, in words.

    Raises:
      ValueError: fewer steps are asked for than are done; the saved state is of other
        networks or another optimiser, or the position is one in other data; its classes
        had other names; no step is left to be trained with what differs; or all
        checkpoints are damaged.
    """
    others = []
    if settings.task != "critic":
        others = dataset_file.differences(workdir, experiment.dataset)
    folder = (workdir / "checkpoints").absolute()  # Orbax takes no other
    saved = restore.steps(folder)
    whole = (step for step in saved if not restore.find_damage(folder / str(step)))
    step = next(whole, None)
    if step is None:
        if saved:
            raise restore.all_damaged_error(folder)
        return others
    check_steps(step, settings)
    changed = [*changed, *others]
    # Numbers of classes would stand for others than the networks have learned.
    found = [each for each in others if each.startswith(_CLASSES)]
    found = found or _obstacles(folder / str(step), settings, experiment)
    if found:
        other = f"with other settings ({join_changes(changed)})"
        raise ValueError(
            f"{workdir} cannot go on from step {step}"
            f" {other if changed else 'with this version of the code'}:"
            f" {join_changes(found, 1)}. Keep what it was trained with, or: {cure}"
        )
    _check_left(step, settings, changed if accepted else [])
    return others


def _check_left(done: int, settings: CriticSettings, changed: list[str]) -> None:
    """Raises ValueError if all steps are done, and none would be trained otherwise."""
    if done == settings.steps and not all(
        each.startswith("steps ") for each in changed
    ):
        raise ValueError(
            f"all {done} steps are done, so nothing would be trained with what differs"
            f" ({join_changes(changed)}): raise --config.steps, too, or leave it as it"
            " was"
        )


def check_steps(done: int, settings: CriticSettings) -> None:
    """Raises ValueError if more steps are done than a configuration asks for."""
    if done > settings.steps:
        raise ValueError(
            f"steps = {settings.steps}, but {done} are done already: set --config.steps"
            f" to at least {done}, or name another --workdir"
        )


def _obstacles(path: Path, settings: CriticSettings, experiment: Any) -> list[str]:
    """Why a checkpoint cannot go on under a configuration, in words."""
    try:
        found = restore.mismatches(path, abstract_state(settings, experiment))
        position = restore.stream_position(path)
    except DamageError:  # a run of version 0.1, without checksums: told when it is read
        return []
    if found or position is None or settings.task == "critic":
        return found
    if experiment.dataset.stream is not None:
        try:
            experiment.dataset.stream(settings.batch_size, settings.seed).set_state(
                position
            )
        except ValueError as error:
            return [str(error)]
    return []


def abstract_state(settings: CriticSettings, experiment: Any) -> Any:
    """A state under a configuration: shapes and types."""
    init = train.init_critic if settings.task == "critic" else train.init
    start = partial(init, experiment.algorithm, experiment.hyperparameters)
    return jax.eval_shape(start, jax.random.key(0))
