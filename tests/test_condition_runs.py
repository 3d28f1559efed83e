"""Runs whose generator is told conditions: stored, sampled from, gone on with."""

import json
import re
from functools import partial

import jax
import numpy as np
import pandas
import pytest
from pyarrow import csv

from tests.data.test_sequences import simulated
from tests.data.test_tables import rows, write_csv
from tests.helpers import contents, key, own_tables, resolve, unchecked
from tests.test_sample import keep, refused
from tests.test_table_runs import two_blobs
from wgan_gp import sample
from wgan_gp.build import build, open_dataset
from wgan_gp.data import DATASETS, Dataset
from wgan_gp.data.conditions import with_label_entries
from wgan_gp.runs import dataset_file, draws, loop, resume, sampling, workdir
from wgan_gp.train import init, train_steps

FEW = {"eval_samples": 10, "eval_repeats": 1, "conditional": True}
SMALL = {
    "vectors": {"critic.hidden": (4,), "generator.hidden": (4,), "generator.latent": 2},
    "series": {"critic.width": 2, "generator.width": 2, "generator.latent": 2},
}
TOLD = {"height": [150.5, 181.25, 170.0], "town": ["Ulm", "Bonn", "Köln, Deutz"]}


def settings_of(experiment, name, **fields):
    return resolve(experiment, "smoke", **SMALL[experiment], **FEW | fields, **name)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Runs as if they had ended, by what they are told; their data are gone."""
    folder = tmp_path_factory.mktemp("runs")
    table = {"data.name": f"csv:{write_csv(folder / 'a.csv', rows())}"}
    x = simulated(60)
    labels = np.array(["up", "down"] * 30)
    np.savez(folder / "labels.npz", samples=x, labels=labels, channels=["volts"])
    given = {"given": np.stack([np.arange(60.0), x.mean(axis=(1, 2))], axis=1)}
    np.savez(folder / "given.npz", samples=x, given_names=["day", "level"], **given)
    of = lambda name: {"data.name": f"npz:{folder / name}"}  # noqa: E731
    made = {
        "columns": settings_of("vectors", table, **{"data.given": ("town", "height")}),
        "label": settings_of("vectors", table, **{"data.label": "town"}),
        "nothing": settings_of("vectors", table, conditional=False),
        "series label": settings_of("series", of("labels.npz")),
        "series given": settings_of("series", of("given.npz")),
    }
    for name, settings in made.items():
        keep(folder / name, settings, open_dataset(settings))
    for path in folder.glob("*.*"):
        path.unlink()
    return folder


def write(*args):
    assert sample.main(["sample", *map(str, args)]) == 0


def test_there_is_a_row_for_each_row_of_the_file(stored, tmp_path):
    more = TOLD | {"visits": ["x", "y", "z"]}  # what is not told is not looked at
    given, out = write_csv(tmp_path / "given.csv", more), tmp_path / "out.csv"
    write("--workdir", stored / "columns", "--given", given, "--out", out)
    made = csv.read_csv(out).to_pydict()
    assert list(made) == list(rows())
    assert made["town"] == TOLD["town"]
    np.testing.assert_allclose(made["height"], TOLD["height"], rtol=1e-6)
    again = sampling.sample_table(stored / "columns", given=pandas.DataFrame(TOLD))
    np.testing.assert_array_equal(again["visits"], made["visits"])


def test_a_missing_value_of_a_data_frame_is_named(stored):
    table = pandas.DataFrame(TOLD).astype({"town": "string"})
    table.loc[1, "town"] = pandas.NA
    with pytest.raises(ValueError, match="row 2: column 'town' has no value"):
        sampling.sample_table(stored / "columns", given=table)


def test_rows_are_repeated_in_order_up_to_n(stored):
    made = sampling.sample_table(stored / "columns", 8, given=TOLD)
    assert made["town"].tolist() == (TOLD["town"] * 3)[:8]
    few = sampling.sample_table(stored / "columns", 2, given=TOLD)
    for name, values in few.items():
        np.testing.assert_array_equal(values, made[name][:2])
    # More than one call of the compiled program: 2 rows for each of many batches.
    many = sampling.sample_table(stored / "columns", 5000, given=TOLD)
    assert many["town"].tolist() == (TOLD["town"] * 1667)[:5000]


def test_without_a_file_the_conditions_of_training_rows_are_drawn(stored):
    made = sampling.sample_table(stored / "columns", 300)
    kept = np.load(stored / "columns" / dataset_file.CONDITIONS)
    columns = dataset_file.read(stored / "columns").columns
    known = columns.conditions.decode(kept)
    pairs = {(round(h, 3), t) for h, t in zip(known["height"], known["town"])}
    drawn = {(round(h, 3), t) for h, t in zip(made["height"], made["town"])}
    assert drawn <= pairs
    assert len(drawn) > 100


@pytest.mark.long
def test_series_come_with_what_was_told(stored, tmp_path):
    write(
        "--workdir",
        stored / "series label",
        "--n",
        6,
        "--label",
        "up",
        "--out",
        tmp_path / "a.npz",
    )
    with np.load(tmp_path / "a.npz") as archive:
        assert archive["samples"].shape == (6, 64, 1)
        assert archive["channels"].tolist() == ["volts"]
        assert archive["class_names"][archive["labels"]].tolist() == ["up"] * 6
    run = stored / "series given"
    write("--workdir", run, "--n", 6, "--out", tmp_path / "b.npz")
    write("--workdir", run, "--given", tmp_path / "b.npz", "--out", tmp_path / "c.npz")
    with np.load(tmp_path / "b.npz") as one, np.load(tmp_path / "c.npz") as two:
        assert one["given_names"].tolist() == ["day", "level"]
        assert one["samples"].shape == (6, 64, 1)
        assert set(one["given"][:, 0].round(3)) <= set(range(60))
        np.testing.assert_allclose(two["given"], one["given"], rtol=1e-5)
        np.testing.assert_allclose(two["samples"], one["samples"], atol=1e-4)
        np.testing.assert_allclose(one["samples"], sampling.sample(run, 6), atol=1e-4)
    table = write_csv(tmp_path / "d.csv", {"level": [0.5], "day": [3.0]})
    write("--workdir", run, "--given", table, "--out", tmp_path / "d.npz")
    with np.load(tmp_path / "d.npz") as archive:
        np.testing.assert_allclose(archive["given"], [[3.0, 0.5]], rtol=1e-5)


REFUSED = {
    "a label of columns": (
        "columns",
        ("--n", 3, "--label", "Ulm"),
        "is told town, heig",
    ),
    "rows of a label": ("label", ("--given", "good.csv"), "is told a class"),
    "rows of a label of series": (
        "series label",
        ("--given", "good.csv"),
        "told a cla",
    ),
    "rows of nothing": ("nothing", ("--given", "good.csv"), "is told nothing"),
    "neither n nor rows": ("columns", (), "arguments are required: --n"),
    "no rows": ("columns", ("--n", 0, "--given", "good.csv"), "n must be >= 1, got 0"),
    "no file": ("columns", ("--given", "none.csv"), "there is no file none.csv"),
    "a new town": (
        "columns",
        ("--given", "bad.csv"),
        "bad.csv, row 2: column 'town' is",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_cannot_be_met_writes_nothing(
    name, stored, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "good.csv", TOLD)
    write_csv(tmp_path / "bad.csv", TOLD | {"town": ["Ulm", "Paris", "Ulm"]})
    before = contents(tmp_path)
    run, args, words = REFUSED[name]
    out = tmp_path / ("new.npz" if "series" in run else "new.csv")
    line = refused(capsys, "--workdir", stored / run, "--out", out, *args)
    assert words in line
    assert contents(tmp_path) == before


DAMAGE = {
    "gone": (lambda path: path.unlink(), "conditions.npy is not there"),
    "no array": (lambda path: path.write_bytes(b"x"), "is not an array of NumPy's"),
    "another width": (
        lambda path: np.save(path, np.ones((5, 3), np.float32)),
        "must have finite float32 [m, 4], got float32 [5, 3]",
    ),
    "NaN": (
        lambda path: np.save(path, np.full((5, 4), np.nan, np.float32)),
        "must have finite float32",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_conditions_are_refused_in_one_line(name, stored, tmp_path):
    for file in ("config.json", dataset_file.NAME, dataset_file.CONDITIONS):
        (tmp_path / file).write_bytes((stored / "columns" / file).read_bytes())
    damage, message = DAMAGE[name]
    damage(tmp_path / dataset_file.CONDITIONS)
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        dataset_file.read(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_run_with_a_label_from_before_is_sampled_from(stored, tmp_path):
    """Its files had a field of networks that nothing used, and no columns given."""
    run = stored / "label"
    now = sampling.sample_table(run, 20)
    changed = {"config.json": run / "config.json", "dataset.json": run / "dataset.json"}
    before = {name: path.read_bytes() for name, path in changed.items()}
    config, described = (json.loads(before[name]) for name in changed)
    config["generator"]["condition"] = None
    del config["data"]["given"], described["columns"]["given"]
    for path, content in zip(changed.values(), (config, described)):
        path.write_text(json.dumps(content))
    try:
        then = sampling.sample_table(run, 20)
        settings = workdir.read_settings(run / "config.json")
        assert settings.data.given == ()
    finally:
        for name, path in changed.items():
            path.write_bytes(before[name])
    for name, values in now.items():
        np.testing.assert_array_equal(then[name], values)


def test_a_described_set_keeps_its_label_among_its_entries(tmp_path):
    """Where the set is known by its name, without the label among its entries."""
    with own_tables():
        DATASETS["blobs"] = Dataset("blobs", (2,), two_blobs, classes=2)
        dataset_file.write(tmp_path, with_label_entries(DATASETS["blobs"]))
        assert dataset_file.read(tmp_path).shape == (4,)


WRONG = {
    "no columns": (
        {},
        "needs data.label, the name of the column with each row's class, or",
    ),
    "both": (
        {"data.label": "town", "data.given": ("height",)},
        "data.label = 'town' and data.given = ('height',) are both set",
    ),
    "not conditional": (
        {"data.given": ("town",), "conditional": False},
        "data.given = ('town',) has an effect only with conditional = True",
    ),
    "no names": ({"data.given": (1,)}, "must be names of columns, got 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_told_is_refused_in_one_line(name, tmp_path):
    fields, message = WRONG[name]
    table = {"data.name": f"csv:{write_csv(tmp_path / 'a.csv', rows())}"}
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        open_dataset(settings_of("vectors", table, **fields))
    assert "\n" not in str(raised.value)


@pytest.mark.long
def test_a_run_goes_on_with_the_same_bits(tmp_path):
    table = {"data.name": f"csv:{write_csv(tmp_path / 'a.csv', rows())}"}
    more = {"data.given": ("town", "height"), "checkpoint.every": 10}
    settings = settings_of("vectors", table, steps=20, **more)
    experiment, folder = build(settings), tmp_path / "run"
    workdir.prepare(folder, settings)
    with unchecked():
        loop.run(settings, folder, experiment)
        whole = sampling.sample_table(folder, 50)
        for path in (folder / "checkpoints").glob("20*"):
            path.rename(tmp_path / path.name)
        assert resume.check(folder, settings, experiment, []) == []
        loop.run(settings, folder, experiment)
        again = sampling.sample_table(folder, 50)
    for name, values in whole.items():
        np.testing.assert_array_equal(again[name], values)


@pytest.mark.long
def test_the_mean_follows_what_is_given(tmp_path):
    """x = 2 y + noise of 0.1: for a given y, generated x are near 2 y."""
    random = np.random.default_rng(0)
    y = random.normal(1.0, 1.0, 2000)
    table = {"x": 2 * y + 0.1 * random.normal(size=2000), "y": y}
    named = {"data.name": f"csv:{write_csv(tmp_path / 'a.csv', table)}"}
    wide = {"critic.hidden": (64,), "generator.hidden": (64,), "batch_size": 128}
    fields = FEW | named | wide | {"data.given": ("y",), "steps": 600}
    settings = resolve("vectors", "", **fields)
    experiment = build(settings)
    parts = experiment.algorithm, experiment.hyperparameters
    with unchecked():
        start = init(*parts, key())
        state, _ = jax.jit(partial(train_steps, *parts, count=600))(start)
    columns = experiment.dataset.columns
    for given in (-0.5, 1.0, 2.5):
        told = columns.conditions.encode({"y": np.array([given])})
        drawn = draws.draw(parts[0], state.average, key(1), 500, given=told)
        rows_made = columns.decode(draws.concatenate(drawn, 500))
        np.testing.assert_allclose(rows_made["y"], given, rtol=1e-5)
        assert abs(rows_made["x"].mean() - 2 * given) < 0.3
