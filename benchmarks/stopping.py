"""What a bracket of W1 is worth: `python -m benchmarks.stopping [--seeds 8]`.

Trains the penalties of `experiments/sweep_toy.py` at each of their strengths, evaluates
every checkpoint as the last evaluation of a run is, and asks four rules which
checkpoint to keep:

- last: that of the last step;
- advice: the first at which `runs.advice` says that the generator has reached the
  floor, or else the last;
- bound: the one with the least lower bound of W1 by an exact critic;
- estimate: the one with the least estimate by the run's own critic.

The regret of a rule is the exact W1 of its checkpoint less that of the best one, on
samples that no rule has seen. Then the same over all strengths of a constraint: which
lambda. Prints tables in Markdown.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments import sweep_toy
from wgan_gp import train
from wgan_gp.build import Experiment, build
from wgan_gp.configs import Settings
from wgan_gp.evaluate.held_out import HeldOutSets, hold_out
from wgan_gp.runs import loop
from wgan_gp.runs.advice import advice
from wgan_gp.studies.evidence.common import markdown, mean_and_spread
from wgan_gp.studies.sweep import plan

Evaluations = Sequence[dict[str, float]]


def _last(evaluations: Evaluations) -> int:
    return len(evaluations) - 1


def _least(name: str, evaluations: Evaluations) -> int:
    return int(np.argmin([each[name] for each in evaluations]))


def _advised(evaluations: Evaluations) -> int:
    stops = (i for i, each in enumerate(evaluations) if each["stop"])
    return next(stops, _last(evaluations))


RULES: dict[str, Callable[[Evaluations], int]] = {
    "last": _last,
    "advice": _advised,
    "bound": partial(_least, "lower_bound"),
    "estimate": partial(_least, "wasserstein"),
}


class Run(NamedTuple):
    """The evaluations of one run, a dict a checkpoint."""

    constraint: str
    strength: float
    evaluations: Evaluations


def measure(settings: Settings, every: int) -> list[dict[str, float]]:
    """Trains one run and evaluates its checkpoints.

    Args:
      settings: of the run.
      every: steps between checkpoints.

    Returns:
      For each checkpoint the scalars of a last evaluation, `stop`, whether the advice
      is to stop there, and `unseen`, the exact W1 to samples that no rule sees.
    """
    experiment = build(settings)
    train_key, held_key, eval_key = loop.run_keys(settings.seed)
    held = hold_out(experiment.dataset, experiment.evaluation, held_key)
    unseen_key = jax.random.fold_in(held_key, 1)
    unseen = hold_out(experiment.dataset, experiment.evaluation, unseen_key)
    state = train.init(experiment.algorithm, experiment.hyperparameters, train_key)
    several = _several(experiment)
    found = []
    for step in range(every, settings.steps + 1, every):
        state, _ = several(state, every)
        key = jax.random.fold_in(eval_key, step)
        found.append(_evaluate(experiment, settings, state, (held, unseen), key))
    return found


def _several(experiment: Experiment):
    parts = experiment.algorithm, experiment.hyperparameters
    return jax.jit(lambda state, count: train.train_steps(*parts, state, count))


def _evaluate(
    experiment: Experiment,
    settings: Settings,
    state: train.TrainState,
    sets: tuple[HeldOutSets, HeldOutSets],
    key: jax.Array,
) -> dict[str, float]:
    keys = jax.random.split(key)
    held, unseen = sets
    repeats = settings.eval_repeats
    found = loop.evaluate(experiment, state, held, keys[0], repeats, is_last=True)
    other = loop.evaluate(experiment, state, unseen, keys[1], repeats)
    stop = any("stop here" in line for line in advice(settings, found))
    return found | {"stop": float(stop), "unseen": other["w1"]}


def regrets(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row for each constraint and strength: how much worse a rule's checkpoint is.

    Args:
      runs: of one constraint and of several strengths and seeds.
    """
    rows = []
    for kind in dict.fromkeys((run.constraint, run.strength) for run in runs):
        chosen = [run.evaluations for run in runs if run[:2] == kind]
        best = [min(each["unseen"] for each in run) for run in chosen]
        row: dict[str, Any] = {"constraint": kind[0], "strength": kind[1]}
        row["best checkpoint"] = mean_and_spread(best)
        for name, rule in RULES.items():
            kept = [run[rule(run)]["unseen"] for run in chosen]
            row[name] = mean_and_spread(np.subtract(kept, best))
        row["steps saved by advice"] = mean_and_spread(
            [1 - (_advised(run) + 1) / len(run) for run in chosen]
        )
        rows.append(row)
    return rows


def choices(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row for each constraint: the regret of choosing lambda by a rule.

    Each seed's runs of all strengths are compared at their last checkpoints.

    Args:
      runs: as in `regrets`.
    """
    rows = []
    for constraint in dict.fromkeys(run.constraint for run in runs):
        mine = [run for run in runs if run.constraint == constraint]
        strengths = list(dict.fromkeys(run.strength for run in mine))
        lasts = [
            [run.evaluations[-1] for run in mine if run.strength == each]
            for each in strengths
        ]
        row: dict[str, Any] = {"constraint": constraint}
        for label, name in (
            ("by the bound", "lower_bound"),
            ("by the estimate", "wasserstein"),
            ("by exact W1", "w1"),
        ):
            row[label] = mean_and_spread(
                [
                    of_seed[_least(name, of_seed)]["unseen"]
                    - min(each["unseen"] for each in of_seed)
                    for of_seed in zip(*lasts)
                ]
            )
        rows.append(row)
    return rows


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--every", type=int, default=250, help="steps")
    parser.add_argument("--record", type=Path, help="a JSON file of all evaluations")
    parser.add_argument(
        "--lipschitz", nargs="+", default=["one_sided", "two_sided", "difference"]
    )
    args = parser.parse_args()
    config = sweep_toy.get_config()
    config.seeds = args.seeds
    sweep = plan.resolve(config)
    runs = []
    for run in sweep.runs:
        settings = plan.run_settings(sweep, run)
        if settings.lipschitz in args.lipschitz:
            found = measure(settings, args.every)
            runs.append(Run(settings.lipschitz, settings.penalty.weight, found))
            print(*runs[-1][:2], settings.seed, found[-1]["unseen"], flush=True)
    if args.record:
        args.record.write_text(json.dumps([run._asdict() for run in runs]))
    print(markdown(regrets(runs)), markdown(choices(runs)), sep="\n\n")


if __name__ == "__main__":
    main()
