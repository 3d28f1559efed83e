"""English text that every installation has: the docstrings of SciPy.

A text to learn without a download. The files of the package are parsed, not imported;
lines of prose are taken and lines of code, tables and formulas left out. What comes out
depends on SciPy's version: for the one in `constraints.txt` it has a known checksum.
"""

import ast
import hashlib
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "scipy"
# SHA-256 of the lines, by version of the package.
CHECKSUMS = {
    "1.17.1": "8a66cd84e1898440f7e5562b34c30aaadc8709872630c6bde0b02ac624a428b1"
}
_PROSE = re.compile(r"[A-Za-z][A-Za-z ,.;'()-]{24,}")


def read_docstrings() -> tuple[list[str], tuple[str, ...]]:
    """The lines of prose of the package's docstrings, each once.

    Returns:
      The lines, sorted by file and place; and a note if the package's version is one
      whose lines are not known.

    Raises:
      ValueError: the lines are not those that this version has.
    """
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    lines = list(dict.fromkeys(_lines(Path(spec.origin).parent)))
    version = importlib.metadata.version(PACKAGE)
    found = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    expected = CHECKSUMS.get(version)
    if expected is None:
        known = ", ".join(CHECKSUMS)
        return lines, (
            f"docstrings: those of {PACKAGE} {version}, {len(lines):,} lines; results"
            f" in docs are of {known}",
        )
    if found != expected:
        raise ValueError(
            f"the docstrings of {PACKAGE} {version} have SHA-256 {found}, not"
            f" {expected}: its files were changed; install it again"
        )
    return lines, ()


def _lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.py"), key=lambda each: each.as_posix()):
        if "tests" in path.relative_to(folder).parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            kinds = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
            if isinstance(node, kinds):
                for line in (ast.get_docstring(node) or "").splitlines():
                    if _PROSE.fullmatch(line.strip()):
                        yield line.strip()
