"""Activations by the names that configurations use."""

from collections import ChainMap
from collections.abc import Callable, Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp


def shifted_softplus(x: jax.Array) -> jax.Array:
    """softplus(2x + 2) / 2 - 1, a smooth approximation of ELU.

    [WGAN-GP] (arXiv:1704.00028), appendix D.

    Args:
      x: `[...]`.

    Returns:
      `[...]`, above -1.
    """
    return nn.softplus(2 * x + 2) / 2 - 1


def gated_activation(x: jax.Array) -> jax.Array:
    """sigmoid(a) tanh(b), the gated activation of PixelCNN.

    van den Oord et al. 2016, arXiv:1606.05328, equation 2. a and b are the even and
    odd channels.

    Args:
      x: `[..., 2 C]`.

    Returns:
      `[..., C]`, in (-1, 1).
    """
    return nn.sigmoid(x[..., ::2]) * jnp.tanh(x[..., 1::2])


def softmax_groups(x: jax.Array, groups: Sequence[tuple[int, int]]) -> jax.Array:
    """A softmax over each group of neighbouring channels; others stay as they are.

    Args:
      x: `[..., C]`.
      groups: the first channel of each, and the one after its last.

    Returns:
      `[..., C]`.
    """
    for first, end in groups:
        x = x.at[..., first:end].set(nn.softmax(x[..., first:end]))
    return x


# Of hidden layers, for all networks.
ACTIVATIONS: dict[str, Callable[..., jax.Array]] = {
    "relu": nn.relu,
    "leaky_relu": lambda x: nn.leaky_relu(x, 0.2),  # the slope of DCGAN's critic
    "tanh": jnp.tanh,
    "shifted_softplus": shifted_softplus,
    "silu": nn.silu,
}
# Of hidden layers, for DCGANs: those above, with those that are added to them, and
# "gated", before which the channels are doubled, as it halves them.
_GATED: dict[str, Callable[..., jax.Array]] = {"gated": gated_activation}
IMAGE_ACTIVATIONS = ChainMap(_GATED, ACTIVATIONS)
# Of a generator's output: "tanh" for pixels in [-1, 1], "sigmoid" for [0, 1].
OUTPUTS = {"tanh": jnp.tanh, "sigmoid": nn.sigmoid}
