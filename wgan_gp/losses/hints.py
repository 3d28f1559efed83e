"""Error messages for functions that are not critics, and what to write instead.

A critic maps one sample to a scalar. The usual mistakes are a network written for
batches, an output of shape `[1]`, a tuple with updated state, and layers that draw
random numbers or keep statistics. Each has a cure that depends on the library the
network is written with. The functions here find the mistake by abstract evaluation
(`jax.eval_shape`), which computes nothing, and return a sentence with the cure.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.losses.checks import Critic

# In this order: a copy in training mode would normalise each sample by itself.
_NNX = (
    "call model.eval(); if layers change still (recurrent cells, spectral"
    " normalisation), evaluate a copy: after graphdef, state = nnx.split(model), the"
    " critic is `lambda x: nnx.merge(graphdef, state, copy=True)(x)`"
)
_CHANGES = "changes while it is evaluated ({text}): "
_OUTSIDE = ", and update what it keeps outside of the loss"
_LINEN = "^ModifyScopeVariableError: "
# The first pattern that an error's name and text match decides.
_STATE_PROBLEMS = (
    (
        "^NameError: .*axis name",
        "looks across its batch ({text}), but the losses hand it one sample at a time:"
        " switch batch normalisation to its running averages, or use layer"
        " normalisation, and take out other reductions over a named axis",
    ),
    ("^TraceContextError|Cannot extract graph node from diff", _CHANGES + _NNX),
    (
        _LINEN + '.*/(u|sigma)"',
        f"{_CHANGES}call spectral normalisation with update_stats=False{_OUTSIDE}",
    ),
    (
        _LINEN + '.*"(mean|var)"',
        f"{_CHANGES}call batch normalisation with use_running_average=True{_OUTSIDE}",
    ),
    (_LINEN, f"{_CHANGES}have it read that variable without writing it{_OUTSIDE}"),
    (
        "^ScopeParamShapeError",
        "was initialised for samples of another shape ({text}): initialise it with the"
        " shape that it is called with",
    ),
    (
        "^InvalidRngError|no `rngs` argument|requires a key when running",
        "draws random numbers that it is not handed ({text}): switch dropout off"
        " (deterministic=True, model.eval(), inference mode), start recurrent cells"
        " from zeros, or hand in a seed per sample as condition=",
    ),
    (
        "Attempted to use old state",
        "uses up its state, which the losses call it with several times: hand it a"
        " copy, jax.tree.map(lambda leaf: leaf, state), in each call",
    ),
)


def output_problem(
    critic: Critic, x: jax.Array, conditions: tuple, out: Any
) -> str | None:
    """What is wrong with a critic's abstract output, and the cure; None if nothing is.

    Args:
      critic: D.
      x: the sample that it was called with.
      conditions: its condition, or nothing.
      out: what `jax.eval_shape` returned.

    Returns:
      The end of a sentence that begins "it returned", or None.
    """
    if not isinstance(out, jax.ShapeDtypeStruct):
        return _container_problem(out, conditions)
    if out.shape != ():
        return f"{out.shape}. {_shape_problem(critic, x, conditions, out.shape)}"
    if jnp.issubdtype(out.dtype, jnp.complexfloating):
        return f"{out.dtype}. Take a real number from it, such as jnp.real(D(x))"
    if not jnp.issubdtype(out.dtype, jnp.floating):
        return f"{out.dtype}, which has no slope. Return a number before it is rounded"
    return None


def _shape_problem(critic, x, conditions, shape: tuple[int, ...]) -> str:
    """How to make a scalar of a critic's output of this shape."""
    if math.prod(shape) == 1:
        entry = f"D(x)[{_zero_index(len(shape))}]"
        return f"Take its one number: {_suggest(entry, conditions)}"
    if cure := batched_critic_cure(critic, x, conditions, single=shape):
        return f"It takes batches. {cure}"
    mean = _suggest("jnp.mean(D(x))", conditions)
    average = f"these are scores of {math.prod(shape)} parts, average them: {mean}"
    if x.ndim > 1 and math.prod(shape[1:]) == 1:  # as of a batch, [B] or [B, 1]
        one = _suggest(f"D(x[None])[{_zero_index(len(shape))}]", conditions)
        return (
            "If it is written for batches, initialise it with a batch of one sample, of"
            f" shape {(1, *x.shape)}, and write {one}; if {average}"
        )
    return f"If {average}; otherwise end the critic with a layer of one output"


