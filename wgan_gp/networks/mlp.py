"""Multi-layer perceptrons for samples that are vectors.

By default with He-uniform hidden layers, a Glorot-uniform output layer and zero biases,
as in the toy networks of Gulrajani et al. 2017 (arXiv:1704.00028).
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks import fields
from wgan_gp.system.fields import among, positive, setting, whole
from wgan_gp.system.values import WIDEST


def shifted_softplus(x: jax.Array) -> jax.Array:
    """softplus(2x + 2) / 2 - 1, the smooth stand-in for ELU ([WGAN-GP], appendix D)."""
    return nn.softplus(2 * x + 2) / 2 - 1


ACTIVATIONS = {
    "relu": nn.relu,
    "leaky_relu": lambda x: nn.leaky_relu(x, 0.2),
    "tanh": jnp.tanh,
    "shifted_softplus": shifted_softplus,
    "silu": nn.silu,
}


def _he(width: int, inputs: int, kernel_init) -> nn.Dense:
    del inputs
    return nn.Dense(width, kernel_init=kernel_init)


def _fan_in(width: int, inputs: int, kernel_init) -> nn.Dense:
    """Weights and biases from U(-1 / sqrt(inputs), 1 / sqrt(inputs))."""
    del kernel_init

    def uniform(key, shape, dtype=jnp.float32):
        bound = inputs**-0.5
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return nn.Dense(width, kernel_init=uniform, bias_init=uniform)


# "he": He-uniform hidden layers, Glorot-uniform output, zero biases. "fan_in": smaller
# weights and random biases, PyTorch's default, so that kinks start spread out.
INITIALISERS = {"he": _he, "fan_in": _fan_in}


def _initialiser() -> Any:
    return setting(
        "he",
        "Initial weights and biases; fan_in is PyTorch's default.",
        among(INITIALISERS),
    )


class MLP(nn.Module):
    """Hidden layers and a linear output.

    Attributes:
      hidden: width of each hidden layer.
      outputs: width of the output.
      activation: a key of `ACTIVATIONS`.
      norm: "none", or "layer" for layer normalisation before each activation. Batch
        normalisation is not offered: it would tie the samples of a batch together.
      initialiser: a key of `INITIALISERS`.
    """

    kinds: ClassVar[tuple[str, ...]] = ("vectors",)  # of data
    hidden: Sequence[int] = fields.hidden((512, 512, 512))
    outputs: int = 1
    activation: str = fields.activation("relu", ACTIVATIONS)
    norm: str = fields.norm("none", fields.NORMS)
    initialiser: str = _initialiser()

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps `[..., D]` to `[..., outputs]`, each row on its own."""
        dense = INITIALISERS[self.initialiser]
        for width in self.hidden:
            x = dense(width, x.shape[-1], nn.initializers.he_uniform())(x)
            if self.norm == "layer":
                x = nn.LayerNorm()(x)
            x = ACTIVATIONS[self.activation](x)
        return dense(self.outputs, x.shape[-1], nn.initializers.glorot_uniform())(x)


class MLPCritic(nn.Module):
    """A critic of ONE sample, of any shape, as a vector: `[D]` to a scalar.

    Attributes:
      hidden: width of each hidden layer.
      activation: a key of `ACTIVATIONS`.
      norm: as in `MLP`.
      initialiser: a key of `INITIALISERS`.
      maxout: the value is the largest of this many linear outputs (Goodfellow et al.
        2013, arXiv:1302.4389); 1 is a plain linear output.
      fourier: how many fixed random directions w to add sin(w x) and cos(w x) of to
        the input (Tancik et al. 2020, arXiv:2006.10739), for critics that vary fast
        over few dimensions; 0 for none.
      fourier_scale: standard deviation of the entries of w.
    """

    hidden: Sequence[int] = fields.hidden((512, 512, 512))
    activation: str = fields.activation("relu", ACTIVATIONS)
    norm: str = fields.critic_norm("none")
    initialiser: str = _initialiser()
    maxout: int = setting(
        1,
        "The critic's value is the largest of this many linear outputs.",
        whole(1, WIDEST),
    )
    fourier: int = setting(
        0, "Random Fourier features that extend the input.", whole(0, WIDEST)
    )
    fourier_scale: float = setting(
        1.0, "Standard deviation of their frequencies.", positive()
    )

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps one sample `[D]` to its value `[]`."""
        x = jnp.ravel(x)  # samples of any kind are vectors to it
        if self.fourier:
            x = with_waves(x, self.fourier, self.fourier_scale)
        mlp = MLP(
            self.hidden, self.maxout, self.activation, self.norm, self.initialiser
        )
        return jnp.max(mlp(x))


def with_waves(x: jax.Array, count: int, scale: float) -> jax.Array:
    """The sample `[D]` with its sines and cosines, `[D + 2 count]`."""
    shape = (x.shape[-1], count)
    # Constants, not parameters: they are neither trained nor clipped.
    waves = x @ (scale * jax.random.normal(jax.random.key(0), shape))
    return jnp.concatenate([x, jnp.sin(waves), jnp.cos(waves)])
