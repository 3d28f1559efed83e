"""What a run trains, as functions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from wgan_gp.runs.records import MetricWriter


class Trainable(NamedTuple):
    """What `drive` trains, as functions. A state is any pytree of arrays.

    `drive` calls all of them on every host, with a state on the run's devices unless
    said otherwise. `loop` makes one for a critic and a generator, `solve` one for a
    critic alone.

    Attributes:
      init: `() -> state`. Called once at the start of a run that has no checkpoint, and
        traced for the shapes and types of a state.
      advance: `(state, done, until) -> (state, scalars)`. Trains from `done` steps to
        `until` steps; called between two stops, which are multiples of the intervals
        for logging, evaluating and saving. The state is donated. The scalars are means
        over these steps, for the record of training.
      evaluate: `(state, step) -> scalars`. Measures on held-out data; called at every
        evaluation with the state on one device of this host.
      progress_text: `(training, evaluations) -> text`. The text beside the progress
        bar, from the newest record of training and all records of evaluations; called
        after every `advance`.
      log_samples: `(state, step, writer)`. Adds pictures or text to TensorBoard;
        called after every evaluation, with the state on one device.
      keep_frame: `(state, step)`. Keeps what an animation shows; called after every
        `advance`, with the state on one device.
      to_devices: `state -> state`. Puts a state that was read from a checkpoint on the
        devices of the run; called once on resuming.
      stream_position: `() -> position`, fit for JSON. Where the data's stream is;
        called before every save. None for data without a stream.
      seek_stream: `position`. Sets the stream to a position of `stream_position`;
        called on resuming, and before steps are computed again.
      step: `(state, inputs) -> (state, scalars)`, not compiled. One step, computed
        again under `debug_nans` to find the operation that made NaN or infinity. None
        if that is not possible.
      samples: of a set of an evaluation; None for as many as the settings ask for.
      step_inputs: `done -> inputs`. The `inputs` of `step` after so many steps.
    """

    init: Callable[[], Any]
    advance: Callable[[Any, int, int], tuple[Any, dict[str, jax.Array]]]
    evaluate: Callable[[Any, int], dict[str, float]]
    progress_text: Callable[[dict[str, float], list[dict[str, float]]], str]
    log_samples: Callable[[Any, int, MetricWriter], None] = lambda *_: None
    keep_frame: Callable[[Any, int], None] = lambda *_: None
    to_devices: Callable[[Any], Any] = lambda state: state
    stream_position: Callable[[], dict[str, Any] | None] = lambda: None
    seek_stream: Callable[[dict[str, Any]], None] = lambda _: None
    step: Callable[[Any, Any], tuple[Any, dict[str, jax.Array]]] | None = None
    step_inputs: Callable[[int], Any] = lambda _: None
    samples: int | None = None
