"""The experiments that come with the project, by name.

In a checkout they are the files of `experiments/` at its top; an installed package has
them inside.
"""

import ast
from pathlib import Path

import wgan_gp


def experiments() -> dict[str, Path]:
    """The file of each experiment, by its name: `toy8gauss`, ..."""
    package = Path(wgan_gp.__file__).parent
    folders = package / "experiments", package.parent / "experiments"
    folder = next((each for each in folders if each.is_dir()), None)
    files = [] if folder is None else folder.glob("[a-z]*.py")
    return {each.stem: each for each in sorted(files)}


def find_experiment(name: str) -> Path:
    """The file that a name or a path stands for; a file of that path comes first.

    Args:
      name: such as `toy8gauss`, or the path of a file. An unknown name is returned as
        a path.
    """
    path = Path(name)
    found = experiments().get(name)
    return path if found is None or path.is_file() else found


def first_line(path: Path) -> str:
    """The first line of a file's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split(
        "\n"
    )[0]
