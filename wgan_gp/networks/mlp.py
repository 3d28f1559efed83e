"""Multi-layer perceptrons, for samples that are vectors and as a generator of images.

By default with He-uniform hidden layers, a Glorot-uniform output layer and zero biases,
as in the toy networks of Gulrajani et al. 2017 (arXiv:1704.00028).

The attributes of critics and generators are the fields of a configuration's `critic`
and `generator`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks import fields
from wgan_gp.networks.activations import ACTIVATIONS, OUTPUTS, softmax_groups
from wgan_gp.networks.normalisations import normalise_features, with_weight_norm
from wgan_gp.system.fields import among, positive, setting, whole
from wgan_gp.system.values import WIDEST


class Initialisers(NamedTuple):
    """Initialisers `(key, shape, dtype) -> array` of one linear layer.

    Attributes:
      hidden: of the weights of a hidden layer.
      output: of the weights of the output layer.
      bias: of the biases of both.
    """

    hidden: nn.initializers.Initializer
    output: nn.initializers.Initializer
    bias: nn.initializers.Initializer


def he(fan_in: int) -> Initialisers:
    """He-uniform hidden weights, Glorot-uniform output weights, zero biases.

    Args:
      fan_in: inputs of the layer; the initialisers read it off the weights' shape.
    """
    del fan_in
    return Initialisers(
        nn.initializers.he_uniform(),
        nn.initializers.glorot_uniform(),
        nn.initializers.zeros,
    )


def uniform_by_fan_in(fan_in: int) -> Initialisers:
    """Weights and biases from U(-1 / sqrt(fan_in), 1 / sqrt(fan_in)).

    PyTorch's default. Weights are smaller than He's, and random biases spread the
    kinks of a ReLU network from the start.

    Args:
      fan_in: inputs of the layer.
    """

    def uniform(key, shape, dtype=jnp.float32):
        bound = fan_in**-0.5
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return Initialisers(uniform, uniform, uniform)


# By the names that configurations use.
INITIALISERS = {"he": he, "fan_in": uniform_by_fan_in}


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
      norm: "none"; "layer" or "group" for a normalisation before each activation;
        "weight" for weight normalisation of all layers, the output too. Batch
        normalisation is not offered: it would tie the samples of a batch together.
        Instance normalisation neither: a vector has no positions to average over.
      initialiser: a key of `INITIALISERS`.
      categories: of each group that is made a softmax, the soft one-hot entries of a
        table's column: the first output, and the one after its last.
    """

    kinds: ClassVar[tuple[str, ...]] = ("vectors",)  # of data
    is_chain: ClassVar[bool] = True  # for `networks.lipschitz.chains`
    hidden: Sequence[int] = fields.hidden((512, 512, 512))
    outputs: int = 1
    activation: str = fields.activation("relu", ACTIVATIONS)
    norm: str = fields.norm("none", fields.VECTOR_NORMS)
    initialiser: str = _initialiser()
    categories: tuple[tuple[int, int], ...] = ()

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps `[..., D]` to `[..., outputs]`, each row alone."""
        for width in self.hidden:
            init = INITIALISERS[self.initialiser](x.shape[-1])
            x = self._dense(width, init.hidden, init.bias)(x)
            x = ACTIVATIONS[self.activation](normalise_features(self.norm, x))
        init = INITIALISERS[self.initialiser](x.shape[-1])
        x = self._dense(self.outputs, init.output, init.bias)(x)
        return softmax_groups(x, self.categories)

    def _dense(self, width: int, kernel: Any, bias: Any):
        layer = nn.Dense(width, kernel_init=kernel, bias_init=bias)
        return with_weight_norm(self.norm, layer)


class MLPCritic(nn.Module):
    """A critic of ONE sample: `[D]` to a scalar.

    Attributes:
      hidden: width of each hidden layer.
      activation: a key of `ACTIVATIONS`.
      norm: as in `MLP`.
      initialiser: a key of `INITIALISERS`.
      maxout: number of linear outputs, of which the value is the largest (Goodfellow et
        al. 2013, arXiv:1302.4389); 1 is a linear output.
      fourier: number of Fourier features, as in `fourier_features`, for critics that
        vary fast over few dimensions; 0 or None for none. None leaves it open to what
        an experiment has for the constraint.
      fourier_scale: standard deviation of their frequencies; None is 1.
    """

    is_chain: ClassVar[bool] = True  # for `networks.lipschitz.chains`
    hidden: Sequence[int] = fields.hidden((512, 512, 512))
    activation: str = fields.activation("relu", ACTIVATIONS)
    norm: str = fields.critic_norm("none", fields.VECTOR_NORMS)
    initialiser: str = _initialiser()
    maxout: int = setting(
        1,
        "The critic's value is the largest of this many linear outputs.",
        whole(1, WIDEST),
    )
    fourier: int | None = setting(
        None, "Random Fourier features that extend the input.", whole(0, WIDEST)
    )
    fourier_scale: float | None = setting(
        None, "Standard deviation of their frequencies.", positive()
    )

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps one sample `[D]` to its value `[]`."""
        x = jnp.ravel(x)  # samples of any kind are vectors to it
        if self.fourier:
            x = fourier_features(x, self.fourier, self.fourier_scale or 1.0)
        mlp = MLP(
            self.hidden, self.maxout, self.activation, self.norm, self.initialiser
        )
        return jnp.max(mlp(x))


def fourier_features(x: jax.Array, count: int, scale: float) -> jax.Array:
    """A sample with sines and cosines of it, at random frequencies.

    Tancik et al. 2020, arXiv:2006.10739, section 4, with the sample itself.

    Args:
      x: one sample `[D]`.
      count: number of frequencies w `[D]`, the same in every call.
      scale: standard deviation of their entries.

    Returns:
      x, sin(w x) and cos(w x) for each w: `[D + 2 count]`, of the type of x. In
        bfloat16 the phases are still computed in float32.
    """
    shape = (x.shape[-1], count)
    # Constants, not parameters: they are neither trained nor clipped.
    phases = x @ (scale * jax.random.normal(jax.random.key(0), shape))
    waves = [each.astype(x.dtype) for each in (jnp.sin(phases), jnp.cos(phases))]
    return jnp.concatenate([x, *waves])


class MLPGenerator(nn.Module):
    """A perceptron that generates images: `[B, Z]` to `[B, H, W, C]`.

    Its four layers of 512 are an architecture of Gulrajani et al. 2017, Figure 2.

    Attributes:
      shape: H, W, C of an image.
      hidden: width of each hidden layer.
      activation: a key of `ACTIVATIONS`.
      output: a key of `OUTPUTS`.
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    shape: tuple[int, int, int]
    hidden: Sequence[int] = fields.hidden((512, 512, 512, 512))
    activation: str = fields.activation("relu", ACTIVATIONS)
    output: str = fields.output()

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps latents `[B, Z]` to images `[B, H, W, C]`."""
        height, width, channels = self.shape
        x = MLP(self.hidden, height * width * channels, self.activation)(z)
        return OUTPUTS[self.output](x.reshape(-1, *self.shape))
