"""Claim 6: constraining the whole sample space is infeasible; lines suffice.

Compares critics that are penalised at interpolates with critics that are penalised at
uniform points of a box around the data, as the dimension grows. The generated
distribution is the real one moved by `SHIFT`, so W1 = `SHIFT` in every dimension.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from wgan_gp import losses
from wgan_gp.build import build
from wgan_gp.constraints import one_sided, penalise, two_sided
from wgan_gp.data import DATASETS, Sampler
from wgan_gp.networks import MLPCritic, from_flax
from wgan_gp.runs.axes import label_decades, legend_below, reference_line
from wgan_gp.runs.style import ON_PLANE, PAGE, THIRD, styled
from wgan_gp.studies.evidence.common import (
    Arrays,
    Evidence,
    Rows,
    critic_settings,
    mean_and_spread,
)
from wgan_gp.studies.names import constraint_name
from wgan_gp.train import bind_critic, make_critic_train

SCALES = {
    "smoke": {
        "seeds": 2,
        "steps": 5,
        "width": 8,
        "samples": 50,
        "dimensions": (2, 3),
    },
    "default": {
        "seeds": 3,
        "steps": 2000,
        "width": 64,
        "samples": 2000,
        "dimensions": (2, 4, 8, 16, 32, 64),
    },
    "paper": {
        "seeds": 3,
        "steps": 10_000,
        "width": 512,
        "samples": 10_000,
        "dimensions": (2, 4, 8, 16, 32, 64),
    },
}
SHIFT = 1.0
NOISE = 0.1  # standard deviation in every dimension, around the plane of the data
BOX = 3.0  # the box is [-BOX, BOX]^D
# The constraints that are measured, by name.
SHAPES = {
    constraint_name(one_sided.CHOICE): losses.one_sided,
    constraint_name(two_sided.CHOICE): losses.two_sided,
}
POINTS = {"interpolates": "interpolates", "box": "uniform in the box"}


class Critics(NamedTuple):
    """S critics of one constraint in one dimension, on held-out data."""

    lipschitz: str
    points: str
    dimension: int
    estimate: np.ndarray  # [S]
    between: np.ndarray  # [S, n] gradient norms at interpolates
    penalty: np.ndarray  # [S] mean of the penalty at its own points


def evidence(*, dimensions: tuple[int, ...], **sizes: int) -> Evidence:
    """Measures the claim."""
    everything = [
        measure(lipschitz, points, dimension, **sizes)
        for lipschitz in SHAPES
        for points in POINTS
        for dimension in dimensions
    ]
    return Evidence(list(map(table_row, everything)), {})


def sides(dimension: int) -> tuple[Sampler, Sampler]:
    """Samplers of 8 Gaussians in a random plane of R^D, and of the same shifted.

    Args:
      dimension: D.

    Returns:
      The samplers of real samples and of generated ones, which are moved by `SHIFT`.
    """
    plane_key, shift_key = jax.random.split(jax.random.key(dimension))
    plane = jnp.linalg.qr(jax.random.normal(plane_key, (dimension, 2)))[0].T
    shift = jax.random.normal(shift_key, (dimension,))
    shift = SHIFT * shift / jnp.linalg.norm(shift)

    def real(key: jax.Array, n: int):
        ring_key, noise_key = jax.random.split(key)
        ring = DATASETS["8gaussians"].sample(ring_key, n) @ plane
        return ring + NOISE * jax.random.normal(noise_key, ring.shape)

    return real, lambda key, n: real(key, n) + shift[None]


def measure(
    lipschitz: str,
    points: str,
    dimension: int,
    *,
    seeds: int,
    steps: int,
    width: int,
    samples: int,
) -> Critics:
    """Trains critics of several seeds in one program, and measures them.

    Args:
      lipschitz: the constraint, a key of `SHAPES`.
      points: where the penalty acts, a key of `POINTS`.
      dimension: of the samples.
      seeds: how many critics.
      steps: critic updates.
      width: of each of the three hidden layers.
      samples: held-out samples on each side.
    """
    settings = critic_settings(lipschitz, "8gaussians", steps=steps, width=width)
    experiment = build(settings)
    where = (
        losses.interpolates
        if points == "interpolates"
        else losses.uniform_box(-BOX, BOX)
    )
    shape = SHAPES[lipschitz]
    penalty = losses.slope_penalty(shape, losses.gradient_norm, where)
    real, fake = sides(dimension)
    algorithm = experiment.algorithm.critic._replace(
        network=from_flax(MLPCritic((width,) * 3), (dimension,)),
        sample_real=real,
        constraint=penalise(penalty),
    )
    train = make_critic_train(algorithm, fake, steps)
    real_key, fake_key, point_key, own_key = jax.random.split(jax.random.key(1), 4)
    reals, fakes = real(real_key, samples), fake(fake_key, samples)
    (between,) = losses.interpolates(reals, fakes, point_key)

    def run(key: jax.Array):
        critic = train(key, experiment.hyperparameters)[0]
        bound = bind_critic(algorithm, critic)
        return (
            losses.wasserstein_estimate(bound, reals, fakes),
            jax.vmap(partial(losses.gradient_norm, bound))(between),
            jnp.mean(penalty(bound, reals, fakes, own_key)),
        )

    keys = jax.random.split(jax.random.key(0), seeds)
    measured = map(np.asarray, jax.jit(jax.vmap(run))(keys))
    return Critics(lipschitz, points, dimension, *measured)


def table_row(critics: Critics) -> dict[str, Any]:
    """The row of the results table: means and spreads over seeds."""
    return {
        "constraint": critics.lipschitz,
        "penalty acts": POINTS[critics.points],
        "D": critics.dimension,
        "estimate / W1": mean_and_spread(critics.estimate / SHIFT),
        "norm between": mean_and_spread(critics.between.mean(axis=1)),
        "penalty at its points": mean_and_spread(critics.penalty),
    }


def figures(rows: Rows, arrays: Arrays) -> dict[str, Figure]:
    """Draws `dimension`, from what `evidence` has measured."""
    del arrays
    return {"dimension.png": _dimension_figure(rows)}


@styled
def _dimension_figure(rows: Rows) -> Figure:
    """Draws estimate / W1, norms at interpolates and the penalty by dimension."""
    figure = Figure(figsize=(PAGE, 3.9))
    panels = figure.subplots(1, 3, sharex=True)
    columns = {
        "estimate / W1": "estimate / W1",
        "norm between": "mean ‖∇D‖ between\nreal and generated",
        "penalty at its points": "mean penalty\nat its points",
    }
    styles = [("-", THIRD, "o"), ("-", ON_PLANE, "s")]
    styles += [("--", THIRD, "^"), ("--", ON_PLANE, "D")]
    dimensions = sorted({row["D"] for row in rows})
    kinds = dict.fromkeys((row["constraint"], row["penalty acts"]) for row in rows)
    for kind, (dashes, colour, marker) in zip(kinds, styles):
        chosen = [
            row for row in rows if (row["constraint"], row["penalty acts"]) == kind
        ]
        at = [row["D"] for row in chosen]
        style = {"color": colour, "linestyle": dashes, "marker": marker, "capsize": 2}
        for axes, column in zip(panels, columns):
            mean, spread = np.transpose([row[column] for row in chosen])
            axes.errorbar(at, mean, yerr=spread, label=", ".join(kind), **style)
    for axes, title in zip(panels, columns.values()):
        axes.set(title=title, xlabel="dimension", xscale="log", yscale="log")
        axes.set_xticks(dimensions, list(map(str, dimensions)))
        axes.minorticks_off()
        label_decades(axes.yaxis)
    for axes in panels[:2]:
        reference_line(axes, 1, "ideal")
    legend_below(figure, panels, columns=2)
    return figure
