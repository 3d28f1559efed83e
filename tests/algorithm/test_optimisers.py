import chex
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from wgan_gp.algorithm.optimisers import OPTIMISERS, SCHEDULES, at_count, make_optimiser


def step_sizes(schedule, updates=4):
    """Sizes of the steps that plain gradient descent takes with this schedule."""
    optimiser = make_optimiser(0.5, name="sgd", schedule=schedule, updates=updates)
    state, sizes = optimiser.init(jnp.zeros(())), []
    for _ in range(updates + 1):
        change, state = optimiser.update(jnp.ones(()), state)
        sizes.append(-float(change))
    return sizes


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.5, 0.5, 0.5, 0.5, 0.5]),
        ("linear", [0.5, 0.375, 0.25, 0.125, 0.0]),
        ("cosine", [0.5, 0.4267767, 0.25, 0.0732233, 0.0]),
    ],
)
def test_schedules_end_at_zero_or_stay(schedule, expected):
    np.testing.assert_allclose(step_sizes(schedule), expected, atol=1e-6)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_after_its_last_update_an_optimiser_moves_nothing(schedule, name, decay):
    settings = {"name": name, "schedule": schedule, "weight_decay": decay}
    optimiser = make_optimiser(0.5, **settings, updates=4)
    params = jnp.array([1.0, -2.0])
    for count in (4, 5, 4000):
        state = at_count(optimiser.init(params), jnp.asarray(count))
        change, _ = optimiser.update(params, state, params)
        np.testing.assert_allclose(change, jnp.zeros(2), atol=1e-7)


@pytest.mark.parametrize("updates", [0, -3, 0.5, float("nan")])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_needs_the_number_of_updates(schedule, updates):
    if schedule == "constant":
        make_optimiser(0.1, schedule=schedule, updates=updates)
        return
    with pytest.raises(
        ValueError, match=f"at least 1, got updates={updates}"
    ) as caught:
        make_optimiser(0.1, schedule=schedule, updates=updates)
    assert "\n" not in str(caught.value)


def test_weight_decay_draws_parameters_to_zero():
    params = jnp.array([1.0, -2.0])
    optimiser = make_optimiser(0.5, name="sgd", weight_decay=0.1)
    change, _ = optimiser.update(jnp.zeros(2), optimiser.init(params), params)
    np.testing.assert_allclose(change, -0.5 * 0.1 * params, rtol=1e-6)


def test_a_schedule_within_gathered_updates_is_at_their_number():
    """`optax.MultiSteps` makes one update of several, and counts those."""
    schedule = optax.linear_schedule(1.0, 0.0, 4)
    optimiser = optax.MultiSteps(optax.sgd(schedule), 2).gradient_transformation()
    state, moved = optimiser.init(jnp.zeros(1)), []
    for count in range(8):
        state = at_count(state, jnp.asarray(count))
        change, state = optimiser.update(jnp.ones(1), state, jnp.zeros(1))
        moved.append(float(change[0]))
    np.testing.assert_allclose(moved[1::2], [-1.0, -0.75, -0.5, -0.25])


def test_only_the_count_of_a_schedule_is_set():
    optimiser = make_optimiser(0.5, schedule="linear", weight_decay=0.1, updates=9)
    before = optimiser.init(jnp.zeros(2))
    after = at_count(before, jnp.asarray(7))
    chex.assert_trees_all_equal_structs(before, after)
    chex.assert_trees_all_equal_dtypes(before, after)
    counts = [
        int(count)
        for _, count in optax.tree_utils.tree_get_all_with_path(after, "count")
    ]
    assert sorted(counts) == [0, 7]
    constant = optax.adam(0.5).init(jnp.zeros(2))
    chex.assert_trees_all_equal(at_count(constant, jnp.asarray(7)), constant)


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_optimiser_descends(name, schedule):
    optimiser = make_optimiser(0.1, name=name, schedule=schedule, updates=10)
    params = jnp.array([1.0, -2.0])
    change, _ = optimiser.update(params, optimiser.init(params), params)
    assert jnp.all(jnp.sign(change) == -jnp.sign(params))


def test_adam_uses_the_betas_it_is_given():
    ours = make_optimiser(0.1, name="adam", beta1=0.5, beta2=0.7)
    theirs = optax.adam(0.1, b1=0.5, b2=0.7)
    for optimiser in (ours, theirs):
        state = optimiser.init(jnp.zeros(()))
        for gradient in (1.0, -3.0):
            change, state = optimiser.update(jnp.array(gradient), state)
        optimiser_change = float(change)
        np.testing.assert_allclose(optimiser_change, two_adam_steps(), rtol=1e-5)


def two_adam_steps():
    """The second step of Adam for gradients 1 and -3, written out."""
    first = (0.5 * 0.5 * 1 + 0.5 * -3) / (1 - 0.5**2)
    second = (0.3 * 0.7 * 1 + 0.3 * 9) / (1 - 0.7**2)
    return -0.1 * first / (np.sqrt(second) + 1e-8)


@pytest.mark.parametrize("field", ["name", "schedule"])
def test_unknown_names_are_rejected(field):
    with pytest.raises(ValueError, match=r"one of .* got 'nonsense'"):
        make_optimiser(0.1, **{field: "nonsense"})


def test_rmsprop_moves_weights_whose_gradients_are_tiny():
    optimiser = make_optimiser(1e-3, name="rmsprop", beta2=0.9)
    change, _ = optimiser.update(jnp.array(1e-6), optimiser.init(jnp.zeros(())))
    expected = -1e-3 * 1e-6 / (0.1**0.5 * 1e-6 + 1e-8)
    np.testing.assert_allclose(change, expected, rtol=1e-5)
