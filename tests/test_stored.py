"""Runs that version 0.1 stored: they are read, go on, and can be sampled from.

`tests/stored` has runs of `:smoke` variants as they were left, without pictures.
"""

import io
import json
import shutil

import jax
import numpy as np
import pytest
from rich.console import Console

from tests.helpers import ROOT, contents, load_experiment, resolve, unchecked
from wgan_gp import configs, sample
from wgan_gp.build import build, build_critic
from wgan_gp.configs.stored import ALWAYS, BEFORE
from wgan_gp.data import Dataset
from wgan_gp.data.columns import CONSTANT, NUMBER, WHOLE, Column, Columns
from wgan_gp.runs import dataset_file, loop, restore, resume, workdir
from wgan_gp.studies import running, sweep
from wgan_gp.studies.random_architectures.study import is_complete
from wgan_gp.studies.sweep.__main__ import SWEEP_SPEC
from wgan_gp.studies.sweep.study import study
from wgan_gp.studies.w1_benchmark import study as grid
from wgan_gp.studies.w1_benchmark import table
from wgan_gp.studies.w1_benchmark.recipes import cell_config

STORED = ROOT / "tests" / "stored"
TOY = {"checkpoint.every": 10}


@pytest.fixture
def folder(tmp_path):
    """A copy of the stored runs."""
    return shutil.copytree(STORED, tmp_path / "stored")


@pytest.fixture(scope="module")
def toy():
    """Settings of the stored toy run, and what is built of them."""
    config = resolve(**TOY)
    return config, build(config)


def test_a_stored_run_goes_on_and_is_sampled_from(folder):
    config = resolve(**TOY, steps=30)
    out = io.StringIO()
    workdir.prepare(folder / "toy8gauss", config, accept_changes=True)
    with unchecked():
        loop.run(config, folder / "toy8gauss", build(config), console=Console(file=out))
    assert "going on from step 20" in out.getvalue()
    assert restore.steps(folder / "toy8gauss" / "checkpoints") == [30, 20]
    assert sample.sample(folder / "toy8gauss", 3).shape == (3, 2)


def test_its_steps_are_checked_by_the_checksums_beside_them(folder, toy):
    path, (config, experiment) = folder / "toy8gauss" / "checkpoints", toy
    like, told = resume.abstract_state(config, experiment), []
    assert restore.load_newest(path, restore.steps(path), like, told.append).step == 20
    assert told == []
    newest = max(path.glob("20/state/d/*"), key=lambda each: each.stat().st_size)
    newest.write_bytes(newest.read_bytes()[:-1] + b"x")
    assert restore.load_newest(path, restore.steps(path), like, told.append).step == 10
    assert "checkpoint 20 is damaged" in told[0]


def test_two_kills_before_the_checksums_leave_a_run_that_goes_on(folder, toy):
    path, (config, experiment) = folder / "toy8gauss" / "checkpoints", toy
    for sums in path.glob("*.sums.json"):
        sums.unlink()
    like, told = resume.abstract_state(config, experiment), []
    assert restore.load_newest(path, restore.steps(path), like, told.append).step == 20
    assert told == ["checkpoint 20 has no checksums: going on unchecked"]


def test_a_stored_critic_fits_its_settings(folder):
    config = configs.resolve(cell_config(2, 4, "smoke"))
    path, experiment = folder / "w1_benchmark", build_critic(config)
    assert not workdir.differences(workdir.read_settings(path / "config.json"), config)
    resume.check(path, config, experiment, [])
    like = resume.abstract_state(config, experiment)
    checkpoints = (path / "checkpoints").absolute()
    saved = restore.load_newest(checkpoints, [20], like, pytest.fail)
    assert jax.tree.structure(saved.state) == jax.tree.structure(like)


def test_a_stored_stream_goes_on_with_the_same_data_alone(folder):
    path, streamed = folder / "digits", {"data.resident_bytes": 9}
    config = resolve("digits", "smoke", **streamed)
    assert not workdir.differences(workdir.read_settings(path / "config.json"), config)
    resume.check(path, config, build(config), [])
    other = resolve("digits", "smoke", **streamed, batch_size=9)
    with pytest.raises(ValueError, match="another stream: batch_size is 8, expected 9"):
        resume.check(path, other, build(other), ["batch_size was 8, is 9"])


