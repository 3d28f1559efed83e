"""The flags that `wgan_gp.main` and `wgan_gp.studies.sweep` share."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags
from ml_collections import config_flags

from wgan_gp.configs.command_line import program_arguments
from wgan_gp.system.paths import expand

if TYPE_CHECKING:
    from wgan_gp.devices.hosts import HostRank

with program_arguments(["wgan-gp"]):  # of which there is nothing to read yet
    CONFIG = config_flags.DEFINE_config_file(
        "config", None, "An experiment's file, with its variant after a colon."
    )
WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the run; by default a new one in runs/."
)
OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace the run that the workdir holds."
)
COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "HOST:PORT of the first of several hosts."
)
HOSTS = flags.DEFINE_integer("hosts", None, "How many hosts there are.")
HOST = flags.DEFINE_integer("host", None, "Which of them this one is, from 0.")
HOST_TIMEOUT = flags.DEFINE_float(
    "host_timeout", 300.0, "Seconds to wait for the other hosts."
)
ACCEPT = flags.DEFINE_bool(
    "accept_changes", False, "Go on with the workdir's run under other settings."
)


def workdir_or_default(name: str) -> Path:
    """The folder of --workdir.

    Args:
      name: of a new folder where the flag is not given; the time is appended.
    """
    from wgan_gp.runs import workdir

    if WORKDIR.value:
        return expand(WORKDIR.value)
    return workdir.unused_folder(Path(f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"))


def host_rank() -> "HostRank | None":
    """The rank of this process, from the flags or the launcher; None if it is alone."""
    from wgan_gp.devices import hosts

    return hosts.detect_rank(COORDINATOR.value, HOSTS.value, HOST.value)
