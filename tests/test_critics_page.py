"""The recipes of docs/critics.md, which error messages lead to."""

import importlib.util

import jax
import pytest

from tests.helpers import code_blocks, unchecked
from wgan_gp import losses

BLOCKS = code_blocks("critics.md")


def test_every_block_runs(monkeypatch):
    # It looks at numbers, and has tests of its own; the rest is only traced.
    monkeypatch.setattr(losses, "check_per_sample", lambda batched, x: None)
    blocks = BLOCKS
    if importlib.util.find_spec("equinox") is None:
        blocks = [block for block in blocks if "equinox" not in block]

    def run():
        scope = {}
        for block in blocks:
            exec(block, scope)
        return scope["gradient"], scope["trained"]

    # One key makes two layers on the page, which is about losses.
    with unchecked():
        assert jax.tree.leaves(jax.eval_shape(run))


@pytest.mark.parametrize(
    ("blocks", "bound"), [(BLOCKS[-2:-1], 1.02), (BLOCKS[-2:], 1 + 1e-5)]
)
@pytest.mark.long
def test_critics_that_are_bounded_learn_and_stay_within_the_bound(blocks, bound):
    scope = {}
    with unchecked():
        for block in (BLOCKS[0], *blocks):
            exec(block, scope)
    estimate = scope["curves"]["wasserstein"]
    assert estimate[-1] > estimate[0] + 1
    slopes = jax.vmap(jax.grad(scope["bounded"]))(scope["fakes"])
    assert jax.numpy.linalg.norm(slopes, axis=1).max() < bound
