"""Claim 11: autodiff leaves out that the penalty depends on where a critic's kinks lie.

In a ReLU critic the gradient's norm jumps at kinks. For a layer's parameters theta, and
samples with a density p,

    d/dtheta E[shape(||grad D||)] = E[d/dtheta shape(||grad D||)] + E_kinks,

    E_kinks = the integral over all kinks of p(x) (jump of shape) (velocity by theta).

Autodiff differentiates the penalty of each sample, which gives the first term. The
second comes from samples that a moving kink passes over. Here the left side is measured
without theory, as a difference of the mean penalty at very many fixed points between
parameters moved forth and back, and compared with what autodiff returns.
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
from wgan_gp.runs.figures import FAKE, REAL, THIRD
from wgan_gp.studies.evidence.common import Evidence, critic_settings, mean_and_spread
from wgan_gp.studies.names import constraint_name
from wgan_gp.train import make_critic_train

SCALES = {
    "smoke": {"seeds": 2, "steps": 5, "width": 4, "points": 300, "directions": 2},
    "default": {
        "seeds": 3,
        "steps": 500,
        "width": 32,
        "points": 30_000,
        "directions": 16,
    },
    "paper": {
        "seeds": 8,
        "steps": 500,
        "width": 32,
        "points": 1_000_000,
        "directions": 64,
    },
}
ACTIVATIONS = {"relu": "ReLU", "shifted_softplus": "softplus"}
WEIGHT = 1.0  # lambda in training, so weak that slopes exceed 1
SHIFT = 0.02  # by which a layer's parameters are moved, as a vector's length
_CHUNK = 2_000  # points at a time, which bounds memory
# Slopes `(critic, x) -> []` whose penalties are differentiated by autodiff.
SLOPES = {
    "gradient norm": losses.gradient_norm,
    **{
        f"directional, h = {step}": partial(losses.directional_quotient, step=step)
        for step in (0.02, 0.2)
    },
}


class LayerGradients(NamedTuple):
    """The penalty's gradients by one layer's weights or biases, for S critics."""

    activation: str
    layer: str
    slope: str  # a key of `SLOPES`
    cosine: np.ndarray  # [S] with the numerical gradient
    size: np.ndarray  # [S] as a share of the numerical gradient's


def evidence(**sizes: int) -> Evidence:
    """Measures the claim: figure `kinks` and its table."""
    measured = [
        each for activation in ACTIVATIONS for each in measure(activation, **sizes)
    ]
    figures = {"kinks.png": kinks_figure(measured)}
    return Evidence(figures, list(map(table_row, measured)))


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
        wide = jax.tree.map(partial(np.asarray, dtype=np.float64), (params, x))
        found = [compare(_of_seed(s, wide[0]), wide[1]) for s in range(seeds)]
    stacked = jax.tree.map(lambda *values: np.stack(values), *found)
    return [
        LayerGradients(activation, layer, slope, *numbers)
        for layer, by_slope in stacked.items()
        for slope, numbers in by_slope.items()
    ]


def _of_seed(seed: int, params: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[seed], params)


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
    """The penalty's gradients beside the numerical one, for each layer.

    The last bias is left out: no slope depends on it.

    Args:
      network: the critic.
      params: its parameters, nested dicts of Flax.
      x: points `[n, D]`.
      directions: as in `measure`.

    Returns:
      `{layer: {slope: (cosine, size)}}`, see `LayerGradients`.
    """
    flat = traverse_util.flatten_dict(params, sep="/")

    def mean_penalty(slope: Any, flat: dict[str, jax.Array]) -> jax.Array:
        critic = bind(network, traverse_util.unflatten_dict(flat, sep="/"), ())
        cost = lambda point: losses.one_sided(slope(critic, point))  # noqa: E731
        return jnp.mean(jax.lax.map(cost, x, batch_size=_CHUNK))

    gradients = {
        name: jax.grad(partial(mean_penalty, slope))(flat)
        for name, slope in SLOPES.items()
    }
    penalty = partial(mean_penalty, losses.gradient_norm)
    found = {}
    last, _ = max(flat).rsplit("/", 1)
    for i, path in enumerate(sorted(set(flat) - {f"{last}/bias"})):
        basis = orthonormal(jax.random.key(i), directions, flat[path].size)
        true = numerical_gradient(penalty, flat, path, basis)
        found[path] = {
            name: _beside(basis @ jnp.ravel(gradient[path]), true)
            for name, gradient in gradients.items()
        }
    return found


def _beside(gradient: jax.Array, true: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Cosine and relative size."""
    return cosine_similarity(gradient, true), stable_norm(gradient) / stable_norm(true)


def orthonormal(key: jax.Array, count: int, size: int) -> jax.Array:
    """Random orthonormal vectors `[count, size]`; all of a basis if there are fewer."""
    normal = jax.random.normal(key, (size, min(count, size)))
    return jnp.linalg.qr(normal)[0].T


def numerical_gradient(
    penalty: Any, params: dict[str, jax.Array], path: str, basis: jax.Array
) -> jax.Array:
    """(P(theta + d u) - P(theta - d u)) / 2d for each vector u, with d = `SHIFT`.

    Args:
      penalty: P, from parameters by path to a scalar.
      params: theta.
      path: of the array of parameters that is moved.
      basis: vectors u `[K, size of the array]`.

    Returns:
      The derivatives `[K]`.
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
        "cosine": mean_and_spread(layer.cosine),
        "size": mean_and_spread(layer.size),
    }


def kinks_figure(measured: list[LayerGradients]) -> Figure:
    """Draws cosine and size by layer: a column for each activation."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    grid = figure.subplots(2, len(ACTIVATIONS), sharex=True, sharey="row")
    layers = list(dict.fromkeys(layer_name(each.layer) for each in measured))
    looks = dict(zip(SLOPES, zip((REAL, THIRD, FAKE), "osD", (-0.2, 0.0, 0.2))))
    for column, activation in zip(grid.T, ACTIVATIONS):
        chosen = [each for each in measured if each.activation == activation]
        for each in chosen:
            colour, marker, shift = looks[each.slope]
            at = layers.index(layer_name(each.layer)) + shift
            for axes, values in zip(column, (each.cosine, each.size)):
                style = {"color": colour, "marker": marker, "linestyle": "none"}
                axes.plot(np.full(len(values), at), values, ms=5, alpha=0.6, **style)
        column[0].set(title=ACTIVATIONS[activation])
        column[1].set_xticks(range(len(layers)), layers, rotation=20)
    for axes in grid.flat:
        axes.axhline(1, color="0.4", linestyle=":", linewidth=1)
        axes.grid(alpha=0.3)
    grid[0, 0].set(ylabel="cosine with\nthe numerical gradient")
    grid[1, 0].set(ylabel="size / that of\nthe numerical gradient")
    handles = [
        grid[0, 0].plot([], [], color=c, marker=m, linestyle="none")[0]
        for c, m, _ in looks.values()
    ]
    figure.legend(handles, list(looks), loc="outside lower center", ncols=3)
    return figure
