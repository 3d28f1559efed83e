"""Constraints by construction in configurations, in training and in runs."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.games import tiny
from tests.helpers import ROOT, key, resolve, run_module, unchecked
from wgan_gp import configs, devices, train
from wgan_gp.build import build
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data import Dataset, image_samplers
from wgan_gp.networks import CRITICS, from_flax
from wgan_gp.runs import dataset_file
from wgan_gp.runs.checkpoint import Checkpoints

NAMES = [name for name, each in CONSTRAINTS.items() if each.section == "construction"]
EXACT = [name for name in NAMES if name != "spectral"]
STATEFUL = ["spectral", "cones"]
RATES = train.Hyperparameters(1e-2, 1e-2)


def game(name, **choices):
    fields = {"construction.anchors": 8} if name == "cones" else {}
    config = resolve(lipschitz=name, **fields)
    made = CONSTRAINTS[name].make(configs.constraint_section(config))
    return tiny(constraint=made, updates=12, **choices)


def start(algorithm, seed=0):
    return train.init(algorithm, RATES, key(seed))


def runner(algorithm):
    """`(state, count) -> state`, one program for all counts."""
    run = jax.jit(partial(train.train_steps, algorithm, RATES))
    return lambda state, count: run(state, count)[0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.long
def test_a_resumed_run_is_the_same_to_the_last_bit(name, tmp_path):
    algorithm = game(name)
    with unchecked():
        steps = runner(algorithm)
        halfway = steps(start(algorithm), 2)
        checkpoints = Checkpoints(tmp_path)
        checkpoints.save(2, halfway, None)
        checkpoints.close()
        checkpoints = Checkpoints(tmp_path)
        like = jax.eval_shape(partial(start, algorithm))
        saved = checkpoints.load_latest(like, pytest.fail)
        checkpoints.close()
        once, twice = steps(start(algorithm), 4), steps(saved.state, 2)
    chex.assert_trees_all_equal(*map(devices.unwrap_keys, (once, twice)))


@pytest.mark.parametrize("name", STATEFUL)
@pytest.mark.long
def test_training_is_the_same_on_one_device_and_on_four(name):
    algorithm, found = game(name), []
    for count in (1, 4):
        mesh = devices.make_mesh(count)
        with unchecked():
            run = partial(train.train_steps, algorithm, RATES, count=3)
            run = devices.jit_replicated(run, mesh)
            state = run(devices.replicate(start(algorithm), mesh))[0]
        found.append(jax.device_get(state.critic))
    chex.assert_trees_all_close(*found, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", STATEFUL)
def test_seeds_can_be_vmapped(name):
    make = train.make_train(game(name), 2)
    with unchecked():
        states, _ = jax.jit(jax.vmap(make, (0, None)))(
            jax.random.split(key(), 2), RATES
        )
    leaves = jax.tree.leaves(states.critic.params)
    assert all(np.isfinite(leaf).all() for leaf in leaves)
    assert sum(np.array_equal(leaf[0], leaf[1]) for leaf in leaves) < len(leaves) / 2


def test_fewer_critic_steps_leave_the_temperature_above_its_end():
    algorithm = game("cones", n_critic=3)
    rates = RATES._replace(n_critic=1)
    with unchecked():
        state = jax.jit(partial(train.train_steps, algorithm, rates, count=4))(
            train.init(algorithm, rates, key())
        )[0]
    assert state.critic.state.updates == 4  # of the 12 that the run was built for
    network = train.critic_network(algorithm.critic)
    prepared = network.prepare(state.critic.params, state.critic.state)
    share = prepared["temperature"] / state.critic.state.unit
    section = configs.constraint_section(resolve(lipschitz="cones"))
    first, last = section.temperature_start, section.temperature_end
    np.testing.assert_allclose(share, first * (last / first) ** (4 / 12), rtol=1e-4)


def test_a_run_of_unknown_length_is_refused():
    algorithm = game("cones")
    critic = algorithm.critic._replace(updates=None)
    with pytest.raises(ValueError, match=r"set CriticAlgorithm\.updates"):
        start(algorithm._replace(critic=critic))


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("spectral", {"construction.power_iterations": 0}, "power_iterations must be"),
        ("spectral", {"penalty.weight": 1.0}, "penalty.weight = 1.0 has no effect"),
        ("spectral", {"construction.group": 2}, "construction.group = 2 has no effect"),
        ("orthogonal", {"construction.group": 1}, "group = 1 sorts nothing"),
        ("orthogonal", {"construction.group": -1}, "construction.group must be"),
        ("cones", {"construction.anchors": 1}, "construction.anchors must be"),
        ("cones", {"construction.temperature_end": 0.0}, "temperature_end must be"),
        (
            "cones",
            {"construction.temperature_end": 9.0},
            "must be at most",
        ),
        ("sll", {"clip_bound": 0.1}, "clip_bound = 0.1 has no effect"),
        *(
            (name, {"critic.norm": "layer"}, "set critic.norm to 'none'")
            for name in NAMES
        ),
        *((n, {"compute.dtype": "bfloat16"}, "set compute.dtype to") for n in EXACT),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_opened(name, fields, words):
    with pytest.raises(ValueError, match=words) as caught:
        resolve(lipschitz=name, **fields)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("spectral", {"critic.activation": "silu"}, "slopes up to 1.1"),
        ("spectral", {"critic.fourier": 4}, "set fourier to 0"),
        ("orthogonal", {"critic.activation": "tanh"}, "critic.activation = 'tanh'"),
        ("orthogonal", {"construction.group": 3}, "groups of 3 do not divide"),
        ("sll", {"critic.fourier": 4}, "critic.fourier = 4 does not go with"),
    ],
)
def test_a_network_that_cannot_be_wrapped_is_refused(name, fields, words):
    with pytest.raises(ValueError, match=words) as caught:
        build(resolve(lipschitz=name, **fields))
    assert "\n" not in str(caught.value)


def test_a_streamed_set_has_no_first_anchors():
    sample = partial(image_samplers._scale_batch, scale=None, labelled=False)
    critic = game("cones").critic._replace(sample_real=sample)
    network = train.critic_network(critic)
    with pytest.raises(ValueError, match="the data set is streamed") as caught:
        network.init(key())
    assert "\n" not in str(caught.value)


def test_a_described_data_set_gives_the_shapes_of_a_critic(tmp_path):
    """A run can be sampled from without its data."""
    real = Dataset("mine", (2,), lambda key, n: jax.random.normal(key, (n, 2)))
    dataset_file.write(tmp_path, real)
    described = dataset_file.read(tmp_path)
    algorithms = [game("cones", sample_real=each.sample) for each in (real, described)]
    shapes = [jax.eval_shape(partial(start, each)) for each in algorithms]
    assert shapes[0] == shapes[1]
    with pytest.raises(ValueError, match="real samples need the data set itself"):
        start(algorithms[1])


def test_labels_are_not_classified_by_cones():
    critic = game("cones").critic
    labelled = from_flax(CRITICS["resnet"](width=2, classes=3), (8, 8, 1))
    with pytest.raises(ValueError, match="set conditional to False"):
        train.critic_network(critic._replace(network=labelled))


def test_bfloat16_and_rematerialisation_of_a_spectral_critic():
    config = {"compute.dtype": "bfloat16", "compute.rematerialise": True}
    experiment = build(resolve(lipschitz="spectral", **config))
    critic = train.init_critic(
        experiment.algorithm.critic, experiment.hyperparameters, key()
    )
    bound = train.bind_critic(experiment.algorithm.critic, critic)
    norms = jax.vmap(jax.grad(bound))(jax.random.normal(key(1), (50, 2)))
    assert jnp.max(jnp.linalg.norm(norms, axis=1)) < 1.02


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_run_from_the_command_line(name, tmp_path):
    config = f"{ROOT / 'experiments' / 'toy8gauss.py'}:smoke"
    folder = tmp_path / "run"
    options = ("--config", config, "--workdir", folder, "--config.mesh.data=1")
    done = run_module(
        "wgan_gp.main", *options, f"--config.lipschitz={name}", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    args = ("--workdir", folder, "--n", 5, "--out", tmp_path / "samples.npz")
    done = run_module("wgan_gp.sample", *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "samples.npz").is_file()
