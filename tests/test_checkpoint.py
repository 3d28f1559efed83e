import chex
import jax
import pytest

from tests.helpers import key, resolve
from wgan_gp import checkpoint, train
from wgan_gp.build import build


def start():
    experiment = build(resolve())
    return train.init(experiment.algorithm, experiment.hyperparameters, key(4))


def test_a_state_comes_back_bit_equal(tmp_path):
    state = start()
    checkpoint.save(tmp_path / "c", state)
    again = checkpoint.load(tmp_path / "c", jax.eval_shape(start))
    chex.assert_trees_all_equal(checkpoint._plain(again), checkpoint._plain(state))


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        checkpoint.load(tmp_path / "none", jax.eval_shape(start))
