"""`debug_nans`: the operation and the step that made NaN or infinity are named."""

import io
import itertools
from functools import partial

import jax
import jax.numpy as jnp
import pytest
from rich.console import Console

from tests.helpers import resolve, unchecked
from wgan_gp import configs
from wgan_gp.build import build, build_critic
from wgan_gp.runs import driver, loop, replay, solve, workdir
from wgan_gp.runs.trainable import Trainable
from wgan_gp.studies.w1_benchmark.recipes import cell_config

HERE = __file__


def step(state, given):
    value = jnp.log(given - state)  # of a negative number in step 4
    return state + 1, {"value": value}


def test_the_step_the_operation_and_the_line_are_named():
    found = replay.find_nonfinite_step(
        step, lambda _: jnp.float32(2.5), jnp.float32(0), 0, 10
    )
    assert found.startswith("in step 4, the first operation that gives NaN is log")
    assert f"{HERE}:{step.__code__.co_firstlineno + 1} (value = jnp.log(" in found


def test_steps_without_a_fault_are_said_to_be_finite():
    found = replay.find_nonfinite_step(
        step, lambda _: jnp.float32(2.5), jnp.float32(0), 0, 3
    )
    assert found == "steps 1 to 3, computed again one by one, are finite"


def norm(x):
    return jnp.sqrt(jnp.sum(jnp.square(x)))


def test_an_operation_of_a_gradient_is_named_by_its_function():
    found = replay.find_nonfinite_operation(lambda: jax.grad(norm)(jnp.zeros(3)))
    assert found.startswith("the first operation of a gradient that gives NaN is mul")
    assert f"{HERE}:{norm.__code__.co_firstlineno + 1} (" in found


def test_without_nan_the_first_infinity_is_named():
    found = replay.find_nonfinite_operation(lambda: jnp.exp(jnp.float32(100.0)) + 1)
    assert found.startswith("the first operation that gives infinity is exp")


def trainable(fault):
    """A training on a stream of numbers, whose scalar is the log of `fault` of one."""
    numbers = itertools.count()
    at = [0]

    def read(_):
        at[0] += 1
        return jnp.float32(next(numbers))

    def seek(position):
        nonlocal numbers
        numbers, at[0] = itertools.count(position["read"]), position["read"]

    def one(state, given):
        value = jnp.log(fault(given))
        return {"params": state["params"] + 1}, {"wasserstein": value}

    def advance(state, done, until):
        for number in range(done, until):
            state, scalars = one(state, read(number))
        return state, scalars

    return Trainable(
        init=lambda: {"params": jnp.zeros(2)},
        advance=advance,
        evaluate=lambda *_: {"w1": 0.0},
        progress_text=lambda *_: "",
        stream_position=lambda: {"read": at[0]},
        seek_stream=seek,
        step=one,
        step_inputs=read,
    )


FIELDS = {"checkpoint.every": 2, "log_every": 2, "eval_every": 4, "steps": 8}


def drive(folder, fault, **fields):
    config = resolve(**FIELDS | fields)
    workdir.prepare(folder, config)
    driver.drive(trainable(fault), config, folder, Console(file=io.StringIO()))


def test_a_stream_is_read_again_from_where_the_interval_began(tmp_path):
    fault = lambda given: jnp.where(given == 7, -1.0, 1.0)  # noqa: E731
    with pytest.raises(FloatingPointError, match=r"in step 8, .* is log, at") as caught:
        drive(tmp_path, fault, debug_nans=True, steps=9, log_every=3, eval_every=9)
    assert "of step 6, is kept" in str(caught.value)


def test_a_run_that_goes_on_reads_its_stream_from_where_the_saved_state_was(tmp_path):
    read = []

    def fault(given):
        read.append(int(given))
        if read == [0, 1, 2, 3, 4, 5]:
            raise BrokenPipeError
        return jnp.float32(1)

    with pytest.raises(BrokenPipeError):
        drive(tmp_path, fault)
    drive(tmp_path, fault)
    assert read == [0, 1, 2, 3, 4, 5, 4, 5, 6, 7]


def test_without_the_field_it_is_said_how_to_find_the_operation(tmp_path):
    with pytest.raises(FloatingPointError, match=r"--config\.debug_nans=True to"):
        drive(tmp_path, lambda given: 5.5 - given)


def test_an_evaluation_is_computed_again_too(tmp_path):
    config = resolve(**FIELDS, debug_nans=True)
    workdir.prepare(tmp_path, config)
    measure = lambda *_: {"w1": float(jnp.sqrt(jnp.float32(-1.0)))}  # noqa: E731
    broken = trainable(jnp.exp)._replace(evaluate=measure)
    with pytest.raises(FloatingPointError, match=r"w1 is nan by step 4.* is sqrt, at"):
        driver.drive(broken, config, tmp_path, Console(file=io.StringIO()))


def critic(**fields):
    config = cell_config(2, 4, "smoke")
    config.update_from_flattened_dict(fields)
    return configs.resolve(config)


@pytest.mark.parametrize(
    ("make", "builder", "run", "rate"),
    [
        pytest.param(
            *(partial(resolve, log_every=2), build, loop.run, "generator_optimiser"),
            marks=pytest.mark.long,
        ),
        (critic, build_critic, solve.run, "critic_optimiser"),
    ],
    ids=["generator of a game", "critic alone"],
)
def test_a_run_that_diverges_names_the_operation(make, builder, run, rate, tmp_path):
    config = make(debug_nans=True, **{f"{rate}.learning_rate": 1e30})
    workdir.prepare(tmp_path, config)
    with unchecked(), pytest.raises(FloatingPointError) as caught:
        run(config, tmp_path, builder(config), console=Console(file=io.StringIO()))
    text = str(caught.value)
    assert " gives NaN is " in text
    assert "wgan_gp/" in text
    assert "critic's update" in text
    assert int(text.partition("in step ")[2].partition(",")[0]) <= 3
