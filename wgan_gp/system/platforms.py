"""Differences between operating systems."""

import math
import os
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath

_ROOT = Path("/")


def refuse_windows() -> None:
    """Ends a command on Windows, before it does anything.

    Commands use POSIX file locks and signals to protect runs. The library itself, such
    as the losses and `train`, needs neither and works on Windows.

    Raises:
      SystemExit: this is Windows.
    """
    if sys.platform == "win32":
        raise SystemExit(
            "error: this command runs on Linux and macOS, not on Windows: run it in WSL"
            " (wsl --install)"
        )


def cores() -> int:
    """The number of cores that this process may use; on macOS, all of the machine's.

    macOS does not tell which cores a process may use. A quota of a container counts:
    one of 1.5 cores is 2.
    """
    if hasattr(os, "sched_getaffinity"):
        return max(1, min(len(os.sched_getaffinity(0)), _whole(_quota())))
    return os.cpu_count() or 1


def _whole(number: float) -> int:
    return math.ceil(number) if math.isfinite(number) else sys.maxsize


def physical_memory() -> int:
    """Bytes of memory that this process may use.

    The least of the machine's memory, the limit on address space (`ulimit -v`), and the
    limit of a container or a batch job; `sys.maxsize` where the system tells none.
    """
    try:
        sizes = [os.sysconf(name) for name in ("SC_PAGE_SIZE", "SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):
        return sys.maxsize
    there = math.prod(sizes) if min(sizes) > 0 else sys.maxsize
    return min(there, _mappable(), _granted())


def _granted() -> int:
    """The limit of this process's memory in bytes by its control groups."""
    limits = [sys.maxsize]
    for folder, version in _control_groups("memory"):
        file = folder / ("memory.max", "memory.limit_in_bytes")[version == 1]
        with suppress(OSError, ValueError):  # none there, or "max"
            limits.append(int(file.read_text()))
    return min(limits)


def _quota() -> float:
    """How many cores this process may use at a time by its control groups."""
    quotas = [math.inf]
    for folder, version in _control_groups("cpu"):
        names = (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"])[version == 1]
        with suppress(OSError, ValueError):  # none there, or "max 100000"
            words = " ".join((folder / name).read_text() for name in names).split()
            quota, period = map(int, words)
            if quota > 0:  # -1 is none
                quotas.append(quota / period)
    return min(quotas)


def _control_groups(controller: str) -> list[tuple[Path, int]]:
    """Folders of the control groups that this process is in, on Linux, and versions.

    Docker, Kubernetes and Slurm make them. Within a container its own is the root.
    """
    try:
        lines = (_ROOT / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    top, found = _ROOT / "sys/fs/cgroup", []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        version = 1 if controllers else 2
        if version == 1 and controller not in controllers.split(","):
            continue
        # Version 1 may be mounted as "cpu,cpuacct", with a link "cpu".
        root = top / controller if version == 1 else top
        parts = PurePosixPath(group).parts[1:]
        found += [(root.joinpath(*parts[:n]), version) for n in range(len(parts) + 1)]
    return found


def _mappable() -> int:
    """The limit on this process's address space in bytes (`ulimit -v`)."""
    try:
        import resource
    except ImportError:  # Windows
        return sys.maxsize
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit
