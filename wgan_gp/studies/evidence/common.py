"""What the claims share: set-ups, colours and the form of a result."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from wgan_gp import configs
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.train import Hyperparameters

WEIGHTS = (0.1, 1.0, 10.0, 100.0)  # lambda, where it is varied
CLIP_BOUNDS = (0.1, 0.01, 0.001)  # c, where it is varied
COLOURS = {name: constraint.colour for name, constraint in CONSTRAINTS.items()}
# From light to dark, also in grey.
SCALE_COLOURS = ("#FDB863", "#E66101", "#7B3294", "#1A1A40")


class Evidence(NamedTuple):
    """What a claim was found to be."""

    figures: dict[str, Figure]  # by file name
    rows: list[dict[str, Any]]  # of the results table; a pair is mean and spread


def critic_settings(lipschitz: str, dataset: str, *, steps: int, width: int) -> Any:
    """A critic of three hidden layers, to be trained alone and close to its optimum."""
    config = configs.base()
    config.lipschitz, config.data.name = lipschitz, dataset
    config.n_critic, config.steps = 1, steps
    config.critic.hidden = config.generator.hidden = (width,) * 3
    if CONSTRAINTS[lipschitz].has_scale:
        config.critic_optimiser.learning_rate = 1e-3
        config.critic_optimiser.schedule = "linear"
    return configs.resolve(config)


def strengths(lipschitz: str) -> tuple[str, tuple[float, ...]]:
    """The symbol of a constraint's strength, and its values."""
    symbol = CONSTRAINTS[lipschitz].symbol
    return symbol, {"c": CLIP_BOUNDS, "λ": WEIGHTS}[symbol]


def over_strengths_and_seeds(
    run: Callable[[jax.Array, Hyperparameters], Any],
    hyperparameters: Hyperparameters,
    lipschitz: str,
    seeds: int,
) -> Any:
    """Runs every strength and seed in one program; each result gains axes `[V, S]`.

    Args:
      run: `(key, hyperparameters) -> result`.
      hyperparameters: those that stay the same.
      lipschitz: the constraint whose strength is varied.
      seeds: runs of each strength.
    """
    _, values = strengths(lipschitz)

    def one(value: jax.Array, key: jax.Array):
        return run(key, hyperparameters._replace(strength=value))

    keys = jax.random.split(jax.random.key(0), seeds)
    return jax.jit(over_grid(one))(jnp.asarray(values, jnp.float32), keys)


def over_grid(run: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`run(value, key)` for values `[V]` and keys `[S]`; results gain axes `[V, S]`."""
    return jax.vmap(jax.vmap(run, in_axes=(None, 0)), in_axes=(0, None))


def mean_and_spread(values: np.ndarray | list[float]) -> tuple[float, float]:
    """Mean and standard deviation, over seeds."""
    return float(np.mean(values)), float(np.std(values))


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """A table of rows; a pair of numbers is a mean and its spread."""
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[_cell(value) for value in row.values()] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float | int):
        return f"{value:.3g}"
    return f"{value[0]:.3g} ± {value[1]:.2g}"
