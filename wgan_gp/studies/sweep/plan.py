"""From a sweep's configuration to its runs, and to the programs that train them."""

import dataclasses
from typing import Any, NamedTuple

import jax

from wgan_gp.configs import Settings
from wgan_gp.studies.sweep.grouping import Program, programs
from wgan_gp.studies.sweep.points import Point, Run, points
from wgan_gp.studies.sweep.settings import SweepSettings, checked


class Sweep(NamedTuple):
    """What a sweep's configuration describes."""

    config: SweepSettings
    points: list[Point]
    runs: list[Run]
    programs: list[Program]
    devices: int


def resolve(config: Any) -> Sweep:
    """Checks a configuration and each of its runs'; compiles nothing.

    Args:
      config: from `configuration`, with the user's changes.

    Raises:
      ValueError: what cannot be run, in one line that names the field.
    """
    config = checked(config)
    found = points(config)
    first = config.experiment["seed"]
    seeds = range(first, first + config.seeds)
    runs = [Run(i, seed) for i in range(len(found)) for seed in seeds]
    devices = len(jax.local_devices())
    if config.mesh.runs > devices:
        raise ValueError(
            f"mesh.runs must be at most the {devices} devices that there are, got"
            f" {config.mesh.runs}: 0 is all"
        )
    grouped = programs(config, found, runs)
    return Sweep(config, found, runs, grouped, config.mesh.runs or devices)


def run_config(sweep: Sweep, run: Run) -> Settings:
    """The configuration that a single run of the same numbers would have."""
    return dataclasses.replace(sweep.points[run.point].config, seed=run.seed)
