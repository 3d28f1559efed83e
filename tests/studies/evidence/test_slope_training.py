import numpy as np
import pytest

from wgan_gp.studies.evidence import slope_training
from wgan_gp.studies.evidence.slope_training import Trained


def trained(form, *cosine, activation="relu"):
    return Trained(activation, form, np.array(cosine), np.ones(len(cosine)))


def test_gains_are_paired_by_seed_and_within_activation_and_batch():
    rows = slope_training.table_rows(
        [
            trained("gradient norm", 0.5, 0.7),
            trained("gradient norm, λ = 3", 0.6, 0.7),
            trained("difference along ĝ", 0.6, 0.8),
            trained("gradient norm, batch of 2,048", 0.8, 0.9),
            trained("difference, batch of 2,048", 0.7, 0.9),
            trained("gradient norm", 0.1, 0.2, activation="shifted_softplus"),
            trained("difference along ĝ", 0.1, 0.2, activation="shifted_softplus"),
        ]
    )
    off = 0.05 * 2**0.5  # of a sample of two
    expected = [(0, 0), (0.05, off), (0.1, 0), (0, 0), (-0.05, off), (0, 0), (0, 0)]
    np.testing.assert_allclose([row["gain"] for row in rows], expected, atol=1e-12)


@pytest.mark.parametrize("claim", slope_training.SCALES)
def test_each_cell_has_a_claim_and_a_step_of_its_own(claim):
    sizes = slope_training.SCALES[claim]["default"]
    assert claim == f"slopes_d{sizes['dimension']}"
    assert 0 < sizes["h"] < 1
