"""Convolutional networks after DCGAN (Radford et al. 2016, arXiv:1511.06434).

With 5 x 5 kernels, strides of 2 and no pooling, as Gulrajani et al. 2017 use them for
MNIST, CIFAR-10 and 64 x 64; the first five of their robustness variants are attributes.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks import fields
from wgan_gp.networks.convolutions import ConvTranspose
from wgan_gp.networks.layers import (
    HE,
    balanced,
    conv,
    crop,
    dense,
    gated,
    halvings,
    normalise,
    uniform,
)
from wgan_gp.networks.mlp import ACTIVATIONS, MLP
from wgan_gp.system.fields import among, setting

IMAGE_ACTIVATIONS = ACTIVATIONS | {"gated": gated}
OUTPUTS = {"tanh": jnp.tanh, "sigmoid": nn.sigmoid}


def _output() -> Any:
    return setting(
        "tanh", "tanh is for pixels in [-1, 1], sigmoid [0, 1].", among(OUTPUTS)
    )


class DCGANCritic(nn.Module):
    """A critic of ONE image: `[H, W, C]` to a scalar.

    Attributes:
      width: channels of the first layer.
      multipliers: of the width, one for each layer, all of stride 2.
      activation: a key of `IMAGE_ACTIVATIONS`; the papers' is leaky with slope 0.2.
      norm: "none", or "layer" for layer normalisation from the second layer on.
      weight_std: standard deviation of all weights; 0 for one by the layer's fans.
      extra: further 3 x 3 layers of stride 1 after the second, which has as many
        channels.
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    width: int = fields.width(64)
    multipliers: Sequence[int] = fields.multipliers((1, 2, 4))
    activation: str = fields.activation("leaky_relu", IMAGE_ACTIVATIONS)
    norm: str = fields.critic_norm("none")
    weight_std: float = fields.weight_std()
    extra: int = fields.extra()

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps one image `[H, W, C]` to its value `[]`."""
        doubled = 2 if self.activation == "gated" else 1
        for layer, multiplier in enumerate(self.multipliers):
            features = doubled * self.width * multiplier
            x = conv(features, 5, 2, std=self.weight_std)(x)
            x = self._activate(x, self.norm if layer else "none")
            for _ in range(self.extra if layer == 1 else 0):
                x = conv(features, std=self.weight_std)(x)
                x = self._activate(x, self.norm)
        return dense(1)(x.reshape(-1))[0]

    def _activate(self, x: jax.Array, norm: str) -> jax.Array:
        return IMAGE_ACTIVATIONS[self.activation](normalise(norm, x))


class DCGANGenerator(nn.Module):
    """A generator of images: `[B, Z]` to `[B, H, W, C]`.

    A linear layer to 4 x 4 or less, then a transposed convolution for each doubling;
    where a size is odd, such as MNIST's 7, the last row and column are cut off.

    Attributes:
      shape: H, W, C of an image.
      width: channels before the last layer, times the last multiplier.
      multipliers: of the width, the linear layer's first: one for each doubling.
      activation: a key of `IMAGE_ACTIVATIONS`.
      norm: "batch" or "none".
      unit_norm: whether the linear layer's units are normalised one by one, as for
        CIFAR-10, or by channel, as for 64 x 64.
      output: "tanh" for pixels in [-1, 1], "sigmoid" for [0, 1].
      weight_std: as in `DCGANCritic`.
      extra: further 3 x 3 layers of stride 1 after the first doubling, which has as
        many channels.
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    shape: tuple[int, int, int]
    width: int = fields.width(64)
    multipliers: Sequence[int] = fields.multipliers((4, 2, 1))
    activation: str = fields.activation("relu", IMAGE_ACTIVATIONS)
    norm: str = fields.norm("none", fields.GENERATOR_NORMS)
    unit_norm: bool = setting(
        False, "Whether the first layer is normalised by unit rather than by channel."
    )
    output: str = _output()
    weight_std: float = fields.weight_std()
    extra: int = fields.extra()

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps latents `[B, Z]` to images `[B, H, W, C]`."""
        sizes = halvings(self.shape[:2], 1)[: len(self.multipliers) + 1][::-1]
        if len(sizes) <= len(self.multipliers):
            raise ValueError(
                f"images of {self.shape[0]} x {self.shape[1]} can be halved"
                f" {len(sizes) - 1} times, got {len(self.multipliers)} multipliers of"
                " the generator: leave some out"
            )
        doubled = 2 if self.activation == "gated" else 1
        widths = [doubled * self.width * each for each in self.multipliers]
        x = self._linear(z, (*sizes[0], widths[0]))
        for layer, (size, features) in enumerate(zip(sizes[1:-1], widths[1:])):
            x = self._activate(crop(self._up(features)(x), size))
            for _ in range(self.extra if layer == 0 else 0):
                x = self._activate(conv(features, std=self.weight_std)(x))
        x = crop(self._up(self.shape[2])(x), sizes[-1])
        return OUTPUTS[self.output](x)

    def _linear(self, z: jax.Array, shape: tuple[int, int, int]) -> jax.Array:
        x = dense(shape[0] * shape[1] * shape[2], std=self.weight_std)(z)
        if not self.unit_norm:
            return self._activate(x.reshape(-1, *shape))
        return self._activate(x).reshape(-1, *shape)

    def _activate(self, x: jax.Array) -> jax.Array:
        return IMAGE_ACTIVATIONS[self.activation](normalise(self.norm, x))

    def _up(self, features: int) -> ConvTranspose:
        std = self.weight_std
        init = uniform(std) if std else balanced(HE, 2, up=True)
        return ConvTranspose(features, (5, 5), kernel_init=init)


class MLPGenerator(nn.Module):
    """A perceptron that generates images: `[B, Z]` to `[B, H, W, C]`.

    Attributes:
      shape: H, W, C of an image.
      hidden: width of each hidden layer.
      activation: a key of `ACTIVATIONS`.
      output: as in `DCGANGenerator`.
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    shape: tuple[int, int, int]
    hidden: Sequence[int] = fields.hidden((512, 512, 512, 512))
    activation: str = fields.activation("relu", ACTIVATIONS)
    output: str = _output()

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps latents `[B, Z]` to images `[B, H, W, C]`."""
        height, width, channels = self.shape
        x = MLP(self.hidden, height * width * channels, self.activation)(z)
        return OUTPUTS[self.output](x.reshape(-1, *self.shape))
