"""Benchmarks that nothing else runs: they still fit what they measure."""

import importlib.util
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from benchmarks import (
    accelerator,
    communication,
    image_memory,
    image_steps,
    products,
    toy_speed,
    toy_steps,
)
from tests.helpers import unchecked
from wgan_gp.build import build


@pytest.mark.parametrize("player", ["critic", "generator"])
def test_the_updates_whose_communication_is_counted_can_be_traced(player, tmp_path):
    update = communication.updates(build(communication.toy(tmp_path)))[player]
    result, _ = jax.eval_shape(update.function, *update.arguments)
    assert communication.tree_bytes(result.params) == update.parameters


def test_the_parts_of_a_toys_critic_step_can_be_timed(monkeypatch):
    monkeypatch.setattr(toy_speed, "CRITIC_STEPS", 2)
    with unchecked():  # the same numbers are drawn in each step
        for part in toy_speed.parts(4).values():
            part()


def test_a_toy_can_be_timed_on_two_devices():
    run = toy_steps.runner(4, 1, 2, 16)
    run()
    run()


@pytest.mark.parametrize("name", accelerator.IMAGES)
@pytest.mark.long
def test_the_image_networks_of_an_accelerator_can_be_built(name, tmp_path):
    case = accelerator.IMAGES[name]
    config = image_steps.resolved(case, tmp_path / "images.npz", 2)
    experiment = build(config)
    assert experiment.dataset.shape == (case.size, case.size, case.channels)


@pytest.mark.parametrize("name", accelerator.IMAGES | image_steps.CASES)
@pytest.mark.long
def test_pytorchs_critics_of_images_compute_what_ours_do(name, tmp_path):
    torch = pytest.importorskip("torch")
    from benchmarks import image_speed
    from benchmarks.image_peer import torch_peer

    case = (accelerator.IMAGES | image_steps.CASES)[name]
    config = image_steps.resolved(case, tmp_path / "images.npz", 2)
    for layout in (torch.contiguous_format, torch.channels_last):
        peer = torch_peer(case, config, layout=layout)
        with unchecked():  # the same key draws for both
            image_speed.check_peer(build(config), peer)
        pixels = (2, case.channels, case.size, case.size)
        assert peer.generator(torch.zeros(2, peer.latent)).shape == pixels


@pytest.mark.long
def test_an_accelerators_benchmark_runs_on_a_cpu(tmp_path):
    file = tmp_path / "record.json"
    with jax.debug_key_reuse(False):  # the same numbers are drawn for both devices
        accelerator.main(["--sizes", "smoke", "--record", str(file)])
    rows = json.loads(file.read_text())
    assert not [row for row in rows if "not_measured" in row]
    parts = {"machine", "peak", "numbers", "toy", "many toys", "images", "memory"}
    assert {row["part"] for row in rows} == parts
    failed = {key for row in rows for key in row if key.endswith("_not_measured")}
    if importlib.util.find_spec("torch"):
        assert failed <= {"compiled_not_measured"}
        images = [row for row in rows if row["part"] == "images"]
        assert all("eager_channels_last_ms" in row for row in images)
    errors = [row["gradient_error"] for row in rows if row["part"] == "numbers"]
    assert errors[0] == 0 < errors[-1] < 0.1  # float32 is the CPU's own; bfloat16


def test_what_there_was_no_time_for_and_what_fails_are_rows(tmp_path, capsys):
    late = accelerator.Record(None, seconds=-1)
    late.measure("toy", lambda: pytest.fail("it was called"), width=64)
    failing = accelerator.Record(tmp_path / "rows.json", seconds=60)
    failing.measure("toy", lambda: 1 / 0, width=64)
    assert (
        "toy: width 64  not_measured there was no time left" in capsys.readouterr()[0]
    )
    (row,) = json.loads((tmp_path / "rows.json").read_text())
    assert row["not_measured"] == "ZeroDivisionError: division by zero"


def test_operations_of_products_are_counted():
    a, b = jnp.ones((8, 16)), jnp.ones((16, 16))
    once = 2 * 8 * 16 * 16
    assert products.flops(lambda a, b: jnp.tanh(a @ b) @ b, a, b) == 2 * once

    def repeated(a, b):
        return lax.scan(lambda a, _: (a @ b, None), a, None, length=5)[0]

    assert products.flops(jax.jit(repeated), a, b) == 5 * once


@pytest.mark.parametrize("stride", [1, 2])
def test_both_gradients_of_a_convolution_cost_what_it_costs(stride):
    def convolved(x, kernel):
        layout = ("NHWC", "HWIO", "NHWC")
        strides = (stride, stride)
        return lax.conv_general_dilated(
            x, kernel, strides, "SAME", dimension_numbers=layout
        )

    x, kernel = jnp.ones((4, 8, 8, 3)), jnp.ones((5, 5, 3, 6))
    forward = products.flops(convolved, x, kernel)
    assert forward == 2 * 4 * (8 // stride) ** 2 * 6 * 5 * 5 * 3
    for argument in (0, 1):
        gradient = jax.grad(lambda *args: convolved(*args).sum(), argument)
        backward = products.flops(gradient, x, kernel) - forward
        assert backward == pytest.approx(forward)


def test_the_peak_memory_of_a_command_is_measured():
    size = 10**8
    _ours = np.ones(4 * 10**7)  # does not count
    peak = image_memory.peak_memory(["-c", f"b'x' * {size}"])
    assert size < peak < size + 10**8
    with pytest.raises(RuntimeError, match="no such luck"):
        image_memory.peak_memory(["-c", "raise ValueError('no such luck')"])


@pytest.mark.long
def test_the_memory_of_images_is_measured(capsys):
    image_memory.main(["--n", "150"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        "evaluation",
        "sampling",
        "scoring",
    ]
