"""Residual networks of one-dimensional convolutions, for sequences and text.

The character model of Gulrajani et al. 2017 (arXiv:1704.00028), section 5.5, as in its
reference implementation: five blocks x + 0.3 conv(relu(conv(relu(x)))) of one width and
kernels of 5, without normalisation, at the full length throughout. A generator of text
ends in a softmax over the characters of each position, which the critic sees as it is:
nothing is sampled.
"""

from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks import fields
from wgan_gp.networks.activations import softmax_groups
from wgan_gp.networks.initialisers import HE_SCALE, fan_avg_uniform
from wgan_gp.networks.layers import dense
from wgan_gp.networks.normalisations import normalise, with_weight_norm
from wgan_gp.system.fields import among, positive, setting, whole
from wgan_gp.system.values import DEEPEST

SOFTMAX, LINEAR = "softmax", "linear"


def _blocks() -> int:
    return setting(5, "Residual blocks.", whole(1, DEEPEST))


def _kernel() -> int:
    return setting(5, "Positions that a convolution sees.", whole(1, 2**10))


def _branch() -> float:
    return setting(0.3, "Factor of a residual block's branch.", positive())


def _dilation() -> int:
    return setting(
        1,
        "A block's positions are this many times as far apart as those of the block"
        " before; 1 is as proposed.",
        whole(1, 2**10),
    )


def convolve_windows(
    x: jax.Array,
    kernel: jax.Array,
    *_: Any,
    rhs_dilation: tuple[int, int] = (1, 1),
    precision: Any = None,
    **__: Any,
) -> jax.Array:
    """What `Conv1D` computes, as one matrix product of each position's window.

    All of its derivatives are matrix products too. XLA has no fast code on CPUs for the
    convolutions that second derivatives lead to: by them a critic update of width 64
    took 40 times as long.

    Args:
      x: sequences `[N, T, 1, C]`.
      kernel: `[k, 1, C, O]`.
      *_: of `jax.lax.conv_general_dilated`; `Conv1D` has no strides.
      rhs_dilation: how far apart the positions of a window are, and 1.
      precision: of the product.
      **__: as `_`.

    Returns:
      `[N, T, 1, O]`, with "SAME" padding.
    """
    size, channels, features = kernel.shape[0], *kernel.shape[2:]
    length, apart = x.shape[1], rhs_dilation[0]
    around, before = (size - 1) * apart, (size - 1) * apart // 2
    # Farther away than the sequence is long there are zeros, and no more is padded.
    left, right = min(before, length), min(around - before, length)
    padded = jnp.pad(x, ((0, 0), (left, right), (0, 0), (0, 0)))
    starts = (left - before + k * apart for k in range(size))
    starts = (min(max(start, 0), left + right) for start in starts)
    windows = [padded[:, start : start + length] for start in starts]
    return jnp.matmul(
        jnp.concatenate(windows, axis=-1),
        kernel.reshape(size * channels, features),
        precision=precision,
    )


class Conv1D(nn.Module):
    """A convolution over positions, `[..., T, C]` to `[..., T, features]`.

    It is one over pictures of width 1 to Flax, computed by one matrix product
    (`convolve_windows`). "SAME" padding with zeros.

    Attributes:
      features: channels of the output.
      kernel: positions that it sees.
      norm: of the network; "weight" normalises this layer's weights.
      dilation: how far apart these positions are.
    """

    is_chain: ClassVar[bool] = True  # for `networks.lipschitz.chains`
    features: int
    kernel: int
    norm: str = "none"
    dilation: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps `[..., T, C]` to `[..., T, features]`."""
        layer = nn.Conv(
            self.features,
            (self.kernel, 1),
            kernel_dilation=(self.dilation, 1),
            kernel_init=fan_avg_uniform(HE_SCALE),
            conv_general_dilated=convolve_windows,
        )
        return with_weight_norm(self.norm, layer)(x[..., None, :])[..., 0, :]


class SequenceBlock(nn.Module):
    """x + branch * conv(relu(conv(relu(x)))), of constant width.

    Attributes:
      kernel: positions that a convolution sees.
      branch: the factor.
      norm: "none"; "layer", "instance" or "group" for a normalisation before each
        ReLU; "weight" for weight normalisation.
      dilation: how far apart these positions are.
    """

    kernel: int
    branch: float
    norm: str
    dilation: int = 1

    @property
    def gain(self) -> float:
        """For `networks.lipschitz.chains`."""
        return 1 + self.branch

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps `[..., T, C]` to the same shape."""
        y = x
        for _ in range(2):
            y = normalise(self.norm, y[..., None, :])[..., 0, :]
            y = Conv1D(x.shape[-1], self.kernel, self.norm, self.dilation)(nn.relu(y))
        return x + self.branch * y


class SequenceCritic(nn.Module):
    """A critic of ONE sequence `[T, C]`.

    Attributes:
      width: channels of every layer.
      blocks: how many residual blocks.
      kernel: positions that a convolution sees.
      branch: factor of a block's branch.
      norm: as in `SequenceBlock`.
      dilation: block b, from 0 on, has positions `dilation**b` apart. With 2 the critic
        sees twice as long a time with each block.
    """

    kinds: ClassVar[tuple[str, ...]] = ("sequences",)  # of data
    width: int = fields.width(512)
    blocks: int = _blocks()
    kernel: int = _kernel()
    branch: float = _branch()
    norm: str = fields.critic_norm("none")
    dilation: int = _dilation()

    @property
    def gain(self) -> float:
        """For `networks.lipschitz.chains`: the product of its blocks'."""
        return (1 + self.branch) ** self.blocks

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps one sequence `[T, C]` to its value `[]`."""
        y = Conv1D(self.width, 1, self.norm)(x)
        for b in range(self.blocks):
            apart = self.dilation**b
            y = SequenceBlock(self.kernel, self.branch, self.norm, apart)(y)
        return dense(1, norm=self.norm)(jnp.ravel(y))[0]


class SequenceGenerator(nn.Module):
    """A generator of sequences.

    Attributes:
      shape: T, C of a sequence.
      width: channels of every layer.
      blocks: how many residual blocks.
      kernel: positions that a convolution sees.
      branch: factor of a block's branch.
      output: "linear" for numbers, "softmax" for the characters of text.
      categories: the first channel of each group that a softmax is over, and the one
        after its last; none is one over all.
      dilation: as in `SequenceCritic`.
    """

    kinds: ClassVar[tuple[str, ...]] = ("sequences",)  # of data
    shape: tuple[int, int]
    width: int = fields.width(512)
    blocks: int = _blocks()
    kernel: int = _kernel()
    branch: float = _branch()
    output: str = setting(
        LINEAR,
        "linear is for numbers, softmax for the characters of text.",
        among((LINEAR, SOFTMAX)),
    )
    categories: tuple[tuple[int, int], ...] = ()
    dilation: int = _dilation()

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps latents `[B, Z]` to sequences `[B, T, C]`."""
        length, channels = self.shape
        x = dense(length * self.width)(z).reshape(-1, length, self.width)
        for b in range(self.blocks):
            apart = self.dilation**b
            x = SequenceBlock(self.kernel, self.branch, "none", apart)(x)
        x = Conv1D(channels, 1)(x)
        if self.output == LINEAR:
            return x
        return softmax_groups(x, self.categories) if self.categories else nn.softmax(x)
