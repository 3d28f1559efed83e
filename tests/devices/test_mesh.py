import re
import shutil
from functools import partial
from math import prod
from typing import NamedTuple

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

from tests.games import LATENT, tiny
from tests.helpers import SMALL, cases, key, resolve, unchecked
from wgan_gp import configs, devices, train
from wgan_gp.build import build
from wgan_gp.constraints import CLIP, CONSTRAINTS
from wgan_gp.devices import mesh
from wgan_gp.networks import from_flax
from wgan_gp.networks.normalisations import BatchNorm
from wgan_gp.runs import loop, start, workdir

RATES = train.Hyperparameters(1e-2, 1e-2, strength=10.0, ema_decay=0.9)


def chosen(name, **fields):
    """A constraint as configurations make it."""
    settings = resolve(lipschitz=name, **{f"penalty.{f}": v for f, v in fields.items()})
    return CONSTRAINTS[name].make(configs.constraint_section(settings))


LARGEST = chosen("max_slope")
# Two-sided: the critics here are too flat for the preset to cost anything.
INDEPENDENT = chosen("difference", pairing="independent", shape="two_sided")


class Normed(nn.Module):
    """A generator whose samples depend on each other."""

    @nn.compact
    def __call__(self, z):
        return nn.Dense(2)(nn.relu(BatchNorm()(nn.Dense(8, use_bias=False)(z))))


def step_on(count, algorithm, hyperparameters=RATES):
    """The state and metrics after one step on so many devices, and the program."""
    mesh = devices.make_mesh(count)
    init = partial(train.init, algorithm, hyperparameters)
    state = devices.replicate(init(key()), mesh)
    step = jax.jit(partial(train.train_step, algorithm, hyperparameters))
    with jax.set_mesh(mesh), unchecked():
        compiled = step.lower(state).compile()
        state, metrics = compiled(state)
    return (state.critic, state.generator), metrics, compiled.as_text()


def close(first, second, rtol=1e-5, atol=1e-6):
    chex.assert_trees_all_close(
        jax.device_get(first), jax.device_get(second), rtol=rtol, atol=atol
    )


@pytest.mark.parametrize(
    "choices",
    [
        pytest.param({}, marks=pytest.mark.long),
        pytest.param({"constraint": CLIP}, marks=pytest.mark.long),
        {"constraint": INDEPENDENT, "microbatches": 2},
        {"constraint": LARGEST},
        {"generator": from_flax(Normed(), (1, LATENT))},
    ],
    ids=["two_sided", "clip", "independent", "largest", "batch_norm"],
)
def test_a_step_is_the_same_on_one_device_and_on_several(choices):
    algorithm = tiny(**choices, batch_size=16)
    clipped = algorithm.critic.constraint == CLIP
    rates = RATES._replace(strength=0.01 if clipped else 10.0)
    *one, _ = step_on(1, algorithm, rates)
    *four, _ = step_on(4, algorithm, rates)
    close(one, four)


def doubled(state):
    """The state in double precision."""
    is_float = lambda x: jnp.issubdtype(x.dtype, jnp.floating)  # noqa: E731
    return jax.tree.map(lambda x: x.astype(np.float64) if is_float(x) else x, state)


@pytest.mark.parametrize("count", cases((2, 8), soon=()))
def test_training_is_the_same_to_rounding_on_any_number_of_devices(count):
    # Twenty steps in double precision: other draws would show in every digit.
    algorithm = tiny(constraint=INDEPENDENT)
    results = []
    with jax.enable_x64(True), unchecked():
        for size in (1, count):
            mesh = devices.make_mesh(size)
            state = devices.replicate(
                doubled(train.init(algorithm, RATES, key())), mesh
            )
            steps = devices.jit_replicated(
                partial(train.train_steps, algorithm, RATES, count=20), mesh
            )
            state, metrics = steps(state)
            results.append(jax.device_get((state.average, metrics)))
    chex.assert_trees_all_close(*results, rtol=1e-8, atol=1e-10)


