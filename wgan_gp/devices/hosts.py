"""Several hosts as one run, on `jax.distributed`.

All hosts run the same program on the same numbers, in step. The first alone writes what
one process can write; what it decides, or is refused, the others hear of. One host, or
one process, is the first of one.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from wgan_gp.devices import rendezvous

HEARTBEAT = 60  # seconds after which a host that is silent is given up


class HostRank(NamedTuple):
    """Where this process stands among those of a run."""

    coordinator: str  # host:port of the first
    count: int
    index: int


def detect_rank(coordinator: str | None, count: int | None, index: int | None):
    """This process's rank, from flags or what started it: Slurm, a TPU pod, Open MPI.

    Args:
      coordinator: `host:port` of the first process, or None.
      count: how many processes there are, or None.
      index: which of them this is, from 0, or None.

    Returns:
      The rank, or None for a process on its own.

    Raises:
      ValueError: some of the three are missing or out of range, and what started the
        process does not give them.
    """
    given = {"--coordinator": coordinator, "--hosts": count, "--host": index}
    if all(value is None for value in given.values()):
        return _detected()
    if missing := [name for name, value in given.items() if value is None]:
        raise ValueError(
            f"{' and '.join(missing)} must be given too: each of several hosts needs"
            " --coordinator HOST:PORT (of the first), --hosts N and --host I"
        )
    assert coordinator is not None
    assert count is not None
    assert index is not None
    name, _, port = coordinator.rpartition(":")
    if not name or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ValueError(f"--coordinator must be HOST:PORT, got {coordinator!r}")
    if count < 1 or not 0 <= index < count:
        raise ValueError(
            f"--host must lie between 0 and --hosts - 1, got {index} of {count}"
        )
    return HostRank(coordinator, count, index) if count > 1 else None


def _detected() -> HostRank | None:
    # The only part of JAX that knows what started this process.
    from jax._src.clusters import ClusterEnv

    try:
        found = ClusterEnv.auto_detect_unset_distributed_params(
            None, None, None, None, None, 60
        )
    except (KeyError, ValueError, RuntimeError, OSError) as error:
        raise ValueError(
            f"what started this process does not say how many there are ({error}): give"
            " --coordinator HOST:PORT, --hosts N and --host I"
        ) from None
    coordinator, count, index, _ = found
    if coordinator is None or count is None or index is None or count < 2:
        return None
    return HostRank(coordinator, count, index)


def join(rank: HostRank, timeout: float) -> None:
    """Waits for all hosts and makes them one run; before any other use of JAX.

    Args:
      rank: of this process.
      timeout: seconds to wait for the others.

    Raises:
      ValueError: the timeout is not positive, or JAX has been used.
      TimeoutError: some did not arrive; names them.
      OSError: this one cannot listen.
    """
    if not timeout > 0:
        raise ValueError(f"--host_timeout must be > 0 seconds, got {timeout:g}")
    if _has_devices():
        raise ValueError(
            "an array was made before the hosts met, perhaps at the top of the config"
            " file: make it with NumPy"
        )
    rendezvous.wait_for_hosts(rank, timeout)
    # It would take SIGTERM away from `signals`.
    jax.config.update("jax_enable_preemption_service", False)
    jax.distributed.initialize(
        rank.coordinator,
        rank.count,
        rank.index,
        cluster_detection_method="deactivate",
        initialization_timeout=max(int(timeout), 1),
        heartbeat_timeout_seconds=HEARTBEAT,
        shutdown_timeout_seconds=HEARTBEAT,
    )


def _has_devices() -> bool:
    """Whether JAX has looked for its devices; it does so once."""
    from jax._src.xla_bridge import backends_are_initialized

    return backends_are_initialized()


def is_host_lost(error: Exception) -> bool:
    """Whether an error says that another host cannot be reached any more."""
    text = str(error)
    return jax.process_count() > 1 and (
        isinstance(error, jax.errors.JaxRuntimeError) or "Gloo" in text
    )


def is_first() -> bool:
    """Whether this process writes what one process writes."""
    return jax.process_index() == 0


def on_first_host(function: Callable[[], Any]) -> Any:
    """Calls a function on the first host, and returns its result on all.

    Args:
      function: returns what JSON can hold.

    Raises:
      ValueError: what it raised, if that was a ValueError or OSError; on the first as
        it was.
    """
    if jax.process_count() == 1:
        return function()
    error = None
    outcome: list[Any] = []
    if is_first():
        try:
            outcome = [function()]
        except (ValueError, OSError) as raised:
            error, outcome = raised, [None, str(raised)]
    value, *refusal = _broadcast(outcome)
    if error is not None:
        raise error
    if refusal:
        raise ValueError(refusal[0])
    return value


def first_then_others(function: Callable[[], Any]) -> Any:
    """Calls a function on the first host, then on the others, as when it makes files.

    Raises:
      ValueError: it raised one, or an OSError, on the first.
    """
    if jax.process_count() == 1:
        return function()
    made: list[Any] = []
    on_first_host(lambda: made.append(function()))
    return made[0] if made else function()


def max_over_hosts(number: int) -> int:
    """The largest of all hosts' numbers."""
    if jax.process_count() == 1:
        return number
    from jax.experimental import multihost_utils

    return int(np.max(multihost_utils.process_allgather(np.int32(number))))


def _broadcast(value: Any) -> Any:
    from jax.experimental import multihost_utils

    data = json.dumps(value).encode()
    size = int(multihost_utils.broadcast_one_to_all(np.int32(len(data))))
    block = np.zeros(size, np.uint8)
    if is_first():
        block = np.frombuffer(data, np.uint8)
    return json.loads(bytes(np.asarray(multihost_utils.broadcast_one_to_all(block))))


def exit_at_once(status: int) -> None:
    """Ends this process at once where several belong together and one has failed.

    To wait for the others, as at a normal end, would be to wait for those that are
    gone or cannot go on without this one.
    """
    if jax.distributed.is_initialized():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
