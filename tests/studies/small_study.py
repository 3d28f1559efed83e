"""A study of small programs, as a command: `python -m tests.studies.small_study`.

Each program appends when it begins and ends to a log, and waits for a file between.
"""

import json
import sys
import time
from functools import partial
from pathlib import Path

from wgan_gp.studies import running
from wgan_gp.system import arguments

NAMES = ("a", "b", "c", "d", "e")


def log_line(out, text):
    with (out / "log.txt").open("a") as file:  # a short line is appended whole
        file.write(f"{text}\n")


def study(out, seconds=0.0, wait_for=None, names=NAMES):
    def program(name, found, save):
        log_line(out, f"{name} begins")
        time.sleep(seconds)
        while wait_for is not None and not wait_for.exists():
            time.sleep(0.02)
        log_line(out, f"{name} ends")
        save(name, {"value": ord(name)})

    return running.Study(
        noun="letters",
        folder=out,
        records=out / "letters",
        programs=[running.Program((n,), partial(program, n)) for n in names],
        read_record=read,
        is_complete=is_complete,
        make_tables=lambda records: (out / "table.json").write_text(
            json.dumps({name: each["value"] for name, each in records.items()})
        ),
    )


def read(path):
    try:
        record = json.loads(path.read_text())
        record["value"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is no letter: move it away") from None
    return record


def is_complete(name, record):
    if record["value"] not in (0, ord(name)):
        raise ValueError(f"{name} was made with other settings")
    return record["value"] > 0


def make():
    parser = arguments.make_parser("tests.studies.small_study", None)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--wait_for", type=Path)
    running.add_host_flags(parser)
    args = arguments.parse(parser, sys.argv[1:])
    return study(args.out, args.seconds, args.wait_for), running.host_rank(args)


if __name__ == "__main__":
    sys.exit(running.run_command(make))
