"""Multi-host training on `jax.distributed`.

All hosts run the same program in step. The first host alone writes files. Its decisions
and its errors are broadcast to the other hosts, so that all continue or all stop. A
process on its own is the first host of one.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from wgan_gp.devices import rendezvous
from wgan_gp.devices.rendezvous import HostRank

_LONGEST = 7 * 24 * 3600  # seconds to wait for other hosts
HEARTBEAT = 60  # seconds without a heartbeat, after which a host counts as lost
_LAUNCHERS = ("gcetpu", "gketpu", "slurm", "ompi")  # as JAX names them


def detect_rank(coordinator: str | None, count: int | None, index: int | None):
    """The rank of this process: from flags, or from Slurm, a TPU pod or Open MPI.

    Args:
      coordinator: `host:port` of the first process; None if the flag is not given.
      count: the number of processes, or None.
      index: the number of this process, from 0, or None.

    Returns:
      The rank, or None for a process on its own.

    Raises:
      ValueError: some of the three are given and others not, one is out of range, or
        the launcher's own variables are incomplete.
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
    # JAX has no public function that detects the launcher.
    from jax._src.clusters import ClusterEnv

    known = [each for each in ClusterEnv._cluster_types if each.name in _LAUNCHERS]
    try:
        launcher = next((each for each in known if each.is_env_present()), None)
        if launcher is None:
            return None
        found = ClusterEnv.auto_detect_unset_distributed_params(
            None, None, None, None, launcher.name, 60
        )
    except (KeyError, ValueError, RuntimeError, OSError) as error:
        raise ValueError(
            f"what started this process does not say how many there are ({error}): give"
            " --coordinator HOST:PORT, --hosts N and --host I; --coordinator"
            " localhost:1 --hosts 1 --host 0 for a process on its own"
        ) from None
    coordinator, count, index, local = found
    if coordinator is None or count is None or index is None or count < 2:
        return None
    devices = None
    if local is not None:  # numbers a machine's processes; none on TPUs
        devices = _own_devices(local[0], _PROCESSES[launcher.name]())
    return HostRank(coordinator, count, index, devices)


def _of_slurm() -> int:
    """How many processes of this step Slurm started on this machine."""
    counts: list[int] = []
    for part in os.environ.get("SLURM_STEP_TASKS_PER_NODE", "1").split(","):
        tasks, _, times = part.rstrip(")").partition("(x")
        counts += [int(tasks)] * int(times or 1)
    return counts[int(os.environ.get("SLURM_NODEID", 0)) % len(counts)]


def _of_open_mpi() -> int:
    return int(os.environ.get("OMPI_COMM_WORLD_LOCAL_SIZE", 1))


_PROCESSES = {"slurm": _of_slurm, "ompi": _of_open_mpi}


def _own_devices(index: int, count: int) -> tuple[int, ...] | None:
    """The GPUs of a process among those that it sees; None for all of them.

    Args:
      index: of the process among those on its machine.
      count: of these processes.

    Returns:
      An equal part of those in `CUDA_VISIBLE_DEVICES` (or AMD's variables); one, where
      these are not set. All for the only process of a machine; where there are too few
      for all, as the launcher has chosen; and where `JAX_LOCAL_DEVICE_IDS` chooses.
    """
    names = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")
    found = next(filter(None, map(os.environ.get, names)), None)
    visible = count if found is None else len(found.split(","))
    chosen = {"SLURM_GPUS_PER_TASK", "JAX_LOCAL_DEVICE_IDS"} & {*os.environ}
    if count < 2 or visible < count or chosen:
        return None
    part = visible // count
    return tuple(range(part * index, part * (index + 1)))


def take_devices(rank: HostRank | None) -> None:
    """Restricts JAX to the GPUs of this process, for hosts that do not `join`.

    Args:
      rank: of this process; None for a process on its own, which has all.
    """
    if rank is not None and rank.devices is not None:
        numbers = ",".join(map(str, rank.devices))
        jax.config.update("jax_cuda_visible_devices", numbers)
        jax.config.update("jax_rocm_visible_devices", numbers)


def join(rank: HostRank, timeout: float) -> None:
    """Waits for all hosts and initialises `jax.distributed`.

    Called before any other use of JAX.

    Args:
      rank: of this process.
      timeout: seconds to wait for the others.

    Raises:
      ValueError: the timeout is not positive or above a week, or JAX has been used
        already.
      TimeoutError: some hosts did not arrive; the message names them.
      OSError: the first host cannot listen at its port.
    """
    if not 0 < timeout <= _LONGEST:
        raise ValueError(
            f"--host_timeout must be > 0 and at most {_LONGEST:,} seconds, got"
            f" {timeout:g}"
        )
    if _has_devices():
        raise ValueError(
            "an array was made before the hosts met, perhaps at the top of the config"
            " file: make it with NumPy"
        )
    rendezvous.wait_for_hosts(rank, timeout)
    # JAX's own handler would take SIGTERM away from `system.signals`.
    jax.config.update("jax_enable_preemption_service", False)
    jax.distributed.initialize(
        rank.coordinator,
        rank.count,
        rank.index,
        local_device_ids=rank.devices,
        cluster_detection_method="deactivate",
        initialization_timeout=max(int(timeout), 1),
        heartbeat_timeout_seconds=HEARTBEAT,
        shutdown_timeout_seconds=HEARTBEAT,
    )


def _has_devices() -> bool:
    """Whether JAX has initialised its devices, which happens once."""
    from jax._src.xla_bridge import backends_are_initialized

    return backends_are_initialized()


def is_host_lost(error: Exception) -> bool:
    """Whether an error may mean that another host is lost: no collective reaches it."""
    text = str(error)
    return jax.process_count() > 1 and (
        isinstance(error, jax.errors.JaxRuntimeError) or "Gloo" in text
    )


def is_first() -> bool:
    """Whether this is the first host, which alone writes files."""
    return jax.process_index() == 0


def on_first_host(function: Callable[[], Any]) -> Any:
    """Calls a function on the first host and broadcasts its result to all hosts.

    Args:
      function: returns a value that JSON can hold. The other hosts do not call it.

    Returns:
      The result, on every host.

    Raises:
      ValueError: the function raised a ValueError or OSError. The first host raises
        that error itself; the others raise ValueError with its message.
    """
    if jax.process_count() == 1:
        return function()
    # On CPUs the first collective fails where hosts are half a minute apart, and later
    # ones wait: the function may take long.
    _broadcast(None)
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
    """Calls a function on the first host, and afterwards on the other hosts.

    For functions that write files on their first call, such as preparing a data set:
    the other hosts find the files.

    Args:
      function: called once on every host.

    Returns:
      This host's result.

    Raises:
      ValueError: the function raised a ValueError or OSError on the first host.
    """
    if jax.process_count() == 1:
        return function()
    made: list[Any] = []
    on_first_host(lambda: made.append(function()))
    return made[0] if made else function()


def max_over_hosts(number: int) -> int:
    """The largest of the numbers that the hosts pass, on every host."""
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
    """Ends this process at once in a run on several hosts; otherwise does nothing.

    Called after a failure. A normal exit of `jax.distributed` waits for all hosts, and
    would wait in vain for hosts that are lost or that wait for this one.

    Args:
      status: the exit status.
    """
    if jax.distributed.is_initialized():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
