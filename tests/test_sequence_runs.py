"""Runs on series and on text, from the command to samples."""

import json
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.data.test_sequences import simulated
from tests.helpers import ROOT, key, resolve, run_module, unchecked
from wgan_gp import sample
from wgan_gp.build import build
from wgan_gp.configs import SEQUENCE_SMOKE, flatten
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data.sequences import open_series
from wgan_gp.networks import bind, from_flax
from wgan_gp.networks.lipschitz.spectral import spectrally_normalised
from wgan_gp.networks.sequence import SequenceCritic
from wgan_gp.runs import sampling
from wgan_gp.train import init, train_steps


def train(folder, experiment, name, *flags):
    file = f"{ROOT / 'experiments' / experiment}.py:smoke"
    given = ("--config", file, f"--config.data.name={name}", *flags)
    done = run_module("wgan_gp.main", *given, "--workdir", folder, cwd=folder.parent)
    assert not done.returncode, done.stderr
    return done.stdout


def write(run, out, *flags, n=9):
    return sample.main(["", "--workdir", str(run), "--n", str(n), "--out", str(out)])


@pytest.mark.long
def test_series_come_back_in_their_units(tmp_path):
    x = 1000 + 5 * simulated(100)
    np.savez(tmp_path / "a.npz", samples=x, channels=["volts"])
    few = ("--config.eval_samples=5", "--config.eval_repeats=2")
    said = train(tmp_path / "run", "series", f"npz:{tmp_path / 'a.npz'}", *few)
    assert "error of the autocorrelation" in said
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    measured = [json.loads(line) for line in lines if '"eval"' in line]
    # The last evaluation is of both sets, and the others of one: with its own floor.
    assert len({each["floor_windows_w1"] for each in measured[:-1]}) == 1
    assert measured[0]["floor_windows_w1"] != measured[-1]["floor_windows_w1"]
    (tmp_path / "a.npz").unlink()  # sampling needs no data
    assert write(tmp_path / "run", tmp_path / "b.npz", n=40) == 0
    with np.load(tmp_path / "b.npz") as archive:
        assert archive["channels"].tolist() == ["volts"]
        drawn = archive["samples"]
    assert drawn.shape == (40, 64, 1)
    assert 950 < drawn.mean() < 1050
    np.testing.assert_allclose(drawn, sampling.sample(tmp_path / "run", 40))
    assert open_series(tmp_path / "b.npz").shape == (64, 1)  # data again
    assert (tmp_path / "run" / "figures" / "series.png").stat().st_size > 10_000


WORKS = [name for name in CONSTRAINTS if name != "unconstrained"]
PERCEPTRONS = ("orthogonal", "sll")
SMALL = SEQUENCE_SMOKE | {"critic": {"hidden": (4,)}}


@pytest.mark.parametrize("name", WORKS)
@pytest.mark.long
def test_constraints_work_on_text(name, tmp_path):
    (tmp_path / "a.txt").write_text("".join(f"line {i % 90}\n" for i in range(300)))
    fields = {"data.name": f"text:{tmp_path / 'a.txt'}", "lipschitz": name}
    if name in PERCEPTRONS:
        settings = resolve("language", "mlp", **dict(flatten(SMALL)) | fields)
    else:
        settings = resolve("language", "smoke", **fields)
    experiment = build(settings)
    parts = experiment.algorithm, experiment.hyperparameters
    with unchecked():
        start = init(*parts, key())
        state, metrics = jax.jit(partial(train_steps, *parts, count=2))(start)
    assert all(np.isfinite(each) for each in metrics.values())
    before, after = (jax.tree.leaves(x.critic.params) for x in (start, state))
    same = [(a == b).all() for a, b in zip(before, after)]
    # What is added to every value: the last bias, and that of the last convolution.
    assert sum(same) <= 2


@pytest.mark.long
def test_a_sum_of_branches_is_bounded_by_its_gain():
    """Slopes between pairs, of a critic whose layers have norm 1 and add up."""
    module = SequenceCritic(width=6, blocks=2, branch=0.7)
    assert module.gain == pytest.approx(1.7**2)
    network = spectrally_normalised(from_flax(module, (7, 3)))
    params = jax.tree.map(lambda x: 5 * x, network.init(key()))
    bound = bind(network, params, network.init_state(params))
    x, y = jax.random.normal(key(1), (2, 4000, 7, 3))
    y = x + 0.01 * y  # near pairs reach the steepest places
    distances = jnp.linalg.norm((x - y).reshape(4000, -1), axis=1)
    slopes = jnp.abs(jax.vmap(bound)(x) - jax.vmap(bound)(y)) / distances
    assert slopes.max() < 1
    assert slopes.max() > 0.02


@pytest.fixture(scope="module")
def text_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    lines = [f"line {i % 90} of a text, which is short" for i in range(300)]
    (folder / "a.txt").write_text("\n".join(lines))
    said = train(folder / "run", "language", f"text:{folder / 'a.txt'}")
    return folder / "run", said


@pytest.mark.long
def test_text_is_measured_by_its_n_grams_and_shown(text_run):
    folder, said = text_run
    assert "JS divergence of 4-grams" in said
    records = [
        json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()
    ]
    last = records[-1]
    assert last["js_1"] > last["floor_js_1"] > 0
    shown = [line for line in said.splitlines() if len(line) >= 20]
    assert len(shown) >= 10
    (events,) = (folder / "tensorboard").iterdir()
    assert b"samples/text_summary" in events.read_bytes()


@pytest.mark.long
def test_lines_are_written(text_run, tmp_path, capsys):
    folder, _ = text_run
    assert write(folder, tmp_path / "a.txt") == 0
    lines = (tmp_path / "a.txt").read_text(encoding="utf-8").split("\n")
    assert len(lines) == 10
    assert lines[-1] == ""
    assert max(map(len, lines)) <= 32
    assert lines[:-1] == sampling.sample(folder, 9).tolist()
    assert write(folder, tmp_path / "a.npz") == 2
    assert "must end in .txt" in capsys.readouterr().err
