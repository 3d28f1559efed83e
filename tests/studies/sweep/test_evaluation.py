from types import SimpleNamespace

import jax.numpy as jnp
import pytest

from wgan_gp import train
from wgan_gp.runs import loop
from wgan_gp.studies.sweep.evaluation import evaluate

CONFIG = SimpleNamespace(seed=0, steps=3, eval_repeats=1)
PARTS = SimpleNamespace(algorithm=None), CONFIG, SimpleNamespace(average=None), None


def refuse(*_):
    raise ValueError("the samples must be finite")


@pytest.mark.parametrize("sample", [jnp.nan, jnp.inf])
def test_samples_that_are_not_finite_are_of_a_run_that_diverged(sample, monkeypatch):
    monkeypatch.setattr(loop, "evaluate", refuse)
    monkeypatch.setattr(train, "generate", lambda *_: jnp.array([0.0, sample]))
    assert evaluate(*PARTS) == {}


def test_other_errors_are_raised(monkeypatch):
    monkeypatch.setattr(loop, "evaluate", refuse)
    monkeypatch.setattr(train, "generate", lambda *_: jnp.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="must be finite"):
        evaluate(*PARTS)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_scalars_that_are_not_finite_are_left_out_altogether(value, monkeypatch):
    measured = {"w1": 1.0, "wasserstein": value}
    monkeypatch.setattr(loop, "evaluate", lambda *_: measured)
    assert evaluate(*PARTS) == {}
    measured["wasserstein"] = 2.0
    assert evaluate(*PARTS) == measured
