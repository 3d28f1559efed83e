"""Floating-point operations of a program's matrix products and convolutions."""

import math
from collections.abc import Callable
from typing import Any

import jax
from jax.extend import core


def flops(function: Callable[..., Any], *args: Any) -> float:
    """Operations of all products in a traced function, loops counted.

    XLA's own count leaves out what it hands to an accelerator's libraries. Zeros that
    transposes of strided convolutions put between pixels are not counted.

    Args:
      function: to be traced.
      *args: its arguments.
    """
    return _of_jaxpr(jax.make_jaxpr(function)(*args).jaxpr)


def _of_jaxpr(jaxpr: core.Jaxpr) -> float:
    return sum(_of_equation(equation) for equation in jaxpr.eqns)


def _of_equation(equation: Any) -> float:
    name, params = equation.primitive.name, equation.params
    if name == "dot_general":
        (contracted, _), _ = params["dimension_numbers"]
        left = equation.invars[0].aval.shape
        terms = math.prod(left[axis] for axis in contracted)
        return 2.0 * math.prod(equation.outvars[0].aval.shape) * terms
    if name == "conv_general_dilated":
        kernel = equation.invars[1].aval.shape
        outputs = kernel[params["dimension_numbers"].rhs_spec[0]]
        terms = math.prod(kernel) / outputs / math.prod(params["lhs_dilation"])
        return 2.0 * math.prod(equation.outvars[0].aval.shape) * terms
    inner = sum(map(_of_jaxpr, core.jaxprs_in_params(params)))
    return inner * params.get("length", 1) if name == "scan" else inner
