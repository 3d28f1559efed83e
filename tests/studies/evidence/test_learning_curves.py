import jax
import numpy as np
import pytest

from tests.helpers import SMALL, unchecked
from wgan_gp import train
from wgan_gp.build import build
from wgan_gp.evaluate import exact_wasserstein
from wgan_gp.studies.evidence import differences, estimates
from wgan_gp.studies.evidence.learning_curves import (
    gan_settings,
    measure_curves,
    measure_side_by_side,
)

FIELDS = SMALL | {"width": 8, "n_critic": 2}
SIZES = {"seeds": 2, "evaluations": 3, "samples": 40}


@pytest.fixture(scope="module")
def curve():
    config = gan_settings(steps=7, lipschitz="one_sided", **FIELDS)
    with unchecked():
        return measure_curves("one_sided", config, (0.1, 10.0), **SIZES)


@pytest.mark.long
def test_a_course_has_each_moment_lambda_and_seed(curve):
    assert curve.estimate.shape == curve.w1.shape == curve.quality.shape == (3, 2, 2)
    assert list(curve.steps) == [2, 4, 7]
    assert (np.diff(curve.seconds) > 0).all()
    assert curve.floor > 0


@pytest.mark.long
def test_lambdas_and_seeds_of_a_course_differ(curve):
    last = curve.estimate[-1]
    assert len(np.unique(last)) == last.size


@pytest.mark.long
def test_a_course_is_the_run_that_make_train_gives():
    config = gan_settings(steps=4, lipschitz="two_sided", **FIELDS)
    experiment = build(config)
    with unchecked():
        curve = measure_curves("", config, (3.0,), seeds=1, evaluations=2, samples=40)
        key = jax.random.split(jax.random.key(0), 1)[0]
        hyperparameters = experiment.hyperparameters._replace(strength=3.0)
        run = jax.jit(train.make_train(experiment.algorithm, 4))
        state, _ = run(key, hyperparameters)
        at_the_end = jax.random.fold_in(jax.random.key(2), 4)
        fakes, averaged = (
            train.generate(experiment.algorithm, params, at_the_end, 40)
            for params in (state.generator.params, state.average)
        )
    reals = experiment.dataset.sample(jax.random.key(1), 40)
    for found, samples in ((curve.w1, fakes), (curve.quality, averaged)):
        w1 = exact_wasserstein(np.asarray(reals), np.asarray(samples))
        np.testing.assert_allclose(found[-1, 0, 0], w1, rtol=3e-4)
    assert abs(curve.w1[-1] / curve.quality[-1] - 1) > 1e-3


@pytest.mark.long
def test_settings_that_take_turns_do_not_mix():
    settings = {
        name: gan_settings(steps=4, lipschitz=name, **FIELDS)
        for name in ("one_sided", "two_sided")
    }
    sizes = {"seeds": 1, "evaluations": 2, "samples": 20}
    with unchecked():
        together = measure_side_by_side(settings, (10.0,), **sizes)
        alone = measure_curves("x", settings["two_sided"], (10.0,), **sizes)
    assert [each.label for each in together] == ["one_sided", "two_sided"]
    np.testing.assert_array_equal(together[1].w1, alone.w1)
    assert not np.array_equal(together[0].estimate, together[1].estimate)


def test_every_pairing_is_tried_with_every_shape_it_allows():
    forms = differences.penalty_forms()
    assert len(forms) == 10
    for fields in forms.values():
        gan_settings(steps=1, width=4, **fields)


@pytest.mark.long
def test_the_rows_say_what_was_measured(curve):
    rows = estimates.table_rows(curve._replace(label="one_sided"))
    assert len(rows) == 2
    assert rows[1]["exact W1"][0] == pytest.approx(curve.w1[1:, 1].mean(), rel=1e-6)
    row = differences.table_row(curve._replace(label="one-sided / endpoint"))
    assert row["slope between"] == "endpoint pairs"
    assert all(np.isfinite(row["estimate"] + row["W1 / floor"]))  # spreads too
    per_update = 1000 * curve.seconds[-1] / 7 / 4
    assert row["ms per generator update"] == pytest.approx(per_update)
