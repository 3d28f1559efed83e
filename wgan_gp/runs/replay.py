"""Which operation made NaN or infinity: steps are computed again, one by one."""

import traceback
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_LIBRARIES = ("site-packages", "dist-packages")
_PLAYERS = {"critic_step": "the critic", "generator_step": "the generator"}


def find_nonfinite_step(
    step: Callable[[Any, Any], Any],
    inputs: Callable[[int], Any],
    state: Any,
    done: int,
    until: int,
) -> str:
    """The operation that makes the first number that is not finite, in words.

    Args:
      step: `(state, input) -> (next state, scalars)`.
      inputs: of a step, from the number of steps done before it.
      state: after `done` steps, finite.
      done: steps before the first one that is computed again.
      until: steps done after the last one.
    """
    compiled = jax.jit(step)
    for number in range(done, until):
        given = inputs(number)
        following = compiled(state, given)
        if not all(is_finite(following).values()):
            found = find_nonfinite_operation(lambda: step(state, given))  # noqa: B023
            return f"in step {number + 1}, {found}"
        state = following[0]
    return f"steps {done + 1} to {until}, computed again one by one, are finite"


def find_nonfinite_operation(compute: Callable[[], Any]) -> str:
    """The first operation whose result is NaN, or if none is infinite, in words.

    Args:
      compute: a function of JAX; it is executed operation by operation.
    """
    for kind, check in (("NaN", jax.debug_nans), ("infinity", jax.debug_infs)):
        try:
            with jax.disable_jit(), check(True):
                compute()
        except FloatingPointError as error:
            return _describe(kind, error)
    return "computed operation by operation, all numbers are finite"


def _describe(kind: str, error: FloatingPointError) -> str:
    primitive = str(error).rpartition(" in ")[2].split(".")[0]
    frames = list(traceback.extract_tb(error.__traceback__))
    players = [_PLAYERS[frame.name] for frame in frames if frame.name in _PLAYERS]
    what = "operation"
    if error.__cause__ is not None:  # where the function was that is differentiated
        what = "operation of a gradient"
        frames = list(traceback.extract_tb(error.__cause__.__traceback__))
    ours = [f for f in frames if not any(name in f.filename for name in _LIBRARIES)]
    text = f"the first {what} that gives {kind} is {primitive}"
    if ours:
        text += f", at {ours[-1].filename}:{ours[-1].lineno} ({ours[-1].line})"
    return text + (f", of {players[-1]}'s update" if players else "")


def is_finite(tree: Any) -> dict[str, bool]:
    """Whether all numbers of each array of floats are finite, by its place."""
    named = [
        (jax.tree_util.keystr(path, simple=True, separator="."), leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    ]
    finite = np.asarray(_all_finite([leaf for _, leaf in named]))
    return {name: bool(good) for (name, _), good in zip(named, finite)}


@jax.jit
def _all_finite(leaves: list[jax.Array]) -> jax.Array:
    return jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in leaves])
