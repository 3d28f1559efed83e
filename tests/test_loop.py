import itertools
import json

import numpy as np
import pytest

from tests.helpers import CONSTRAINTS, EXPERIMENTS, SMALL, resolve
from wgan_gp import loop, train, workdir


def start(config, folder):
    workdir.prepare(folder, config)
    return loop.run(config, folder)


def records(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


# Each constraint once; the other combinations take long.
SOON = (
    ("toy8gauss", "clip"),
    ("toy25gauss", "one_sided"),
    ("swissroll", "two_sided"),
    ("toy8gauss", "difference"),
)
ALL = [
    pytest.param(*each, marks=() if each in SOON else pytest.mark.long)
    for each in itertools.product(EXPERIMENTS, CONSTRAINTS)
]


@pytest.mark.parametrize(("name", "constraint"), ALL)
def test_every_experiment_trains_under_every_constraint(name, constraint, tmp_path):
    result = start(resolve(name, lipschitz=constraint), tmp_path)
    assert np.isfinite(list(result.values())).all()
    assert {path.name for path in tmp_path.iterdir()} == set(workdir.OURS) - {"damaged"}
    assert ("share" in result) == (name != "swissroll")
    if constraint == "clip":
        _, state = workdir.load_run(tmp_path)
        assert largest(state.critic.params) <= np.float32(0.01)


def largest(params):
    return max(
        np.abs(leaf).max() for layer in leaves(params) for leaf in layer.values()
    )


def leaves(params):
    return params["params"]["MLP_0"].values()


def test_a_run_traces_its_step_once_and_records_what_is_due(monkeypatch, tmp_path):
    traces, original = [], train.train_steps

    def counting(*args):
        traces.append(args)
        return original(*args)

    monkeypatch.setattr(train, "train_steps", counting)
    start(resolve(steps=23, log_every=5, eval_every=10, **SMALL), tmp_path)
    assert len(traces) == 1
    steps = {split: [] for split in ("train", "eval")}
    for record in records(tmp_path):
        steps[record["split"]].append(record["step"])
    assert steps == {"train": [5, 10, 15, 20, 23], "eval": [10, 20, 23]}


def test_evaluation_and_logging_change_nothing_of_the_training(tmp_path):
    often = resolve(log_every=3, eval_every=4, eval_repeats=1, **SMALL)
    rarely = resolve(log_every=100, eval_every=100, eval_samples=20, **SMALL)
    states = []
    for config, name in ((often, "often"), (rarely, "rarely")):
        start(config, tmp_path / name)
        states.append(workdir.load_run(tmp_path / name)[1])
    first, second = (leaves(state.critic.params) for state in states)
    for layer, other in zip(first, second):
        np.testing.assert_array_equal(layer["kernel"], other["kernel"])


def test_a_run_can_be_repeated(tmp_path):
    for name in "ab":
        start(resolve(eval_every=20, **SMALL), tmp_path / name)
    first, second = (records(tmp_path / name) for name in "ab")
    assert first == second
