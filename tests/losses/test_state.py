"""Layers that draw random numbers or change: what the losses say of each.

`docs/critics.md` has what each message leads to, and a test that runs it.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from tests.helpers import key, unchecked
from wgan_gp import losses
from wgan_gp.networks import from_flax

X = jnp.linspace(-1.0, 1.0, 4)


class Linen(nn.Module):
    """A critic with one layer of a kind."""

    kind: str

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(8)(x)
        match self.kind:
            case "dropout":
                x = nn.Dropout(0.5, deterministic=False)(x)
            case "spectral":
                x = nn.SpectralNorm(nn.Dense(8))(x, update_stats=True)
            case "batch":
                x = nn.BatchNorm(use_running_average=False)(x)
            case "memory":
                last = self.variable("memory", "last", lambda: jnp.zeros(8))
                x = last.value = x + last.value
            case "carry":
                cell = nn.GRUCell(8)
                carry = cell.initialize_carry(self.make_rng("params"), x.shape)
                x = cell(carry, x)[1]
            case "weight":
                x = nn.WeightNorm(nn.Dense(8))(x)
        return nn.Dense(1)(x)[0]


class NNX(nnx.Module):
    """The same in NNX."""

    def __init__(self, kind):
        rngs = nnx.Rngs(0)
        self.layer = {
            "dropout": lambda: nnx.Dropout(0.5, rngs=rngs),
            "dropout without keys": lambda: nnx.Dropout(0.5),
            "spectral": lambda: nnx.SpectralNorm(
                nnx.Linear(4, 4, rngs=rngs), rngs=rngs
            ),
            "batch": lambda: nnx.BatchNorm(4, rngs=rngs),
            "recurrent": lambda: nnx.RNN(nnx.GRUCell(1, 4, rngs=rngs)),
        }[kind]()

    def __call__(self, x):
        return jnp.sum(self.layer(x[:, None] if "RNN" in repr(self.layer) else x))


def linen(kind):
    variables = Linen(kind).init(key(), X)
    return lambda x: Linen(kind).apply(variables, x)


def said(critic, words):
    """What is said of it, without blame for a layer that it does not have."""
    with pytest.raises(ValueError, match=words) as caught:
        losses.critic_loss(critic, X[None], X[None], key())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dropout", r"Dropout_0.*switch dropout off.*condition="),
        ("carry", r"random numbers.*start recurrent cells from zeros"),
        ("spectral", r"spectral normalisation with update_stats=False"),
        ("batch", r"batch normalisation with use_running_average=True"),
        ("memory", r"\"last\".*without writing it"),
    ],
)
def test_linen_layers_are_named_with_what_to_do(kind, words):
    with unchecked():
        text = said(linen(kind), words)
    assert ("batch norm" in text.lower()) == (kind == "batch")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dropout", r"RngCount.*model\.eval\(\)"),
        ("dropout without keys", r"`rngs`.*switch dropout off"),
        ("spectral", r"BatchStat.*model\.eval\(\).*spectral.*copy=True"),
        ("batch", r"BatchStat.*model\.eval\(\)"),
        ("recurrent", r"RngCount.*recurrent cells.*copy=True"),
    ],
)
def test_nnx_layers_are_named_and_the_words_lead_to_a_critic(kind, words):
    model = NNX(kind)
    said(model, words)
    model.eval()
    if kind in ("spectral", "recurrent"):
        said(model, r"recurrent cells, spectral normalisation.*copy=True")
        graphdef, state = nnx.split(model)
        model = lambda x: nnx.merge(graphdef, state, copy=True)(x)  # noqa: E731
    losses.check_critic(model, X)
    loss = jax.eval_shape(lambda x: losses.critic_loss(model, x, x, key())[0], X[None])
    assert loss.shape == ()


def test_equinox_layers_are_named_and_the_words_lead_to_a_critic():
    eqx = pytest.importorskip("equinox")
    dropped = eqx.nn.Sequential(
        [eqx.nn.Dropout(), eqx.nn.Linear(4, "scalar", key=key())]
    )
    said(dropped, "Dropout requires a key.*inference mode.*condition=")
    losses.check_critic(eqx.nn.inference_mode(dropped), X)
    keyed = lambda x, k: dropped(x, key=k)  # noqa: E731
    losses.check_critic(keyed, X, key(1))

    batch, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(4, "batch", mode="batch")
    said(lambda x: jnp.sum(batch(x, state)[0]), "across its batch.*running averages")
    still = eqx.nn.inference_mode(batch)
    losses.check_critic(lambda x: jnp.sum(still(x, state)[0]), X)

    linear = eqx.nn.Linear(4, "scalar", key=key())
    spectral, state = eqx.nn.make_with_state(eqx.nn.SpectralNorm)(
        linear, "weight", key=key()
    )
    copy = lambda state: jax.tree.map(lambda leaf: leaf, state)  # noqa: E731
    said(lambda x: spectral(x, state)[0], "uses up its state.*a copy")
    _, state = eqx.nn.make_with_state(eqx.nn.SpectralNorm)(linear, "weight", key=key())
    losses.critic_loss(
        lambda x: spectral(x, copy(state))[0], X[None], X[None], key(), penalty=None
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("batch", "keeps batch_stats beside.*batch normalisation.*layer normalisation"),
        ("spectral", "keeps batch_stats beside.*spectral normalisation.*update_stats"),
        ("memory", r"keeps memory beside its parameters.*memory/last.*held fixed"),
    ],
)
def test_from_flax_says_what_a_module_keeps(kind, words):
    with pytest.raises(ValueError, match=words) as caught:
        from_flax(Linen(kind), (4,)).init(key())
    assert ("batch norm" in str(caught.value)) == (kind == "batch")


def test_from_flax_says_that_a_module_draws_random_numbers():
    network = from_flax(Linen("dropout"), (4,))
    with unchecked():
        params = network.init(key())
    with pytest.raises(ValueError, match=r"draws random numbers.*deterministic"):
        network.apply(params, X)


def test_from_flax_takes_linen_modules_without_state():
    network = from_flax(Linen("weight"), (4,))
    params = jax.eval_shape(network.init, key())
    assert jax.eval_shape(network.apply, params, X).shape == ()
    with pytest.raises(ValueError, match="Flax linen module, got BatchNorm"):
        from_flax(NNX("batch").layer, (4,))