def test_tables_of_constraints_that_no_run_has_are_no_settings_of_a_sweep():
    config = load_experiment("sweep_toy", "smoke")
    before = sweep.resolve(config).settings
    assert set(before.experiment["by_constraint"]) == {"clip", "two_sided"}
    config.experiment.by_constraint.dragan.critic_optimiser.learning_rate = 7.0
    assert sweep.resolve(config).settings == before
    config.experiment.by_constraint.two_sided.critic_optimiser.learning_rate = 7.0
    assert sweep.resolve(config).settings != before


def test_a_stored_sweep_is_finished(folder):
    found = sweep.resolve(load_experiment("sweep_toy", "smoke"))
    assert (
        workdir.prepare(folder / "sweep_toy", found.settings, spec=SWEEP_SPEC) is None
    )
    before = contents(folder / "sweep_toy")
    stored = study(found, folder / "sweep_toy", Console(file=io.StringIO()))
    never = [each._replace(run=pytest.fail) for each in stored.programs]
    running.run(stored._replace(programs=never))
    lines = (folder / "sweep_toy" / "table.csv").read_text().splitlines()
    assert len(lines) == 1 + len(found.runs)
    after = contents(folder / "sweep_toy")
    assert {path: after[path] for path in before} == before


REFUSED = {
    "lipschitz": ("clip", "critic.opt_state"),
    "critic_optimiser.name": ("rmsprop", "critic.opt_state"),
    "generator_optimiser.schedule": ("constant", "generator.opt_state"),
    "critic.hidden": ((8, 9), "critic.params"),
    "critic.maxout": (2, "critic.params"),
    "generator.latent": (3, "generator.params"),
    "steps": (19, "steps = 19, but 20 are done already"),
}


@pytest.mark.parametrize("field", REFUSED)
def test_what_the_saved_state_does_not_fit_is_named(field):
    value, words = REFUSED[field]
    config = resolve(**TOY | {field: value})
    changed = workdir.differences(workdir.read_settings(path_of("toy8gauss")), config)
    with pytest.raises(ValueError, match=field) as caught:
        resume.check(STORED / "toy8gauss", config, build(config), changed)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("field", "value"),
    [("penalty.weight", 1.0), ("lipschitz", "one_sided"), ("steps", 21)],
)
def test_what_it_does_fit_is_accepted(field, value):
    config = resolve(**TOY | {field: value})
    resume.check(STORED / "toy8gauss", config, build(config), [f"{field} differs"])


def path_of(name):
    return STORED / name / "config.json"


@pytest.mark.parametrize("name", ["toy8gauss", "w1_benchmark", "digits"])
def test_fields_that_a_run_did_not_have_yet_leave_it_as_it_was(name, tmp_path):
    stored = json.loads(path_of(name).read_text())
    whole = workdir.read_settings(path_of(name))
    networks = configs.base_arguments(stored)
    new = dict(configs.flatten(configs.base(stored["task"], **networks))) | BEFORE
    go_together = "critic.network", "generator.network", "data.scale"
    for path, _ in configs.flatten(stored):
        section, _, last = path.rpartition(".")
        if path in (*ALWAYS, *go_together, "generator.output"):
            continue
        fewer = json.loads(json.dumps(stored))
        del (fewer[section] if section else fewer)[last]
        (tmp_path / "config.json").write_text(json.dumps(fewer))
        read = workdir.read_settings(tmp_path / "config.json")
        for other, found in configs.flatten(read):
            if other != path:
                assert found == dict(configs.flatten(whole))[other]
            elif new[path] is not None:  # else what the constraint presets
                assert found == new[path]


def test_whole_sections_may_be_missing_too(tmp_path):
    stored = json.loads(path_of("digits").read_text())
    for section in ("mesh", "checkpoint", "compute", "label_weights", "features"):
        del stored[section]
    (tmp_path / "config.json").write_text(json.dumps(stored))
    read = workdir.read_settings(tmp_path / "config.json")
    assert (read.mesh.data, read.checkpoint.keep) == (1, 2)
    assert read.compute.dtype == "float32"


