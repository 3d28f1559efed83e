"""Which programs of a study are this host's.

Host I of N runs the programs I, I + N, I + 2 N, ... of all programs, those with a
record counted too. The share depends on nothing that changes while hosts run, so no two
hosts of one launch have a program in common, whatever their file system can do.
"""

import argparse
from collections.abc import Sequence
from typing import TypeVar

from wgan_gp.devices import hosts

T = TypeVar("T")


def programs_of_host(programs: Sequence[T], rank: hosts.HostRank | None) -> Sequence[T]:
    """The programs of this host; all of them on a single host.

    Args:
      programs: all programs, in the same order on all hosts.
      rank: from `hosts.detect_rank`.
    """
    return programs if rank is None else programs[rank.index :: rank.count]


def add_host_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the three flags that tell hosts apart, as `wgan_gp.main` has them."""
    of = "not needed under Slurm, on a TPU pod and under Open MPI"
    for flag, metavar, kind, text in (
        ("--coordinator", "HOST:PORT", str, "address of the first host; not contacted"),
        ("--hosts", "N", int, "how many hosts share the folder of --out"),
        ("--host", "I", int, "which of them this one is, from 0"),
    ):
        parser.add_argument(flag, metavar=metavar, type=kind, help=f"{text} ({of})")


def host_rank(args: argparse.Namespace) -> hosts.HostRank | None:
    """This host's rank, from the flags or from what started the process.

    Raises:
      ValueError: as `hosts.detect_rank`.
    """
    return hosts.detect_rank(args.coordinator, args.hosts, args.host)
