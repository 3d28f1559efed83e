"""Runs side by side: as good as single ones, whatever becomes of their neighbours."""

import csv
import io
import re
import signal

import numpy as np
import pytest
from rich.console import Console

from tests.helpers import load_experiment, unchecked
from tests.studies.sweep.test_plan import configuration
from wgan_gp.build import build
from wgan_gp.runs import loop, workdir
from wgan_gp.runs.driver import Interrupted
from wgan_gp.studies import running, sweep
from wgan_gp.studies.sweep import chunks, programs, training
from wgan_gp.studies.sweep.__main__ import SWEEP_SPEC
from wgan_gp.studies.sweep.plan import run_settings
from wgan_gp.studies.sweep.points import RunId
from wgan_gp.studies.sweep.study import study

# Chunks of 3 runs on 2 devices; the last two runs diverge.
FIELDS = {
    "grid": ("clip_bound=0.3 n_critic=1,2", "generator_optimiser.learning_rate=1e38"),
    "experiment.lipschitz": "clip",  # the least to compile
    "experiment.n_critic": 2,
    "experiment.steps": 12,
    "experiment.critic_optimiser.schedule": "cosine",
    "experiment.critic_optimiser.learning_rate": 0.1,
    "experiment.generator_optimiser.learning_rate": 0.1,
    "experiment.ema_decay": 0.5,
    "experiment.critic.hidden": (4,),
    "experiment.generator.hidden": (4,),
    "runs_per_program": 3,
    "save_every": 5,
    "mesh.runs": 2,
}


def run(found, folder):
    workdir.prepare(folder, found.settings, spec=SWEEP_SPEC)
    with unchecked():
        running.run(study(found, folder, Console(file=io.StringIO())))
    return (folder / "table.csv").read_text()


@pytest.fixture(scope="module")
def _compiled_once():
    """Programs of the same experiment are compiled once."""
    made, original = {}, programs.compile_functions

    def functions(experiment, mesh):
        key = id(experiment), mesh
        if key not in made:
            made[key] = experiment, original(experiment, mesh)
        return made[key][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "compile_functions", functions)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory, _compiled_once):
    """A sweep, its folder after a run that was not interrupted, and its table."""
    found = sweep.resolve(configuration(**FIELDS))
    folder = tmp_path_factory.mktemp("sweep")
    text = run(found, folder)
    return found, folder, list(csv.DictReader(io.StringIO(text)))


def assert_is_single(found, each, row, folder):
    """That a row of the table is what a run of its own ends with."""
    config = run_settings(found, each)
    workdir.prepare(folder, config)
    with unchecked():
        single = loop.run(config, folder, build(config))
    del single["seconds"], single["step"]
    single = {name: each for name, each in single.items() if "lower_bound" not in name}
    assert set(single) < set(row)  # the bound takes seconds, and sweeps have none
    for name, value in single.items():
        np.testing.assert_allclose(
            float(row[name]), value, rtol=2e-4, atol=1e-5, err_msg=name
        )


def test_a_run_is_what_it_is_alone(whole, tmp_path):
    found, _, rows = whole
    assert (rows[1]["n_critic"], rows[1]["seed"]) == ("1", "1")
    assert_is_single(found, RunId(0, 1), rows[1], tmp_path)


def test_a_run_that_diverges_is_said_to_and_the_others_go_on(whole):
    found, folder, rows = whole
    assert [row["diverged"] for row in rows] == ["False"] * 4 + ["True"] * 2
    assert all(row["w1"] == "" for row in rows[4:])
    assert len({row["w1"] for row in rows[:4]}) == 4
    assert "| 2 of 2 |" in (folder / "summary.md").read_text().splitlines()[-1]
    assert (folder / "summary.png").read_bytes().startswith(b"\x89PNG")
    assert len(found.runs) == 6


class Stop:
    """A signal that comes at one of the looks at it."""

    def __init__(self, at):
        self.left = at

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @property
    def received(self):
        self.left -= 1
        return signal.SIGTERM if self.left == 0 else 0


