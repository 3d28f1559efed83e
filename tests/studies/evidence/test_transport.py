from functools import cache

import chex
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import unchecked
from wgan_gp.evaluate.critic import cosine_similarity
from wgan_gp.studies.evidence import transport


@pytest.fixture(scope="module")
def two_clusters():
    """What critics of a constraint learn between two clusters; each is trained once."""

    @cache
    def measure(lipschitz):
        with unchecked():
            return transport.measure(
                lipschitz, "two clusters", seeds=2, steps=600, width=16, samples=200
            )

    return measure


TINY = {"seeds": 2, "steps": 2, "width": 8, "samples": 30}


@pytest.mark.parametrize(
    ("first", "second", "cosine"),
    [
        ([2.0, 0.0], [3.0, 0.0], 1.0),
        ([2.0, 0.0], [-3.0, 0.0], -1.0),
        ([2.0, 0.0], [0.0, 5.0], 0.0),
        ([0.0, 0.0], [1.0, 0.0], 0.0),
        ([1e-30, 1e-30], [1.0, 1.0], 1.0),
    ],
)
def test_the_cosine_of_two_vectors(first, second, cosine):
    actual = cosine_similarity(jnp.array(first), jnp.array(second))
    chex.assert_trees_all_close(actual, jnp.float32(cosine))


@pytest.mark.parametrize("lipschitz", ["one_sided", "two_sided", "difference"])
@pytest.mark.long
def test_between_two_clusters_critics_reach_the_closed_form(lipschitz, two_clusters):
    result = two_clusters(lipschitz)
    for weight, reached in zip((0.1, 1.0, 10.0), result.estimate / result.true):
        expected = transport.closed_form(result, weight)
        np.testing.assert_allclose(reached, expected, rtol=0.05)


@pytest.mark.long
def test_along_the_coupling_of_two_clusters_the_gradient_has_norm_one(two_clusters):
    result = two_clusters("one_sided")
    norms, cosines = result.coupled[2], result.cosine[2]  # lambda = 10
    np.testing.assert_allclose(norms.mean(axis=1), 1.05, atol=0.03)
    assert (cosines.mean(axis=1) > 0.98).all()


@pytest.mark.long
def test_each_strength_and_seed_has_its_row_and_axis():
    with unchecked():
        result = transport.measure("clip", transport.SETS[0], **TINY)
    chex.assert_shape([result.coupled, result.unrelated, result.cosine], (3, 2, 30))
    assert result.curve.shape[:2] == (3, 2)
    rows = transport.table_rows(result)
    assert [row["constraint"] for row in rows] == [
        "clip, c = 0.1",
        "clip, c = 0.01",
        "clip, c = 0.001",
    ]
    assert not np.array_equal(result.coupled[0, 0], result.coupled[0, 1])
