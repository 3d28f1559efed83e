"""Claim 3: gradients vanish or explode with depth under clipping, not under penalties.

The left half of Figure 1b of Gulrajani et al. 2017: WGANs whose networks are MLPs of
12 hidden ReLU layers, trained on the Swiss roll; the norm of the critic's
gradient with respect to each hidden layer's activations, averaged over samples.
"""

from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from wgan_gp import configs, train
from wgan_gp.build import Experiment, build
from wgan_gp.constraints import clip, one_sided, two_sided
from wgan_gp.evaluate.critic import stable_norm
from wgan_gp.networks import Network
from wgan_gp.runs.axes import label_decades, legend_below
from wgan_gp.runs.style import PAGE, line, styled
from wgan_gp.studies.evidence.common import (
    Arrays,
    Evidence,
    Rows,
    mean_and_spread,
    over_grid,
)
from wgan_gp.studies.names import constraint_name

SCALES = {
    "smoke": {"seeds": 2, "steps": 3, "width": 8, "layers": 3},
    "default": {"seeds": 3, "steps": 300, "width": 64, "layers": 12},
    "paper": {"seeds": 3, "steps": 10_000, "width": 512, "layers": 12},
}


class Depth(NamedTuple):
    """Gradient norms by layer, for several seeds of one setting."""

    label: str
    norms: np.ndarray  # [S, L], from the first hidden layer to the last


def evidence(**sizes: int) -> Evidence:
    """Measures the claim."""
    depths = measure_depth(**sizes)
    norms = np.stack([each.norms for each in depths])
    return Evidence(list(map(table_row, depths)), {"norms": norms})


def measure_depth(*, seeds: int, steps: int, width: int, layers: int) -> list[Depth]:
    """Trains every setting for several seeds and measures the gradients.

    Args:
      seeds: runs of each setting.
      steps: generator updates of each run.
      width: of each hidden layer.
      layers: hidden layers of both networks.

    Returns:
      One entry for each clip bound, and one for each gradient penalty.
    """
    sizes = {"seeds": seeds, "steps": steps, "width": width, "layers": layers}
    name = constraint_name(clip.CHOICE)
    clipped = _train(name, np.asarray(clip.CHOICE.strengths), **sizes)
    results = [
        Depth(f"{name}, c = {bound}", norms)
        for bound, norms in zip(clip.CHOICE.strengths, clipped)
    ]
    for lipschitz in map(constraint_name, (one_sided.CHOICE, two_sided.CHOICE)):
        (norms,) = _train(lipschitz, np.full(1, 10.0), **sizes)
        results.append(Depth(f"{lipschitz}, λ = 10", norms))
    return results


def _train(
    lipschitz: str,
    strengths: np.ndarray,
    *,
    seeds: int,
    steps: int,
    width: int,
    layers: int,
) -> np.ndarray:
    """Gradient norms `[V, S, L]` for strengths `[V]`, all trained in one program."""
    config = configs.base()
    config.lipschitz, config.data.name, config.steps = lipschitz, "swissroll", steps
    config.critic.hidden = config.generator.hidden = (width,) * layers
    experiment = build(configs.resolve(config))
    run = jax.jit(over_grid(partial(_run, experiment, steps)))
    keys = jax.random.split(jax.random.key(0), seeds)
    return np.asarray(run(jnp.asarray(strengths, jnp.float32), keys))


def _run(experiment: Experiment, steps: int, strength: jax.Array, key: jax.Array):
    algorithm = experiment.algorithm
    train_key, real_key, fake_key = jax.random.split(key, 3)
    hyperparameters = experiment.hyperparameters._replace(strength=strength)
    state, _ = train.make_train(algorithm, steps)(train_key, hyperparameters)
    n = algorithm.critic.batch_size
    reals = algorithm.critic.sample_real(real_key, n)
    fakes = train.generate(algorithm, state.generator.params, fake_key, n)
    samples = jnp.concatenate([reals, fakes])
    network = train.critic_network(algorithm.critic)
    prepared = network.prepare(state.critic.params, state.critic.state)
    norms = partial(layer_gradients, network, prepared)
    return jnp.mean(jax.vmap(norms)(samples), axis=0)


