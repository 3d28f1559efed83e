"""The types that losses are made of, and what they refuse.

A loss that is handed arrays of unexpected shapes seldom fails: it broadcasts, and
trains something else. Each check here therefore raises an error of one line that says
what was got, what was expected and what to do. The checks look at shapes, types and
signatures, which are known while JAX traces, so they cost nothing in a compiled step.
"""

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.losses.floats import as_floats

# One sample, or one sample and its condition, to a scalar.
Critic = Callable[..., jax.Array]
# (reals, fakes, key) -> (x [B, ...], ...): where slopes are measured.
Points = Callable[[jax.Array, jax.Array, jax.Array], tuple[jax.Array, ...]]
# Slopes of any shape to costs of the same shape.
Shape = Callable[[jax.Array], jax.Array]
# (critic, reals, fakes, key) -> [B]; with `condition=` where there is one.
Penalty = Callable[..., jax.Array]


def check_same_shape(first: jax.Array, second: jax.Array) -> None:
    """Raises ValueError unless real and generated samples have the same shape.

    Args:
      first: real samples, or one of them.
      second: generated samples, or one of them.
    """
    if jnp.shape(first) != jnp.shape(second):
        raise ValueError(
            "real and generated samples must have one shape, got"
            f" {jnp.shape(first)} and {jnp.shape(second)}"
        )


def as_batches(*batches: Any) -> tuple[jax.Array, ...]:
    """Batches of samples in one floating type, as `as_floats`.

    Args:
      *batches: arrays of real numbers, each `[B, ...]` with its own B.

    Returns:
      The batches, in the order given.

    Raises:
      ValueError: one is empty, no batch, or not of real numbers.
    """
    floats = as_floats(*batches)
    for x in floats:
        if x.ndim == 0:
            raise ValueError(
                "expected a batch of samples [B, ...], got a single number"
            )
        if x.size == 0:
            raise ValueError(
                f"expected at least one sample, got an empty batch of shape {x.shape}"
            )
    return floats


def as_pair(reals: Any, fakes: Any) -> tuple[jax.Array, jax.Array]:
    """Real and generated samples in one floating type.

    Args:
      reals: x, `[B, ...]`.
      fakes: x_tilde, `[B, ...]`.

    Returns:
      Both as arrays of the wider of their floating types.

    Raises:
      ValueError: as `as_batches`, or the shapes differ.
    """
    reals, fakes = as_batches(reals, fakes)
    check_same_shape(reals, fakes)
    return reals, fakes


def condition_arguments(condition: Any, count: int) -> tuple[Any, ...]:
    """The arguments of a critic after the sample: `(condition,)`, or `()` for None.

    A tuple of one or none lets all losses call `critic(x, *conditions)`.

    Args:
      condition: a pytree of arrays `[B, ...]`, or None.
      count: B.

    Raises:
      ValueError: an array of it has another number of rows.
    """
    if condition is None:
        return ()
    for path, leaf in jax.tree_util.tree_leaves_with_path(condition):
        if jnp.shape(leaf)[:1] != (count,):
            where = jax.tree_util.keystr(path)
            raise ValueError(
                f"condition{where} must be an array of one row per sample, [{count},"
                f" ...], got shape {jnp.shape(leaf)}"
            )
    return (condition,)


def check_points(points: Any, count: int) -> tuple[jax.Array, ...]:
    """Points as a tuple, once they are seen to have one row per sample.

    Args:
      points: what a function of type `Points` returned.
      count: B, the number of samples it was called with.

    Raises:
      ValueError: they are not a tuple of arrays of B rows.
    """
    if not isinstance(points, tuple | list):
        raise ValueError(
            "points must return a tuple of arrays [B, ...], got"
            f" {_describe(points)}: write `return (x,)`"
        )
    for x in points:
        if jnp.shape(x)[:1] != (count,):
            raise ValueError(
                f"points must return arrays of one row per sample, [{count}, ...], got"
                f" {_describe(x)}"
            )
    return tuple(points)


def check_one_point(points: Any, count: int) -> jax.Array:
    """The array `[B, ...]` of points that are one array, checked as `check_points`.

    Args:
      points: what a function of type `Points` returned.
      count: B, the number of samples it was called with.

    Raises:
      ValueError: as `check_points`, or there are several arrays.
    """
    arrays = check_points(points, count)
    if len(arrays) != 1:
        raise ValueError(f"points of one array are needed, got {len(arrays)} arrays")
    return arrays[0]


def check_penalty(penalty: Any) -> None:
    """Raises TypeError unless a penalty is a function."""
    if not callable(penalty):
        raise TypeError(
            "a penalty is a function such as losses.gradient_penalty, or None, got"
            f" {penalty!r:.60}"
        )


def check_penalties(penalties: Any, count: int) -> None:
    """Raises ValueError unless a penalty returned one number per sample `[B]`.

    Args:
      penalties: what it returned. A mean, a scalar, is the usual mistake.
      count: B.
    """
    if getattr(penalties, "shape", None) != (count,):
        raise ValueError(
            f"a penalty must return one number per sample, of shape ({count},), got"
            f" {_describe(penalties)}: leave the mean and the weight to critic_loss"
        )


def penalty_options(
    penalty: Penalty, condition: Any, values: tuple[jax.Array, jax.Array]
) -> dict[str, Any]:
    """The keyword arguments that a penalty is called with.

    Args:
      penalty: the function to look at; it is not called.
      condition: what the samples are judged under; handed on unless it is None.
      values: D(x) and D(x_tilde), each `[B]`. They are handed to a penalty with an
        argument of the name `values`; others do not know of them.

    Raises:
      ValueError: there is a condition, and the penalty has no argument for it.
    """
    try:
        arguments = inspect.signature(penalty).parameters
    except (TypeError, ValueError):  # some callables have no signature to look at
        return {} if condition is None else {"condition": condition}
    options = {"values": values} if "values" in arguments else {}
    if condition is None:
        return options
    kinds = {argument.kind for argument in arguments.values()}
    if "condition" not in arguments and inspect.Parameter.VAR_KEYWORD not in kinds:
        raise ValueError(
            "condition= is given, but the penalty has no argument `condition`: make the"
            " penalty by losses.slope_penalty, or hand `condition` on to it"
        )
    return options | {"condition": condition}


def check_arguments(critic: Critic, conditions: tuple[Any, ...]) -> None:
    """Checks that a critic accepts a sample, and its condition if there is one.

    Args:
      critic: the function to look at; it is not called.
      conditions: from `condition_arguments`.

    Raises:
      ValueError: its signature has too few or too many arguments.
    """
    try:
        signature = inspect.signature(critic)
    except (TypeError, ValueError):  # some callables have no signature to look at
        return
    try:
        signature.bind(None, *conditions)
    except TypeError as error:
        expected = "a sample and its condition" if conditions else "one sample alone"
        cure = (
            "write critic(x, y), or leave condition= out"
            if conditions
            else "hand its condition to the losses as condition=, a batch [B, ...]"
        )
        raise ValueError(
            f"the critic cannot be called with {expected} ({error}): {cure}"
        ) from error


def _describe(x: Any) -> str:
    shape = getattr(x, "shape", None)
    return type(x).__name__ if shape is None else f"an array of shape {shape}"
