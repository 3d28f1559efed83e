"""Shares the programs of a study over hosts.

Host I of N runs the programs I, I + N, I + 2 N, ... of all programs, including those
that are complete. The share does not depend on anything that changes during the run, so
no two hosts of one launch share a program, even on a file system without locks.
"""

import argparse
from collections.abc import Sequence
from typing import TypeVar

from wgan_gp.devices import hosts

T = TypeVar("T")


def programs_of_host(programs: Sequence[T], rank: hosts.HostRank | None) -> Sequence[T]:
    """The programs that this host runs; all of them on a single host.

    Args:
      programs: all programs, in the same order on all hosts.
      rank: of this host, from `hosts.detect_rank`.
    """
    return programs if rank is None else programs[rank.index :: rank.count]


def add_host_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of a rank, with the same names as in `wgan_gp.main`."""
    of = "not needed under Slurm, on a TPU pod and under Open MPI"
    for flag, metavar, kind, text in (
        ("--coordinator", "HOST:PORT", str, "address of the first host; not contacted"),
        ("--hosts", "N", int, "how many hosts share the folder of --out"),
        ("--host", "I", int, "which of them this one is, from 0"),
    ):
        parser.add_argument(flag, metavar=metavar, type=kind, help=f"{text} ({of})")


def host_rank(args: argparse.Namespace) -> hosts.HostRank | None:
    """This host's rank, from the flags of `add_host_flags` or from the launcher.

    JAX is restricted to this process's GPUs, of several processes on a machine.

    Args:
      args: the parsed command line.

    Raises:
      ValueError: as in `hosts.detect_rank`.
    """
    rank = hosts.detect_rank(args.coordinator, args.hosts, args.host)
    hosts.take_devices(rank)
    return rank