def layer_gradients(critic: Network, params: Any, x: jax.Array) -> jax.Array:
    """||dD / dh_i|| at one sample, where h_i is the output of the i-th hidden layer.

    The critic's loss is a mean of D(fake) - D(real). Up to its sign and a factor 1 / B,
    this is therefore the gradient of the loss by a sample's activations.

    Args:
      critic: an `MLPCritic`.
      params: its parameters, as `networks.Network.apply` takes them.
      x: one sample.

    Returns:
      Norms `[L]`, from the first hidden layer to the last.
    """
    layers = params["params"]["MLP_0"]
    hidden = [layers[f"Dense_{i}"]["bias"] for i in range(len(layers) - 1)]

    def shifted(shifts: list[jax.Array]):
        return _with_shifts(critic, params, shifts, x)

    grads = jax.grad(shifted)([jnp.zeros_like(bias) for bias in hidden])
    return jnp.stack([stable_norm(grad) for grad in grads])


def _with_shifts(critic: Network, params: Any, shifts: list[jax.Array], x: jax.Array):
    """D(x) with a vector added to each hidden linear layer's output."""
    remaining = iter(shifts)

    def add_shift(next_fun: Any, args: Any, kwargs: Any, context: Any):
        out = next_fun(*args, **kwargs)
        if isinstance(context.module, nn.Dense) and context.method_name == "__call__":
            out = out + next(remaining, 0.0)
        return out

    with nn.intercept_methods(add_shift):
        return critic.apply(params, x)


def slope_per_layer(norms: np.ndarray) -> np.ndarray:
    """The slope of log10 of the norm by layer, counted from the output backwards.

    A positive slope means that gradients explode with depth, a negative one that they
    vanish. Layers whose norm has underflowed to zero are left out of the fit.

    Args:
      norms: `[S, L]`, from the first hidden layer to the last.

    Returns:
      `[S]`; NaN where fewer than two layers are left.
    """
    return np.array([_fit(row[::-1]) for row in norms])


def _fit(norms: np.ndarray) -> float:
    (alive,) = np.nonzero(norms)
    if len(alive) < 2:
        return float("nan")
    return float(np.polyfit(alive, np.log10(norms[alive]), 1)[0])


def table_row(depth: Depth) -> dict[str, Any]:
    """The row of the results table: means and spreads over seeds."""
    slopes = slope_per_layer(depth.norms)
    return {
        "setting": depth.label,
        "log10 growth per layer, backwards": mean_and_spread(slopes),
        "first layer / last layer": float(
            np.median(depth.norms[:, 0] / np.maximum(depth.norms[:, -1], 1e-38))
        ),
    }


def figures(rows: Rows, arrays: Arrays) -> dict[str, Figure]:
    """Draws `depth`, from what `evidence` has measured."""
    labels = [row["setting"] for row in rows]
    return {"depth.png": _depth_figure(labels, arrays["norms"])}


@styled
def _depth_figure(labels: list[str], settings: np.ndarray) -> Figure:
    """Draws norms `[settings, S, L]` by layer: the median over seeds, and the range."""
    figure = Figure(figsize=(PAGE, 4.6))
    axes = figure.add_subplot()
    layers = np.arange(1, settings.shape[2] + 1)
    for i, (label, norms) in enumerate(zip(labels, settings)):
        style = line(i) | {"ms": 7 - i}  # curves that coincide show both markers
        axes.plot(layers, np.median(norms, axis=0), label=label, **style)
        band = {"color": style["color"], "alpha": 0.2, "linewidth": 0}
        axes.fill_between(layers, norms.min(axis=0), norms.max(axis=0), **band)
    axes.set(
        yscale="log",
        xlabel="critic's hidden layer (the loss is at the right end)",
        ylabel="mean norm of ∂D / ∂ activations",
    )
    axes.set_xticks(layers)
    label_decades(axes.yaxis)
    legend_below(figure, [axes], columns=3)
    return figure