def test_an_update_has_one_all_reduce_of_its_parameters():
    (critic, generator), metrics, program = step_on(4, tiny())
    found = re.findall(
        r"= (.*?) (all-[a-z-]+|collective-[a-z-]+|reduce-scatter)\(", program
    )
    sizes = sorted((name, _elements(shapes)) for shapes, name in found)
    count = lambda player: sum(x.size for x in jax.tree.leaves(player.params))  # noqa: E731
    scalars = [name for name in metrics if name != "generator_loss"]
    expected = [count(critic) + len(scalars), count(generator) + 1]
    assert sizes == sorted(("all-reduce", size) for size in expected)


def _elements(shapes):
    sizes = re.findall(r"f32\[([\d,]*)\]", shapes)
    return sum(prod(int(n) for n in size.split(",") if n) for size in sizes)


def test_one_device_needs_no_collective():
    *_, program = step_on(1, tiny())
    assert "all-reduce" not in program


def test_neighbours_are_those_of_the_whole_batch():
    batch = jnp.arange(12.0).reshape(12, 1)
    mesh = devices.make_mesh(4)
    spec = jax.P(devices.DATA)
    shifted = jax.shard_map(
        devices.next_in_batch, mesh=mesh, in_specs=spec, out_specs=spec
    )
    np.testing.assert_array_equal(shifted(batch), np.roll(batch, -1, axis=0))
    np.testing.assert_array_equal(devices.next_in_batch(batch), np.roll(batch, -1, 0))


def test_the_largest_of_a_split_batch_is_differentiated_where_it_is():
    batch = jnp.array([3.0, -1.0, 5.0, 2.0])

    def mean(scale, x):  # as a step does: its gradient, averaged over devices
        return jax.value_and_grad(lambda s: devices.max_in_batch(s * x**2))(scale)

    whole = mean(2.0, batch)
    with jax.set_mesh(devices.make_mesh(4)):
        split = jax.jit(devices.data_parallel_mean(mean))(2.0, batch)
    np.testing.assert_allclose(whole, (50.0, 25.0))
    np.testing.assert_allclose(split, whole)


def test_a_tree_goes_to_all_devices_and_back_with_its_keys():
    tree = {"key": key(3), "x": jnp.arange(3.0)}
    mesh = devices.make_mesh(8)
    everywhere = devices.replicate(tree, mesh)
    assert len(everywhere["x"].sharding.device_set) == 8
    back = devices.unreplicate(everywhere)
    assert len(back["x"].sharding.device_set) == 1
    assert jax.random.key_data(back["key"]).tolist() == [0, 3]
    np.testing.assert_array_equal(back["x"], tree["x"])


def test_stacks_of_batches_are_split_along_their_rows():
    mesh = devices.make_mesh(4)
    stack = np.arange(48).reshape(2, 8, 3)
    array = devices.shard_host_batches(stack, mesh)
    np.testing.assert_array_equal(array, stack)
    assert array.addressable_shards[1].data.shape == (2, 2, 3)


def mesh_of(settings):
    return devices.mesh_for(settings.batches, settings.mesh.data)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mesh.data": 9}, "mesh.data is 9, but there are 8 devices"),
        (
            {"mesh.data": 3},
            "over 3 devices, got 16: the nearest that does is 15 or 18",
        ),
        ({"mesh.data": 8, "batch_size": 4}, "the nearest that does is 8,"),
    ],
)
def test_a_mesh_that_does_not_fit_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        mesh_of(resolve(**fields))


def test_several_hosts_take_part_with_all_their_devices(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    words = "mesh.data is 4, but 2 hosts take part with 8 devices in all: take 8"
    with pytest.raises(ValueError, match=words):
        mesh_of(resolve(**{"mesh.data": 4}))


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"batch_size": 50}, 5),
        ({"batch_size": 64}, 8),
        ({"batch_size": 12}, 6),
        ({"batch_size": 11}, 1),
        ({"batch_size": 12, "compute.microbatches": 2}, 6),
        ({"batch_size": 20, "compute.microbatches": 5}, 4),
        ({"batch_size": 48, "generator_batch_size": 20}, 4),
        ({"batch_size": 8, "generator_batch_size": 9}, 1),
    ],
)
def test_a_run_takes_the_most_devices_that_its_batches_divide_over(fields, count):
    config = resolve("digits", **{"mesh.data": 0} | fields)
    mesh = mesh_of(config)
    assert mesh.size == count
    said = devices.unused_devices(mesh, config.batches, config.mesh.data)
    assert said is None if count == 8 else f"on {count} of 8 devices" in said


