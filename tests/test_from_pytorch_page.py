"""The programs of docs/from_pytorch.md, and that both libraries agree."""

import importlib.util

import jax
import numpy as np
import pytest

from tests.helpers import ROOT, code_blocks, unchecked
from wgan_gp import losses

BLOCKS = code_blocks("from_pytorch.md")
HAS_TORCH = importlib.util.find_spec("torch") is not None
LOOPS, GRADIENTS, SAVED, MOVED = BLOCKS[:2], *BLOCKS[2:]
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")


def shortened(block, steps=3):
    assert block.count("1000") == 1
    return block.replace("1000", str(steps))


@pytest.fixture(scope="module")
def scope():
    """What the blocks in JAX define, after a short training."""
    found = {}
    with unchecked():
        exec(shortened(LOOPS[1]), found)
        exec(GRADIENTS, found)
    return found


def test_the_loop_in_jax_trains_both_players(scope):
    (params_d, _), (params_g, _) = scope["players"]
    assert scope["estimates"].shape == (3,)
    for player, params, size in (("D", params_d, 2), ("G", params_g, 8)):
        start = scope[player].init(jax.random.key(0), np.zeros(size))
        assert jax.tree.map(np.shape, start) == jax.tree.map(np.shape, params)
    assert abs(scope["estimates"][2] - scope["estimates"][0]) > 1e-4


def test_the_gradient_by_hand_is_that_of_the_losses(scope):
    def of_losses(params):
        def critic(x):
            return scope["D"].apply(params, x)[0]

        at = losses.slope_penalty(
            losses.two_sided, losses.gradient_norm, losses.at_reals
        )
        return at(critic, scope["points"], scope["points"], jax.random.key(0)).mean()

    expected = jax.jit(jax.grad(of_losses))(scope["params"])
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6),
        scope["by_hand"],
        expected,
    )


def test_a_critic_that_was_saved_is_a_critic_here(scope, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    shapes = {"0.weight": (64, 2), "0.bias": (64,), "2.weight": (1, 64), "2.bias": (1,)}
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    np.savez("critic.npz", **arrays)
    with unchecked():
        exec(MOVED, dict(scope))
    estimate, penalty = map(float, capsys.readouterr().out.split())
    assert np.isfinite(estimate)
    assert penalty >= 0


@needs_torch
def test_both_libraries_give_one_critic_the_same_values(scope, tmp_path, monkeypatch):
    import torch

    monkeypatch.chdir(tmp_path)
    here = scope | {"torch": torch}
    with unchecked():
        exec(SAVED + MOVED, here)
    x = np.asarray(here["points"])
    values = here["trained"](torch.tensor(x))[:, 0].detach().numpy()
    np.testing.assert_allclose(jax.vmap(here["moved"])(x), values, atol=1e-5)


@needs_torch
def test_flax_has_the_weights_of_pytorch_transposed_as_the_page_says():
    import flax.linen as nn
    import torch

    torch.manual_seed(0)
    dense, conv = torch.nn.Linear(3, 4), torch.nn.Conv2d(2, 5, 3, padding=1)
    x, image = np.ones(3, np.float32), np.arange(72, dtype=np.float32).reshape(6, 6, 2)
    for layer, own, sample, order, there in (
        (dense, nn.Dense(4), x, (1, 0), torch.tensor(x)),
        (conv, nn.Conv(5, (3, 3)), image, (2, 3, 1, 0), torch.tensor(image)),
    ):
        weight, bias = (each.detach().numpy() for each in (layer.weight, layer.bias))
        params = {"kernel": weight.transpose(order), "bias": bias}
        if sample is image:
            there = there.permute(2, 0, 1)[None]
        expected = layer(there).detach()
        if sample is image:
            expected = expected[0].permute(1, 2, 0)
        found = own.apply({"params": params}, sample)
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-4)


@needs_torch
def test_the_loop_in_pytorch_runs():
    exec(shortened(LOOPS[0]), {})


MESSAGES = {
    "returned (1,)": lambda x, k: losses.critic_loss(lambda x: x[:1], x, x, k),
    "and takes batches": lambda x, k: losses.critic_loss(
        lambda b: b.sum(axis=1), x, x, k
    ),
    "expected a JAX random key, got int": lambda x, k: losses.critic_loss(
        lambda x: x.sum(), x, x, 0
    ),
    "real and generated samples must have one shape": lambda x, k: losses.critic_loss(
        lambda x: x.sum(), x, x[:, :2], k
    ),
    "a penalty must return one number per sample": lambda x, k: losses.critic_loss(
        lambda x: x.sum(), x, x, k, penalty=lambda *_: 0.0 * x.sum()
    ),
}


@pytest.mark.parametrize("words", MESSAGES)
def test_the_messages_of_the_page_are_those_of_the_losses(words):
    text = (ROOT / "docs" / "from_pytorch.md").read_text(encoding="utf-8")
    assert words in text
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        MESSAGES[words](np.ones((4, 3), np.float32), jax.random.key(0))
    assert words in str(refused.value)
