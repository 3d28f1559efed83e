"""The runner of all studies: it checks, resumes, shares work over hosts, makes tables.

A study is a `Study`: programs that write records, and tables made from the records.
`run_command` runs one as a command.
"""

from wgan_gp.studies.running.runner import check, run, run_command
from wgan_gp.studies.running.settings import check_settings
from wgan_gp.studies.running.sharing import add_host_flags, host_rank, programs_of_host
from wgan_gp.studies.running.study import Program, Records, Save, Study

__all__ = [
    "Program",
    "Records",
    "Save",
    "Study",
    "add_host_flags",
    "check",
    "check_settings",
    "host_rank",
    "programs_of_host",
    "run",
    "run_command",
]
