"""Critics of a sample and its condition."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import PENALTIES, cost, draw_pair, key
from wgan_gp import losses
from wgan_gp.evaluate import critic_diagnostics

LABELS = np.arange(6) % 3
GAIN = jnp.array([1.0, 2.0, 3.0])
# Forms that do not depend on which end the critic prefers.
UNSIGNED = [name for name in PENALTIES if "signed" not in name]


def labelled(x, y):
    """A critic whose slope is the gain of the label."""
    return GAIN[y] * x[0]


def apart():
    return jnp.full((6, 1), 2.0), jnp.zeros((6, 1))


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_is_that_over_x_alone(name):
    # Real samples lie above the generated ones: signed slopes are positive, too.
    penalties = PENALTIES[name](labelled, *apart(), key(), condition=LABELS)
    slopes = np.asarray(GAIN[LABELS])
    expected = cost(name, np.full(6, 3.0) if name == "max_slope" else slopes)
    np.testing.assert_allclose(penalties, expected, rtol=1e-4, atol=1e-6)


def test_the_losses_are_those_over_x_alone():
    reals, fakes = apart()
    loss, metrics = losses.critic_loss(labelled, reals, fakes, key(), condition=LABELS)
    np.testing.assert_allclose(metrics["wasserstein"], 4.0, rtol=1e-6)
    np.testing.assert_allclose(metrics["penalty"], 5 / 3, rtol=1e-4)
    np.testing.assert_allclose(loss, -4 + 10 * 5 / 3, rtol=1e-4)
    _, without = losses.critic_loss(
        labelled, reals, fakes, key(), condition=LABELS, penalty=None
    )
    np.testing.assert_allclose(without["wasserstein"], 4.0, rtol=1e-6)
    value = losses.generator_loss(labelled, reals, condition=LABELS)
    np.testing.assert_allclose(value, -4.0, rtol=1e-6)


def test_diagnostics_are_those_over_x_alone():
    found = critic_diagnostics(
        labelled, *apart(), key(), penalty=losses.gradient_penalty, condition=LABELS
    )
    slopes = [found[f"gradient_norm_{each}"] for each in ("min", "mean", "max")]
    np.testing.assert_allclose(slopes, [1, 2, 3], rtol=1e-5)


@pytest.mark.parametrize("name", PENALTIES)
def test_one_condition_for_all_is_a_critic_of_x_alone(name):
    pair = draw_pair()
    joined = lambda x, y: jnp.tanh(x @ y["w"]) * y["scale"]  # noqa: E731
    w = jnp.array([3.0, -1.0, 2.0])
    condition = {"w": jnp.tile(w, (6, 1)), "scale": np.full(6, 2.0, np.float32)}
    chex.assert_trees_all_close(
        PENALTIES[name](joined, *pair, key(), condition=condition),
        PENALTIES[name](lambda x: jnp.tanh(x @ w) * 2, *pair, key()),
        rtol=1e-5,
    )


def test_independent_pairs_are_judged_under_the_first_points_condition():
    # Under each point's own condition D would differ by y, which no slope bounds.
    offset = lambda x, y: 2 * x[0] + 1e3 * y  # noqa: E731
    penalties = PENALTIES["independent"](
        offset, *draw_pair((1,)), key(), condition=LABELS
    )
    np.testing.assert_allclose(penalties, 1.0, atol=1e-2)


def test_a_penalty_of_ones_own_takes_a_condition():
    zero_centred = losses.slope_penalty(
        jnp.square, losses.gradient_norm, losses.endpoints
    )
    _, metrics = losses.critic_loss(
        labelled, *apart(), key(), condition=LABELS, penalty=zero_centred
    )
    np.testing.assert_allclose(metrics["penalty"], 14 / 3, rtol=1e-5)


def test_keys_are_a_condition():
    noise = lambda x, k: jnp.sum(x) * (2 + 0 * jax.random.normal(k))  # noqa: E731
    penalties = losses.gradient_penalty(
        noise, *apart(), key(), condition=jax.random.split(key(1), 6)
    )
    np.testing.assert_allclose(penalties, 1.0, rtol=1e-5)


def test_a_batch_of_keys_and_labels_may_be_traced():
    loss = jax.jit(
        lambda y: losses.critic_loss(labelled, *apart(), key(), condition=y)[0]
    )
    np.testing.assert_allclose(loss(LABELS), -4 + 10 * 5 / 3, rtol=1e-4)


REFUSED = {
    "no condition": ({}, "one sample alone.*'y'.*condition="),
    "rows": ({"condition": LABELS[:3]}, r"\[6, ...\], got shape \(3,\)"),
    "list": ({"condition": [0, 1, 2, 0, 1, 2]}, r"condition\[0\].*got shape \(\)"),
    "number": ({"condition": 1}, r"\[6, ...\], got shape \(\)"),
    "leaf": ({"condition": {"y": LABELS, "z": jnp.ones((2, 6))}}, r"condition\['z'\]"),
}
CALLS = {
    "loss": lambda critic, **given: losses.critic_loss(
        critic, *apart(), key(), **given
    ),
    "estimate": lambda critic, **given: losses.wasserstein_estimate(
        critic, *apart(), **given
    ),
    "generator": lambda critic, **given: losses.generator_loss(
        critic, apart()[0], **given
    ),
    "gradient": lambda critic, **given: losses.gradient_penalty(
        critic, *apart(), key(), **given
    ),
    "difference": lambda critic, **given: losses.difference_penalty(
        critic, *apart(), key(), **given
    ),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("given", REFUSED)
def test_a_condition_that_does_not_fit_is_refused_in_one_line(call, given):
    options, words = REFUSED[given]
    with pytest.raises(ValueError, match=words) as caught:
        CALLS[call](labelled, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("call", CALLS)
def test_a_condition_that_the_critic_does_not_take_is_refused(call):
    with pytest.raises(ValueError, match=r"a sample and its condition.*leave"):
        CALLS[call](lambda x: x[0], condition=LABELS)


def test_both_sides_share_one_condition():
    reals, fakes = apart()
    estimate = partial(losses.wasserstein_estimate, labelled, reals, fakes[:3])
    with pytest.raises(ValueError, match=r"\[3, ...\], got shape \(6,\)"):
        estimate(condition=LABELS)


def test_a_penalty_that_takes_no_condition_is_refused():
    own = lambda critic, reals, fakes, key: jnp.zeros(6)  # noqa: E731
    with pytest.raises(ValueError, match=r"no argument `condition`.*slope_penalty"):
        CALLS["loss"](labelled, condition=LABELS, penalty=own)
    CALLS["loss"](lambda x: x[0], penalty=own)
    CALLS["loss"](labelled, condition=LABELS, penalty=lambda *_, **__: jnp.zeros(6))
