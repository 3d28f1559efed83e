"""Claim 11: autodiff leaves out that the penalty depends on where a critic's kinks lie.

In a ReLU critic the gradient's norm jumps at kinks. For a layer's parameters theta, and
samples with a density p,

    d/dtheta E[shape(||grad D||)] = E[d/dtheta shape(||grad D||)] + E_kinks,

    E_kinks = integral over all kinks of p(x) (jump of shape) (velocity by theta).

Autodiff has the first term alone; the second comes from samples that a moving kink
passes over. Here the left side is measured without theory, as a difference of the mean
penalty at very many fixed points between parameters moved forth and back.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import traverse_util
from matplotlib.figure import Figure

from wgan_gp import losses
from wgan_gp.build import build
from wgan_gp.constraints import one_sided
from wgan_gp.data.arrays import noisy
from wgan_gp.evaluate.critic import cosine_similarity, stable_norm
from wgan_gp.networks import MLPCritic, Network, bind, from_flax
from wgan_gp.runs.axes import legend_below
from wgan_gp.runs.style import PAGE, line, styled
from wgan_gp.studies.evidence.common import (
    Arrays,
    Evidence,
    Rows,
    critic_settings,
    mean_and_spread,
)
from wgan_gp.studies.names import constraint_name
from wgan_gp.train import make_critic_train

_SIZE = {"steps": 500, "width": 32}
SCALES = {
    "smoke": {"seeds": 2, "steps": 100, "width": 8, "points": 512, "directions": 2},
    "default": _SIZE | {"seeds": 3, "points": 30_000, "directions": 16},
    "paper": _SIZE | {"seeds": 8, "points": 1_000_000, "directions": 64},
}
ACTIVATIONS = {"relu": "ReLU", "shifted_softplus": "softplus"}
WEIGHT = 1.0  # lambda in training, so weak that slopes exceed 1
SHIFT = 0.02  # by which a layer's parameters are moved, as a vector's length
_MEASURES = ("cosine", "size", "noise")
_CHUNK = 2_000  # points at a time, which bounds memory
BATCH, BATCHES = 256, 64  # of which the gradients' noise is taken
# Slopes `(critic, x) -> []` whose penalties are differentiated by autodiff.
SLOPES: dict[str, Any] = {"gradient norm": losses.gradient_norm} | {
    f"directional, h = {h}": lambda critic, x, h=h: losses.directional_quotient(
        critic, x, jnp.asarray(h)
    )
    for h in (0.002, 0.02, 0.2)
}


class LayerGradients(NamedTuple):
    """The penalty's gradients by one layer's weights or biases, for S critics."""

    activation: str
    slope: str  # a key of `SLOPES`
    layer: str
    cosine: np.ndarray  # [S] with the numerical gradient
    size: np.ndarray  # [S] as a share of the numerical gradient's
    noise: np.ndarray  # [S] of a batch's gradient, as a share of the mean gradient


def evidence(**sizes: int) -> Evidence:
    """Measures the claim."""
    measured = [each for name in ACTIVATIONS for each in measure(name, **sizes)]
    return Evidence(list(map(table_row, measured)), {})


def measure(
    activation: str, *, seeds: int, steps: int, width: int, points: int, directions: int
) -> list[LayerGradients]:
    """Trains critics and compares gradients of their penalties, layer by layer.

    Args:
      activation: a key of `ACTIVATIONS`.
      seeds: how many critics.
      steps: critic updates of each.
      width: of both hidden layers.
      points: over which penalties are averaged, the same ones in all cases.
      directions: along how many of each layer's parameter vectors, at most, the
        gradients are compared.
    """
    network, params, x = train_critics(activation, seeds, steps, width, points)
    with jax.enable_x64(True):  # differences of means of many penalties
        compare = jax.jit(partial(compare_layers, network, directions=directions))
        params, x = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), (params, x))
        restore = jax.tree.structure(params).unflatten
        found = [compare(restore(each), x) for each in zip(*jax.tree.leaves(params))]
    stacked = jax.tree.map(lambda *values: np.stack(values), *found)
    return [
        LayerGradients(activation, slope, layer, *stacked[layer][slope])
        for layer in stacked
        for slope in SLOPES
    ]


def train_critics(activation: str, seeds: int, steps: int, width: int, points: int):
    """Critics on 8 Gaussians beside noise, and points between the two.

    Returns:
      The network, its parameters with a leading axis `[S]`, and points `[points, 2]`.
    """
    name = constraint_name(one_sided.CHOICE)
    experiment = build(critic_settings(name, "8gaussians", steps=steps, width=width))
    real, fake = experiment.dataset.sample, noisy(experiment.dataset.sample)
    critic = MLPCritic((width,) * 2, activation=activation, initialiser="fan_in")
    network = from_flax(critic, (2,))
    algorithm = experiment.algorithm.critic._replace(network=network)
    train = make_critic_train(algorithm, fake, steps)
    hyperparameters = experiment.hyperparameters._replace(strength=WEIGHT)
    run = jax.jit(jax.vmap(lambda key: train(key, hyperparameters)[0].params))
    real_key, fake_key, point_key = jax.random.split(jax.random.key(1), 3)
    samples = real(real_key, points), fake(fake_key, points)
    (x,) = losses.interpolates(*samples, point_key)
    return network, run(jax.random.split(jax.random.key(0), seeds)), x


def compare_layers(network: Network, params: Any, x: jax.Array, *, directions: int):
    """The penalty's gradients beside the numerical one, by layer but the last bias.

    Args:
      network: the critic.
      params: its parameters, nested dicts of Flax.
      x: points `[n, D]`.
      directions: as in `measure`.

    Returns:
      `{layer: {slope: (cosine, size, noise)}}`, see `LayerGradients`.
    """
    flat: Any = traverse_util.flatten_dict(params, sep="/")

    def mean_penalty(slope: Any, x: jax.Array, flat: dict[str, jax.Array]):
        critic = bind(network, traverse_util.unflatten_dict(flat, sep="/"), ())
        cost = lambda point: losses.one_sided(slope(critic, point))  # noqa: E731
        return jnp.mean(jax.lax.map(cost, x, batch_size=_CHUNK))

    def gradients(slope: Any) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
        gradient = jax.grad(partial(mean_penalty, slope), argnums=1)
        count = min(BATCHES, len(x) // BATCH)
        batches = x[: count * BATCH].reshape(count, BATCH, -1)
        return gradient(x, flat), jax.lax.map(lambda x: gradient(x, flat), batches)

    by_slope = {name: gradients(slope) for name, slope in SLOPES.items()}
    penalty = partial(mean_penalty, losses.gradient_norm, x)
    last, _ = max(flat).rsplit("/", 1)
    found = {}
    for i, path in enumerate(sorted(set(flat) - {f"{last}/bias"})):
        basis = orthonormal(jax.random.key(i), directions, flat[path].size)
        true = numerical_gradient(penalty, flat, path, basis)
        found[path] = {
            name: (*_beside(basis @ jnp.ravel(mean[path]), true), _noise(each[path]))
            for name, (mean, each) in by_slope.items()
        }
    return found


def _beside(gradient: jax.Array, true: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Cosine and relative size; 0 where the penalty is 0."""
    size = stable_norm(true)
    relative = stable_norm(gradient) / jnp.where(size > 0, size, 1.0)
    return cosine_similarity(gradient, true), relative


