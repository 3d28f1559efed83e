"""Trains random architectures: `python -m wgan_gp.studies.random_architectures`.

The studies of Gulrajani et al. 2017, Table 1, and with `--experiment figure2_clothes`
Figure 2, under several constraints. Each run writes a record when it ends, and a run
with a record is skipped: an interrupted study resumes, and processes that train other
variants may use the same folder. Several hosts share the runs of one study.
OUT/results.csv has a row for each run, and of images OUT/samples.png its samples.
"""

import sys
from functools import partial
from pathlib import Path

from wgan_gp.constraints import CONSTRAINTS, two_sided
from wgan_gp.devices.hosts import HostRank
from wgan_gp.studies.names import constraint_name
from wgan_gp.studies.random_architectures import draws
from wgan_gp.studies.random_architectures.configurations import runs
from wgan_gp.studies.random_architectures.study import study
from wgan_gp.studies.running import Study, add_host_flags, host_rank, run_command
from wgan_gp.system import arguments
from wgan_gp.system.shipped import find_experiment

EXPERIMENT = "random_architectures"


def main(argv: list[str]) -> int:
    """Runs the command.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The exit status, as in `running.run_command`.
    """
    return run_command(partial(_start, argv[1:]))


def _start(argv: list[str]) -> tuple[Study, HostRank | None]:
    args = arguments.parse(_parser(), argv)
    found = runs(args.experiment, args.variants, args.lipschitz, args.set)
    return study(found, args.out, args.experiment.read_bytes()), host_rank(args)


def _parser():
    parser = arguments.make_parser("wgan_gp.studies.random_architectures", __doc__)
    add = parser.add_argument
    add(
        "--out",
        type=arguments.path,
        required=True,
        help="folder of the runs and of their records",
    )
    add(
        "--experiment",
        type=_experiment,
        default=EXPERIMENT,
        metavar="FILE",
        help="config file, or name of an experiment, whose variants are architectures"
        f" (default: {EXPERIMENT})",
    )
    add(
        "--variants",
        nargs="*",
        default=[str(number) for number in range(draws.COUNT)],
        metavar="NAME",
        help="architectures to train, by the experiment's names or numbers (default: 0"
        f" to {draws.COUNT - 1})",
    )
    arguments.add_lipschitz(
        parser, CONSTRAINTS, default=constraint_name(two_sided.CHOICE)
    )
    add(
        "--set",
        nargs="*",
        default=[],
        metavar="FIELD=VALUE",
        help="fields to change in all runs, such as steps=500; python -m wgan_gp.main"
        " --help lists them",
    )
    add_host_flags(parser)
    return parser


def _experiment(text: str) -> Path:
    return find_experiment(str(arguments.path(text)))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
