"""Settings, colours and the form of results that all claims share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp import configs
from wgan_gp.configs import Settings
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.runs.style import line
from wgan_gp.train import Hyperparameters

Rows = Sequence[Mapping[str, Any]]
Arrays = Mapping[str, np.ndarray]


class Evidence(NamedTuple):
    """The result of measuring a claim: what is stored, and what figures are drawn from.

    Attributes:
      rows: of the results table; a pair is a mean and its spread.
      arrays: what the figures show and the table does not have, by name.
    """

    rows: list[dict[str, Any]]
    arrays: dict[str, np.ndarray]


def critic_settings(
    lipschitz: str, dataset: str, *, steps: int, width: int
) -> Settings:
    """Settings for a critic that is trained alone, close to its optimum.

    Args:
      lipschitz: the name of a constraint.
      dataset: a name in `data.DATASETS`.
      steps: critic updates.
      width: of each of the three hidden layers.
    """
    config = configs.base()
    config.lipschitz, config.data.name = lipschitz, dataset
    config.n_critic, config.steps = 1, steps
    config.critic.hidden = config.generator.hidden = (width,) * 3
    if CONSTRAINTS[lipschitz].has_scale:
        config.critic_optimiser.learning_rate = 1e-3
        config.critic_optimiser.schedule = "linear"
    return configs.resolve(config)


def constraint_line(name: str, i: int) -> dict[str, Any]:
    """As `line(i)`, with the constraint's name as label and in its own colour."""
    return line(i) | {"color": CONSTRAINTS[name].colour, "label": name}


def over_strengths_and_seeds(
    run: Callable[[jax.Array, Hyperparameters], Any],
    hyperparameters: Hyperparameters,
    lipschitz: str,
    seeds: int,
) -> Any:
    """Runs V strengths and S seeds in one program.

    Args:
      run: `(key, hyperparameters) -> result`, a tree of arrays. Traced once, under
        `vmap`.
      hyperparameters: of all runs, apart from the strength.
      lipschitz: the name of the constraint whose strength is varied.
      seeds: the number of runs of each strength.

    Returns:
      The results, with leading axes `[V, S]`.
    """
    values = CONSTRAINTS[lipschitz].strengths

    def one(value: jax.Array, key: jax.Array):
        return run(key, hyperparameters._replace(strength=value))

    keys = jax.random.split(jax.random.key(0), seeds)
    return jax.jit(over_grid(one))(jnp.asarray(values, jnp.float32), keys)


def over_grid(run: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Maps a run over V values and S keys.

    Args:
      run: `(value, key) -> result`, a tree of arrays.

    Returns:
      The same function for values `[V]` and keys `[S]`; its results have leading axes
      `[V, S]`.
    """
    return jax.vmap(jax.vmap(run, in_axes=(None, 0)), in_axes=(0, None))


def mean_and_spread(values: np.ndarray | list[float]) -> tuple[float, float]:
    """The mean over seeds, and the standard deviation of the sample; NaN for one."""
    spread = np.std(values, ddof=1) if len(values) > 1 else np.nan
    return float(np.mean(values)), float(spread)


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """A Markdown table of rows; a pair of numbers is written as mean ± spread."""
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[_cell(value) for value in row.values()] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float | int):
        return f"{value:.3g}"
    if np.isnan(value[1]):
        return f"{value[0]:.3g}"
    return f"{value[0]:.3g} ± {value[1]:.2g}"
