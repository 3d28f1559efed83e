"""How every study runs: it resumes, refuses, shares its programs, and makes tables."""

from wgan_gp.studies.running.runner import check, run, run_command
from wgan_gp.studies.running.sharing import add_host_flags, place_of, share
from wgan_gp.studies.running.study import Program, Records, Save, Study

__all__ = [
    "Program",
    "Records",
    "Save",
    "Study",
    "add_host_flags",
    "check",
    "place_of",
    "run",
    "run_command",
    "share",
]
