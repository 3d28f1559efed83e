"""Runs on disk, opened: settings, experiment and newest state."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax

from wgan_gp import train
from wgan_gp.build import Experiment, assemble, build
from wgan_gp.configs import Settings, experiment_file
from wgan_gp.runs import checkpoint, dataset_file
from wgan_gp.runs.workdir import read_settings


class FinishedRun(NamedTuple):
    """A run with a generator, opened from its folder."""

    experiment: Experiment
    state: train.TrainState
    settings: Settings


def load_run(workdir: Path) -> FinishedRun:
    """The experiment, the newest state and the settings of a run.

    The data set is not opened: the run keeps what sampling needs to know of it.

    Args:
      workdir: the run's folder.

    Raises:
      FileNotFoundError: the folder holds no run, or one that has saved nothing yet.
      ValueError: as `open_settings`, or it has no generator.
    """
    settings = open_settings(workdir)
    if settings.task != "gan":
        raise ValueError(f"{workdir} holds a critic trained alone: it has no generator")
    dataset = dataset_file.read(workdir)
    experiment = assemble(settings, dataset) if dataset else build(settings)
    start = partial(train.init, experiment.algorithm, experiment.hyperparameters)
    like = jax.eval_shape(start, jax.random.key(0))
    state = checkpoint.load(workdir / "checkpoints", like)
    return FinishedRun(experiment, state, settings)


def open_settings(workdir: Path) -> Any:
    """The settings of a stored run, once its copy of the experiment's file is executed.

    The copy is executed once in a process. It brings the data sets, constraints,
    networks and metrics that the run uses and this package does not have.

    Args:
      workdir: the run's folder. Runs made in Python, and older ones, have no copy.

    Raises:
      FileNotFoundError: the folder holds no run.
      ValueError: the copy fails, or the configuration cannot be read.
    """
    path, copy = workdir / "config.json", workdir / experiment_file.NAME
    if not path.is_file():
        raise FileNotFoundError(f"{workdir} holds no run: it has no config.json")
    if copy.exists():
        experiment_file.load(copy)
    return read_settings(path)
