"""What a function that is no critic is told, and that following it gives one."""

import re

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import draw_pair, key
from wgan_gp import losses

PICTURE = (4, 4, 2)
W = jnp.linspace(0.1, 1.0, 32)


def sample(shape):
    return jax.random.normal(key(5), shape)


def first_hint(critic, *arguments):
    with pytest.raises(ValueError, match="scalar of shape") as caught:
        losses.check_critic(critic, *arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def followed(critic, *arguments):
    """The critic that is accepted when each hint's code is written as it stands."""
    for _ in range(3):
        code = re.findall(r"`(lambda.*?)`", first_hint(critic, *arguments))[0]
        critic = eval(code, {"D": critic, "jnp": jnp, "jax": jax})
        try:
            losses.check_critic(critic, *arguments)
        except ValueError:
            continue
        return critic
    raise AssertionError("three hints led to no critic")


def score(x):
    """A value that depends on all of a sample."""
    return jnp.tanh(jnp.sum(W[: x.size] * jnp.ravel(x)))


def rows(batch):
    return jnp.tanh(batch.reshape(len(batch), -1) @ W[: batch[0].size])


# A function for one sample or a batch, a sample's shape, the critic that is meant.
WRITTEN = {
    "one": (lambda x: score(x)[None], (3,), score),
    "one, one": (lambda x: score(x)[None, None], PICTURE, score),
    "tuple": (lambda x: (score(x), x), (3,), score),
    "dict": (lambda x: {"value": score(x), "features": x}, (3,), score),
    "tuple of one": (lambda x: (score(x)[None], jnp.ones((2, 2))), (3,), score),
    "patches": (lambda x: x[..., 0] * score(x), PICTURE, None),
    "several": (lambda x: x * score(x), (3,), None),
    "batch": (rows, PICTURE, score),
    "batch, one": (lambda b: rows(b)[:, None], PICTURE, score),
    "batch of ones": (lambda b: rows(b)[:, None, None, None], PICTURE, score),
    "batch over axes": (
        lambda b: jnp.tanh(jnp.sum(b * W.reshape(PICTURE)[None], axis=(1, 2, 3))),
        PICTURE,
        score,
    ),
    "batch of vectors": (
        lambda b: jnp.tanh(jnp.sum(b * W[None, :3], axis=1)),
        (3,),
        score,
    ),
    "batch of patches": (
        lambda b: rows(b)[:, None, None] * b[:, :, 0, 0][:, :, None],
        PICTURE,
        None,
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_following_its_hint_gives_the_critic_that_is_meant(name):
    function, shape, meant = WRITTEN[name]
    x = sample(shape)
    critic = followed(function, x)
    assert (jax.grad(critic)(x) != 0).all()
    if meant is not None:
        np.testing.assert_allclose(critic(x), meant(x), rtol=1e-5)


def test_following_a_hint_gives_a_conditional_critic():
    x, y = sample(PICTURE), jnp.array(2.0)
    batched = lambda b, y: rows(b) * y  # noqa: E731
    np.testing.assert_allclose(followed(batched, x, y)(x, y), 2 * score(x), rtol=1e-5)
    batched = lambda b, y: rows(b)[:, None] * y["scale"][:, None]  # noqa: E731
    critic = followed(batched, x, {"scale": y})
    np.testing.assert_allclose(critic(x, {"scale": y}), 2 * score(x), rtol=1e-5)
    single = lambda x, y: (score(x) * y)[None]  # noqa: E731
    np.testing.assert_allclose(followed(single, x, y)(x, y), 2 * score(x), rtol=1e-5)


class CNN(nn.Module):
    """For batches; a picture alone is taken for a batch of its rows."""

    @nn.compact
    def __call__(self, x):
        x = nn.tanh(nn.Conv(2, (3, 3), (2, 2))(x))
        return nn.Dense(1)(x.reshape((x.shape[0], -1)))


def test_a_network_initialised_with_one_picture_is_told_to_take_a_batch():
    x = sample((8, 8, 1))
    params = CNN().init(key(), x)
    hint = first_hint(lambda x: CNN().apply(params, x), x)
    assert "initialise it with a batch of one sample, of shape (1, 8, 8, 1)" in hint
    assert "`lambda x: D(x[None])[0, 0]`" in hint
    with pytest.raises(ValueError, match="initialised for samples of another shape"):
        losses.check_critic(lambda x: CNN().apply(params, x[None])[0, 0], x)
    params = CNN().init(key(), x[None])
    critic = lambda x: CNN().apply(params, x[None])[0, 0]  # noqa: E731
    losses.check_critic(critic, x)
    assert (jax.grad(critic)(x) != 0).all()


@pytest.mark.parametrize(
    ("critic", "words"),
    [
        (lambda x: jnp.sum(jnp.exp(1j * x)), r"complex64\. Take a real .*jnp\.real"),
        (lambda x: jnp.argmax(x), r"int32, which has no slope"),
        (lambda x: jnp.sum(x) > 0, r"bool, which has no slope"),
        (lambda x: None, r"None\. Does it end without `return`"),
        (lambda x: x, r"\(3,\)\. If these are scores of 3 parts.*jnp\.mean"),
    ],
)
def test_other_outputs_are_refused_in_their_own_words(critic, words):
    assert re.search(words, first_hint(critic, sample((3,))))


TABLE = jnp.ones((5, 3))
EMBED = nn.Embed(5, 3)


@pytest.mark.parametrize(
    "critic",
    [
        lambda ids: jnp.sum(TABLE[ids]),
        lambda ids: jnp.sum(jnp.take(TABLE, ids, axis=0)),
        lambda ids: jnp.sum(EMBED.apply({"params": {"embedding": TABLE}}, ids)),
    ],
)
def test_critics_of_token_ids_are_told_to_take_one_hot_rows(critic):
    ids = jnp.ones((6, 4), jnp.int32)
    with pytest.raises(ValueError, match=r"token ids.*one-hot.*x @ table"):
        losses.critic_loss(critic, ids, ids, key())
    losses.critic_loss(
        lambda x: jnp.sum(x @ TABLE),
        jax.nn.one_hot(ids, 5),
        jnp.full((6, 4, 5), 0.2),
        key(),
        penalty=None,
    )


def test_a_critics_own_error_is_left_alone():
    def broken(x):
        raise KeyError("weights")

    with pytest.raises(KeyError, match="weights"):
        losses.critic_loss(broken, *draw_pair(), key())


def test_a_critic_that_returns_its_variables_is_not_told_to_drop_them():
    """Its first part alone would be a batch normalisation of one sample: all zeros."""
    critic = lambda x: (jnp.sum(x)[None], {"batch_stats": {"mean": x}})  # noqa: E731
    with pytest.raises(ValueError, match=r"updated variables \(batch_stats\)") as error:
        losses.critic_loss(critic, *draw_pair(), key())
    assert "use_running_average=True" in str(error.value)
    assert "D(x)[0]" not in str(error.value)
