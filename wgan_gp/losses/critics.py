"""Whether a function is a critic of one sample, and the error message if it is not.

The gradient penalty is about the gradient of D at one sample. A critic that mixes the
samples of a batch, as batch normalisation does, has no such gradient ([WGAN-GP],
section 4). The losses therefore take D as a function of one sample and make batches
by `jax.vmap`. `check_critic` recognises critics that were written for batches, return
more than a scalar or keep state, and says how to call them. `check_per_sample` tests
by numbers whether a critic written for batches treats each sample on its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.losses.checks import Critic, check_arguments, condition_arguments
from wgan_gp.losses.floats import as_floats, at_least_float32
from wgan_gp.losses.hints import (
    batched_critic_cure,
    output_problem,
    state_problem,
    takes_integers,
)

_CONTRACT = "a critic takes ONE sample and returns a scalar of shape ()"


def check_critic(critic: Critic, x: jax.Array, *conditions: Any) -> None:
    """Raises ValueError unless the critic maps one sample to a floating scalar.

    Args:
      critic: D, of one sample, or of one sample and its condition.
      x: a sample like those it is to be called with.
      *conditions: the sample's condition, if there is one.
    """
    check_arguments(critic, conditions)
    try:
        out = jax.eval_shape(critic, x, *conditions)
    except Exception as error:
        if problem := state_problem(error) or _input_problem(critic, x, conditions):
            raise ValueError(problem) from error
        raise
    if problem := output_problem(critic, x, conditions, out):
        raise ValueError(
            f"{_CONTRACT}; for a sample of shape {jnp.shape(x)} it returned {problem}"
        )


def _input_problem(critic: Critic, x: jax.Array, conditions: tuple) -> str | None:
    """The message for a critic that expects another kind of input; None otherwise."""
    if cure := batched_critic_cure(critic, x, conditions):
        return (
            f"{_CONTRACT}; it fails on a sample of shape {jnp.shape(x)} and takes"
            f" batches. {cure}"
        )
    if takes_integers(critic, x, conditions):
        return (
            "the critic takes integers only, such as token ids, and no slope can be"
            " measured between two of them: use one-hot or soft samples [L, V], and"
            " multiply them with the table (x @ table) instead of indexing it"
        )
    return None


@contextmanager
def explain_state_errors() -> Iterator[None]:
    """Replaces a network library's error about randomness or state by a clear one.

    Raises:
      ValueError: from within the block, in place of an error that `state_problem`
        knows. Other errors pass unchanged.
    """
    try:
        yield
    except Exception as error:
        if problem := state_problem(error):
            raise ValueError(problem) from error
        raise


def check_first_sample(
    critic: Critic, samples: jax.Array, conditions: tuple[Any, ...]
) -> None:
    """Calls `check_critic` on the first sample of a batch and its condition.

    Args:
      critic: D.
      samples: `[B, ...]`, B >= 1.
      conditions: from `condition_arguments`.
    """
    check_critic(critic, samples[0], *jax.tree.map(lambda y: y[0], conditions))


def critic_values(
    critic: Critic, samples: jax.Array, conditions: tuple[Any, ...]
) -> jax.Array:
    """The critic's value of each sample `[B]`, in float32 at least.

    Args:
      critic: D, of one sample, or of one sample and its condition.
      samples: `[B, ...]`, like those that `check_first_sample` has seen.
      conditions: from `condition_arguments`.
    """
    with explain_state_errors():
        return at_least_float32(jax.vmap(critic)(samples, *conditions))


def check_per_sample(
    batched: Callable[..., jax.Array], x: jax.Array, *, condition: Any = None
) -> None:
    """Checks that a critic written for batches judges each sample on its own.

    If it does, `lambda x: batched(x[None])[0]` is the same critic for one sample, which
    is what the losses take. A critic with batch normalisation does not: the gradient
    with respect to one sample then has a meaning in its batch only ([WGAN-GP],
    section 4).

    Args:
      batched: `[B, ...] -> [B]` or `[B, 1]`, its parameters in place.
      x: at least two samples to try it on, `[B, ...]`.
      condition: a pytree of arrays `[B, ...]` that `batched` is called with, too.

    Raises:
      ValueError: two calls on the same batch differ, a sample's value alone differs
        from its value within the batch, a value is not finite, or the output does not
        have one number per sample.
    """
    (x,) = as_floats(x)
    count = len(x)
    if count < 2:
        raise ValueError(f"at least two samples are needed to compare, got {count}")
    conditions = condition_arguments(condition, count)

    def values(rows: Any) -> jax.Array:
        parts = jax.tree.map(lambda leaf: jnp.asarray(leaf)[rows], (x, *conditions))
        with explain_state_errors():
            return _one_value_per_sample(batched(*parts), len(rows))

    together = values(jnp.arange(count))
    alone = jnp.concatenate([values(jnp.array([i])) for i in range(count)])
    if not bool(jnp.isfinite(together).all() & jnp.isfinite(alone).all()):
        raise ValueError("the critic's values are not finite: nothing can be compared")
    if problem := _dependence_problem(values, together, alone):
        raise ValueError(f"the critic's value of a sample changes by up to {problem}")


def _dependence_problem(
    values: Callable[[jax.Array], jax.Array], together: jax.Array, alone: jax.Array
) -> str | None:
    """By how much a sample's value changes, with what, and the cure; None if not.

    Args:
      values: from the indices of samples `[n]` to their values as a batch `[n]`.
      together: the values of all as one batch `[B]`.
      alone: the values of each as a batch of one `[B]`.
    """
    count, tolerance = len(together), _tolerance(together)
    again = _max_difference(values(jnp.arange(count)), together)
    if again > tolerance:
        return (
            f"{again:.3g} from one call to the next: it draws new random numbers"
            " (dropout) or updates its state (spectral normalisation). Switch that off,"
            " by model.eval(), deterministic=True or update_stats=False"
        )
    difference = _max_difference(alone, together)
    if difference <= tolerance:
        return None
    worst = int(jnp.argmax(jnp.abs(alone - together)))
    # The same sample everywhere: of this batch only its size is as before.
    copies = values(jnp.full(count, worst))[worst]
    if abs(float(copies - together[worst])) <= tolerance:
        return (
            f"{difference:.3g} with the size of its batch, but not with the other"
            " samples: it draws random numbers for the batch as a whole (dropout)."
            " Switch that off, by model.eval() or deterministic=True, or draw from a"
            " seed per sample, handed in as condition="
        )
    return (
        f"{difference:.3g} with the rest of its batch, but the penalty acts on each"
        " sample on its own: instead of batch normalisation use layer normalisation,"
        " and take out other layers that mix samples"
    )


def _one_value_per_sample(out: Any, count: int) -> jax.Array:
    """The output of a critic written for batches as `[B]`, from `[B]` or `[B, 1]`."""
    shape = getattr(out, "shape", None)
    if shape not in ((count,), (count, 1)):
        raise ValueError(
            f"for {count} samples the critic must return ({count},) or ({count}, 1)"
            f" numbers, got {type(out).__name__ if shape is None else shape}"
        )
    return at_least_float32(out).reshape(count)


def _tolerance(values: jax.Array) -> float:
    """The largest change of a value that rounding explains."""
    # Rounding grows with the values, coupling with how they differ among samples.
    largest = float(jnp.max(jnp.abs(values)))
    return 1e-3 * float(jnp.max(values) - jnp.min(values)) + 1e-5 * largest


def _max_difference(first: jax.Array, second: jax.Array) -> float:
    return float(jnp.max(jnp.abs(first - second)))
