import csv
import io
import json
import signal

import numpy as np
import pytest
from PIL import Image

from tests.helpers import ROOT, unchecked
from wgan_gp import build
from wgan_gp.runs import loop
from wgan_gp.runs.driver import Interrupted
from wgan_gp.studies.random_architectures import __main__ as study
from wgan_gp.studies.random_architectures import configurations, pictures, records
from wgan_gp.studies.random_architectures import study as architectures
from wgan_gp.studies.running import check
from wgan_gp.system.files import WriteError

FIELDS = [
    *(
        "steps=2",
        "mesh.data=1",
        "batch_size=4",
        "data.name=digits8x8",
        "eval_samples=10",
    ),
    *("eval_repeats=1", "critic.width=2", "generator.width=2", "n_critic=1"),
    *("critic.extra=1", "generator.extra=1", "generator.latent=3"),
    *("critic.multipliers=[1]", "generator.multipliers=[1]"),
]


def run(out, *arguments):
    with unchecked():
        return study.main(["", "--out", str(out), *arguments, "--set", *FIELDS])


@pytest.mark.long
def test_a_study_goes_on_where_it_stopped(tmp_path, capsys, monkeypatch):
    assert run(tmp_path, "--variants", "3") == 0
    record = tmp_path / "003-two_sided.json"
    before = record.read_bytes()
    runs, original = [], loop.run
    monkeypatch.setattr(
        loop, "run", lambda *args: runs.append(args[1].name) or original(*args)
    )
    assert run(tmp_path, "--variants", "3", "--lipschitz", "two_sided", "clip") == 0
    assert runs == ["003-clip"]
    assert record.read_bytes() == before
    said = capsys.readouterr().out
    assert "clip: 1 runs, score" in said
    assert f"samples of each run: {tmp_path / 'samples.png'}" in said
    assert len((tmp_path / "results.csv").read_text().splitlines()) == 3
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.width > 100


def test_samples_have_a_place_for_each_architecture_and_method(tmp_path, monkeypatch):
    grey = {"gated-clip": 40, "gated-lsgan-unconstrained": 80, "tanh-clip": 120}
    for name in grey:
        (tmp_path / name).mkdir()
    monkeypatch.setattr(
        pictures,
        "_samples",
        lambda folder: np.full((2, 3, 1), grey[folder.name], np.uint8),
    )
    seen = {}
    monkeypatch.setattr(
        pictures.drawing,
        "save_image",
        lambda path, sheet, **headings: seen.update(sheet=sheet, **headings),
    )
    records = {
        name: {"config": {"lipschitz": name.split("-")[-1]}, "result": {"score": 1}}
        for name in grey
    }
    lost = {"config": {"lipschitz": "clip"}, "result": None}  # it diverged
    assert pictures.write_samples(records | {"mlp-clip": lost}, tmp_path)
    assert seen["rows"] == ["gated", "tanh", "mlp"]
    assert seen["columns"] == ["clip", "unconstrained lsgan"]
    inner = seen["sheet"][::8, ::9, 0]
    np.testing.assert_array_equal(inner, [[40, 80], [120, 255], [255, 255]])
    assert pictures.write_samples({"mlp-clip": lost}, tmp_path) is None


def test_a_full_disk_keeps_the_samples_of_before(tmp_path, monkeypatch):
    sample = np.zeros((2, 3, 1), np.uint8)
    monkeypatch.setattr(pictures, "_samples", lambda folder: sample)
    (tmp_path / "samples.png").write_bytes(b"old")
    (tmp_path / ".samples.png.part").symlink_to("/dev/full")
    found = {"tanh-clip": {"config": {"lipschitz": "clip"}, "result": {"score": 1}}}
    with pytest.raises(WriteError, match=r"samples\.png: No space left on device"):
        pictures.write_samples(found, tmp_path)
    assert (tmp_path / "samples.png").read_bytes() == b"old"


