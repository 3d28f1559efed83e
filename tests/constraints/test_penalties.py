"""Penalties as configurations choose them: what they compute and what they refuse."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.games import tiny
from tests.helpers import (
    direction,
    draw_pair,
    key,
    linear,
    quadratic,
    resolve,
    unchecked,
)
from wgan_gp import configs, losses, train
from wgan_gp.configs.stored import resolve_stored
from wgan_gp.constraints import CONSTRAINTS, POINTS, aimed_slope

GRADIENTS = ("one_sided", "two_sided", "zero_centred", "dragan", "wgan_div")
NEW = ("directional", "adversarial", "zero_centred", "dragan", "wgan_div", "max_slope")
TARGETED = ("one_sided", "two_sided", "dragan", "directional", "adversarial")


def section_of(name, **fields):
    settings = resolve(lipschitz=name, **{f"penalty.{f}": v for f, v in fields.items()})
    return configs.constraint_section(settings)


def penalty_of(name, **fields):
    """The penalty of a constraint with these fields of the section `penalty`."""
    return CONSTRAINTS[name].make(section_of(name, **fields)).penalty


def strong(name, slope):
    """The preset strength times the penalty of a linear critic of this slope."""
    section = section_of(name)
    critic = linear(direction((3,), slope))
    return section.weight * jnp.mean(penalty_of(name)(critic, *draw_pair(), key()))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("directional", 10 * 2.0**2),
        ("adversarial", 10 * 2.0**2),
        ("dragan", 10 * 2.0**2),
        ("zero_centred", 10 / 2 * 3.0**2 * 2),  # gamma / 2 at each kind of sample
        ("wgan_div", 2 * 3.0**6),
        ("max_slope", 0.1 * 3.0**2),
    ],
)
def test_presets_are_the_formulas_of_the_papers(name, expected):
    np.testing.assert_allclose(strong(name, 3.0), expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("points", "ends"), [("reals", [0]), ("fakes", [1]), ("both", [0, 1])]
)
def test_zero_centred_is_half_the_squared_slope_at_the_chosen_samples(points, ends):
    pair = draw_pair()
    found = penalty_of("zero_centred", points=points)(quadratic, *pair, key())
    expected = sum(np.sum(pair[end] ** 2, axis=1) / 2 for end in ends)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_largest_slope_counts_for_all_samples():
    pair = draw_pair()
    found = penalty_of("max_slope", points="reals")(quadratic, *pair, key())
    np.testing.assert_allclose(found, np.max(np.sum(pair[0] ** 2, 1)), rtol=1e-5)
    bounded = penalty_of("max_slope", shape="one_sided", target=0.5)
    found = bounded(linear(direction((3,), 2.0)), *pair, key())
    np.testing.assert_allclose(found, 1.5**2, rtol=1e-5)


@pytest.mark.parametrize("name", TARGETED)
def test_a_target_is_the_slope_that_costs_nothing(name):
    penalty = penalty_of(name, target=3.0)
    costs = [
        float(jnp.mean(penalty(linear(direction((3,), slope)), *draw_pair(), key())))
        for slope in (3.0, 4.0)
    ]
    np.testing.assert_allclose(costs, [0, 1], atol=1e-2)


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_norm_is_that_of_the_samples(name):
    # Equal entries: the sum of their sizes is sqrt(3) times the Euclidean norm.
    critic = linear(jnp.full(3, 2.0 / np.sqrt(3)))
    found = penalty_of(name, norm=float("inf"))(critic, *draw_pair(), key())
    steeper = linear(jnp.full(3, 2.0))
    expected = penalty_of(name)(steeper, *draw_pair(), key())
    np.testing.assert_allclose(found, expected, rtol=1e-4)


SPREAD = losses.around_reals(0.3)
BOX = losses.uniform_box(10.0, 10.5)
DIFFERENCE = losses.difference_penalty
# Fields that differ from all presets, and the function that they stand for.
DIRECT = {
    "points around reals": (
        ("two_sided", {"points": "around_reals", "spread": 0.3}),
        losses.slope_penalty(losses.two_sided, losses.gradient_norm, SPREAD),
    ),
    "points in a box": (
        ("one_sided", {"points": "box", "box": (10.0, 10.5)}),
        losses.slope_penalty(losses.one_sided, losses.gradient_norm, BOX),
    ),
    "dragan's spread": (
        ("dragan", {"spread": 0.3}),
        losses.slope_penalty(losses.two_sided, losses.gradient_norm, SPREAD),
    ),
    "a step": (
        ("directional", {"step": 0.5, "points": "fakes"}),
        partial(
            losses.directional_penalty,
            points=losses.at_fakes,
            shape=losses.one_sided,
            step=0.5,
        ),
    ),
    "a step and a probe": (
        ("adversarial", {"step": 0.5, "probe": 1.0, "points": "reals"}),
        partial(
            losses.adversarial_penalty,
            points=losses.at_reals,
            shape=losses.one_sided,
            step=0.5,
            probe=1.0,
        ),
    ),
    "a difference": (
        ("difference", {}),
        partial(DIFFERENCE, pairing="endpoint", shape=losses.one_sided),
    ),
    "a difference's shape": (
        ("difference", {"shape": "two_sided", "pairing": "segment"}),
        partial(DIFFERENCE, pairing="segment", shape=losses.two_sided),
    ),
    "a difference's sign": (
        ("difference", {"shape": "two_sided", "signed": True}),
        partial(DIFFERENCE, pairing="endpoint", shape=losses.two_sided, signed=True),
    ),
    "a difference's target": (
        ("difference", {"target": 0.5}),
        partial(
            DIFFERENCE,
            pairing="endpoint",
            shape=partial(losses.one_sided, target=0.5),
        ),
    ),
}


def bowl(x):
    """A critic whose slope and whose curvature are others everywhere."""
    return jnp.sum(jnp.square(x)) / 2 - x[0] + jnp.sin(3 * x[1]) * x[2]


@pytest.mark.parametrize("case", DIRECT)
def test_fields_are_the_arguments_of_the_functions_they_stand_for(case):
    (name, fields), direct = DIRECT[case]
    pair = draw_pair()
    found = penalty_of(name, **fields)(bowl, *pair, key())
    np.testing.assert_allclose(found, direct(bowl, *pair, key()), rtol=1e-6)
    if fields:
        usual = penalty_of(name)(bowl, *pair, key())
        assert not np.allclose(found, usual, rtol=1e-3)


@pytest.mark.parametrize("name", POINTS)
def test_every_choice_of_points_makes_a_penalty(name):
    needed = {"box": {"box": (0.0, 1.0)}, "around_reals": {"spread": 0.1}}
    for lipschitz in ("two_sided", "directional"):
        penalty = penalty_of(lipschitz, points=name, **needed.get(name, {}))
        found = penalty(linear(direction((3,), 3.0)), *draw_pair(), key())
        np.testing.assert_allclose(found, 8 if name == "both" else 4, rtol=1e-2)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"target": 0.0}, "penalty.target must be a finite number > 0"),
        ({"target": -1.0}, "penalty.target must be a finite number > 0"),
        ({"norm": 0.5}, "penalty.norm must be a number >= 1, or inf"),
        ({"norm": float("nan")}, "penalty.norm must be a number >= 1, or inf"),
        ({"points": "everywhere"}, "penalty.points must be one of interpolates"),
        ({"points": "around_reals"}, "needs penalty.spread"),
        ({"spread": 0.1}, "penalty.spread = 0.1 has no effect"),
        ({"step": 0.1}, "penalty.step = 0.1 has no effect"),
        ({"exponent": 6.0}, "penalty.exponent = 6.0 has no effect"),
        ({"lipschitz": "directional", "step": 0.0}, "penalty.step must be a finite"),
        ({"lipschitz": "directional", "step": float("inf")}, "penalty.step must be"),
        ({"lipschitz": "directional", "norm": 2.0}, "penalty.norm = 2.0 has no effect"),
        ({"lipschitz": "adversarial", "probe": -1.0}, "penalty.probe must be a finite"),
        ({"lipschitz": "dragan", "spread": 0.0}, "penalty.spread must be a finite"),
        ({"lipschitz": "wgan_div", "exponent": 0.5}, "penalty.exponent must be a numb"),
        ({"lipschitz": "wgan_div", "exponent": 99.0}, "between 1 and 32, got 99"),
        ({"lipschitz": "wgan_div", "target": 1.0}, "penalty.target = 1.0 has no eff"),
        ({"lipschitz": "zero_centred", "target": 1.0}, "penalty.target = 1.0 has no"),
        ({"lipschitz": "max_slope", "target": 2.0}, "penalty.target = 2.0 has no eff"),
        (
            {"lipschitz": "difference", "pairing": "independent", "points": "both"},
            "penalty.points = 'both' is not one point per sample",
        ),
    ],
)
def test_bad_fields_are_refused_in_one_line(fields, words):
    name = fields.pop("lipschitz", "two_sided")
    with pytest.raises(ValueError, match=words) as caught:
        section_of(name, **fields)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"compute.microbatches": 2}, r"must be 1 with lipschitz = 'max_slope'.*got 2"),
        ({"batch_size": 1}, "batch_size with lipschitz = 'max_slope' as set here"),
    ],
)
def test_the_largest_slope_needs_the_whole_batch(fields, words):
    with pytest.raises(ValueError, match=words):
        resolve(lipschitz="max_slope", **fields)


@pytest.mark.parametrize(
    ("name", "fields", "slope"),
    [
        ("two_sided", {}, 1.0),
        ("one_sided", {"target": 3.0}, 3.0),
        ("two_sided", {"norm": 1.0}, None),
        ("difference", {"shape": "zero_centred"}, None),
        ("max_slope", {}, None),
        ("max_slope", {"shape": "one_sided"}, 1.0),
        ("max_slope", {"shape": "one_sided", "target": 2.0}, 2.0),
        ("zero_centred", {}, None),
        ("wgan_div", {}, None),
    ],
)
def test_a_constraint_says_which_slope_it_aims_at(name, fields, slope):
    assert aimed_slope(CONSTRAINTS[name], section_of(name, **fields)) == slope


@pytest.mark.parametrize("name", ["one_sided", "two_sided", "difference"])
def test_runs_stored_before_targets_and_norms_aim_at_1(name):
    settings = resolve(lipschitz=name)
    stored = configs.as_dict(settings)
    for field in ("target", "norm", "step", "probe", "exponent", "spread"):
        del stored["penalty"][field]
    assert resolve_stored(stored) == settings
    assert configs.constraint_section(settings).target == 1.0


@pytest.mark.parametrize("name", NEW)
def test_a_step_of_training_moves_both_networks(name):
    constraint = CONSTRAINTS[name].make(section_of(name))
    rates = train.Hyperparameters(1e-2, 1e-2, strength=10.0, ema_decay=0.9)
    algorithm = tiny(constraint=constraint, n_critic=1)
    with unchecked():
        state = train.init(algorithm, rates, key())
        after, metrics = jax.jit(partial(train.train_step, algorithm, rates))(state)
    chex.assert_tree_all_finite(metrics)
    for player in ("critic", "generator"):
        pairs = zip(
            *(jax.tree.leaves(getattr(each, player).params) for each in (state, after))
        )
        # The critic's last bias does not: it cancels in the objective.
        assert all(np.abs(old - new).max() > 0 for old, new in pairs if old.ndim == 2)


def test_strengths_of_gradient_penalties_do_not_depend_on_the_norms_name():
    """p = 2 given as a number is the norm that is there without it."""
    pair, critic = draw_pair(), linear(direction((3,), 2.0))
    found = penalty_of("two_sided", norm=2.0)(critic, *pair, key())
    expected = losses.gradient_penalty(critic, *pair, jax.random.key(0))
    np.testing.assert_array_equal(found, expected)
