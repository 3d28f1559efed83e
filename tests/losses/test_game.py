from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from jax.sharding import NamedSharding, PartitionSpec

from tests.helpers import (
    PENALTIES,
    direction,
    draw_pair,
    key,
    linear,
    quadratic,
    tanh_critic,
    tanh_params,
)
from wgan_gp import losses
from wgan_gp.networks import MLPCritic, from_flax

ALL = pytest.mark.parametrize("name", PENALTIES)
_SPLIT = ("two_sided", "independent", "endpoint_signed", "directional")
PLANE = pytest.mark.parametrize("dimension", [1, 3])
POINT_MASSES = pytest.mark.parametrize(("weight", "d"), [(10.0, 2.0), (1.0, 1.0)])
# The forms of penalty that share the closed form for two point masses.
CLOSED_FORM = pytest.mark.parametrize(
    "name", ["two_sided", "one_sided", "endpoint_signed", "endpoint_one_sided"]
)


def critic_of(params):
    return lambda x: tanh_critic(params, x)


@ALL
@pytest.mark.parametrize("weight", [0.0, 1.0, 10.0])
def test_critic_loss_is_its_parts(name, weight):
    reals, fakes = draw_pair()
    critic = critic_of(tanh_params())
    loss, metrics = losses.critic_loss(
        critic, reals, fakes, key(), penalty=PENALTIES[name], weight=weight
    )
    estimate = np.mean([critic(x) for x in reals]) - np.mean([critic(x) for x in fakes])
    penalty = jnp.mean(PENALTIES[name](critic, reals, fakes, key()))
    assert set(metrics) == {"critic_loss", "wasserstein", "penalty"}
    chex.assert_trees_all_equal(loss, metrics["critic_loss"])
    chex.assert_trees_all_close(metrics["wasserstein"], estimate, rtol=1e-4)
    chex.assert_trees_all_close(metrics["penalty"], penalty, rtol=1e-5)
    chex.assert_trees_all_close(loss, -estimate + weight * penalty, rtol=1e-4)


def test_critic_loss_defaults_to_the_papers_penalty_and_weight():
    pair, critic = draw_pair(), critic_of(tanh_params())
    chex.assert_trees_all_equal(
        losses.critic_loss(critic, *pair, key()),
        losses.critic_loss(
            critic, *pair, key(), penalty=losses.gradient_penalty, weight=10.0
        ),
    )


def test_critic_loss_without_a_penalty_is_the_estimate():
    loss, metrics = losses.critic_loss(quadratic, *draw_pair(), key(), penalty=None)
    assert metrics["penalty"] == 0
    chex.assert_trees_all_close(loss, -metrics["wasserstein"])


def test_the_estimate_of_a_linear_critic_is_the_distance_of_the_means():
    reals, fakes = draw_pair(count=5)
    weight = direction((3,), 2.0)
    expected = np.mean(reals @ weight) - np.mean(fakes[:3] @ weight)
    estimate = losses.wasserstein_estimate(linear(weight), reals, fakes[:3])
    chex.assert_trees_all_close(estimate, expected, rtol=1e-5)


def test_generator_loss_is_minus_the_mean_critic_value():
    fakes = jnp.array([[1.0, 0.0], [0.0, 3.0]])
    chex.assert_trees_all_close(losses.generator_loss(quadratic, fakes), -2.5)


@ALL
def test_adding_a_constant_to_the_critic_changes_critic_values_only(name):
    pair, params = draw_pair(), tanh_params()

    def loss(shift):
        critic = lambda x: tanh_critic(params, x) + shift  # noqa: E731
        return losses.critic_loss(critic, *pair, key(), penalty=PENALTIES[name])

    chex.assert_trees_all_close(loss(4.0), loss(0.0), rtol=1e-3, atol=1e-4)


def test_adding_a_constant_to_the_critic_shifts_the_generator_loss_by_it():
    _, fakes = draw_pair()
    plain = losses.generator_loss(quadratic, fakes)
    shifted = losses.generator_loss(lambda x: quadratic(x) + 4, fakes)
    chex.assert_trees_all_close(shifted, plain - 4, rtol=1e-5)


