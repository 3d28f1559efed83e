"""Multi-layer perceptrons for samples that are vectors.

He-uniform hidden layers, a Glorot-uniform output layer and zero biases, as in the
toy networks of Gulrajani et al. 2017 (arXiv:1704.00028).
"""

from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp


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
NORMS = ("none", "layer")


class MLP(nn.Module):
    """Hidden layers and a linear output.

    Attributes:
      hidden: width of each hidden layer.
      outputs: width of the output.
      activation: a key of `ACTIVATIONS`.
      norm: "none", or "layer" for layer normalisation before each activation. Batch
        normalisation is not offered: it would tie the samples of a batch together.
    """

    hidden: Sequence[int]
    outputs: int
    activation: str = "relu"
    norm: str = "none"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps `[..., D]` to `[..., outputs]`, each row on its own."""
        for width in self.hidden:
            x = nn.Dense(width, kernel_init=nn.initializers.he_uniform())(x)
            if self.norm == "layer":
                x = nn.LayerNorm()(x)
            x = ACTIVATIONS[self.activation](x)
        return nn.Dense(self.outputs, kernel_init=nn.initializers.glorot_uniform())(x)


class MLPCritic(nn.Module):
    """A critic of ONE sample: `[D]` to a scalar. Attributes as in `MLP`."""

    hidden: Sequence[int] = (512, 512, 512)
    activation: str = "relu"
    norm: str = "none"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps one sample `[D]` to its value `[]`."""
        return MLP(self.hidden, 1, self.activation, self.norm)(x)[0]
