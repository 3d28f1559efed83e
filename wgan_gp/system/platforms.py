"""What differs between operating systems."""

import math
import os
import sys


def refuse_windows() -> None:
    """Ends a command on Windows, before it does anything.

    The losses and training in Python need nothing of this. Commands need POSIX's locks
    and signals, so that no run is lost.

    Raises:
      SystemExit: this is Windows.
    """
    if sys.platform == "win32":
        raise SystemExit(
            "error: this command runs on Linux and macOS, not on Windows: run it in WSL"
            " (wsl --install)"
        )


def cores() -> int:
    """Cores that this process may use; of macOS, which does not say, all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def physical_memory() -> int:
    """Bytes of this machine's memory, or fewer if this process may map fewer.

    `sys.maxsize` where the system does not say.
    """
    try:
        sizes = [os.sysconf(name) for name in ("SC_PAGE_SIZE", "SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):
        return sys.maxsize
    there = math.prod(sizes) if min(sizes) > 0 else sys.maxsize
    return min(there, _mappable())


def _mappable() -> int:
    """Bytes of address space that this process may have (`ulimit -v`)."""
    try:
        import resource
    except ImportError:  # Windows
        return sys.maxsize
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit
