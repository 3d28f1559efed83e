"""Differences between operating systems."""

import math
import os
import sys


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

    macOS does not tell which cores a process may use.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def physical_memory() -> int:
    """Bytes of memory that this process may use.

    The smaller of the machine's memory and the limit on address space (`ulimit -v`);
    `sys.maxsize` where the system tells neither.
    """
    try:
        sizes = [os.sysconf(name) for name in ("SC_PAGE_SIZE", "SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):
        return sys.maxsize
    there = math.prod(sizes) if min(sizes) > 0 else sys.maxsize
    return min(there, _mappable())


def _mappable() -> int:
    """The limit on this process's address space in bytes (`ulimit -v`)."""
    try:
        import resource
    except ImportError:  # Windows
        return sys.maxsize
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit
