"""Full disks and clocks that jump, met by a training that costs nothing."""

import io
import json
import logging
import os
import resource
import shutil
import struct
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console
from tensorboardX.proto import event_pb2

from tests.helpers import (
    ROOT,
    contents,
    resolve,
    run_module,
    wait_for,
)
from wgan_gp import main
from wgan_gp.runs import checkpoint, driver, figures, loop, restore, workdir
from wgan_gp.runs.records import MetricWriter
from wgan_gp.runs.start import explain_by
from wgan_gp.runs.trainable import Trainable
from wgan_gp.system.signals import Listener

RECORDS = [
    *(("train", 2), ("train", 4), ("eval", 4), ("noise", 4), ("train", 6)),
    *(("train", 8), ("eval", 8), ("noise", 8), ("train", 10)),
    *(("train", 12), ("eval", 12), ("noise", 12)),
]
FIELDS = {"checkpoint.every": 4, "log_every": 2, "eval_every": 4, "steps": 12}
SIZE = 9000  # of the state: 36 kB that cannot be compressed
IMAGE = np.random.default_rng(0).integers(256, size=(32, 32, 3), dtype=np.uint8)  # 3 kB


def trainable(at=None):
    """A training whose step costs nothing; `at` says what happens before a step."""

    def start():
        return {"params": jnp.zeros(SIZE)}

    def advance(state, done, until):
        params = np.asarray(state["params"])
        for step in range(done, until):
            (at or {}).get(step, lambda: None)()
            noise = np.random.default_rng(step).normal(size=SIZE)
            params = (0.9 * params + noise).astype(np.float32)
        return {"params": jnp.asarray(params)}, {"wasserstein": params[0]}

    return Trainable(
        init=start,
        advance=advance,
        evaluate=lambda state, _: {"w1": float(state["params"][1])},
        progress_text=lambda *_: "",
        log_samples=lambda _, step, writer: writer.write_image("noise", step, IMAGE),
    )


def train(folder, at=None, finish=lambda _: None):
    """The exit status of the command, with a `trainable` as its training."""
    config = resolve(**FIELDS)
    with pytest.MonkeyPatch.context() as patch, Listener():

        def run(config, folder, experiment, start):
            console = Console(file=io.StringIO())
            driver.drive(trainable(at), config, folder, console)
            finish(folder)

        patch.setattr(loop, "run", run)
        with workdir.lock(folder):
            explain_by(folder)
            workdir.prepare(folder, config)
            return main._run(config, None, folder)


def end(folder):
    """The numbers of the last state, and all records."""
    like = {"params": jnp.zeros(SIZE)}
    state = checkpoint.load(folder / "checkpoints", like)
    return np.asarray(state["params"]).tobytes(), (folder / "metrics.jsonl").read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert train(folder) == 0
    return end(folder)


def one_line(capsys, *words):
    (line,) = capsys.readouterr().err.splitlines()
    for word in words:
        assert word in line
    return line


def limit_files(size):
    """From now on no file grows beyond this size, in bytes; -1 is no limit."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, -1))


@contextmanager
def small_disk(folder, megabytes=1):
    """A file system of its own; skips where none may be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder, left):
    """Leaves so many bytes of the disk that holds this folder."""
    disk = os.statvfs(folder)
    with (folder / "filler").open("wb") as file:
        file.write(bytes(max(disk.f_bavail * disk.f_frsize - left, 0)))


def broken_off(folder, capsys, caplog, *, fault, repair, words):
    """Breaks a run off after its first checkpoint, and lets it go on."""
    kept = {}

    def begin():
        wait_for(folder / "checkpoints" / "4")
        kept.update(contents(folder / "checkpoints" / "4"))
        fault()

    with caplog.at_level(logging.ERROR):
        status = train(folder, {5: begin})
    repair()
    assert status == 1
    line = one_line(capsys, "error: cannot write", "step 4 is the last saved", *words)
    assert line.endswith("goes on from there)")
    assert not caplog.records  # no traceback of a thread
    assert contents(folder / "checkpoints" / "4") == kept
    assert train(folder) == 0
    return end(folder)


@pytest.mark.parametrize(
    ("size", "name"),
    [(100, "metrics.jsonl"), (5000, "tensorboard"), (20_000, "checkpoints/8")],
)
def test_a_file_that_cannot_grow_is_named_and_the_run_goes_on_later(
    size, name, tmp_path, capsys, caplog, whole
):
    found = broken_off(
        tmp_path / "run",
        capsys,
        caplog,
        fault=lambda: limit_files(size),
        repair=lambda: limit_files(-1),
        words=[f"run/{name}", "File too large: raise the limit"],
    )
    assert found == whole


def test_a_full_disk_at_any_moment_loses_nothing(tmp_path, capsys, caplog, whole):
    with small_disk(tmp_path / "disk") as disk:
        for left in range(0, 60_000, 12_000):
            found = broken_off(
                disk / f"run{left}",
                capsys,
                caplog,
                fault=lambda: fill(disk, left),  # noqa: B023
                repair=(disk / "filler").unlink,
                words=["No space left on device: free some space"],
            )
            assert found == whole
            shutil.rmtree(disk / f"run{left}")