@pytest.mark.parametrize("name", ["toy8gauss", "w1_benchmark", "digits"])
def test_what_every_run_has_always_had_must_be_there(name, tmp_path):
    stored = json.loads(path_of(name).read_text())
    there = dict(configs.flatten(stored))
    for path in [each for each in ALWAYS if each in there]:
        fewer, (section, _, last) = json.loads(json.dumps(stored)), path.rpartition(".")
        del (fewer[section] if section else fewer)[last]
        (tmp_path / "config.json").write_text(json.dumps(fewer))
        with pytest.raises(ValueError, match=f"the config of a run: it lacks {path}"):
            workdir.read_settings(tmp_path / "config.json")


RENAMED = {
    "class_names": ("a", "b", "d"),  # which the networks know by their numbers
    "classes": 4,
}


@pytest.mark.parametrize("field", RENAMED)
def test_a_run_does_not_go_on_with_other_classes(field, toy, tmp_path):
    config, experiment = toy
    run, other = (
        described(tmp_path),
        described(tmp_path)._replace(**{field: RENAMED[field]}),
    )
    dataset_file.write(run_of(tmp_path), run)
    with pytest.raises(ValueError, match=f"the data set's {field}.* was .*, is .*Keep"):
        resume.check(
            tmp_path / "run",
            config,
            experiment._replace(dataset=other),
            [],
            accepted=True,
        )


def test_more_samples_of_the_same_classes_are_told(toy, tmp_path):
    config, experiment = toy
    folder = run_of(tmp_path)
    dataset_file.write(folder, described(tmp_path))
    more = experiment._replace(dataset=described(tmp_path)._replace(count=90))
    assert resume.check(folder, config, more, []) == [
        "the data set's count was 60, is 90"
    ]
    same = experiment._replace(dataset=described(tmp_path))
    assert resume.check(folder, config, same, []) == []


def test_nothing_is_accepted_for_a_run_with_no_steps_left(toy, tmp_path):
    config, experiment = toy
    folder = run_of(tmp_path)
    changed = ["batch_size was 8, is 9"]
    assert resume.check(folder, config, experiment, changed) == []
    with pytest.raises(ValueError, match="all 20 steps are done, so nothing would be"):
        resume.check(folder, config, experiment, changed, accepted=True)
    fewer = ["steps was 40, is 20"]
    assert resume.check(folder, config, experiment, fewer, accepted=True) == []
    longer = resolve(**TOY, steps=30)
    assert resume.check(folder, longer, experiment, changed, accepted=True) == []


def run_of(tmp_path):
    """A copy of the stored toy run."""
    return shutil.copytree(STORED / "toy8gauss", tmp_path / "run")


def described(tmp_path):
    """A data set of three classes, whose samples nobody draws."""
    return Dataset(
        f"npz:{tmp_path}/own.npz",
        (2,),
        None,
        count=60,
        classes=3,
        class_names=("a", "b", "c"),
        class_shares=np.array([0.5, 0.25, 0.25]),
    )


@pytest.mark.parametrize("path", ["invented", "critic.invented", "invented.deep"])
def test_fields_of_a_newer_version_are_refused(path, tmp_path):
    config = workdir.read_settings(path_of("toy8gauss"))
    stored = json.loads(json.dumps(configs.as_dict(config)))
    section, _, last = path.rpartition(".")
    (stored.setdefault(section, {}) if section else stored)[last] = 1
    (tmp_path / "config.json").write_text(json.dumps(stored))
    with pytest.raises(ValueError, match=f"the fields {path}, which this version does"):
        workdir.read_settings(tmp_path / "config.json")


def test_a_sweep_stored_without_newer_fields_goes_on(folder):
    found = sweep.resolve(load_experiment("sweep_toy", "smoke"))
    path = folder / "sweep_toy" / "config.json"
    stored = json.loads(path.read_text())
    for section, name in (("mesh", "data"), ("critic", "fourier"), ("critic", "norm")):
        del stored["experiment"][section][name]
    del stored["mesh"], stored["save_every"]
    path.write_text(json.dumps(stored))
    workdir.prepare(folder / "sweep_toy", found.settings, spec=SWEEP_SPEC)
    path.write_text(json.dumps(stored | {"invented": 1}))
    with pytest.raises(ValueError, match="the fields invented, which this version"):
        workdir.prepare(folder / "sweep_toy", found.settings, spec=SWEEP_SPEC)