def test_the_data_set_is_opened_once_and_many_checks_are_announced(
    tmp_path, monkeypatch, capsys
):
    opened, checked, original = [], [], build.open_dataset

    def counted(settings):
        opened.append(settings.data.name)
        return original(settings)

    monkeypatch.setattr(build, "open_dataset", counted)
    fields = [each for each in FIELDS if not each.startswith("mesh")]
    settings = configurations.runs(
        ROOT / "experiments" / "random_architectures.py",
        map(str, range(11)),
        ["two_sided"],
        fields,
    )
    made = architectures.study(settings, tmp_path, b"")
    monkeypatch.setattr(
        architectures.workdir, "check", lambda folder, *_, **__: checked.append(folder)
    )
    monkeypatch.setattr(architectures, "build", lambda settings, dataset: dataset)
    check(made)
    assert opened == ["digits8x8"]
    assert len(checked) == 11
    assert capsys.readouterr().out == "11 runs are checked before the first is run\n"


@pytest.mark.parametrize("name", ["w1", "windows_w1", "score"])
def test_a_run_is_summed_up_by_its_own_metric(name):
    assert records._line({"result": {"step": 3, name: 0.25}}) == f"{name} 0.25"


def test_the_table_has_a_row_for_each_run():
    def record(lipschitz, result, failure=""):
        config = {"lipschitz": lipschitz}
        return {"config": config, "result": result, "failure": failure}

    found = {
        "gated-lsgan-unconstrained": record("unconstrained", {"step": 2}),
        "003-clip": record("clip", {"step": 2, "frechet": 1.5}),
        "mlp-clip": record("clip", None, "a loss, at step 1, is NaN"),
    }
    assert [*csv.DictReader(io.StringIO(records.csv_table(found)))] == [
        {"architecture": name, "method": method, "step": step}
        | {"frechet": frechet, "failure": failure}
        for name, method, step, frechet, failure in [
            ("gated", "unconstrained lsgan", "2", "", ""),
            ("003", "clip", "2", "1.5", ""),
            ("mlp", "clip", "", "", "a loss, at step 1, is NaN"),
        ]
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (("steps=2", "batch_size=4", "steps=3"), "--set names steps twice"),
        (("lipschitz=clip",), "--set cannot change lipschitz"),
        (("name=mine",), "--set cannot change name"),
    ],
)
def test_a_field_that_the_study_would_not_follow_is_refused(
    fields, words, tmp_path, capsys
):
    assert study.main(["", "--out", str(tmp_path / "new"), "--set", *fields]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_run_that_diverged_is_recorded_as_one(tmp_path, capsys, monkeypatch):
    def diverge(*_):
        raise FloatingPointError("training has diverged")

    monkeypatch.setattr(loop, "run", diverge)
    assert run(tmp_path, "--variants", "0") == 0
    record = json.loads((tmp_path / "000-two_sided.json").read_text())
    assert record["result"] is None
    assert "0% >= 2" in capsys.readouterr().out
    assert "diverged" in record["failure"]


def test_a_study_that_is_stopped_says_so_in_one_line(tmp_path, capsys, monkeypatch):
    def stop(_, folder, experiment):
        raise Interrupted(signal.SIGINT, 1, folder)

    monkeypatch.setattr(loop, "run", stop)
    assert run(tmp_path, "--variants", "0") == 130
    error = capsys.readouterr().err
    assert "stopped by SIGINT at step 1" in error
    assert "saved: the same command goes on from there" in error  # it has no --workdir
    assert error.count("\n") == 1
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.long
def test_a_run_that_was_begun_is_gone_on_with(tmp_path, monkeypatch):
    original = loop.run

    def stop(config, folder, experiment):
        original(config, folder, experiment)
        raise Interrupted(signal.SIGINT, 2, folder)

    monkeypatch.setattr(loop, "run", stop)
    assert run(tmp_path, "--variants", "0") == 130
    (newest,) = (tmp_path / "000-two_sided" / "checkpoints").glob("2")
    saved = newest.stat().st_mtime_ns
    monkeypatch.setattr(loop, "run", original)
    assert run(tmp_path, "--variants", "0") == 0
    assert newest.stat().st_mtime_ns == saved


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--variants", "200"], "a number from 0 to 199"),
        (["--variants", "0", "--set", "steps"], "FIELD=VALUE"),
        (["--variants", "0", "--set", "step=3"], "step"),
        (["--experiment", "none.py"], "there is no such file"),
        (
            ["--experiment", "w1_benchmark", "--variants", "dim=2,recipe=smoke"],
            "trains a critic alone",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_before_any_compute(
    tmp_path, capsys, arguments, message
):
    assert study.main(["", "--out", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_other_settings_are_refused(tmp_path, capsys):
    (tmp_path / "000-clip.json").write_text(json.dumps({"config": {}, "result": None}))
    arguments = ["", "--out", str(tmp_path), "--variants", "0", "--lipschitz", "clip"]
    assert study.main([*arguments, "--set", *FIELDS]) == 2
    assert "was made with other settings" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", '{"config": {', "[]", '{"config": {}}'])
def test_a_damaged_record_is_named_before_any_compute(text, tmp_path, capsys):
    record = tmp_path / "007-clip.json"  # not of the numbers that are to be run
    record.write_text(text)
    assert run(tmp_path, "--variants", "0") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {record} is not the record of a run: move it away")
    assert record.read_text() == text
    assert not (tmp_path / "000-two_sided").exists()


def test_two_studies_do_not_share_a_run(tmp_path, capsys, monkeypatch):
    statuses = []

    def train(config, folder, experiment):
        statuses.append(run(tmp_path, "--variants", "0"))  # the second, meanwhile
        return {"score": 2.0}

    monkeypatch.setattr(loop, "run", train)
    assert run(tmp_path, "--variants", "0") == 0
    assert statuses == [2]
    (line,) = capsys.readouterr().err.splitlines()
    assert f"another process is running in {tmp_path / '000-two_sided'}" in line


def test_a_run_that_another_study_has_finished_is_not_run_again(tmp_path, monkeypatch):
    def train(config, folder, experiment):
        runs.append(folder.name)
        if folder.name == "000-two_sided":  # another study does the next meanwhile
            monkeypatch.setattr(loop, "run", lambda *_: {"score": 3.0})
            assert run(tmp_path, "--variants", "1") == 0
            monkeypatch.setattr(loop, "run", train)
        return {"score": 2.0}

    runs = []
    monkeypatch.setattr(loop, "run", train)
    assert run(tmp_path, "--variants", "0", "1") == 0
    assert runs == ["000-two_sided"]
    record = json.loads((tmp_path / "001-two_sided.json").read_text())
    assert record["result"] == {"score": 3.0}


def test_two_constraints_are_compared_architecture_by_architecture():
    scores = {
        "-two_sided": [2.5, 4.0, 9.5, 1.2],
        "-lsgan-unconstrained": [1.0, 4.5, 2.0, None],
    }
    made = {
        f"{i}{name}": {
            "config": {"name": "net", "lipschitz": name.split("-")[-1]},
            "result": None if score is None else {"score": score},
            "failure": "diverged",
        }
        for name, each in scores.items()
        for i, score in enumerate(each)
    }
    text = records.summary(made)
    assert "\n3 unconstrained lsgan: diverged\n" in text
    table = text[text.index("two_sided and unconstrained lsgan") :].splitlines()
    assert table[0] == "two_sided and unconstrained lsgan, 4 architectures:"
    counts = {row.split()[0]: row.split()[1:] for row in table[2:]}
    # A run that diverged has the lowest score: it reaches nothing.
    assert counts["2"] == ["1", "0", "2", "1"]
    assert counts["3"] == ["1", "0", "1", "2"]
    assert counts["5"] == ["1", "0", "0", "3"]
    assert counts["9"] == ["1", "0", "0", "3"]


@pytest.mark.long
def test_the_original_gan_is_one_of_the_columns(tmp_path, capsys):
    numbers = ["--variants", "3", "--lipschitz", "two_sided", "unconstrained"]
    assert run(tmp_path, *numbers) == 0
    record = json.loads((tmp_path / "003-unconstrained.json").read_text())
    assert record["config"]["objective"] == "nonsaturating"
    assert record["config"]["critic_optimiser"]["learning_rate"] == 2e-4