@partial(jax.jit, static_argnames=("name", "dimension"))
def slope_after_training(name, weight, d, dimension):
    """D(x) = a . x trained to convergence between point masses at distance d."""
    along = jnp.ones(dimension) / np.sqrt(dimension)
    fakes = jnp.full((4, dimension), 0.7)
    reals = fakes + d * along[None]

    def loss(a, step_key):
        return losses.critic_loss(
            linear(a), reals, fakes, step_key, penalty=PENALTIES[name], weight=weight
        )[0]

    def descend(a, step_key):
        return a - jax.grad(loss)(a, step_key) / (4 * weight), None

    keys = jax.random.split(key(), 200)
    a, _ = jax.lax.scan(descend, 0.1 * along, keys)
    return jnp.dot(a, along), loss(a, key(1)), jnp.dot(a, d * along)


@CLOSED_FORM
@POINT_MASSES
@PLANE
def test_a_linear_critic_reaches_the_closed_form(name, weight, d, dimension):
    slope, loss, difference = slope_after_training(name, weight, d, dimension)
    np.testing.assert_allclose(slope, 1 + d / (2 * weight), rtol=1e-3)
    np.testing.assert_allclose(difference, d + d**2 / (2 * weight), rtol=1e-3)
    np.testing.assert_allclose(-loss, d + d**2 / (4 * weight), rtol=1e-3)


@partial(jax.jit, static_argnums=0)
def network_after_training(name, weight, d, steps=1500):
    """A small network trained between point masses; its values and mean loss."""
    network = from_flax(MLPCritic((16, 16), "tanh"), (1,))
    fakes, reals = jnp.zeros((64, 1)), jnp.full((64, 1), d)
    optimiser = optax.adam(optax.cosine_decay_schedule(1e-2, steps))

    def loss(params, step_key):
        return losses.critic_loss(
            partial(network.apply, params),
            reals,
            fakes,
            step_key,
            penalty=PENALTIES[name],
            weight=weight,
        )[0]

    def descend(carry, step_key):
        params, opt_state = carry
        grads = jax.grad(loss)(params, step_key)
        updates, opt_state = optimiser.update(grads, opt_state)
        return (optax.apply_updates(params, updates), opt_state), None

    params = network.init(key(3))
    carry, keys = (params, optimiser.init(params)), jax.random.split(key(), steps)
    (params, _), _ = jax.lax.scan(descend, carry, keys)
    values = [network.apply(params, x[0]) for x in (reals, fakes)]
    final = jax.vmap(partial(loss, params))(jax.random.split(key(1), 50)).mean()
    return values[0] - values[1], final


@CLOSED_FORM
@POINT_MASSES
def test_a_network_reaches_the_closed_form(name, weight, d):
    difference, loss = network_after_training(name, weight, d)
    np.testing.assert_allclose(difference, d + d**2 / (2 * weight), rtol=0.01)
    np.testing.assert_allclose(-loss, d + d**2 / (4 * weight), rtol=0.01)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=() if each in _SPLIT else pytest.mark.long)
        for each in PENALTIES
    ],
)
def test_a_batch_split_over_devices_has_the_same_loss(name):
    mesh = jax.make_mesh((4,), ("batch",), (jax.sharding.AxisType.Auto,))
    split = NamedSharding(mesh, PartitionSpec("batch"))
    pair, params = draw_pair(count=8), tanh_params()

    @jax.jit
    def loss(reals, fakes, keys):
        return losses.critic_loss(
            critic_of(params), reals, fakes, keys, penalty=PENALTIES[name]
        )

    together = loss(*pair, jax.random.split(key(), 8))
    apart = loss(*jax.device_put((*pair, jax.random.split(key(), 8)), split))
    chex.assert_trees_all_close(apart, together, rtol=1e-5)


@pytest.mark.parametrize("outputs", [1, 2])
def test_critics_that_return_more_than_a_scalar_are_rejected(outputs):
    reals, fakes = draw_pair()
    critic = lambda x: x[:outputs]  # noqa: E731
    with pytest.raises(ValueError, match="scalar"):
        losses.critic_loss(critic, reals, fakes, key(), penalty=None)
    with pytest.raises(ValueError, match="scalar"):
        losses.generator_loss(critic, fakes)
    with pytest.raises(ValueError, match="scalar"):
        losses.wasserstein_estimate(critic, reals, fakes)


