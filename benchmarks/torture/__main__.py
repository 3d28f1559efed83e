"""Tests the statements of docs/reliability.md, and writes the results there.

python -m benchmarks.torture                # 20 minutes at most
python -m benchmarks.torture --only kills   # or soak, saves, cases; writes nothing
python -m benchmarks.torture --quick        # a few minutes; writes nothing
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.torture import cases, kills, saves, soak, table
from benchmarks.torture.common import Failure, Row

DOCUMENT = Path("docs/reliability.md")
# Each with its share of the time; what one leaves is for those that follow.
PARTS = {
    "kills": (kills.run, 0.45),
    "soak": (soak.run, 0.1),
    "saves": (saves.run, 0.1),
    "cases": (cases.run, 0.35),
}


def main() -> int:
    """Runs the parts; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture")
    parser.add_argument("--only", choices=PARTS, help="this part alone, with its share")
    parser.add_argument("--quick", action="store_true", help="a small form, to try it")
    parser.add_argument("--minutes", type=float, default=20, help="that it may take")
    args = parser.parse_args()
    if not 0 < args.minutes < float("inf"):
        parser.error(f"--minutes must be a number above 0, got {args.minutes}")
    if not DOCUMENT.is_file():
        parser.error(f"there is no {DOCUMENT}: run it in the repository's root")
    parts = [args.only] if args.only else list(PARTS)
    if {"soak", "saves"} & set(parts) and not Path("/proc/self/status").is_file():
        parser.error("soak and saves read memory from Linux's /proc: take --only kills")
    rows, minutes = run_parts(parts, args)
    text = table.render(rows, minutes)
    print(text)
    if not args.only and not args.quick:
        table.insert(DOCUMENT, text)
    failed = [row for row in rows if not row.passed]
    if failed:
        print(f"error: {len(failed)} of {len(rows)} rows failed", file=sys.stderr)
    return 1 if failed else 0


def run_parts(names: list[str], args) -> tuple[list[Row], dict[str, float]]:
    """The rows of these parts, and the minutes each took."""
    rows: list[Row] = []
    minutes: dict[str, float] = {}
    spare = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            run, share = PARTS[name]
            seconds = 60 * args.minutes * share + spare
            print(f"{name}: at most {seconds / 60:.1f} minutes", flush=True)
            started = time.monotonic()
            try:
                rows += run(Path(folder), seconds, quick=args.quick)
            except Failure as failure:
                rows.append(Row(name, "all of it", str(failure), passed=False))
            took = time.monotonic() - started
            minutes[name], spare = took / 60, max(0.0, seconds - took)
    return rows, minutes


if __name__ == "__main__":
    sys.exit(main())
