"""Signals to a command at any time: one line, the conventional status, no loss."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
from rich.console import Console

from tests.helpers import ROOT, command_environment, resolve, wait_for
from tests.test_faults import FIELDS, train, trainable
from wgan_gp.runs import driver, restore, workdir
from wgan_gp.runs.checkpoint import Checkpoints
from wgan_gp.system import checksums
from wgan_gp.system.signals import DeferredSignals, Listener


def wait():
    time.sleep(100)  # in C, like JAX: no handler in Python runs meanwhile


def child_that_trains():
    """Run by a test as a process: hangs in the interval after its first checkpoint."""

    def hang():
        Path("run/training").touch()
        wait()

    sys.exit(train(Path("run"), {5: hang}))


def child_that_draws():
    """Hangs when all is trained, after a worker of it has died of a signal."""

    def finish(folder):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forks of a process with threads
            worker = os.fork()
        if not worker:
            signal.raise_signal(signal.SIGTERM)
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(worker, 0)[1]) == signal.SIGTERM
        time.sleep(0.3)
        (folder / "drawing").touch()
        wait()

    sys.exit(train(Path("run"), finish=finish))


def start(*arguments, cwd):
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=command_environment(),
        stderr=subprocess.PIPE,
    )


def start_child(function, cwd):
    code = f"from tests.system import test_signals; test_signals.{function.__name__}()"
    return start("-c", code, cwd=cwd)


def assert_stopped(process, status, line):
    _, error = process.communicate(timeout=60)
    assert error.decode().startswith(f"stopped by {line}")
    assert error.count(b"\n") == 1
    assert process.returncode == status


def test_a_second_signal_stops_at_once_and_names_what_was_saved(tmp_path):
    process = start_child(child_that_trains, tmp_path)
    wait_for(tmp_path / "run" / "training")
    wait_for(tmp_path / "run" / "checkpoints" / "4")
    process.send_signal(signal.SIGTERM)
    while is_marked(process, signal.SIGTERM, "SigPnd:", "ShdPnd:"):
        time.sleep(0.01)
    assert process.poll() is None  # the first waits for the interval
    process.send_signal(signal.SIGINT)
    assert_stopped(process, 130, "SIGINT: step 4 is the last saved: the same command")
    checksums.verify(tmp_path / "run" / "checkpoints" / "4")
    assert train(tmp_path / "run") == 0


def test_a_signal_after_the_training_stops_at_once(tmp_path):
    process = start_child(child_that_draws, tmp_path)
    wait_for(tmp_path / "run" / "drawing")
    process.send_signal(signal.SIGTERM)
    assert_stopped(process, 143, "SIGTERM: step 12 is the last saved")
    checksums.verify(tmp_path / "run" / "checkpoints" / "12")


def is_marked(process, number, *masks):
    """Whether one of these masks of a process has the signal."""
    status = Path(f"/proc/{process.pid}/status").read_text().split()
    found = [int(status[status.index(each) + 1], 16) for each in masks]
    return any(each >> (number - 1) & 1 for each in found)


def test_a_signal_while_a_command_starts_stops_at_once(tmp_path):
    config = f"{ROOT / 'experiments' / 'toy8gauss.py'}:smoke"
    process = start(
        "-m", "wgan_gp.main", "--config", config, "--workdir", "run", cwd=tmp_path
    )
    while not is_marked(process, signal.SIGTERM, "SigCgt:"):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert_stopped(process, 130, "SIGINT: nothing was")


def test_without_a_command_the_second_signal_is_an_interrupt():
    before = signal.getsignal(signal.SIGTERM)
    with DeferredSignals() as held:
        signal.raise_signal(signal.SIGTERM)
        assert held.received == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_signal_while_the_last_state_is_saved_is_not_forgotten(tmp_path, monkeypatch):
    close = Checkpoints.close

    def closes(checkpoints):
        signal.raise_signal(signal.SIGTERM)
        close(checkpoints)

    monkeypatch.setattr(Checkpoints, "close", closes)
    config = resolve(**FIELDS)
    workdir.prepare(tmp_path, config)
    with pytest.raises(driver.Interrupted, match="SIGTERM at step 12") as caught:
        driver.drive(trainable(), config, tmp_path, Console(file=io.StringIO()))
    assert caught.value.status == 143
    assert restore.steps(tmp_path / "checkpoints") == [12, 8]


def test_the_listening_thread_ends_with_the_listener():
    """One that is left may collect arrays of JAX while Python shuts down: SIGABRT."""
    before = set(threading.enumerate())  # of other tests, which may end at any time
    with Listener():
        (own,) = set(threading.enumerate()) - before
        assert own.is_alive()
    assert not own.is_alive()