def test_samples_of_different_shapes_are_rejected():
    reals, fakes = draw_pair()
    for other in (fakes[:3], fakes[:, :1]):
        with pytest.raises(ValueError, match="one shape"):
            losses.critic_loss(quadratic, reals, other, key(), penalty=None)


def test_a_penalty_that_is_not_one_number_per_sample_is_rejected():
    penalty = lambda *_: jnp.ones(())  # noqa: E731
    with pytest.raises(ValueError, match=r"one number per sample.*leave the mean"):
        losses.critic_loss(quadratic, *draw_pair(), key(), penalty=penalty)


def test_clipping_bounds_every_parameter_and_keeps_those_inside():
    params = {"kernel": jnp.array([[-5.0, 0.005]]), "bias": jnp.array([0.2, -0.01])}
    expected = {"kernel": jnp.array([[-0.01, 0.005]]), "bias": jnp.array([0.01, -0.01])}
    chex.assert_trees_all_close(losses.clip_weights(params, 0.01), expected)


def test_clipping_takes_a_traced_bound():
    clipped = jax.jit(losses.clip_weights)(jnp.array([-3.0, 3.0]), 0.5)
    chex.assert_trees_all_close(clipped, jnp.array([-0.5, 0.5]))


def test_clipping_leaves_what_is_no_floating_parameter_alone():
    rest = {"count": jnp.array(7), "on": jnp.array(True), "key": key(), "name": "relu"}
    clipped = losses.clip_weights(rest | {"w": 3.0, "steps": 5}, 0.01)
    assert {name: clipped[name] for name in rest} == rest
    assert clipped["steps"] == 5
    np.testing.assert_allclose(clipped["w"], 0.01)
    model = nnx.Dropout(0.1, rngs=nnx.Rngs(0))
    chex.assert_trees_all_equal(
        losses.clip_weights(nnx.state(model), 0.01), nnx.state(model)
    )


def test_clipping_keeps_a_parameters_type():
    params = jnp.array([-3.0, 3.0], jnp.bfloat16)
    for bound in (0.5, np.float32(0.5), jnp.array(0.5)):
        clipped = losses.clip_weights(params, bound)
        chex.assert_trees_all_equal_dtypes(clipped, params)
        assert clipped.tolist() == [-0.5, 0.5]


def test_complex_parameters_and_bounds_of_several_numbers_are_rejected():
    with pytest.raises(ValueError, match="must be real to be clipped, got complex64"):
        losses.clip_weights(jnp.ones(2, jnp.complex64), 0.01)
    with pytest.raises(ValueError, match=r"must be one number, got shape \(2,\)"):
        losses.clip_weights(jnp.ones(2), jnp.ones(2))


NOT_POSITIVE = [0, -0.01, np.float32(-1), np.int64(0), np.array(-1.0), jnp.array(0.0)]


@pytest.mark.parametrize("bound", ["0.01", None, (0.1,)])
def test_a_clip_bound_that_is_no_number_is_rejected(bound):
    with pytest.raises(ValueError, match="clip bound must be a number > 0, got"):
        losses.clip_weights({"w": jnp.ones(2)}, bound)


@pytest.mark.parametrize("bound", [*NOT_POSITIVE, 0.0, float("nan"), np.float32("nan")])
def test_a_clip_bound_that_is_not_positive_is_rejected(bound):
    with pytest.raises(ValueError, match="clip bound must be > 0"):
        losses.clip_weights({"w": jnp.ones(2)}, bound)


@pytest.mark.parametrize(
    "weight", [None, "10", (1.0,), np.ones(6), -1, np.float32(-1), np.inf]
)
def test_a_weight_is_one_number_that_is_not_negative(weight):
    with pytest.raises(ValueError, match="weight must be"):
        losses.critic_loss(linear(1.0), *draw_pair(), key(1), weight=weight)


@pytest.mark.parametrize("penalty", ["two_sided", 10.0, losses.two_sided(jnp.ones(6))])
def test_a_penalty_is_a_function(penalty):
    with pytest.raises(TypeError, match="a penalty is a function such as"):
        losses.critic_loss(linear(1.0), *draw_pair(), key(1), penalty=penalty)