def stopped(found, folder, monkeypatch, at, words):
    """Runs until a signal comes at a look at it, which says where and is saved."""
    with monkeypatch.context() as patch:
        stop = Stop(at)  # of all chunks
        patch.setattr(training, "DeferredSignals", lambda: stop)
        with pytest.raises(Interrupted, match=words) as caught:
            run(found, folder)
    assert caught.value.status == 143
    (chunk,) = (folder / "checkpoints").iterdir()
    assert (chunk / words.split()[1]).is_dir()


def test_an_interrupted_sweep_ends_with_the_same_table(whole, tmp_path, monkeypatch):
    found, folder, _ = whole
    monkeypatch.setattr(training, "PIECE", 3)
    for at, step in ((1, "3 of chunk 1"), (1, "5 of"), (3, "10 of"), (3, "12 of")):
        stopped(found, tmp_path, monkeypatch, at, f"step {step}")
    stopped(found, tmp_path, monkeypatch, 5, "step 3 of chunk 2 of 2")
    assert len(list((tmp_path / "chunks").iterdir())) == 1
    run(found, tmp_path)
    for name in ("table.csv", "summary.md"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_other_settings_are_refused_but_for_those_of_no_effect(whole, tmp_path):
    found, folder, _ = whole
    changes = {"save_every": 4, "mesh.runs": 1, "experiment.log_every": 3}
    free = sweep.resolve(configuration(**FIELDS | changes))
    workdir.prepare(folder, free.settings, spec=SWEEP_SPEC)
    workdir.prepare(folder, found.settings, spec=SWEEP_SPEC)
    other = sweep.resolve(configuration(**FIELDS | {"seeds": 1}))
    with pytest.raises(FileExistsError, match="seeds was 2, is 1") as caught:
        workdir.prepare(folder, other.settings, spec=SWEEP_SPEC)
    assert "accept_changes" not in str(caught.value)
    workdir.prepare(tmp_path, load_and_resolve(), spec=SWEEP_SPEC)
    (tmp_path / "config.json").write_text('{"grid": []}')
    with pytest.raises(ValueError, match="not the config of a sweep"):
        workdir.prepare(tmp_path, other.settings, spec=SWEEP_SPEC)


def load_and_resolve():
    return sweep.resolve(load_experiment("sweep_toy", "smoke")).settings


def test_a_damaged_chunk_is_named(whole, tmp_path):
    found, folder, _ = whole
    path = tmp_path / "0000.json"
    text = (folder / "chunks" / "0000.json").read_text()
    for damaged in ("", "[]", "3", text.replace('"seed": 0', '"seed": 7')):
        path.write_text(damaged)
        with pytest.raises(ValueError, match=r"0000\.json is not the record"):
            chunks.read_record(path, found.groups[0].chunks[0])
    path.write_text(text)
    assert len(chunks.read_record(path, found.groups[0].chunks[0])) == 3


def test_devices_tell_each_other_nothing(whole):
    found, _, _ = whole
    (program,) = found.groups
    mesh = programs.make_mesh(2)
    made = programs.compile_functions(program.experiment, mesh)
    trained, given = prepared(found, program, made, mesh)
    with unchecked():
        arguments = *made.advance.args, 1, given, trained
        text = made.advance.func.lower(*arguments).compile().as_text()
    assert "num_partitions=2" in text
    assert not re.search("all-reduce|all-gather|all-to-all|collective|permute", text)


def prepared(found, program, made, mesh):
    runs = program.chunks[0]
    configs = [run_settings(found, each) for each in runs]
    given = programs.hyperparameters(program.experiment, configs)
    given = programs.split_over_mesh(given, mesh)
    with unchecked():
        keys = programs.jax.random.split(programs.jax.random.key(0), len(runs))
        return made.start(programs.split_over_mesh(keys, mesh), given), given


@pytest.mark.long
@pytest.mark.parametrize("lipschitz", ["clip", "one_sided", "two_sided", "difference"])
def test_a_run_of_each_constraint_is_what_it_is_alone(lipschitz, tmp_path):
    strength = "clip_bound" if lipschitz == "clip" else "penalty.weight"
    fields = {"grid": (f"lipschitz={lipschitz} {strength}=0.02,2",)}
    found = sweep.resolve(configuration(**fields))
    rows = list(csv.DictReader(io.StringIO(run(found, tmp_path / "sweep"))))
    for i in (0, 3):
        assert_is_single(found, found.runs[i], rows[i], tmp_path / str(i))
