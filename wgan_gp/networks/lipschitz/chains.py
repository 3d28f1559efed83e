"""Networks that are chains: linear layers and activations, one after the other.

The Lipschitz constant of a chain is at most the product of its links'. A sum of two
branches, such as a residual block's, is not a chain: its constant may be the sum.
Whether a module adds branches cannot be read off its layers. A module therefore says
that it does not, by the class attribute `is_chain`, which also promises activations
whose slope is at most 1. One that does add branches may say by a property `gain` how
steep it is at most if each of its linear layers has norm 1, such as 1 + b for
x + b f(x).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import traverse_util

from wgan_gp.networks import IMAGE_ACTIVATIONS, Network

_LINEAR = (nn.Dense, nn.Conv)
# Rounding of the measured slope of an activation.
_TOLERANCE = 1e-5


class Layer(NamedTuple):
    """A linear layer of a network.

    Attributes:
      path: of its parameters, such as ("MLP_0", "Dense_1").
      module: a copy of the layer without its bias, outside of the network.
      input_shape: of its input; `[D]` for a dense layer, which maps the last axis.
    """

    path: tuple[str, ...]
    module: nn.Module
    input_shape: tuple[int, ...]

    @property
    def name(self) -> str:
        """The path as one word."""
        return ".".join(self.path)

    def apply(self, kernel: jax.Array, x: jax.Array) -> jax.Array:
        """The layer without its bias, linear in the kernel and in x.

        Args:
          kernel: of the layer.
          x: `[*input_shape]`.
        """
        return jnp.asarray(self.module.apply({"params": {"kernel": kernel}}, x))


def linear_layers(network: Network) -> tuple[Layer, ...]:
    """Finds the linear layers of a chain, by tracing one call of its Flax module.

    Args:
      network: a critic, from `networks.from_flax`.

    Returns:
      The layers `nn.Dense` and `nn.Conv`, in the order of their calls.

    Raises:
      ValueError: the network is not a chain of such layers and of activations whose
        slope is at most 1. The message names the first part that is something else.
    """
    module = network.module
    if module is None:
        raise ValueError(
            "the critic's layers cannot be found, as it is not made of a Flax Linen"
            " module: make it with networks.from_flax"
        )
    found: dict[tuple[str, ...], Layer] = {}

    def record(run, inputs, options, context):
        if context.method_name == "__call__":
            if type(context.module) in _LINEAR:
                layer = _alone(context.module, inputs[0].shape)
                if found.setdefault(layer.path, layer) != layer:
                    raise ValueError(
                        f"{layer.name} is applied to inputs of two shapes: use two"
                        " layers"
                    )
            else:
                _check_link(context.module)
        return run(*inputs, **options)

    def call(key: jax.Array) -> Any:
        with nn.intercept_methods(record):
            return module.init(key, jnp.zeros(network.input_shape))

    _check_covered(jax.eval_shape(call, jax.random.key(0)), found)
    return tuple(found.values())


def gain(network: Network) -> float:
    """How steep a critic is at most if each of its linear layers has norm 1."""
    return float(getattr(network.module, "gain", 1.0))


def _alone(layer: Any, shape: tuple[int, ...]) -> Layer:
    """The layer outside of its network, computed by JAX's own operations.

    `linear_transpose` knows these, and does not know the project's convolutions.
    """
    is_conv = isinstance(layer, nn.Conv)
    changes: dict[str, Any] = {"conv_general_dilated": None} if is_conv else {}
    module = layer.clone(parent=None, name=None, use_bias=False, **changes)
    return Layer(tuple(layer.path), module, shape if is_conv else shape[-1:])


def _check_link(module: nn.Module) -> None:
    """Raises ValueError unless a module that has layers is a chain of them."""
    kind = type(module).__name__
    if not getattr(module, "is_chain", False) and not hasattr(module, "gain"):
        raise ValueError(
            f"{kind} is not known to be a chain of nn.Dense, nn.Conv and activations:"
            " sums of branches, normalisations and other layers can be steeper than"
            " their parts; use a network without it, or set is_chain = True in a class"
            " of your own that is such a chain (or a property gain, see"
            " networks.lipschitz.chains)"
        )
    if (norm := getattr(module, "norm", "none")) != "none":
        raise ValueError(
            f"{kind} has norm = {norm!r}, and a normalisation can be as steep as its"
            " input is small: set norm to 'none'"
        )
    if fourier := getattr(module, "fourier", 0):
        raise ValueError(
            f"{kind} has fourier = {fourier}, and Fourier features are steeper than 1:"
            " set fourier to 0"
        )
    activation = getattr(module, "activation", None)
    if activation is not None:
        _check_activation(kind, activation)


def _check_activation(kind: str, name: Any) -> None:
    function = name if callable(name) else IMAGE_ACTIVATIONS.get(name)
    if function is None:
        raise ValueError(
            f"{kind} has the activation {name!r}, whose slopes are not known: add it to"
            " networks.ACTIVATIONS"
        )
    slope = steepest_slope(function)
    if slope > 1 + _TOLERANCE:
        gentle = [
            each
            for each, function in IMAGE_ACTIVATIONS.items()
            if steepest_slope(function) <= 1 + _TOLERANCE
        ]
        raise ValueError(
            f"the activation {name!r} has slopes up to {slope:.3g}, and a chain is"
            f" bounded by 1 only if each link is: use one of {', '.join(gentle)}"
        )


@lru_cache
def steepest_slope(activation: Callable[[jax.Array], jax.Array]) -> float:
    """The largest slope of an activation, measured on a grid of [-8, 8]^2.

    Args:
      activation: `[2] -> [2]`, of each entry, or `[2] -> [1]`, of both.

    Returns:
      The largest operator norm of its derivative at the grid's points.
    """
    axis = np.linspace(-8, 8, 161, dtype=np.float32)
    points = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    with jax.ensure_compile_time_eval():
        derivatives = jax.vmap(jax.jacfwd(activation))(jnp.asarray(points))
    return float(np.linalg.norm(np.asarray(derivatives), 2, axis=(1, 2)).max())


def _check_covered(variables: Any, layers: Any) -> None:
    """Raises ValueError if there are parameters that are no layer's."""
    for path in traverse_util.flatten_dict(dict(variables.get("params", {}))):
        if path[:-1] not in layers:
            raise ValueError(
                f"the parameter {'/'.join(path)} is not that of an nn.Dense or nn.Conv,"
                " whose operator norm is known: use these layers"
            )
