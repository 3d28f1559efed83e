"""The results as a table, between two comments of a document."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.torture.common import Row
from wgan_gp.system import platforms

BEGIN, END = "<!-- torture: begin -->", "<!-- torture: end -->"


def machine() -> str:
    """The cores and versions that figures depend on."""
    names = "jax", "orbax-checkpoint", "numpy"
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    cores = platforms.cores()
    python = platform.python_version()
    return (
        f"{cores} {platform.machine()} cores, Python {python}, {versions}, on the CPU"
    )


def render(rows: Sequence[Row], minutes: Mapping[str, float]) -> str:
    """Markdown: a table of the rows, then the machine and the time each part took."""
    lines = ["| part | tried | outcome | |", "|---|---|---|---|"]
    for row in rows:
        cells = (row.part, row.tried, row.outcome, "pass" if row.passed else "FAIL")
        lines.append(f"| {' | '.join(each.replace('|', '/') for each in cells)} |")
    took = ", ".join(f"{name} {each:.1f}" for name, each in minutes.items())
    return "\n".join([*lines, "", f"{machine()}. Minutes: {took}."])


def insert(document: Path, text: str) -> None:
    """Replaces what stands between the two comments.

    Raises:
      ValueError: the document does not have each of them once, in their order.
    """
    old = document.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1 or old.find(BEGIN) > old.find(END):
        raise ValueError(f"{document} must have {BEGIN} and then {END}, once each")
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    draft = document.with_suffix(".part")
    draft.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    draft.replace(document)