def _noise(each: jax.Array) -> jax.Array:
    """Root mean square of the batches' deviations, over the mean's norm; 0 / 0 is 0."""
    mean = jnp.mean(each, axis=0)
    deviation = stable_norm(each - mean[None]) / len(each) ** 0.5
    return deviation / jnp.where(deviation > 0, stable_norm(mean), 1.0)


def orthonormal(key: jax.Array, count: int, size: int) -> jax.Array:
    """Random orthonormal vectors `[count, size]`; all of a basis if there are fewer."""
    normal = jax.random.normal(key, (size, min(count, size)))
    return jnp.linalg.qr(normal)[0].T


def numerical_gradient(
    penalty: Any, params: dict[str, jax.Array], path: str, basis: jax.Array
) -> jax.Array:
    """(P(theta + d u) - P(theta - d u)) / 2d, with d = `SHIFT`.

    Args:
      penalty: P, from parameters by path to a scalar.
      params: theta.
      path: of the array of parameters that is moved.
      basis: vectors u `[K, size of the array]`.

    Returns:
      The derivatives `[K]` along each u.
    """
    leaf = params[path]

    def at(offset: jax.Array) -> jax.Array:
        return penalty(params | {path: leaf + offset.reshape(leaf.shape)})

    def along(u: jax.Array) -> jax.Array:
        return (at(SHIFT * u) - at(-SHIFT * u)) / (2 * SHIFT)

    return jax.lax.map(along, basis)


def layer_name(path: str) -> str:
    """Such as "weights 1", for a path in the parameters of an `MLPCritic`."""
    *_, layer, kind = path.split("/")
    number = int(layer.removeprefix("Dense_")) + 1
    return f"{'weights' if kind == 'kernel' else 'biases'} {number}"


def table_row(layer: LayerGradients) -> dict[str, Any]:
    """The row of the results table: means and spreads over seeds."""
    return {
        "activation": ACTIVATIONS[layer.activation],
        "parameters": layer_name(layer.layer),
        "slope": layer.slope,
    } | {name: mean_and_spread(getattr(layer, name)) for name in _MEASURES}


def figures(rows: Rows, arrays: Arrays) -> dict[str, Figure]:
    """Draws `kinks`, from what `evidence` has measured."""
    del arrays
    return {"kinks.png": _kinks_figure(rows)}


@styled
def _kinks_figure(rows: Rows) -> Figure:
    """Draws cosine, size and noise by layer: a column for each activation."""
    figure = Figure(figsize=(PAGE, 7.2))
    activations = list(dict.fromkeys(row["activation"] for row in rows))
    layers = list(dict.fromkeys(row["parameters"] for row in rows))
    grid = figure.subplots(3, len(activations), sharex=True, sharey="row")
    for column, activation in zip(grid.T, activations):
        for i, slope in enumerate(dict.fromkeys(row["slope"] for row in rows)):
            found = [
                r for r in rows if (r["activation"], r["slope"]) == (activation, slope)
            ]
            _draw_slope(column, found, i, slope)
        column[0].set(title=activation)
        column[-1].set_xticks(
            range(len(layers)), [x.replace(" ", "\n") for x in layers]
        )
    grid[0, 0].set(ylabel="cosine with the\nnumerical gradient")
    grid[1, 0].set(ylabel="size / that of the\nnumerical gradient")
    grid[2, 0].set(ylabel=f"noise of a batch of {BATCH} /\nsize of the mean gradient")
    legend_below(figure, grid[0], columns=2)
    return figure


def _draw_slope(column: Any, rows: Rows, i: int, label: str) -> None:
    """Draws the i-th slope's means over seeds, with their deviations, in each panel."""
    style = line(i) | {"linestyle": "none", "capsize": 3, "label": label}
    at = np.arange(len(rows)) + 0.18 * (i - 1.5)
    for axes, name in zip(column, _MEASURES):
        mean, spread = np.transpose([row[name] for row in rows])
        axes.errorbar(at, mean, yerr=spread, **style)
