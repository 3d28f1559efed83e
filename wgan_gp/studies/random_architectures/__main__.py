"""Trains random architectures: `python -m wgan_gp.studies.random_architectures`.

The study of Gulrajani et al. 2017, Table 1, with constraints beside each other. Each
run's numbers go to a file of their own when it ends; what has one is not run again, so
an interrupted study goes on where it stopped, and processes with other numbers may
write to the same folder. Several hosts share the runs of one study.
"""

import sys
from functools import partial
from pathlib import Path

from wgan_gp.constraints import CONSTRAINTS, two_sided
from wgan_gp.devices.hosts import Place
from wgan_gp.studies.chosen import name_of
from wgan_gp.studies.random_architectures.configurations import runs
from wgan_gp.studies.random_architectures.study import study
from wgan_gp.studies.running import Study, add_host_flags, place_of, run_command
from wgan_gp.system import arguments

EXPERIMENT = Path("experiments/random_architectures.py")


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    return run_command(partial(_start, argv[1:]))


def _start(argv: list[str]) -> tuple[Study, Place | None]:
    args = arguments.parse(_parser(), argv)
    found = runs(args.experiment, args.numbers, args.lipschitz, args.set)
    return study(found, args.out, args.experiment.read_bytes()), place_of(args)


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
        type=arguments.path,
        default=EXPERIMENT,
        metavar="FILE",
        help=f"config file whose variants are the numbers (default: {EXPERIMENT})",
    )
    add(
        "--numbers",
        type=int,
        nargs="*",
        default=list(range(200)),
        metavar="N",
        help="architectures to train (default: 0 to 199)",
    )
    arguments.add_lipschitz(parser, CONSTRAINTS, default=name_of(two_sided.CHOICE))
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


if __name__ == "__main__":
    sys.exit(main(sys.argv))