def test_figures_that_cannot_be_drawn_are_drawn_later(tmp_path, capsys):
    def draw(folder):
        records = [{"step": 1, "wasserstein": 0.0, "penalty": 0.0, "w1": 0.0}]
        norms = {f"gradient_norm_{each}": 1.0 for each in ("mean", "min", "max")}
        figure = figures.training_curves(
            records, [records[0] | norms], floor={"floor": 0.0}
        )
        limit_files(5000)
        try:
            figure.savefig(folder / "curves.png")
        finally:
            limit_files(-1)

    assert train(tmp_path, finish=draw) == 1
    one_line(capsys, f"cannot write {tmp_path}: File too large", "step 12 is the last")


@pytest.mark.parametrize(
    "error", [MemoryError(), jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: too much")]
)
def test_too_little_memory_is_told_in_one_line(error, tmp_path, capsys):
    def exhaust(_):
        raise error

    assert train(tmp_path, finish=exhaust) == 1
    one_line(capsys, "error: memory is too small", "step 12 is the last saved")


def test_a_device_without_space_stops_the_metrics(tmp_path):
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    with (
        pytest.raises(OSError, match=r"metrics\.jsonl: No space left on device: free"),
        MetricWriter(tmp_path) as writer,
    ):
        writer.write("train", 1, {"loss": 0.0})


def test_a_full_disk_at_the_start_is_named(tmp_path):
    limit_files(10)
    try:
        with pytest.raises(OSError, match=r"config\.json: File too large"):
            workdir.prepare(tmp_path, resolve())
    finally:
        limit_files(-1)
    assert not contents(tmp_path)


def drive(folder, **fields):
    """What is printed by a training that costs nothing, to its end."""
    out, config = io.StringIO(), resolve(**(FIELDS | fields))
    workdir.prepare(folder, config)
    driver.drive(trainable(), config, folder, Console(file=out, width=999))
    return out.getvalue()


def test_the_newest_checkpoints_are_kept_and_others_for_good(tmp_path):
    drive(tmp_path, **{"checkpoint.keep": 3, "checkpoint.keep_every": 5})
    assert restore.steps(tmp_path / "checkpoints") == [12, 10, 8, 5]


def test_records_are_on_the_disk_before_the_state_of_their_step(tmp_path, monkeypatch):
    synced, saved, save = {}, [], checkpoint.Checkpoints.save

    def sync(descriptor):
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.suffix == ".jsonl":
            synced[path.name] = path.read_text()

    def saving(self, step, *state):
        saved.append(step)
        assert f'"train", "step": {step},' in synced["metrics.jsonl"]
        save(self, step, *state)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(checkpoint.Checkpoints, "save", saving)
    drive(tmp_path)
    assert saved == [4, 8, 12]


def test_a_finished_run_says_so_and_how_to_train_longer(tmp_path):
    assert "finished" not in drive(tmp_path)
    (tmp_path / workdir.REPORT).touch()  # as a run ends, which `drive` does not
    out = drive(tmp_path)
    assert f"finished, at step 12: its results are in {tmp_path}" in out
    assert "raise --config.steps and add --accept_changes" in out
    assert "going on" not in out


def test_a_finished_run_without_records_is_evaluated_again(tmp_path):
    drive(tmp_path)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    (tmp_path / "metrics.jsonl").unlink()
    drive(tmp_path)
    assert (tmp_path / "metrics.jsonl").read_text() == lines[-1] + "\n"
    assert json.loads(lines[-1])["split"] == "eval"


def test_a_run_of_fewer_steps_than_are_done_is_refused(tmp_path):
    drive(tmp_path)
    fewer = resolve(**FIELDS | {"steps": 8})
    with pytest.raises(ValueError, match="steps = 8, but 12 are done already"):
        driver.drive(trainable(), fewer, tmp_path, Console(file=io.StringIO()))


def test_nothing_depends_on_the_clock(tmp_path, monkeypatch, whole):
    folder = tmp_path / "run"

    def kill():
        wait_for(folder / "checkpoints" / "4")
        raise BrokenPipeError

    assert train(folder, {7: kill}) == 1
    now, year = time.time, 365 * 86_400
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (now() + year, now() + year))
    monkeypatch.setattr(time, "time", lambda: now() - year)
    assert train(folder) == 0
    assert end(folder) == whole
    # TensorBoard reads files in the order of their names, and forgets what was before
    # the second began.
    first, second = sorted((folder / "tensorboard").iterdir())
    assert list(events(first)) == [("", 0), *RECORDS[:5]]
    assert list(events(second)) == [("", 0), ("restart", 5), *RECORDS[4:]]


def events(path):
    """What each event is of, and its step."""
    data = path.read_bytes()
    while data:
        (size,) = struct.unpack("Q", data[:8])
        event = event_pb2.Event.FromString(data[12 : 12 + size])
        data = data[16 + size :]
        tags = [value.tag.split("/")[0] for value in event.summary.value]
        restart = event.HasField("session_log")
        yield tags[0] if tags else "restart" * restart, event.step


@pytest.mark.long
def test_the_command_itself_survives_full_disks(smoke_run, tmp_path):
    config = f"{ROOT / 'experiments' / 'toy8gauss.py'}:smoke"
    metrics = (smoke_run.folder / "metrics.jsonl").read_bytes()
    with small_disk(tmp_path / "disk", 2) as disk:
        command = ("wgan_gp.main", "--config", config, "--workdir", disk / "run")
        for left in (40_000, 160_000):  # less than a checkpoint; than the figures
            fill(disk, left)
            done = run_module(*command, cwd=tmp_path)
            assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
            assert done.stderr.startswith("error: cannot write")
            (disk / "filler").unlink()
        done = run_module(*command, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert (disk / "run" / "metrics.jsonl").read_bytes() == metrics
