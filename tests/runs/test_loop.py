import itertools
import json
from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import (
    ABSENT,
    CONSTRAINTS,
    EXPERIMENTS,
    SMALL,
    draw_pair,
    key,
    resolve,
)
from wgan_gp import devices, train
from wgan_gp.build import Experiment, build
from wgan_gp.runs import draws, loop, opening, workdir


def start(config, folder):
    workdir.prepare(folder, config)
    return loop.run(config, folder, build(config))


def records(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    ("name", "constraint"), list(itertools.product(EXPERIMENTS, CONSTRAINTS))
)
@pytest.mark.long
def test_every_experiment_trains_under_every_constraint(name, constraint, tmp_path):
    result = start(resolve(name, lipschitz=constraint), tmp_path)
    assert np.isfinite(list(result.values())).all()
    assert {path.name for path in tmp_path.iterdir()} == {*workdir.RUN_FILES} - ABSENT
    assert ("share" in result) == (name != "swissroll")
    if constraint == "clip":
        state = opening.load_run(tmp_path).state
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
        # What takes seconds is measured once.
        assert ("lower_bound" in record) == (record["step"] == 23 and "w1" in record)
    assert steps == {"train": [5, 10, 15, 20, 23], "eval": [10, 20, 23]}


@pytest.mark.long
def test_a_run_of_cones_says_that_the_critics_network_has_no_part():
    for name, said in (("cones", True), ("orthogonal", False)):
        config = resolve(lipschitz=name)
        lines = loop.begin_with(config, build(config), devices.make_mesh(1))
        assert any("critic.* has no effect" in line for line in lines) == said


def test_evaluation_and_logging_change_nothing_of_the_training(tmp_path):
    often = resolve(log_every=3, eval_every=4, eval_repeats=1, **SMALL)
    rarely = resolve(log_every=100, eval_every=100, eval_samples=20, **SMALL)
    states = []
    for config, name in ((often, "often"), (rarely, "rarely")):
        start(config, tmp_path / name)
        states.append(opening.load_run(tmp_path / name).state)
    first, second = (leaves(state.critic.params) for state in states)
    for layer, other in zip(first, second):
        np.testing.assert_array_equal(layer["kernel"], other["kernel"])


def test_an_evaluation_in_parts_is_one_of_the_whole(monkeypatch):
    config = resolve()
    experiment = build(config)
    algorithm, rates = experiment.algorithm, experiment.hyperparameters
    critic = jax.jit(partial(train.init, algorithm, rates))(key()).critic
    reals, fakes = draw_pair((2,), 50)
    found = []
    for most in (draws._BYTES, 1):  # in one part; in 4 of at most a batch of 16
        monkeypatch.setattr(draws, "_BYTES", most)
        found.append(loop._diagnose(algorithm, critic, reals, fakes, key(1)))
    whole, parts = found
    np.testing.assert_allclose(whole["wasserstein"], parts["wasserstein"], rtol=1e-5)
    for each in found:
        low, mean, high = (
            each[f"gradient_norm_{name}"] for name in ("min", "mean", "max")
        )
        assert low <= mean <= high


def test_no_part_of_an_evaluation_has_one_sample_alone(monkeypatch):
    sizes = []

    def diagnose(algorithm, params, reals, fakes, key):
        sizes.append(len(reals))
        return {"wasserstein": 0.0}

    monkeypatch.setattr(loop, "_diagnose_part", diagnose)
    monkeypatch.setattr(draws, "_BYTES", 1)
    algorithm = build(resolve(batch_size=2)).algorithm
    loop._diagnose(algorithm, None, np.ones((5, 2)), np.ones((5, 2)), key())
    assert sizes == [3, 2]


def test_a_scalar_of_parts_is_their_least_greatest_or_mean_by_size():
    names = ("slope_min", "slope_max", "slope_mean")
    low, high = dict.fromkeys(names, 1.0), dict.fromkeys(names, 4.0)
    for parts, sizes, mean in (((low, high), (1, 2), 3.0), ((high, low), (1, 2), 2.0)):
        found = [loop._over_parts(name, list(parts), list(sizes)) for name in names]
        assert found == [1.0, 4.0, mean]


def test_streamed_steps_read_n_critic_batches_each_and_report_means(monkeypatch):
    """The step depends on the order of the batches, and on the state."""
    rates, read = {"rate": 2.0}, []

    def step(algorithm, hyperparameters, state, raw):
        first, second = raw[:, :, 0].sum(axis=1)
        state = hyperparameters["rate"] * state + first - second / 4
        return state, {"state": state, "first": first}

    def batches():
        for number in range(100):
            read.append(number)
            yield np.full((2, 1), number, np.float32)

    monkeypatch.setattr(train, "train_step", step)
    experiment = Experiment(None, None, rates, None)
    settings, mesh = SimpleNamespace(n_critic=2), devices.make_mesh(1)
    advance = loop._streamed(experiment, settings, mesh, batches())
    state, known, at = jnp.float32(1), 1.0, 0
    for done, until in ((0, 3), (3, 5)):
        state, means = advance(state, done, until)
        seen = []
        for _ in range(done, until):
            known = 2 * known + 2 * at - 2 * (at + 1) / 4
            seen.append((known, 2 * at))
            at += 2
        assert len(read) == at == 2 * until
        assert float(state) == known
        mean = [float(means[name]) for name in ("state", "first")]
        np.testing.assert_allclose(mean, np.mean(seen, axis=0))


def test_samples_are_drawn_a_few_batches_at_a_time():
    algorithm = build(resolve()).algorithm
    params = jax.jit(algorithm.generator.init)(key())
    lengths = [len(part[0]) for part in draws.draw(algorithm, params, key(1), 20_000)]
    at_once = draws._BYTES // 8  # of two floats
    assert lengths == [at_once, at_once, 20_000 - 2 * at_once]


@pytest.mark.long
def test_a_run_can_be_repeated(tmp_path):
    for name in "ab":
        start(resolve(eval_every=20, **SMALL), tmp_path / name)
    first, second = (records(tmp_path / name) for name in "ab")
    assert first == second
