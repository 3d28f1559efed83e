"""Processes that share a study's folder, as hosts do."""

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.helpers import ROOT, command_environment
from tests.studies.small_study import NAMES

SWEEP = (
    *("--config", f"{ROOT / 'experiments' / 'sweep_toy.py'}:smoke"),
    *("--config.grid=('lipschitz=clip clip_bound=0.01,0.1',)",),
    *("--config.experiment.steps=4", "--config.runs_per_program=2"),
    *("--config.experiment.eval_samples=20", "--config.experiment.eval_repeats=1"),
)


def start(*arguments, module="tests.studies.small_study", place=None):
    flags = ()
    if place is not None:
        count, index = place
        flags = "--coordinator", "first:1", "--hosts", count, "--host", index
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, (*arguments, *flags))],
        cwd=ROOT,
        env=command_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*processes, status=0):
    """What each has printed."""
    printed = []
    for each in processes:
        out, error = each.communicate(timeout=200)
        assert each.returncode == status, error
        printed.append(out + error)
    return printed


def wait(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("nothing has happened")


def log(out):
    path = out / "log.txt"
    return path.read_text().splitlines() if path.exists() else []


def assert_whole(out):
    table = json.loads((out / "table.json").read_text())
    assert table == {name: ord(name) for name in NAMES}
    assert not [*out.rglob("*.lock"), *out.rglob("*.part")]


@pytest.mark.long
def test_hosts_do_a_part_each_and_one_that_dies_is_made_up_for(tmp_path):
    go = tmp_path / "go"
    first, second = (
        start("--out", tmp_path, "--wait_for", go, place=(2, i)) for i in (0, 1)
    )
    wait(lambda: {"a begins", "b begins"} <= set(log(tmp_path)))
    second.kill()
    second.communicate()
    go.touch()
    (printed,) = finish(first)  # which does not wait for the other one
    assert "2 of 5 programs are left to other hosts" in printed
    assert not (tmp_path / "table.json").exists()
    finish(start("--out", tmp_path))
    assert_whole(tmp_path)
    begun = sorted(line[0] for line in log(tmp_path) if "begins" in line)
    assert begun == ["a", "b", "b", "c", "d", "e"]


@pytest.mark.long
def test_processes_with_the_same_programs_never_run_one_at_the_same_time(tmp_path):
    go = tmp_path / "go"
    options = "--out", tmp_path, "--wait_for", go
    first = start(*options, place=(2, 0))
    wait(lambda: "a begins" in log(tmp_path))
    both = [start(*options, place=(count, 1)) for count in (2, 3)]  # b and another
    (line,) = finish(start(*options), status=2)
    assert line.startswith("error: another process is running in")
    assert line.count("\n") == 1
    wait(lambda: "b begins" in log(tmp_path))
    go.touch()
    finish(first)
    for each in both:
        each.communicate()
        assert each.returncode in (0, 2)  # the later one is refused, or leaves b alone
    finish(start("--out", tmp_path))
    assert_whole(tmp_path)
    for name in NAMES:
        lines = [line for line in log(tmp_path) if line[0] == name]
        assert lines == [f"{name} begins", f"{name} ends"]


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_study_in_one_line_and_it_goes_on(tmp_path, number):
    go = tmp_path / "go"
    process = start("--out", tmp_path, "--wait_for", go, place=(2, 0))
    wait(lambda: log(tmp_path))
    process.send_signal(number)
    (printed,) = finish(process, status=128 + number)
    assert printed == (
        f"stopped by {number.name}: 0 of 5 letters are recorded: the same command goes"
        " on from there\n"
    )
    go.touch()
    finish(start("--out", tmp_path))
    assert_whole(tmp_path)


def sweep(folder, place=None):
    module = "wgan_gp.studies.sweep"
    return start(*SWEEP, "--workdir", folder, module=module, place=place)


@pytest.mark.long
def test_hosts_share_a_sweep_whose_tables_are_those_of_one_host(tmp_path):
    finish(sweep(tmp_path / "alone"))
    together = tmp_path / "together"
    printed = finish(*(sweep(together, place=(2, i)) for i in (0, 1)))
    assert any("table, summary, figure" in text for text in printed)
    for name in ("table.csv", "summary.md"):
        expected = (tmp_path / "alone" / name).read_text()
        assert (together / name).read_text() == expected
    assert not list(together.rglob("*.lock"))


@pytest.mark.long
def test_a_sweep_whose_host_was_killed_is_finished_by_one(tmp_path):
    finish(sweep(tmp_path / "alone"))
    together = tmp_path / "together"
    first, second = (sweep(together, place=(2, i)) for i in (0, 1))
    wait((together / "config.json").exists)
    second.kill()
    second.communicate()
    finish(first)
    finish(sweep(together))
    expected = (tmp_path / "alone" / "table.csv").read_text()
    assert (together / "table.csv").read_text() == expected
