"""Refusal of numbers that are not finite."""

import math
from collections.abc import Callable
from typing import Any

from wgan_gp.runs import replay
from wgan_gp.runs.checkpoint import Checkpoints


def check_finite(
    step: int,
    scalars: dict[str, float],
    state: Any,
    checkpoints: Checkpoints,
    find: Callable[[], str] | None = None,
) -> None:
    """Raises FloatingPointError if a scalar or a number of the state is not finite.

    Args:
      step: the current step.
      scalars: training metrics up to this step, or results of an evaluation.
      state: at this step; None for an evaluation, whose state was found finite and has
        been set aside since.
      checkpoints: of the run; the message names the newest.
      find: `() -> text`. Names the first operation with a non-finite result; called
        only if a number is not finite.
    """
    bad = [f"{name} is {x}" for name, x in scalars.items() if not math.isfinite(x)]
    if not bad and state is not None:
        finite = replay.is_finite(state)
        bad = [f"{name} has NaN or infinity" for name in finite if not finite[name]]
    if not bad:
        return
    checkpoints.wait()
    kept = checkpoints.steps()
    last = (
        f"the last good checkpoint, of step {kept[0]}, is kept"
        if kept
        else "no checkpoint was saved yet"
    )
    cure = "or --config.debug_nans=True to find the operation"
    if find is not None:
        cure = f"or look at this: {find()}"
    why = "training has diverged"
    if state is None:
        why += ", or this cannot be measured"
        last += f"; that of step {step} is in damaged/, if it was saved"
    raise FloatingPointError(
        f"{bad[0]} by step {step}: {why}; try a lower learning rate, {cure} ({last})"
    )
