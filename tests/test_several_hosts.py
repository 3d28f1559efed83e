"""Runs of several processes, joined over the loopback device."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.helpers import ROOT, command_environment, resolve, unchecked
from wgan_gp.build import build
from wgan_gp.runs import loop, workdir

SETTINGS = {"checkpoint.every": 10, "eval_every": 20}


def flags(fields):
    return [f"--config.{name}={value}" for name, value in fields.items()]


def start(count, workdir, *arguments, name="toy8gauss"):
    """So many processes of one run."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    experiment = f"{ROOT / 'experiments' / name}.py:smoke"
    command = [
        *(sys.executable, "-m", "wgan_gp.main", "--config", experiment),
        *flags(SETTINGS),
        *("--workdir", str(workdir), "--coordinator", f"127.0.0.1:{port}"),
        *("--hosts", str(count), *arguments),
    ]
    return [
        subprocess.Popen(
            [*command, "--host", str(index)],
            env=command_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(count)
    ]


def finish(processes):
    """Exit statuses, what was printed, and the last lines of what went wrong."""
    printed = [each.communicate(timeout=200) for each in processes]
    errors = [err.strip().splitlines()[-1:] for _, err in printed]
    # Gloo's own lines, which it writes from C++.
    outputs = [re.sub(r"^\[Gloo\].*\n", "", out, flags=re.M) for out, _ in printed]
    return [each.returncode for each in processes], outputs, errors


def assert_gave_up(status, stderr):
    """A host that has lost another says so: this project, or JAX where it is first."""
    if status == -signal.SIGABRT:
        assert "another task died" in stderr
        return
    assert status == 1
    line = stderr.strip().splitlines()[-1]
    assert line.startswith("error: another host may be gone, or this one failed: ")
    assert "the same command" in line


def saved(folder, step):
    """Waits for a checkpoint."""
    path = folder / "checkpoints" / str(step)
    for _ in range(2000):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"no checkpoint {step}")


def records(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def assert_same_run(folder, other):
    ours, theirs = records(folder), records(other)
    assert len(ours) == len(theirs)
    for mine, yours in zip(ours, theirs):
        assert mine.pop("split") == yours.pop("split")
        # Bounds are of critics that an evaluation trains, in which rounding grows.
        bounds = [name for name in mine if "lower_bound" in name]
        for name in bounds:
            assert mine.pop(name) == pytest.approx(yours.pop(name), rel=2e-2)
        assert mine == pytest.approx(yours, rel=1e-3, abs=1e-4)


def alone(tmp_path, name="toy8gauss", **fields):
    """The folder of the same run in this process."""
    config = resolve(name, **SETTINGS | fields)
    workdir.prepare(tmp_path / "alone", config)
    with unchecked():
        loop.run(config, tmp_path / "alone", build(config))
    return tmp_path / "alone"


def check_train_kill_and_resume(tmp_path, count, after):
    """A run of `count` hosts loses one, and goes on with `after`."""
    folder, longer = tmp_path / "run", {"steps": 60}
    processes = start(count, folder, *flags(longer))
    saved(folder, 20)
    processes[-1].kill()
    printed = [each.communicate(timeout=200)[1] for each in processes]
    assert processes[-1].returncode == -signal.SIGKILL
    for each, stderr in zip(processes[:-1], printed):
        assert_gave_up(each.returncode, stderr)
    assert len(records(folder)) >= 3
    statuses, printed, _ = finish(start(after, folder, *flags(longer)))
    assert statuses == [0] * after
    assert "going on from step" in printed[0]
    assert not any(printed[1:])  # one host writes
    assert (folder / "figures" / "curves.png").exists()
    assert_same_run(folder, alone(tmp_path, **longer))


@pytest.mark.long
def test_a_host_is_killed_and_the_run_goes_on_with_fewer(tmp_path):
    check_train_kill_and_resume(tmp_path, 2, 1)


@pytest.mark.long
@pytest.mark.parametrize(("count", "after"), [(2, 4), (4, 2), (4, 4)])
def test_runs_of_more_hosts_lose_one_and_go_on(tmp_path, count, after):
    check_train_kill_and_resume(tmp_path, count, after)


@pytest.mark.long
def test_a_signal_to_one_host_stops_and_saves_all(tmp_path):
    folder = tmp_path / "run"
    # Hardly a step at which the state would be saved anyway.
    rarely = {"steps": 1_000_000, "eval_every": 1_000_000, "checkpoint.every": 20}
    processes = start(2, folder, *flags(rarely | {"log_every": 1}))
    saved(folder, 20)
    processes[1].send_signal(signal.SIGTERM)
    statuses, _, errors = finish(processes)
    assert statuses == [128 + signal.SIGTERM] * 2
    assert errors[0] == errors[1]
    assert errors[0][0].startswith("stopped by SIGTERM at step")
    (step,) = re.findall(r"at step (\d+), saved", errors[0][0])
    assert (folder / "checkpoints" / step).is_dir()


@pytest.mark.long
def test_what_the_first_host_is_refused_stops_all(tmp_path):
    folder = alone(tmp_path)
    before = (folder / "config.json").read_bytes()
    statuses, _, errors = finish(start(2, folder, "--config.seed=1"))
    assert statuses == [2, 2]
    for (line,) in errors:
        assert "seed was 0, is 1" in line
    assert (folder / "config.json").read_bytes() == before


@pytest.mark.long
def test_streamed_images_are_the_same_over_hosts(tmp_path):
    folder, streamed = tmp_path / "run", {"data.resident_bytes": 0}
    statuses, *_ = finish(start(2, folder, *flags(streamed), name="digits"))
    assert statuses == [0, 0]
    assert_same_run(folder, alone(tmp_path, "digits", **streamed))


@pytest.mark.long
def test_hosts_take_part_with_the_devices_that_the_batch_divides_over(
    tmp_path, monkeypatch
):
    streamed = {"data.resident_bytes": 0}
    whole = alone(tmp_path, "digits", **streamed)  # its batch is 8
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "3")
    folder = tmp_path / "run"
    processes = start(2, folder, *flags(streamed), name="digits")
    statuses, (first, _), _ = finish(processes)
    assert statuses == [0, 0]
    assert "training on 4 of 6 devices" in first
    assert_same_run(folder, whole)


def test_a_host_that_does_not_arrive_ends_the_others_in_one_line(tmp_path):
    first, _absent = start(2, tmp_path / "run", "--host_timeout=3")
    _absent.kill()
    _absent.communicate()
    (status,), _, ((line,),) = finish([first])
    assert status == 2
    assert line.startswith("error: host 1 of 2 did not arrive within 3 s")
    assert not os.path.exists(tmp_path / "run")