def test_a_record_of_the_benchmark_may_lack_newer_fields(tmp_path):
    name = "dim2-funnels4-tuned-one_sided.json"
    record = json.loads((ROOT / "docs" / "w1_benchmark" / name).read_text())
    for section, field in (("critic_optimiser", "weight_decay"), ("penalty", "box")):
        del record["config"][section][field]
    for field in ("family", "subspace", "norm"):
        record["config"]["data"].pop(field, None)
    (tmp_path / name).write_text(json.dumps(record))
    cell = grid.make_cell("tuned", "one_sided", 2, 4, seeds=record["seeds"])
    stored = table.read_record(tmp_path / name)
    assert grid.is_complete(tmp_path, cell, stored)
    assert not grid.is_complete(tmp_path, cell._replace(seeds=99), stored)
    record["config"]["critic"]["invented"] = 1
    (tmp_path / name).write_text(json.dumps(record))
    with pytest.raises(ValueError, match="made with other settings"):
        grid.is_complete(tmp_path, cell, table.read_record(tmp_path / name))


def test_a_record_of_a_study_may_lack_newer_fields(tmp_path):
    config = configs.resolve(load_experiment("random_architectures", "0"))
    stored = json.loads(json.dumps(configs.as_dict(config)))
    del stored["mesh"], stored["compute"]["microbatches"]
    record = {"config": stored, "result": {}}
    assert is_complete(tmp_path, "000-two_sided", config, record)
    stored["invented"] = 1
    with pytest.raises(
        ValueError, match=r"other settings \(it has the fields invented"
    ):
        is_complete(tmp_path, "000-two_sided", config, record)


@pytest.mark.parametrize("name", ["same", "another"])
def test_what_differs_last_is_seen_whatever_the_files_name_is(name, toy, tmp_path):
    """Of many classes and of long tables; of a renamed file."""
    config, experiment = toy
    folder = run_of(tmp_path)
    names = tuple(f"category {i}" for i in range(60))
    many = described(tmp_path)._replace(
        classes=60, class_names=names, class_shares=None
    )
    dataset_file.write(folder, many)
    other = many._replace(class_names=(*names[:-1], "zebra"))
    if name == "another":
        other = other._replace(name="npz:elsewhere.npz")
    line = r"class_names\[59\] was 'category 59', is 'zebra'.*Keep"
    with pytest.raises(ValueError, match=line):
        resume.check(folder, config, experiment._replace(dataset=other), [])

    columns = [Column(f"measurement {i}", NUMBER, 0.5, 2.0) for i in range(60)]
    table = described(tmp_path)._replace(
        classes=None, class_names=None, class_shares=None, columns=Columns((*columns,))
    )
    dataset_file.write(folder, table)
    columns[-1] = columns[-1]._replace(std=2.0 * (1 + 1e-12))  # as of another NumPy
    same = table._replace(columns=Columns((*columns,)))
    assert not dataset_file.differences(folder, same)
    table = table._replace(
        columns=Columns((columns[0]._replace(mean=1e-17), *columns[1:]))
    )
    dataset_file.write(folder, table)
    columns[0] = columns[0]._replace(mean=-3e-17)  # all of which is rounding
    assert not dataset_file.differences(
        folder, table._replace(columns=Columns((*columns,)))
    )
    columns[-1] = columns[-1]._replace(std=2000.0)
    scaled = table._replace(columns=Columns((*columns,)))
    assert dataset_file.differences(folder, scaled) == [
        "the data set's column 'measurement 59' std was 2.000000000002, is 2000.0"
    ]
    near = (
        Column("id", CONSTANT, values=(1.7e9,)),
        Column("x", WHOLE, 0.0, 1.0, 0.0, 2e9),
    )
    dataset_file.write(folder, table._replace(columns=Columns(near)))
    far = near[0]._replace(values=(1.7e9 + 1,)), near[1]._replace(high=2e9 + 1)
    assert dataset_file.differences(folder, table._replace(columns=Columns(far))) == [
        "the data set's column 'id' values[0] was 1700000000.0, is 1700000001.0",
        "the data set's column 'x' high was 2000000000.0, is 2000000001.0",
    ]
    dataset_file.write(folder, table)
    columns[-1] = columns[-1]._replace(name="another")
    renamed = table._replace(columns=Columns((*columns,)))
    assert dataset_file.differences(folder, renamed) == [
        "the data set's columns[59] was 'measurement 59', is 'another'"
    ]
