"""Claim 12: what makes directional penalties train better critics, part by part.

Critics are trained alone with each of `slope_forms`, on pairs of which the optimal
critic is known, from the same start and with the same samples.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure
from ml_collections import ConfigDict

from wgan_gp import configs
from wgan_gp.build import build_critic
from wgan_gp.constraints import penalise
from wgan_gp.evaluate.truth import Truth, compare_to_truth
from wgan_gp.runs.axes import legend_below
from wgan_gp.runs.style import ON_PLANE, PAGE, THIRD, styled
from wgan_gp.studies.evidence.common import Arrays, Evidence, Rows, mean_and_spread
from wgan_gp.studies.evidence.slope_forms import (
    BASES,
    FORMS,
    SMOOTH,
    Slope,
    form_penalty,
)
from wgan_gp.studies.w1_benchmark.recipes import cell_config
from wgan_gp.train import bind_critic, make_critic_train

ACTIVATIONS = {"relu": "ReLU", "shifted_softplus": "softplus"}
EVALUATED = 2048  # held-out samples


def _scales(dimension: int, funnels: int, h: float) -> dict[str, dict[str, Any]]:
    cell = {"dimension": dimension, "funnels": funnels, "h": h}
    return {
        "smoke": cell | {"funnels": 4, "seeds": 2, "steps": 2, "width": 4},
        "default": cell | {"seeds": 3, "steps": 1000, "width": 64},
        "paper": cell | {"seeds": 8, "steps": 16_000, "width": 128},
    }


# By claim, a cell of the benchmark each; h in the units of the samples.
SCALES = {"slopes_d16": _scales(16, 64, 0.4), "slopes_d2": _scales(2, 64, 0.05)}


class Trained(NamedTuple):
    """S critics of one form, beside the truth."""

    activation: str
    form: str  # a key of `FORMS`
    cosine: np.ndarray  # [S] of the gradients with the optimal critic's
    ratio: np.ndarray  # [S] estimate / W1


def evidence(*, dimension: int, funnels: int, h: float, **sizes: int) -> Evidence:
    """Measures the claim in one cell.

    Args:
      dimension: D of the cell.
      funnels: N of the cell.
      h: half the length of segments, in the units of the samples.
      **sizes: as in `programs`.
    """
    cell = cell_config(dimension, funnels)
    trained = []
    for activation in ACTIVATIONS:
        run = programs(cell, activation, **sizes)
        names = FORMS if activation == "relu" else SMOOTH
        for name in names:
            truth = jax.tree.map(np.asarray, run(name, h))
            ratio = truth.estimate / truth.w1
            trained.append(Trained(activation, name, truth.cosine_clear, ratio))
    return Evidence(table_rows(trained), {})


def programs(
    cell: ConfigDict, activation: str, *, seeds: int, steps: int, width: int
) -> Callable[[str, float], Truth]:
    """What trains critics of a cell with a form of the penalty, and measures them.

    Critics of the same seed have the same start and samples, whatever the form. The
    recipe is the benchmark's tuned one without Fourier features and maxout. Forms that
    differ in numbers alone share a compiled program.

    Args:
      cell: from `cell_config`; it is changed.
      activation: a key of `ACTIVATIONS`.
      seeds: critics of each form.
      steps: critic updates of each.
      width: of each of the three hidden layers.

    Returns:
      `(key of FORMS, h) -> Truth` of arrays `[S]`.
    """
    plain = {"hidden": (width,) * 3, "maxout": 1, "fourier": 0, "fourier_scale": 1.0}
    critic = plain | {"activation": activation}
    configs.update(cell, {"critic": critic, "steps": steps})
    experiment = build_critic(configs.resolve(cell))

    @partial(jax.jit, static_argnums=(0, 1))
    @partial(jax.vmap, in_axes=(None, None, None, None, 0))
    def train_and_measure(slope: Slope, batch: int, h: Any, weight: Any, seed: Any):
        algorithm = experiment.algorithm._replace(
            constraint=penalise(form_penalty(slope, h)), batch_size=batch
        )
        train = make_critic_train(algorithm, experiment.pair.sample_fake, steps)
        train_key, eval_key = jax.random.split(jax.random.key(seed))
        hyperparameters = experiment.hyperparameters._replace(strength=weight)
        bound = bind_critic(algorithm, train(train_key, hyperparameters)[0])
        return compare_to_truth(bound, experiment.pair, eval_key, EVALUATED)

    def run(name: str, h: float) -> Truth:
        form = FORMS[name]
        numbers = jnp.float32(form.step * h), jnp.float32(form.weight)
        return train_and_measure(form.slope, form.batch, *numbers, jnp.arange(seeds))

    return run


def table_rows(trained: list[Trained]) -> list[dict[str, Any]]:
    """The rows of the results table: means and spreads over seeds.

    "gain" is over the critic of the same seed, activation and batch that is trained
    with the gradient norm.
    """
    bases = {_kind(each): each.cosine for each in trained if each.form in BASES}
    return [
        {
            "activation": ACTIVATIONS[each.activation],
            "slope": each.form,
            "sees kinks": "yes" if FORMS[each.form].sees_kinks else "no",
            "cosine": mean_and_spread(each.cosine),
            "gain": mean_and_spread(each.cosine - bases[_kind(each)]),
            "estimate / W1": mean_and_spread(each.ratio),
        }
        for each in trained
    ]


def _kind(trained: Trained) -> tuple[str, int]:
    return trained.activation, FORMS[trained.form].batch


def figures(claim: str, rows: Rows, arrays: Arrays) -> dict[str, Figure]:
    """Draws the figure of a claim, from what `evidence` has measured.

    Args:
      claim: a key of `SCALES`.
      rows: of the claim.
      arrays: none.
    """
    del arrays
    title = f"D = {SCALES[claim]['default']['dimension']}"  # at all scales
    return {f"{claim}.png": _forms_figure(rows, title)}


@styled
def _forms_figure(rows: Rows, title: str) -> Figure:
    """Draws the mean cosine over seeds with its deviation, a line for each form."""
    figure = Figure(figsize=(PAGE, 5.6))
    axes = figure.add_subplot()
    for sees, label, colour, marker in (
        ("no", "autodiff leaves kinks out", ON_PLANE, "s"),
        ("yes", "autodiff sees kinks move", THIRD, "o"),
    ):
        found = [i for i, row in enumerate(rows) if row["sees kinks"] == sees]
        mean, spread = np.transpose([rows[i]["cosine"] for i in found])
        style = {"color": colour, "marker": marker, "capsize": 3, "label": label}
        axes.errorbar(mean, found, xerr=spread, linestyle="none", **style)
    names = [f"{row['slope']} ({row['activation']})" for row in rows]
    axes.set_yticks(range(len(names)), names)
    axes.set(ylim=(len(names) - 0.5, -0.5), title=title)
    axes.set_xlabel("cosine of gradients (1 is best)")
    legend_below(figure, [axes], columns=2)
    return figure
