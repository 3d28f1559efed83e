"""The types that losses are made of, and what they refuse."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

Critic = Callable[[jax.Array], jax.Array]
Points = Callable[[jax.Array, jax.Array, jax.Array], tuple[jax.Array, ...]]
Shape = Callable[[jax.Array], jax.Array]
Penalty = Callable[[Critic, jax.Array, jax.Array, jax.Array], jax.Array]

_ALONE = (
    "the penalty acts on each sample on its own, which batch normalisation breaks; use"
    " layer normalisation"
)


def check_same_shape(first: jax.Array, second: jax.Array) -> None:
    """Raises ValueError unless two arrays have one shape."""
    if jnp.shape(first) != jnp.shape(second):
        raise ValueError(
            "real and generated samples must have one shape, got"
            f" {jnp.shape(first)} and {jnp.shape(second)}"
        )


def check_critic(critic: Critic, x: jax.Array) -> None:
    """Raises ValueError unless the critic maps one sample like `x` to a scalar."""
    try:
        out = jax.eval_shape(critic, x)
    except NameError as error:
        if "axis name" not in str(error):
            raise
        raise ValueError(
            f"the critic looks across its batch ({error}): {_ALONE}"
        ) from error
    if getattr(out, "shape", None) != ():
        found = getattr(out, "shape", type(out).__name__)
        raise ValueError(
            "a critic takes ONE sample and returns a scalar of shape (); for a sample"
            f" of shape {jnp.shape(x)} it returned {found}. Index its output (D(x)[0]),"
            " and let the losses batch it: they apply jax.vmap themselves"
        )


def check_per_sample(batched: Callable[[jax.Array], jax.Array], x: jax.Array) -> None:
    """Checks that a critic written for batches judges each sample on its own.

    If it does, `lambda x: batched(x[None])[0]` is the same critic for one sample, which
    is what the losses take. A critic with batch normalisation does not: the gradient
    with respect to one sample then has a meaning in its batch only ([WGAN-GP],
    section 4).

    Args:
      batched: `[B, ...] -> [B]` or `[B, 1]`, its parameters in place.
      x: at least two samples to try it on, `[B, ...]`.

    Raises:
      ValueError: a sample's value alone differs from its value within the batch, a
        value is not finite, or the output does not have one number per sample.
    """
    count = len(x)
    if count < 2:
        raise ValueError(f"at least two samples are needed to compare, got {count}")
    together = jnp.asarray(batched(x))
    if together.shape not in ((count,), (count, 1)):
        raise ValueError(
            f"for {count} samples the critic must return ({count},) or ({count}, 1)"
            f" numbers, got {together.shape}"
        )
    alone = jnp.stack([jnp.asarray(batched(each[None]))[0] for each in x])
    if not bool(jnp.isfinite(together).all() & jnp.isfinite(alone).all()):
        raise ValueError("the critic's values are not finite: nothing can be compared")
    difference = float(jnp.max(jnp.abs(together - alone)))
    # Rounding grows with the values, coupling with how they differ among samples.
    largest = float(jnp.max(jnp.abs(together)))
    spread = float(jnp.max(together) - jnp.min(together))
    if difference > 1e-3 * spread + 1e-5 * largest:
        raise ValueError(
            f"the critic's value of a sample changes by up to {difference:.3g} with the"
            f" rest of its batch: {_ALONE}"
        )
