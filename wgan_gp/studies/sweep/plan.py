"""The plan of a sweep: its points, its runs, and the groups that train together."""

import dataclasses
from typing import NamedTuple

import jax
from ml_collections import ConfigDict

from wgan_gp.configs import Settings
from wgan_gp.studies.sweep.grouping import RunGroup, group_runs
from wgan_gp.studies.sweep.points import Point, RunId, points
from wgan_gp.studies.sweep.settings import SweepSettings, settings_from_config


class Sweep(NamedTuple):
    """A sweep that has been checked and can be run.

    Attributes:
      settings: of the sweep.
      points: of its grid.
      runs: each point with each seed.
      groups: of runs that share a compiled program.
      devices: the number of devices that runs are split over.
    """

    settings: SweepSettings
    points: list[Point]
    runs: list[RunId]
    groups: list[RunGroup]
    devices: int


def resolve(config: ConfigDict) -> Sweep:
    """Checks a sweep's configuration and the settings of all its runs.

    Data sets are opened, and nothing is compiled.

    Args:
      config: from `configuration`, with the user's changes.

    Raises:
      ValueError: a field is not valid; the message names it.
    """
    settings = settings_from_config(config)
    found = points(settings.experiment, settings.grid, settings.seeds)
    first = settings.experiment["seed"]
    seeds = range(first, first + settings.seeds)
    runs = [RunId(i, seed) for i in range(len(found)) for seed in seeds]
    devices = len(jax.local_devices())
    if settings.mesh.runs > devices:
        raise ValueError(
            f"mesh.runs must be at most the {devices} devices that there are, got"
            f" {settings.mesh.runs}: 0 is all"
        )
    grouped = group_runs(found, runs, settings.runs_per_program)
    return Sweep(settings, found, runs, grouped, settings.mesh.runs or devices)


def run_settings(sweep: Sweep, run: RunId) -> Settings:
    """The settings with which `wgan_gp.main` would train the same run.

    Args:
      sweep: from `resolve`.
      run: one of its runs.
    """
    return dataclasses.replace(sweep.points[run.point].settings, seed=run.seed)
