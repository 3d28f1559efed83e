"""Draws the evidence: `python -m wgan_gp.studies.evidence --out DIR`."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from wgan_gp.studies.evidence import (
    depth,
    differences,
    dimension,
    estimates,
    overfitting,
    simplicity,
    transport,
)
from wgan_gp.studies.evidence.common import Evidence, markdown
from wgan_gp.system import arguments, failures
from wgan_gp.system.files import write_json
from wgan_gp.system.platforms import refuse_windows


class Claim(NamedTuple):
    """How a claim is measured."""

    evidence: Callable[..., Evidence]
    scales: Mapping[str, Mapping[str, Any]]  # settings of `evidence`


CLAIMS = {
    "simplicity": Claim(simplicity.evidence, simplicity.SCALES),
    "depth": Claim(depth.evidence, depth.SCALES),
    "transport": Claim(transport.evidence, transport.SCALES),
    "estimates": Claim(estimates.evidence, estimates.SCALES),
    "dimension": Claim(dimension.evidence, dimension.SCALES),
    "differences": Claim(differences.evidence, differences.SCALES),
    "overfitting": Claim(overfitting.evidence, overfitting.SCALES),
}
NUMBERS = "evidence.json"


def draw(claim: str, out: Path, scale: str) -> str:
    """Measures one claim and writes its figures and numbers to a folder.

    Args:
      claim: a key of `CLAIMS`.
      out: the folder. Figures of the same name in it are replaced, and the claim's
        entry in `evidence.json`.
      scale: a key of the claim's scales.

    Returns:
      The table of results.
    """
    measure, scales = CLAIMS[claim]
    figures, rows = measure(**scales[scale])
    for name, figure in figures.items():
        figure.savefig(out / f"{name}.png", dpi=150)
    path = out / NUMBERS
    known = json.loads(path.read_text()) if path.exists() else {}
    known[claim] = rows
    order = [*CLAIMS, *(name for name in known if name not in CLAIMS)]
    known = {name: known[name] for name in order if name in known}
    write_json(path, known)
    return markdown(rows)


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    refuse_windows()
    try:
        args = arguments.parse(_parser(), argv[1:])
        _check(args.out, args.only)
        args.out.mkdir(parents=True, exist_ok=True)
    except failures.EXPECTED as error:
        return failures.report(error, 2)
    for claim in args.only:
        started = time.monotonic()
        try:
            table = draw(claim, args.out, args.scale)
        except failures.EXPECTED as error:
            return failures.report(error, 1)
        elapsed = time.monotonic() - started
        print(f"{claim}: {elapsed:.0f} s\n\n{table}\n", flush=True)
    print(f"figures and numbers: {args.out}")
    return 0


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
    return parser


def _check(out: Path, claims: list[str]) -> None:
    """Raises ValueError for what would fail later."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {out} is a file: name a folder")
    path = out / NUMBERS
    if out.is_dir() and not os.access(out, os.W_OK):
        raise ValueError(f"--out {out} cannot be written to")
    if path.exists():
        try:
            known = json.loads(path.read_text())
        except ValueError:
            known = None
        if not isinstance(known, dict):
            raise ValueError(f"{path} is not a table of evidence: move it away")
    if "overfitting" in claims:
        overfitting.digits()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
