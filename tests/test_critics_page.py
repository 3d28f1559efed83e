"""The recipes of docs/critics.md, which error messages lead to."""

import importlib.util

import jax

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


def test_the_critic_with_state_learns_and_stays_within_its_bound():
    scope = {}
    with unchecked():
        for block in (BLOCKS[0], BLOCKS[-1]):
            exec(block, scope)
    estimate = scope["curves"]["wasserstein"]
    assert estimate[-1] > estimate[0] + 1
    slopes = jax.vmap(jax.grad(scope["bounded"]))(scope["fakes"])
    assert jax.numpy.linalg.norm(slopes, axis=1).max() < 1.02
