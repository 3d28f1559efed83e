"""Runs that are broken off and go on: the same bits as those that are not."""

import io
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import chex
import numpy as np
import pytest
from rich.console import Console
from tensorboardX.proto import event_pb2

from tests.helpers import (
    ROOT,
    SMALL,
    cases,
    command_environment,
    resolve,
    unchecked,
)
from wgan_gp import configs
from wgan_gp.build import build, build_critic
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs import driver, finite, loop, solve, workdir
from wgan_gp.runs.advice import advice
from wgan_gp.runs.progress import print_line
from wgan_gp.runs.records import MetricWriter, truncate_records
from wgan_gp.studies.w1_benchmark.recipes import cell_config

EVERY = {"checkpoint.every": 4, "log_every": 2, "eval_every": 6, "steps": 14}
TOY = EVERY | SMALL
KINDS = {
    "toy": lambda: resolve(**TOY),
    "images": lambda: resolve("digits", "smoke", **EVERY),
    "stream": lambda: resolve("digits", "smoke", **EVERY, **{"data.resident_bytes": 9}),
    "critic": lambda: critic(),
}


def critic():
    config = cell_config(2, 4, "smoke")
    config.update_from_flattened_dict(EVERY)
    return configs.resolve(config)


def run(config, folder):
    workdir.prepare(folder, config)
    alone = config.task == "critic"
    make, runner = (build_critic, solve.run) if alone else (build, loop.run)
    with unchecked():
        return runner(config, folder, make(config))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run on a toy and what it returned, not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    return folder, run(KINDS["toy"](), folder)


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of that run."""
    return Path(shutil.copytree(finished[0], tmp_path / "copy"))


class Killed(BaseException):
    """What no handler sees, like a kill."""


def break_off(config, folder, monkeypatch, at):
    """Runs until step `at` is reached, and no further."""
    original = finite.check_finite

    def dies(step, *args):
        if step >= at:
            raise Killed
        original(step, *args)

    with monkeypatch.context() as patch:
        patch.setattr(driver, "check_finite", dies)
        with pytest.raises(Killed):
            run(config, folder)


def break_off_in_evaluation(config, folder, monkeypatch, at):
    """Runs until the evaluation of step `at`, as one that memory is too small for."""
    original = driver._evaluate

    def dies(*args):
        if args[-1] == at:
            raise Killed
        original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(driver, "_evaluate", dies)
        with pytest.raises(Killed):
            run(config, folder)


def final(folder):
    """All numbers of the last checkpoint, and every record."""
    (newest,) = [p for p in (folder / "checkpoints").iterdir() if p.name == "14"]
    from orbax.checkpoint import v1 as ocp

    state = ocp.load_checkpointables(str(newest))["state"]
    return state, (folder / "metrics.jsonl").read_text()


@pytest.mark.parametrize(
    "kind", cases(("toy", "images", "stream", "critic"), soon=("toy", "stream"))
)
def test_a_broken_run_ends_with_the_same_bits(kind, tmp_path, monkeypatch, capsys):
    config = KINDS[kind]()
    whole = run(config, tmp_path / "whole")
    for at in (2, 9, 11):
        break_off(config, tmp_path / "broken", monkeypatch, at)
    break_off_in_evaluation(config, tmp_path / "broken", monkeypatch, 12)
    assert (tmp_path / "broken" / "checkpoints" / "12").is_dir()
    with (tmp_path / "broken" / "metrics.jsonl").open("a") as file:
        file.write('{"split": "train", "st')  # as a kill leaves it
    broken = run(config, tmp_path / "broken")
    said = capsys.readouterr().out
    resumed = re.findall(r"going on from step (\d+)", said)
    assert resumed == ["8", "8", "12"]  # not trained anew
    states, records = zip(*(final(tmp_path / name) for name in ("whole", "broken")))
    chex.assert_trees_all_equal(*states)
    assert records[0] == records[1]
    del whole["seconds"], broken["seconds"]
    assert whole == broken


def test_a_finished_run_stays_as_it_is(finished, copy):
    config, first = KINDS["toy"](), dict(finished[1])
    before = (copy / "metrics.jsonl").read_bytes()
    (copy / "report.html").write_text("old")
    again = run(config, copy)
    assert "</html>" in (copy / "report.html").read_text()
    del first["seconds"], again["seconds"]
    assert first == again
    assert (copy / "metrics.jsonl").read_bytes() == before
    (copy / "metrics.jsonl").unlink()
    (copy / "figures" / "curves.png").unlink()
    again = run(config, copy)
    del again["seconds"]
    assert first == again
    assert (copy / "figures" / "curves.png").exists()


def test_the_report_of_an_earlier_end_goes_once_a_later_step_is_saved(
    copy, monkeypatch
):
    """With it, an evaluation as one among others would count as that of the end."""
    longer = resolve(**TOY | {"steps": 40})
    workdir.prepare(copy, longer, accept_changes=True)
    break_off(longer, copy, monkeypatch, 16)
    assert (copy / "report.html").exists()
    break_off(longer, copy, monkeypatch, 19)
    assert not (copy / "report.html").exists()
    saved = max(int(path.name) for path in (copy / "checkpoints").iterdir())
    assert saved == 16


LONG = ("--config", f"{ROOT / 'experiments' / 'toy8gauss.py'}:smoke")
LONG += ("--config.steps=1000000", "--config.log_every=5", "--config.eval_every=1000")
LONG += ("--config.checkpoint.every=1000000", "--workdir", "run")


def start_long(cwd, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "wgan_gp.main", *LONG, *arguments],
        cwd=cwd,
        env=command_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_lines(folder, count):
    path = folder / "run" / "metrics.jsonl"
    for _ in range(3000):
        if path.exists() and path.read_text().count("\n") >= count:
            return
        time.sleep(0.1)
    raise AssertionError("the run did not get going")


def test_a_signal_saves_first_and_two_processes_do_not_share_a_folder(tmp_path):
    first = start_long(tmp_path)
    wait_for_lines(tmp_path, 5)
    second = start_long(tmp_path)
    _, error = second.communicate(timeout=60)
    assert second.returncode == 2
    assert "another process is running in run" in error
    first.send_signal(signal.SIGTERM)
    _, error = first.communicate(timeout=60)
    assert first.returncode == 128 + signal.SIGTERM
    assert "stopped by SIGTERM at step" in error
    assert error.count("\n") == 1
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])["step"]
    assert (tmp_path / "run" / "checkpoints" / str(last)).is_dir()


def test_changed_settings_are_named_and_refused_unless_accepted(copy):
    other = resolve(**TOY | {"steps": 20, "penalty.weight": 2.0})
    message = r"penalty.weight was 10.0, is 2.0; steps was 14, is 20"
    with pytest.raises(FileExistsError, match=message):
        workdir.prepare(copy, other)
    free = resolve(**TOY | {"checkpoint.every": 7}, debug_nans=True)
    workdir.prepare(copy, free)
    workdir.prepare(copy, other, accept_changes=True)
    with unchecked():
        loop.run(other, copy, build(other))
    records = truncate_records(copy / "metrics.jsonl", 99)
    assert [r["step"] for r in records if r["split"] == "train"][-3:] == [16, 18, 20]


def test_a_run_of_other_networks_is_refused_when_it_goes_on(copy):
    other = resolve(**TOY | {"critic.hidden": (9, 9)})
    workdir.prepare(copy, other, accept_changes=True)
    with unchecked(), pytest.raises(ValueError, match="other networks"):
        loop.run(other, copy, build(other))


@pytest.mark.parametrize(
    "player",
    [
        "critic_optimiser",
        pytest.param("generator_optimiser", marks=pytest.mark.long),
    ],
)
def test_nan_stops_a_run_and_names_the_last_good_checkpoint(player, tmp_path):
    config = resolve(**TOY | {"checkpoint.every": 2})
    run(config, tmp_path)
    broken = resolve(
        **TOY | {"checkpoint.every": 2, "steps": 20, f"{player}.learning_rate": 1e38}
    )
    workdir.prepare(tmp_path, broken, accept_changes=True)
    with unchecked(), pytest.raises(FloatingPointError) as caught:
        loop.run(broken, tmp_path, build(broken))
    assert "of step 14, is kept" in str(caught.value)
    kept = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert {"14", "12"} <= kept
    assert not kept & {"16", "18", "20"}


def test_a_state_that_cannot_be_evaluated_is_not_gone_on_from(tmp_path, monkeypatch):
    config = KINDS["toy"]()
    measured = {"w1": float("nan"), "wasserstein": 0.0, "gradient_norm_mean": 1.0}
    with monkeypatch.context() as patch:
        good = loop.evaluate

        def evaluate(*args, **_):
            return measured if int(args[1].step) == 12 else good(*args)

        patch.setattr(loop, "evaluate", evaluate)
        with pytest.raises(FloatingPointError, match="of step 8, is kept"):
            run(config, tmp_path)
    kept = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert "12" not in kept
    assert "8" in kept


def test_the_only_state_is_set_aside_too_if_it_cannot_be_evaluated(
    tmp_path, monkeypatch
):
    config = resolve(steps=4, eval_every=4, log_every=4, **SMALL)
    measured = {"w1": float("nan"), "wasserstein": 0.0, "gradient_norm_mean": 1.0}
    monkeypatch.setattr(loop, "evaluate", lambda *_, **__: measured)
    for _ in range(2):  # it is begun anew, and not called finished
        with pytest.raises(FloatingPointError, match="that of step 4 is in damaged"):
            run(config, tmp_path)
    assert not list((tmp_path / "checkpoints").iterdir())
    assert (tmp_path / "damaged" / "4").is_dir()


def test_a_run_is_called_finished_once_its_last_evaluation_is_there():
    config = resolve(steps=4)
    assert driver._resumed(3, config, "run", True) == "going on from step 3"
    assert "evaluating the last" in driver._resumed(4, config, "run", False)
    assert "finished, at step 4" in driver._resumed(4, config, "run", True)


def test_numbers_of_the_state_are_checked_too(tmp_path):
    class Kept:
        wait, steps = staticmethod(lambda: None), staticmethod(list)

    state = {"critic": {"kernel": np.array([1.0, np.nan])}, "step": np.array(3)}
    with pytest.raises(FloatingPointError, match=r"critic\.kernel has NaN"):
        finite.check_finite(5, {"loss": 1.0}, state, Kept)
    finite.check_finite(5, {"loss": 1.0}, {"kernel": np.ones(2)}, Kept)


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        ({"gradient_norm_mean": 0.001, "wasserstein": 0.0}, "is frozen"),
        ({"gradient_norm_mean": 9.0, "wasserstein": 1.0}, "far from 1-Lipschitz"),
        ({"gradient_norm_mean": 1.0, "wasserstein": -1.0}, "upside down"),
        ({"gradient_norm_mean": 1.0, "wasserstein": 1.0}, None),
    ],
)
def test_a_broken_critic_is_warned_about(measured, words):
    found = advice(resolve(), measured)
    assert bool(found) == (words is not None)
    assert words is None or words in found[0]
    assert not advice(resolve(lipschitz="clip"), measured)


GOOD = {
    "gradient_norm_mean": 1.0,
    "w1": 0.3,
    METRICS["w1"].floor: 0.2,
    "lower_bound_error": 0.1,
}


@pytest.mark.parametrize(
    ("estimate", "bound", "words"),
    [
        (
            0.2,
            0.9,
            "(its estimate is 0.2, and W1 is more than 0.6)",
        ),
        (0.5, 0.9, None),  # within three standard errors and a quarter
        (0.2, 0.4, None),
        (-0.05, 0.2, None),  # nothing is certain
    ],
)
def test_a_critic_that_exact_critics_are_ahead_of_is_not_at_its_optimum(
    estimate, bound, words
):
    measured = GOOD | {"wasserstein": estimate, "lower_bound": bound}
    found = advice(resolve(), measured)
    assert len(found) == (words is not None)
    assert words is None or words in found[0]
    # Twice as steep, it has twice the estimate.
    twice = resolve(**{"penalty.target": 2.0})
    assert advice(twice, measured | {"wasserstein": 2 * estimate}) == found
    # Without a scale, and by another objective, an estimate says nothing about W1.
    assert not advice(resolve(lipschitz="clip"), measured)
    assert not advice(resolve(objective="least_squares"), measured)


@pytest.mark.parametrize(
    ("changed", "stops"),
    [
        ({}, True),
        ({"w1": 0.25}, False),
        ({"lower_bound": 0.25}, False),  # as of a generator of half the spread
        ({"two_sample": 0.56, "floor_two_sample": 0.52}, True),
        ({"two_sample": 0.7, "floor_two_sample": 0.56}, False),
    ],
)
def test_a_generator_that_is_as_near_as_real_samples_are_may_stop(changed, stops):
    near = {"wasserstein": 0.2, "w1": 0.21, "lower_bound": 0.05}
    found = advice(resolve(eval_samples=200), GOOD | near | changed)
    assert ["stop here" in line for line in found] == [True] * stops
    assert not advice(resolve(eval_samples=20), GOOD | near | changed)
    assert not advice(resolve(eval_samples=200), GOOD | near | changed, 30)


def test_a_critic_is_judged_by_the_slope_that_it_was_asked_for():
    steep = {"gradient_norm_mean": 9.0, "wasserstein": 1.0}
    assert not advice(resolve(**{"penalty.target": 9.0}), steep)
    (line,) = advice(resolve(**{"penalty.target": 1.5}), steep)
    assert "far from 1.5-Lipschitz" in line


@pytest.mark.parametrize(
    ("constraint", "cure"),
    [
        ("clip", "a larger clip_bound"),
        ("zero_centred", "a smaller penalty.weight"),
        ("unconstrained", "a constraint"),
    ],
)
def test_a_critic_without_a_scale_is_frozen_at_another(constraint, cure):
    measured = {"gradient_norm_mean": 5e-7, "wasserstein": 1e-9}
    (line,) = advice(resolve(lipschitz=constraint), measured)
    assert f"is frozen (mean gradient norm 5e-07, below 1e-06): try {cure}" in line


def test_records_after_a_step_are_cut_off(tmp_path):
    path = tmp_path / "metrics.jsonl"
    one, two, three = ({"split": "train", "step": step} for step in (1, 2, 3))
    lines = [
        json.dumps(one),
        json.dumps(three),
        "noise",
        "[1]",
        json.dumps(two),
        '{"st',
    ]
    path.write_text("\n".join(lines))
    assert truncate_records(path, 2) == [one, two]
    assert path.read_text() == json.dumps(one) + "\n" + json.dumps(two) + "\n"
    assert truncate_records(tmp_path / "none", 5) == []


def test_a_last_step_that_was_evaluated_as_one_among_others_is_evaluated_again(
    tmp_path,
):
    path, folder = tmp_path / "metrics.jsonl", tmp_path
    known = [{"split": split, "step": 2} for split in ("train", "eval")]
    path.write_text("\n".join(map(json.dumps, known)))
    assert driver._records(folder, resolve(steps=9), 2) == known
    assert driver._records(folder, resolve(steps=2), 2) == known[:1]
    path.write_text("\n".join(map(json.dumps, known)))
    (folder / "report.html").touch()  # the run was finished
    assert driver._records(folder, resolve(steps=2), 2) == known


def test_a_stopped_run_has_the_conventional_status(tmp_path):
    stop = driver.Interrupted(signal.SIGINT, 7, tmp_path)
    assert stop.status == 130
    assert "SIGINT at step 7" in str(stop)


def test_lines_are_printed_as_they_are():
    said = io.StringIO()
    line = "csv:/my [bold]rows[/x].csv: 12 rows"
    print_line(Console(file=said, width=9), line)
    assert said.getvalue() == f"{line}\n"


def starts(folder):
    """The steps at which TensorBoard is told to drop what it has, by file of events."""
    found = []
    for path in sorted(folder.iterdir()):
        content, at, steps = path.read_bytes(), 0, []
        while at < len(content):
            size = int.from_bytes(content[at : at + 8], "little")
            event = event_pb2.Event.FromString(content[at + 12 : at + 12 + size])
            if event.HasField("session_log"):
                steps.append(event.step)
            at += 16 + size
        found.append(steps)
    return found


def test_tensorboard_drops_what_an_attempt_without_a_checkpoint_wrote(tmp_path):
    for after in (0, 0, 7):
        with MetricWriter(tmp_path, after) as writer:
            writer.write("train", after + 5, {"loss": 1.0})
    assert starts(tmp_path / "tensorboard") == [[], [1], [8]]
