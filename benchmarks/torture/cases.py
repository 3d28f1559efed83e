"""Generated bad input: the property tests tests/test_hostile_*.py, with more cases."""

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.torture.common import Clock, Failure, Row, environment
from wgan_gp.system import platforms

TIMES = 10  # as many as in the default suite
LEAST = 1000  # cases
# Not those by which a failure is made simpler: they are in a phase of their own.
_EXAMPLES = re.compile(r"generate phase .*?- (\d+) passing, (\d+) failing", re.DOTALL)


def run(folder: Path, seconds: float, *, quick: bool) -> list[Row]:
    """Runs the properties, and counts the cases that Hypothesis says it tried."""
    files = sorted(map(str, Path("tests").glob("test_hostile_*.py")))
    if not files:
        raise Failure("there are no files tests/test_hostile_*.py")
    times = 1 if quick else TIMES
    env = environment(folder, cached=False) | {"WGAN_GP_CASES": str(times)}
    options = ["-m", "", "--hypothesis-show-statistics"]
    options += ["--numprocesses", str(platforms.cores())]
    options += ["--dist", "worksteal"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *files],
            env=env,
            capture_output=True,
            text=True,
            timeout=Clock(seconds).left(),
        )
    except subprocess.TimeoutExpired:
        raise Failure("out of time") from None
    tried, outcome, passed = judge(done.stdout, done.returncode, 1 if quick else LEAST)
    return [Row("bad input", tried, outcome, passed)]


def judge(text: str, status: int, least: int) -> tuple[str, str, bool]:
    """What pytest's report with Hypothesis's statistics comes to.

    Args:
      text: the report.
      status: pytest's exit status.
      least: the number of cases that there must be.

    Returns:
      What was tried, its outcome, and whether all is well.
    """
    counts = [tuple(map(int, each)) for each in _EXAMPLES.findall(text)]
    good, bad = (sum(each[i] for each in counts) for i in range(2))
    tests = text.strip().splitlines()[-1].strip("= ") if text.strip() else "no report"
    tried = f"{good + bad:,} generated cases"
    outcome = f"{bad} failed (pytest: {tests})"
    if good + bad < least:
        outcome += f"; there should be {least:,} cases"
    return tried, outcome, status == 0 and bad == 0 and good >= least
