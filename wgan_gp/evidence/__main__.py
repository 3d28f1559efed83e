"""Draws the evidence: `python -m wgan_gp.evidence --out DIR [--scale SCALE]`."""

import argparse
import json
import sys
import time
from pathlib import Path

from wgan_gp.configs import PRESETS
from wgan_gp.evidence import depth, simplicity

SCALES = {
    "smoke": {
        "datasets": ("swissroll",),
        "critics": {"seeds": 2, "steps": 5, "width": 8, "samples": 50},
        "depth": {"seeds": 2, "steps": 3, "width": 8, "layers": 3},
    },
    "default": {
        "datasets": simplicity.DATASETS,
        "critics": {"seeds": 3, "steps": 4000, "width": 128, "samples": 2000},
        "depth": {"seeds": 3, "steps": 300, "width": 64, "layers": 12},
    },
    "paper": {
        "datasets": simplicity.DATASETS,
        "critics": {"seeds": 3, "steps": 10_000, "width": 512, "samples": 2000},
        "depth": {"seeds": 3, "steps": 10_000, "width": 512, "layers": 12},
    },
}


def draw(out: Path, scale: str) -> dict[str, list]:
    """Trains what the figures need and writes them to a folder.

    Args:
      out: the folder; made if it does not exist. Figures of the same name in it are
        replaced.
      scale: a key of `SCALES`.

    Returns:
      The rows of the results tables, which `evidence.json` in the folder holds too.
    """
    out.mkdir(parents=True, exist_ok=True)
    settings = SCALES[scale]
    critics = [
        simplicity.train_critics(lipschitz, dataset, **settings["critics"])
        for dataset in settings["datasets"]
        for lipschitz in PRESETS
    ]
    roll = [each for each in critics if each.dataset == "swissroll"]
    depths = depth.measure_depth(**settings["depth"])
    figures = {
        "critics": simplicity.contour_figure(critics),
        "weights": simplicity.weight_figure(roll),
        "depth": depth.depth_figure(depths),
    }
    for name, figure in figures.items():
        figure.savefig(out / f"{name}.png", dpi=150)
    tables = {
        "critics": [simplicity.numbers(each) for each in critics],
        "depth": [depth.numbers(each) for each in depths],
    }
    (out / "evidence.json").write_text(json.dumps(tables, indent=1) + "\n")
    return tables


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m wgan_gp.evidence")
    parser.add_argument("--out", type=Path, required=True, help="folder for figures")
    parser.add_argument("--scale", choices=SCALES, default="default")
    args = parser.parse_args(argv[1:])
    if args.out.exists() and not args.out.is_dir():
        print(f"error: --out {args.out} is a file: name a folder", file=sys.stderr)
        return 2
    started = time.monotonic()
    for name, rows in draw(args.out, args.scale).items():
        print(markdown(rows), end="\n\n")
        print(f"figures and numbers of {name}: {args.out}")
    print(f"{time.monotonic() - started:.0f} s")
    return 0


def markdown(rows: list[dict]) -> str:
    """A table of rows; a pair of numbers is a mean and its spread."""
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[_cell(value) for value in row.values()] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value[0]:.3g} ± {value[1]:.2g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv))
