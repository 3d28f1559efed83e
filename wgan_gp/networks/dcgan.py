"""Convolutional networks after DCGAN (Radford et al. 2016, arXiv:1511.06434).

With 5 x 5 kernels, strides of 2 and no pooling, as Gulrajani et al. 2017 use them for
MNIST, CIFAR-10 and 64 x 64. Attributes also give the variants of their Figure 2 (few
filters, no normalisation, gates, tanh) and the architectures of their Table 1.

The attributes are the fields of a configuration's `critic` and `generator`.
"""

from collections.abc import Sequence
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks import fields
from wgan_gp.networks.activations import IMAGE_ACTIVATIONS, OUTPUTS
from wgan_gp.networks.initialisers import HE_SCALE, fan_avg_uniform, uniform
from wgan_gp.networks.layers import ConvTranspose, conv, dense
from wgan_gp.networks.normalisations import normalise
from wgan_gp.networks.resizing import crop, strided_sizes, upsample
from wgan_gp.system.fields import among, setting


class DCGANCritic(nn.Module):
    """A critic of ONE image: `[H, W, C]` to a scalar.

    Convolutions of stride 2, then a linear layer.

    Attributes:
      width: channels of the first layer.
      multipliers: the channels of each layer, in units of `width`.
      activation: a key of `IMAGE_ACTIVATIONS`; the papers' is leaky with slope 0.2.
      norm: "none"; "layer", "instance" or "group" for a normalisation from the second
        layer on; "weight" for weight normalisation of all layers.
      weight_std: standard deviation of the convolutions' weights; 0 for one by their
        fans.
      extra: number of further 3 x 3 layers of stride 1 after the second layer, with as
        many channels. They make the deeper critics of Table 1.
      classes: number of classes of an auxiliary classifier (Odena et al. 2017,
        arXiv:1610.09585), which shares all but the last layer; 0 for none.
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    is_chain: ClassVar[bool] = True  # for `networks.lipschitz.chains`
    width: int = fields.width(64)
    multipliers: Sequence[int] = fields.multipliers((1, 2, 4))
    activation: str = fields.activation("leaky_relu", IMAGE_ACTIVATIONS)
    norm: str = fields.critic_norm("none")
    weight_std: float = fields.weight_std()
    extra: int = fields.extra()
    classes: int = 0

    @nn.compact
    def __call__(self, x: jax.Array, head: str = "value") -> jax.Array:
        """Maps one image `[H, W, C]` to its value `[]`.

        Args:
          x: the image.
          head: "value", or "logits" for the classifier's outputs `[classes]`.
        """
        width = _width_before(self.activation, self.width)
        for layer, multiplier in enumerate(self.multipliers):
            features = width * multiplier
            x = self._conv(features, 5, 2)(x)
            x = self._activate(x, self.norm if layer else "none")
            for _ in range(self.extra if layer == 1 else 0):
                x = self._activate(self._conv(features, 3, 1)(x), self.norm)
        x = x.reshape(-1)
        value = dense(1, norm=self.norm)(x)[0]
        if not self.classes:
            return value
        logits = dense(self.classes, norm=self.norm, name="logits")(x)
        return logits if head == "logits" else value

    def _conv(self, features: int, kernel: int, stride: int):
        options = {"weight_std": self.weight_std, "norm": self.norm}
        return conv(features, kernel, stride, **options)

    def _activate(self, x: jax.Array, norm: str) -> jax.Array:
        return IMAGE_ACTIVATIONS[self.activation](normalise(norm, x))


class DCGANGenerator(nn.Module):
    """A generator of images: `[B, Z]` to `[B, H, W, C]`.

    A linear layer to small images, then layers that double them. Where a size is odd,
    such as MNIST's 7, the last row and column are cut off.

    Attributes:
      shape: H, W, C of an image.
      width: the unit of `multipliers`.
      multipliers: the channels of each size, in units of `width`; those of the linear
        layer are the first.
      activation: a key of `IMAGE_ACTIVATIONS`.
      norm: "batch" or "none".
      unit_norm: whether batch normalisation after the linear layer is by unit, as the
        reference does for CIFAR-10, or by channel, as it does for 64 x 64.
      upsampling: "transposed" for transposed 5 x 5 convolutions of stride 2, the last
        of which makes the image, as published; "nearest" for repeated pixels before a
        3 x 3 convolution (Odena et al. 2016, doi:10.23915/distill.00003), and one
        more, of stride 1, that makes the image.
      output: a key of `OUTPUTS`.
      weight_std: standard deviation of all weights; 0 for one by their fans.
      extra: number of further 3 x 3 layers of stride 1 after the first doubling, with
        as many channels.
      classes: number of classes, one of which is told with each latent, as an entry
        that is 1 (Mirza and Osindero 2014, arXiv:1411.1784); 0 for none.
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
    upsampling: str = setting(
        "transposed",
        "How images are doubled: by transposed convolutions, or with nearest pixels,"
        " each followed by a convolution of stride 1.",
        among(("transposed", "nearest")),
    )
    output: str = fields.output()
    weight_std: float = fields.weight_std()
    extra: int = fields.extra()
    classes: int = 0

    @nn.compact
    def __call__(self, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Maps latents `[B, Z]`, and labels `[B]`, to images `[B, H, W, C]`.

        Raises:
          ValueError: images of this shape cannot be halved so often.
        """
        if labels is not None:
            told = jax.nn.one_hot(labels, self.classes, dtype=z.dtype)
            z = jnp.concatenate([z, told], axis=-1)
        sizes = self._sizes()
        width = _width_before(self.activation, self.width)
        widths = [width * each for each in self.multipliers]
        x = self._project_and_reshape(z, (*sizes[0], widths[0]))
        for layer, (size, features) in enumerate(zip(sizes[1:], widths[1:])):
            x = self._activate(crop(self._double(x, features), size))
            for _ in range(self.extra if layer == 0 else 0):
                x = self._activate(conv(features, weight_std=self.weight_std)(x))
        if len(sizes) > len(widths):
            x = crop(self._double(x, self.shape[2]), sizes[-1])
        else:
            x = conv(self.shape[2], weight_std=self.weight_std)(x)
        return OUTPUTS[self.output](x)

    def _sizes(self) -> list[tuple[int, int]]:
        """Heights and widths, from the linear layer's to the full ones."""
        # A transposed convolution to the full size makes the image.
        count = len(self.multipliers) - (self.upsampling == "nearest")
        sizes = strided_sizes(self.shape[:2], 1)[: count + 1]
        if len(sizes) <= count:
            raise ValueError(
                f"images of {self.shape[0]} x {self.shape[1]} can be halved"
                f" {len(sizes) - 1} times, got {len(self.multipliers)} multipliers of"
                " the generator: leave some out"
            )
        return sizes[::-1]

    def _project_and_reshape(
        self, z: jax.Array, shape: tuple[int, int, int]
    ) -> jax.Array:
        units = shape[0] * shape[1] * shape[2]
        x = dense(units, weight_std=self.weight_std)(z)
        if not self.unit_norm:
            return self._activate(x.reshape(-1, *shape))
        return self._activate(x).reshape(-1, *shape)

    def _activate(self, x: jax.Array) -> jax.Array:
        return IMAGE_ACTIVATIONS[self.activation](normalise(self.norm, x))

    def _double(self, x: jax.Array, features: int) -> jax.Array:
        std = self.weight_std
        if self.upsampling == "nearest":
            return conv(features, weight_std=std)(upsample(x))
        init = uniform(std) if std else fan_avg_uniform(HE_SCALE, 2, transposed=True)
        return ConvTranspose(features, (5, 5), kernel_init=init)(x)


def _width_before(activation: str, width: int) -> int:
    """Channels before an activation that returns `width` channels."""
    return 2 * width if activation == "gated" else width
