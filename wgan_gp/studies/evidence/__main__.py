"""Draws the evidence: `python -m wgan_gp.studies.evidence --out DIR`.

Each claim writes a record when it is measured, and a claim with a record of the same
settings is skipped. Several hosts share the claims. `--redraw` draws the figures again
from what is stored in the folder, and measures nothing.
"""

import sys
from argparse import Namespace
from functools import partial

from wgan_gp.devices.hosts import HostRank
from wgan_gp.studies.evidence import depth
from wgan_gp.studies.evidence.study import CLAIMS, redraw, study
from wgan_gp.studies.running import Study, add_host_flags, host_rank, run_command
from wgan_gp.system import arguments, failures
from wgan_gp.system.platforms import refuse_windows


def main(argv: list[str]) -> int:
    """Runs the command.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The exit status, as in `running.run_command`.
    """
    refuse_windows()
    try:
        args = arguments.parse(_parser(), argv[1:])
        if args.redraw:
            for path in redraw(dict.fromkeys(args.only), args.out):
                print(path)
            return 0
    except failures.EXPECTED as error:
        return failures.report(error, 2)
    return run_command(partial(_start, args))


def _start(args: Namespace) -> tuple[Study, HostRank | None]:
    claims = list(dict.fromkeys(args.only))
    return study(claims, args.out, args.scale), host_rank(args)


def _parser():
    parser = arguments.make_parser("wgan_gp.studies.evidence", __doc__)
    add = parser.add_argument
    add(
        "--out",
        type=arguments.path,
        required=True,
        help="folder of the figures and of evidence.json",
    )
    add(
        "--scale",
        choices=depth.SCALES,
        default="default",
        help="size of the runs: smoke takes seconds, default is that of"
        " docs/results.md, paper has the published sizes (default: default)",
    )
    add(
        "--only",
        choices=CLAIMS,
        nargs="+",
        default=list(CLAIMS),
        metavar="CLAIM",
        help=f"claims to measure: {', '.join(CLAIMS)} (default: all)",
    )
    add(
        "--redraw",
        action="store_true",
        help="draw the figures again from evidence.json and arrays/ in --out, and"
        " measure nothing",
    )
    add_host_flags(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv))
