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
from wgan_gp.runs.figures import REAL, THIRD
from wgan_gp.studies.evidence.common import Evidence, mean_and_spread
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
    """Measures the claim in one cell: figure `slopes_d` and the dimension; the table.

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
    title = f"D = {dimension}, N = {funnels}"
    figures = {f"slopes_d{dimension}.png": forms_figure(trained, title)}
    return Evidence(figures, table_rows(trained))


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
        train = make_critic_train(algorithm, experiment.sample_fake, steps)
        train_key, eval_key = jax.random.split(jax.random.key(seed))
        hyperparameters = experiment.hyperparameters._replace(strength=weight)
        bound = bind_critic(algorithm, train(train_key, hyperparameters)[0])
        return compare_to_truth(bound, experiment.funnels, eval_key, EVALUATED)

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


def forms_figure(trained: list[Trained], title: str) -> Figure:
    """Draws each seed's cosine, a line for each form."""
    figure = Figure(figsize=(5.8, 5.0), layout="constrained")
    axes = figure.add_subplot()
    for sees, colour, marker in ((False, REAL, "s"), (True, THIRD, "o")):
        found = [
            (cosine, i)
            for i, each in enumerate(trained)
            if FORMS[each.form].sees_kinks == sees
            for cosine in each.cosine
        ]
        label = "autodiff sees kinks move" if sees else "autodiff leaves kinks out"
        style = {"color": colour, "marker": marker, "linestyle": "none"}
        axes.plot(*zip(*found), ms=5, alpha=0.7, label=label, **style)
    names = [f"{each.form} ({ACTIVATIONS[each.activation]})" for each in trained]
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(ylim=(len(names) - 0.5, -0.5), title=title, xlabel="cosine of gradients")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    return figure
