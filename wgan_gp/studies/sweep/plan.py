"""From a sweep's configuration to its runs, and to the programs that train them."""

import dataclasses
from typing import Any, NamedTuple

import jax

from wgan_gp.configs import Settings
from wgan_gp.studies.sweep.grouping import RunGroup, group_runs
from wgan_gp.studies.sweep.points import Point, RunId, points
from wgan_gp.studies.sweep.settings import SweepSettings, settings_from_config


class Sweep(NamedTuple):
    """What a sweep's configuration describes."""

    settings: SweepSettings
    points: list[Point]
    runs: list[RunId]
    groups: list[RunGroup]
    devices: int


def resolve(config: Any) -> Sweep:
    """Checks a configuration and each of its runs'; compiles nothing.

    Args:
      config: from `configuration`, with the user's changes.

    Raises:
      ValueError: what cannot be run, in one line that names the field.
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
    """The configuration that a single run of the same numbers would have."""
    return dataclasses.replace(sweep.points[run.point].settings, seed=run.seed)
