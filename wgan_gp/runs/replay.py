"""Finds the operation that made NaN or infinity, by computing steps again.

Used with `debug_nans`. Training itself is compiled without checks, at full speed.
"""

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
    """Finds the first step with a non-finite number, and the operation that made it.

    Args:
      step: `(state, inputs) -> (next state, scalars)`, not compiled. Called compiled
        until a result is not finite, then operation by operation.
      inputs: `done -> inputs`. The inputs of the step after `done` steps; called once
        before each step.
      state: after `done` steps; all numbers are finite.
      done: the number of steps before the first one that is computed again.
      until: the number of steps after the last one.

    Returns:
      The step, the operation and its source line, as text.
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
    """Finds the first operation that results in NaN, or else in infinity.

    Args:
      compute: called without arguments, and executed operation by operation.

    Returns:
      The operation and its source line, as text.
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
    if (
        error.__cause__ is not None
    ):  # then the cause has the line of the differentiated function
        what = "operation of a gradient"
        frames = list(traceback.extract_tb(error.__cause__.__traceback__))
    ours = [f for f in frames if not any(name in f.filename for name in _LIBRARIES)]
    text = f"the first {what} that gives {kind} is {primitive}"
    if ours:
        text += f", at {ours[-1].filename}:{ours[-1].lineno} ({ours[-1].line})"
    return text + (f", of {players[-1]}'s update" if players else "")


def is_finite(tree: Any) -> dict[str, bool]:
    """Whether all numbers of an array are finite, for each float array of a tree.

    Args:
      tree: of arrays.

    Returns:
      By the path of the array in the tree, such as "critic.params.Dense_0.kernel".
    """
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
