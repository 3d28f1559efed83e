"""What a bracket of W1 is worth: `python -m benchmarks.stopping [--seeds 8]`.

Trains the penalties of `experiments/sweep_toy.py` at each of their strengths, evaluates
every checkpoint as the last evaluation of a run is, and asks four rules which
checkpoint to keep:

- last: that of the last step;
- advice: the first at which `runs.advice` says that the generator has reached the
  floor, or else the last;
- bound: the one with the least lower bound of W1 by an exact critic;
- estimate: the one with the least estimate by the run's own critic.

The regret of a rule is the exact W1 of its checkpoint less that of the best one. Two
more held-out sets, which no rule has seen, decide on the best checkpoint and compare
it: chosen and compared on one set, the best would be best by luck too. A checkpoint at
random is a fifth rule. Then the same over the strengths of a constraint, which lambda,
beside the preset one and one at random. Prints tables in Markdown.
"""

import argparse
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
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.evaluate.held_out import HeldOutSets, hold_out
from wgan_gp.runs import loop
from wgan_gp.runs.advice import advice
from wgan_gp.studies.evidence.common import markdown, mean_and_spread
from wgan_gp.studies.sweep import plan
from wgan_gp.system.files import write_json

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
      is to stop there, and the exact W1 to samples that no rule sees: `oracle`, which
      decides on the best checkpoint, and `unseen`, which compares.
    """
    experiment = build(settings)
    train_key, held_key, eval_key = loop.run_keys(settings.seed)
    others = (jax.random.fold_in(held_key, i) for i in (1, 2))
    sets = [
        hold_out(experiment.dataset, experiment.evaluation, key)
        for key in (held_key, *others)
    ]
    state = train.init(experiment.algorithm, experiment.hyperparameters, train_key)
    several = _several(experiment)
    found = []
    for step in range(every, settings.steps + 1, every):
        state, _ = several(state, every)
        key = jax.random.fold_in(eval_key, step)
        found.append(_evaluate(experiment, settings, state, sets, key))
    return found


def _several(experiment: Experiment):
    parts = experiment.algorithm, experiment.hyperparameters
    return jax.jit(lambda state, count: train.train_steps(*parts, state, count))


def _evaluate(
    experiment: Experiment,
    settings: Settings,
    state: train.TrainState,
    sets: Sequence[HeldOutSets],
    key: jax.Array,
) -> dict[str, float]:
    keys, repeats = jax.random.split(key, 3), settings.eval_repeats
    found = loop.evaluate(experiment, state, sets[0], keys[0], repeats, is_last=True)
    stop = any("stop here" in line for line in advice(settings, found))
    found["stop"] = float(stop)
    for name, held, key in zip(("oracle", "unseen"), sets[1:], keys[1:]):
        found[name] = loop.evaluate(experiment, state, held, key, repeats)["w1"]
    return found


def regrets(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row for each constraint and strength: how much worse a rule's checkpoint is.

    Args:
      runs: of several strengths and seeds.
    """
    rows = []
    for kind in dict.fromkeys((run.constraint, run.strength) for run in runs):
        chosen = [run.evaluations for run in runs if run[:2] == kind]
        best = [run[_least("oracle", run)]["unseen"] for run in chosen]
        row: dict[str, Any] = {"constraint": kind[0], "strength": kind[1]}
        row["best checkpoint"] = mean_and_spread(best)
        for name, rule in RULES.items():
            kept = [run[rule(run)]["unseen"] for run in chosen]
            row[name] = mean_and_spread(np.subtract(kept, best))
        kept = [np.mean([each["unseen"] for each in run]) for run in chosen]
        row["at random"] = mean_and_spread(np.subtract(kept, best))
        row["steps saved by advice"] = mean_and_spread(
            [1 - (_advised(run) + 1) / len(run) for run in chosen]
        )
        rows.append(row)
    return rows


def choices(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row for each constraint: the regret of choosing lambda by a rule.

    Each seed's runs of all strengths are compared at their last checkpoints.

    Args:
      runs: as in `regrets`, with the preset strength of each constraint.
    """
    rows = []
    for constraint in dict.fromkeys(run.constraint for run in runs):
        mine = [run for run in runs if run.constraint == constraint]
        strengths = list(dict.fromkeys(run.strength for run in mine))
        lasts = [
            [run.evaluations[-1] for run in mine if run.strength == each]
            for each in strengths
        ]
        seeds = [list(of_seed) for of_seed in zip(*lasts)]
        best = [each[_least("oracle", each)]["unseen"] for each in seeds]
        preset = CONSTRAINTS[constraint].presets["penalty"]["weight"]
        kept = {
            name: [each[_least(metric, each)]["unseen"] for each in seeds]
            for name, metric in (
                ("by the bound", "lower_bound"),
                ("by the estimate", "wasserstein"),
                ("by exact W1", "w1"),
            )
        }
        kept["the preset"] = [each[strengths.index(preset)]["unseen"] for each in seeds]
        kept["at random"] = [
            float(np.mean([one["unseen"] for one in each])) for each in seeds
        ]
        row: dict[str, Any] = {"constraint": constraint}
        row["best lambda"] = mean_and_spread(best)
        for name, found in kept.items():
            row[name] = mean_and_spread(np.subtract(found, best))
        rows.append(row)
    return rows


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--every", type=int, default=250, help="steps")
    parser.add_argument("--record", type=Path, help="a JSON file of all evaluations")
    parser.add_argument(
        "--lipschitz",
        nargs="+",
        choices=["one_sided", "two_sided", "difference"],
        default=["one_sided", "two_sided"],
    )
    args = parser.parse_args()
    config = sweep_toy.get_config()
    if config.experiment.steps % args.every:
        parser.error(f"--every must divide {config.experiment.steps} steps")
    config.seeds = args.seeds
    if args.record is not None:
        if args.record.exists():
            parser.error(f"--record {args.record} exists: name another file")
        write_json(args.record, [])  # a path that cannot be written is found out now
    sweep = plan.resolve(config)
    runs = []
    for run in sweep.runs:
        settings = plan.run_settings(sweep, run)
        if settings.lipschitz in args.lipschitz:
            found = measure(settings, args.every)
            runs.append(Run(settings.lipschitz, settings.penalty.weight, found))
            print(*runs[-1][:2], settings.seed, found[-1]["unseen"], flush=True)
            if args.record is not None:
                write_json(args.record, [run._asdict() for run in runs])
    print(markdown(regrets(runs)), markdown(choices(runs)), sep="\n\n")


if __name__ == "__main__":
    main()