def test_a_run_is_silent_about_devices_that_it_was_not_to_take():
    config = resolve("digits", **{"mesh.data": 2})
    assert devices.unused_devices(mesh_of(config), config.batches, 2) is None


def test_each_of_several_hosts_takes_part_with_equally_many_devices():
    batch = lambda size: {"batch_size": (size, 1)}  # noqa: E731
    found = {
        size: devices.largest_device_count(batch(size), hosts=2, each=4)
        for size in (48, 50, 12, 16, 2)
    }
    assert found == {48: 8, 50: 2, 12: 6, 16: 8, 2: 2}
    assert devices.largest_device_count(batch(9), hosts=3, each=4) == 9
    with pytest.raises(ValueError, match=r"over 2 devices, got 7: .*, or take fewer"):
        devices.largest_device_count(batch(7), hosts=2, each=4)


def test_the_devices_of_every_host_are_taken_in_their_order():
    class Device(NamedTuple):
        id: int
        process_index: int

    there = [Device(i, host) for i, host in enumerate((0, 1, 1, 0, 0, 1))]
    chosen = mesh._first_of_each(there, 2)
    assert [device.id for device in chosen] == [0, 1, 2, 3]
    assert mesh._first_of_each(there, 3) == there


def test_microbatches_and_the_generators_batch_must_divide_too():
    fields = {"compute.microbatches": 2, "batch_size": 8, "mesh.data": 4}
    assert mesh_of(resolve("digits", **fields)).size == 4
    with pytest.raises(ValueError, match="8 devices in 2 microbatches each, got 8"):
        mesh_of(resolve("digits", **fields | {"mesh.data": 8}))
    fields = {"generator_batch_size": 6, "batch_size": 8, "mesh.data": 4}
    with pytest.raises(ValueError, match="generator_batch_size must divide over 4"):
        mesh_of(resolve("digits", **fields))


@pytest.mark.parametrize(
    ("fields", "cores", "count"),
    [
        ({"batch_size": 256, "critic.hidden": (64, 64)}, 2, 2),
        ({"batch_size": 128, "critic.hidden": (64, 64)}, 2, 1),
        ({"batch_size": 257, "critic.hidden": (64, 64)}, 2, 1),
        ({"batch_size": 512, "critic.hidden": (128, 128)}, 16, 8),
        ({"batch_size": 512, "critic.hidden": (128, 128)}, 1, 1),
        ({"batch_size": 256, "critic.hidden": (256, 256)}, 2, 2),
        ({"batch_size": 256, "critic.hidden": (128, 512)}, 2, 1),
    ],
)
def test_a_cpu_is_split_where_that_was_faster(fields, cores, count, monkeypatch):
    monkeypatch.setattr(mesh, "cores", lambda: cores)
    assert start._cpu_devices(resolve(**fields)) == count


def test_images_are_trained_on_one_device_of_a_cpu():
    assert start._cpu_devices(resolve("digits", batch_size=4096)) == 1


def run(folder, **fields):
    config = resolve(**SMALL | fields)
    workdir.prepare(folder, config)
    with unchecked():
        return loop.run(config, folder, build(config), console=Console(quiet=True))


@pytest.mark.long
def test_a_run_goes_on_on_another_number_of_devices(tmp_path):
    whole = run(tmp_path / "whole", **{"mesh.data": 1})
    saving = {"checkpoint.every": 10}
    run(tmp_path / "parts", **{"mesh.data": 4}, **saving)
    shutil.rmtree(tmp_path / "parts" / "checkpoints" / "20")
    parts = run(tmp_path / "parts", **{"mesh.data": 2}, **saving)
    for name in ("wasserstein", "penalty", "w1"):
        assert parts[name] == pytest.approx(whole[name], rel=1e-3), name


def test_the_number_of_devices_may_change_in_a_workdir():
    before, now = (resolve(**{"mesh.data": count}) for count in (1, 2))
    assert workdir.differences(before, now) == []
    assert configs.flatten(before) != configs.flatten(now)
