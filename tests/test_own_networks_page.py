"""The programs of docs/own_networks.md; its commands are checked with all others."""

import chex
import jax
import numpy as np
import pytest

from tests.helpers import code_blocks, own_tables, unchecked
from tests.hostile import command_line
from wgan_gp import main, networks, sample, train

FILE, PROGRAM = code_blocks("own_networks.md")


@pytest.mark.long
def test_a_file_with_a_critic_of_its_own_trains_and_is_sampled_from(tmp_path):
    (path := tmp_path / "products.py").write_text(FILE)
    run = tmp_path / "run"
    args = f"--config={path}:smoke", f"--workdir={run}", "--config.steps=2"
    few = "--config.log_every=2", "--config.eval_every=2", "--config.critic.units=4"
    with own_tables(), unchecked(), command_line(*args, *few) as argv:
        assert main.main(argv) == 0
        assert networks.CRITICS["products"].units != 4  # a field, not the class
        chex.assert_shape(sample.sample(run, 5), (5, 2))


@pytest.fixture(scope="module")
def scope():
    found, text = {}, PROGRAM.replace("steps=1000", "steps=4")
    assert text != PROGRAM
    with unchecked():
        exec(text, found)
    return found


def test_networks_of_ones_own_train_from_python(scope):
    chex.assert_shape(scope["made"], (500, 16))
    assert np.isfinite(scope["curves"]["wasserstein"]).all()
    critic = train.bind_critic(scope["algorithm"].critic, scope["state"].critic)
    chex.assert_shape(critic(scope["waves"][0]), ())
    start = scope["algorithm"].generator.init(jax.random.key(9))
    now = scope["state"].generator.params
    assert jax.tree.map(np.shape, start) == jax.tree.map(np.shape, now)


@pytest.mark.long
def test_after_all_steps_its_series_are_waves():
    scope = {}
    with unchecked():
        exec(PROGRAM, scope)
    # A sine over 16 steps of 1/2 lies in the plane of two: cos and sin of its phase.
    steps = np.arange(16) / 2
    plane, _ = np.linalg.qr(np.stack([np.sin(steps), np.cos(steps)], axis=1))
    made = np.asarray(scope["made"])
    within = np.square(made @ plane).sum() / np.square(made).sum()
    assert within > 0.95
