"""Animations of runs in the plane, side by side: `python -m wgan_gp.animate ...`.

Each run has kept some of its steps while it trained (`runs.animation`). The data need
not be there.
"""

import sys
from pathlib import Path

from wgan_gp.runs import animation
from wgan_gp.runs.sample_files import atomic_path, check_creatable
from wgan_gp.system.arguments import make_parser, parse, path, run_command


def main(argv: list[str]) -> int:
    """Runs the command.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The exit status.
    """
    return run_command(lambda: _write(argv[1:]), "no file was written")


def _write(arguments: list[str]) -> str:
    parser = make_parser("wgan_gp.animate", __doc__)
    parser.add_argument(
        "--workdir",
        required=True,
        type=path,
        nargs="+",
        help="folders of runs on vectors of two entries, from left to right",
    )
    parser.add_argument("--out", required=True, type=path, help="the file, FILE.gif")
    args = parse(parser, arguments)
    if args.out.suffix != ".gif":
        raise ValueError(f"--out must end in .gif, got {args.out}")
    check_creatable(args.out, "--out")
    scenes = [_scene(folder) for folder in args.workdir]
    pictures = animation.animate(scenes)
    with atomic_path(args.out) as draft:
        animation.save_gif(draft, pictures)
    return f"{args.out}: {len(pictures)} frames"


def _scene(folder: Path) -> animation.Scene:
    scene = animation.read_scene(folder)
    if scene is None:
        raise ValueError(
            f"{folder} has no frames: expected the folder of a run on vectors of two"
            " entries that has trained for a while"
        )
    return scene


if __name__ == "__main__":
    sys.exit(main(sys.argv))
