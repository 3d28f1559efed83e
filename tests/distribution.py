"""Checks what a release would upload: `make dist` (minutes, as it installs all of it).

Builds the sdist and, from it, the wheel; looks at what is in them; installs the wheel
into an empty environment; and trains from a folder that is not the repository.
"""

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

from tests.helpers import ROOT
from wgan_gp import __version__
from wgan_gp.system import shipped

MOST_BYTES = 2_000_000
_TRAIN = ("train", "toy8gauss:smoke", "--workdir", "run")
_SAMPLE = ("sample", "--workdir", "run", "--n", "10", "--out", "samples.npz")


def run(*command: str | Path, cwd: Path) -> None:
    """Runs a command, which has to succeed."""
    print("$", *command, flush=True)
    subprocess.run(list(map(str, command)), cwd=cwd, check=True)


def build(folder: Path) -> tuple[Path, Path]:
    """Builds both files into a folder: the wheel and the sdist."""
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist, cwd=folder)
    return wheel, sdist


def check_contents(wheel: Path, sdist: Path) -> None:
    """Raises AssertionError unless the files hold what they should, and no more."""
    for file in (wheel, sdist):
        size = file.stat().st_size
        assert size < MOST_BYTES, f"{file.name} has {size} bytes"
        assert __version__ in file.name, f"{file.name} is not {__version__}"
    with zipfile.ZipFile(wheel) as archive:
        names = {n for n in archive.namelist() if ".dist-info/" not in n}
    expected = {
        f"wgan_gp/{each.relative_to(ROOT / 'wgan_gp').as_posix()}"
        for each in (ROOT / "wgan_gp").rglob("*")
        if each.is_file() and "__pycache__" not in each.parts
    }
    experiments = shipped.experiments().values()
    expected |= {f"wgan_gp/experiments/{each.name}" for each in experiments}
    assert names == expected, f"the wheel differs in {sorted(names ^ expected)}"
    with tarfile.open(sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    known = {"wgan_gp", "experiments", "pyproject.toml", "README.md", "LICENSE"}
    known |= {"CHANGELOG.md", "CITATION.cff", "constraints.txt", "PKG-INFO"}
    assert tops - {".gitignore"} == known, f"the sdist has {sorted(tops ^ known)}"


def use(wheel: Path, folder: Path) -> None:
    """Installs the wheel into an empty environment, trains and samples."""
    venv.create(folder / "environment", with_pip=True)
    binaries = folder / "environment" / "bin"
    pip = binaries / "python", "-m", "pip", "install", "-qq"
    run(*pip, "--constraint", ROOT / "constraints.txt", wheel, cwd=folder)
    for command in (["--version"], ["--help"], _TRAIN, _SAMPLE):
        run(binaries / "wgan-gp", *command, cwd=folder)


def main() -> None:
    """Runs the command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = build(folder)
        check_contents(*files)
        use(files[0], folder)
        sizes = ", ".join(f"{each.name} {each.stat().st_size:,} B" for each in files)
        print(f"as it should be: {sizes}")


if __name__ == "__main__":
    main()