def batched_critic_cure(
    critic: Critic,
    x: jax.Array,
    conditions: tuple,
    single: tuple[int, ...] | None = None,
) -> str | None:
    """The cure if the critic is written for batches `[B, ...]`; None if it is not.

    Args:
      critic: D.
      x: one sample.
      conditions: its condition, or nothing.
      single: the shape that the critic returns for one sample, if it does not fail.

    Returns:
      A sentence with the code to write, or None.
    """
    tails = []
    for count in (2, 3):
        shape = _output_shape(critic, *_abstract_batch((x, *conditions), count))
        if shape is None or shape[:1] != (count,):
            return None
        tails.append(shape[1:])
    if tails[0] != tails[1] or tails[0] == single:
        return None
    if math.prod(tails[0]) != 1:
        return "Average its numbers: " + _suggest("jnp.mean(D(x[None]))", conditions)
    index = _zero_index(1 + len(tails[0]))
    return (
        f"Hand in one at a time: {_suggest(f'D(x[None])[{index}]', conditions)}, and"
        f" try losses.check_per_sample(D, reals{', condition=y' if conditions else ''})"
    )


def _abstract_batch(tree: Any, count: int) -> Any:
    """Abstract batches of `count` samples like this one."""
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((count, *jnp.shape(leaf)), leaf.dtype), tree
    )


def takes_integers(critic: Critic, x: jax.Array, conditions: tuple) -> bool:
    """Whether a critic that fails on a floating sample works on whole numbers."""
    integers = jax.ShapeDtypeStruct(jnp.shape(x), jnp.int32)
    return _output_shape(critic, integers, *conditions) is not None


def _output_shape(critic, *arguments) -> tuple[int, ...] | None:
    """Shape of the critic's output; None if it fails or returns several."""
    try:
        return getattr(jax.eval_shape(critic, *arguments), "shape", None)
    except Exception:
        return None


def _container_problem(out: Any, conditions: tuple) -> str:
    """What is wrong with an output that is no array, and which entry to take."""
    if out is None:
        return "None. Does it end without `return`?"
    if isinstance(out, tuple) and len(out) == 2 and isinstance(out[1], Mapping):
        kept = ", ".join(map(str, out[1])) or "nothing"
        return (
            f"its value and updated variables ({kept}). Evaluate it without"
            " mutable=: batch normalisation with use_running_average=True, spectral"
            " normalisation with update_stats=False, and update them outside of the"
            " loss"
        )
    leaves = jax.tree_util.tree_leaves_with_path(out)
    least = min((len(path) for path, _ in leaves), default=0)
    values = [
        jax.tree_util.keystr(path)
        for path, leaf in leaves
        if len(path) == least and math.prod(leaf.shape) == 1
    ]
    found = f"a {type(out).__name__}. Take the critic's value alone"
    return f"{found}: {_suggest(f'D(x){values[0]}', conditions)}" if values else found


def _suggest(call: str, conditions: tuple) -> str:
    """A call of D as a critic to write, with its condition if there is one."""
    if not conditions:
        return f"`lambda x: {call}`"
    row = (
        "y[None]"
        if hasattr(conditions[0], "shape")
        else "jax.tree.map(lambda y: y[None], y)"
    )
    call = call.replace("x[None])", f"x[None], {row})").replace("D(x)", "D(x, y)")
    return f"`lambda x, y: {call}`"


def _zero_index(count: int) -> str:
    return ", ".join(["0"] * count)


def state_problem(error: BaseException) -> str | None:
    """The message for a network library's error about randomness or state.

    The errors are recognised by their names and texts, so no library is imported.

    Args:
      error: what calling a critic raised.

    Returns:
      What the critic does and how to stop it, or None for an unknown error.
    """
    text = re.sub(r"\s*\(https?:\S+\)|\n.*", "", str(error), flags=re.DOTALL).strip()
    described = f"{type(error).__name__}: {text}"
    for pattern, words in _STATE_PROBLEMS:
        if re.search(pattern, described):
            return f"the critic {words.format(text=text)}"
    return None
