"""Checks that a run can be resumed with given settings, before anything is written."""

from functools import partial
from pathlib import Path
from typing import Any

import jax

from wgan_gp import train
from wgan_gp.configs import CriticSettings
from wgan_gp.configs.comparison import join_changes
from wgan_gp.runs import dataset_file, restore
from wgan_gp.runs.restore import DamageError

_CLASSES = "the data set's classes", "the data set's class_names"
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
    """Refuses settings with which the newest checkpoint cannot be resumed.

    Args:
      workdir: the run's folder; it need not exist.
      settings: to resume with, from `configs.resolve`.
      experiment: what `build.build` or `build.build_critic` makes of the settings.
      changed: a line for each setting that differs from those of the run.
      cure: ends the message: what to do other than keep the run's settings.
      accepted: whether the user accepts the differences.

    Returns:
      A line for each difference in the data set.

    Raises:
      ValueError: fewer steps are asked for than are done; the checkpoint has other
        networks, another optimiser, another seed, or a position in other data; the
        classes had other names; all steps are done, so that the changes would have no
        effect; or all checkpoints are damaged.
    """
    others = []
    if settings.task != "critic":
        others = dataset_file.differences(workdir, experiment.dataset)
    folder = (workdir / "checkpoints").absolute()  # Orbax needs absolute paths
    saved = restore.steps(folder)
    whole = (step for step in saved if not restore.find_damage(folder / str(step)))
    step = next(whole, None)
    if step is None:
        if saved:
            raise restore.all_damaged_error(folder)
        return others
    check_steps(step, settings)
    changed = [*changed, *others]
    # The networks have learned classes by number; renamed classes would be confused.
    found = [each for each in others if each.startswith(_CLASSES)]
    found = found or _obstacles(folder / str(step), settings, experiment)
    if seeds := [each for each in changed if each.startswith("seed ")]:
        found = [f"{seeds[0]}, and the state has the first", *found]
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
    """Raises ValueError if all steps are done, so that changes have no effect."""
    if done == settings.steps and not all(
        each.startswith("steps ") for each in changed
    ):
        raise ValueError(
            f"all {done} steps are done, so nothing would be trained with what differs"
            f" ({join_changes(changed)}): raise --config.steps, too, or leave it as it"
            " was"
        )


def check_steps(done: int, settings: CriticSettings) -> None:
    """Raises ValueError if a run has done more steps than its settings ask for."""
    if done > settings.steps:
        raise ValueError(
            f"steps = {settings.steps}, but {done} are done already: set --config.steps"
            f" to at least {done}, or name another --workdir"
        )


def _obstacles(path: Path, settings: CriticSettings, experiment: Any) -> list[str]:
    """The reasons why a checkpoint cannot be resumed with these settings."""
    try:
        found = restore.mismatches(path, abstract_state(settings, experiment))
        position = restore.stream_position(path)
    except DamageError:  # version 0.1, without checksums: reported when it is loaded
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
    """The shapes and types of a training state.

    Args:
      settings: of the run.
      experiment: as in `check`.

    Returns:
      A state of `jax.ShapeDtypeStruct`.
    """
    init = train.init_critic if settings.task == "critic" else train.init
    start = partial(init, experiment.algorithm, experiment.hyperparameters)
    return jax.eval_shape(start, jax.random.key(0))
