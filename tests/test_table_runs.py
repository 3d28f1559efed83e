"""A run on a table of one's own, from the command line to samples in its units."""

import io
import json
import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pyarrow import csv, parquet
from rich.console import Console

from tests.data.test_tables import rows, write_csv
from tests.helpers import (
    ROOT,
    SMALL,
    key,
    made_once,
    own_tables,
    resolve,
    run_module,
    unchecked,
)
from wgan_gp import devices, sample
from wgan_gp.build import build
from wgan_gp.data import DATASETS, Dataset, open_named
from wgan_gp.data.columns import CATEGORY, CONSTANT, NUMBER, Column, Columns
from wgan_gp.data.conditions import with_label_entries
from wgan_gp.data.table_files import read_table
from wgan_gp.data.tables import open_table
from wgan_gp.evaluate.held_out import hold_out
from wgan_gp.runs import loop, sampling, table_samples, workdir
from wgan_gp.runs.class_tables import class_table
from wgan_gp.runs.draws import SampleBatch
from wgan_gp.train import generate, init, train_steps

FILE = f"{ROOT / 'experiments' / 'vectors.py'}:smoke"
FEW = ("--config.eval_samples=20", "--config.eval_repeats=1")


def train(folder, name, *flags):
    """The command of a user, in a process of its own: its status and what it says."""
    given = ("--config", FILE, f"--config.data.name={name}", *FEW, *flags)
    return run_module("wgan_gp.main", *given, "--workdir", folder, cwd=folder.parent)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    def make(folder):
        name = f"csv:{write_csv(folder / 'a.csv', rows())}"
        few = {"data.name": name, "eval_samples": 20, "eval_repeats": 1}
        config = resolve("vectors", "smoke", **(few | SMALL))
        workdir.prepare(folder / "run", config)
        with unchecked():
            loop.run(config, folder / "run", build(config))
        (folder / "a.csv").unlink()  # sampling needs no data

    return made_once(tmp_path_factory, "table", make) / "run"


def write(run, out, *flags, n=9):
    given = ("--workdir", run, "--n", n, "--out", out, *flags)
    return sample.main(["sample", *map(str, given)])


def test_samples_have_the_columns_and_units_of_the_table(run, tmp_path):
    out = tmp_path / "samples.csv"
    assert write(run, out) == 0
    table = csv.read_csv(out).to_pydict()
    assert list(table) == list(rows())
    assert set(table["town"]) <= {"Bonn", "Köln, Deutz", "Ulm"}
    assert set(table["country"]) == {"DE"}
    assert set(table["rooms"]) <= {1, 2, 3, 4}
    assert all(isinstance(each, int) and 0 <= each < 1000 for each in table["visits"])
    assert 100 < np.mean(table["height"]) < 250
    assert read_table("csv", out).whole == {"visits", "rooms"}


def test_parquet_and_python_have_the_same_rows_as_csv(run, tmp_path):
    for name in ("a.csv", "a.parquet"):
        assert write(run, tmp_path / name) == 0
    one = csv.read_csv(tmp_path / "a.csv").to_pydict()
    two = parquet.read_table(tmp_path / "a.parquet").to_pydict()
    three = sampling.sample_table(run, 9)
    assert list(one) == list(two) == list(three)
    for name, values in one.items():
        if isinstance(values[0], float):
            np.testing.assert_allclose(two[name], values, rtol=1e-8)
            np.testing.assert_allclose(three[name], values, rtol=1e-8)
        else:
            assert two[name] == values == three[name].tolist()


def test_numbers_are_as_exact_in_csv_as_a_generator_is(tmp_path):
    columns = (
        Column("time", NUMBER, 1.7e9, 100.0),
        Column("height", NUMBER, 170.0, 8.0),
        Column("scale", CONSTANT, values=(0.1,)),
    )
    dataset = Dataset("", (2,), lambda key, n: key, columns=Columns(columns))
    samples = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    for part, suffix in ((samples, ".csv"), (samples[:0], ".parquet")):
        path = tmp_path / f"a{suffix}"
        with table_samples.FILES[suffix](path, dataset, None) as write:
            write(SampleBatch(part, None))
            write(SampleBatch(samples, None))
    lines = (tmp_path / "a.csv").read_text().splitlines()
    written = np.array([line.split(",") for line in lines[1:51]], float)
    exact = samples * np.array([100.0, 8.0]) + np.array([1.7e9, 170.0])
    np.testing.assert_allclose(written[:, 0], exact[:, 0], rtol=0, atol=1e-4)
    np.testing.assert_allclose(written[:, 1], exact[:, 1], rtol=0, atol=1e-6)
    assert all(line.endswith(",0.1") for line in lines[1:])
    assert all(len(line) <= 15 + 9 + 5 + 3 for line in lines)
    assert parquet.read_table(tmp_path / "a.parquet").num_rows == 50


def test_text_needs_a_table(run, tmp_path, capsys):
    assert write(run, tmp_path / "a.npz") == 2
    said = capsys.readouterr().err
    assert "column 'town' is text" in said
    assert not any(tmp_path.iterdir())
    with pytest.raises(ValueError, match="column 'town' is text"):
        sampling.sample(run, 3)


def test_a_run_describes_its_columns_and_draws_them(run):
    record = json.loads((run / "dataset.json").read_text())
    names = [each["name"] for each in record["columns"]["columns"]]
    assert names == list(rows())
    assert (run / "figures" / "columns.png").stat().st_size > 10_000


@pytest.mark.long
def test_numbers_come_as_an_array_that_is_data_again(tmp_path):
    samples = np.random.default_rng(0).normal(3.0, 2.0, (250, 3))
    np.savez(tmp_path / "a.npz", samples=samples, columns=["u", "v", "w"])
    done = train(tmp_path / "run", f"npz:{tmp_path / 'a.npz'}")
    assert not done.returncode, done.stderr
    assert write(tmp_path / "run", tmp_path / "b.npz", n=40) == 0
    with np.load(tmp_path / "b.npz") as archive:
        assert archive["columns"].tolist() == ["u", "v", "w"]
        drawn = archive["samples"]
    np.testing.assert_allclose(drawn, sampling.sample(tmp_path / "run", 40))
    assert open_table("npz", tmp_path / "b.npz").shape == (3,)


@pytest.mark.long
def test_a_streamed_run_resumes_as_if_it_had_not_ended(tmp_path):
    name = f"csv:{write_csv(tmp_path / 'a.csv', rows())}"
    streamed = (
        "--config.data.resident_bytes=0",
        f"--config.data.cache={tmp_path / 'c'}",
        "--config.critic_optimiser.schedule=constant",
        "--config.generator_optimiser.schedule=constant",
    )
    for folder, steps in (("one", (6,)), ("two", (3, 6))):
        for count in steps:
            fields = f"--config.steps={count}", "--config.eval_every=3"
            more = ("--accept_changes",) if count != steps[0] else ()
            done = train(tmp_path / folder, name, *streamed, *fields, *more)
            assert not done.returncode, done.stderr
            assert "is streamed from" in done.stdout
    one, two = (sampling.sample_table(tmp_path / each, 20) for each in ("one", "two"))
    for column, values in one.items():
        assert values.tolist() == two[column].tolist()
    assert len(list((tmp_path / "c").iterdir())) == 1


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A run whose generator is told the town, and what its command said."""
    folder = tmp_path_factory.mktemp("told")
    name = f"csv:{write_csv(folder / 'a.csv', rows())}"
    done = train(
        folder / "run", name, "--config.conditional=True", "--config.data.label=town"
    )
    assert not done.returncode, done.stderr
    return folder / "run", done.stdout


@pytest.mark.long
def test_a_generator_is_told_the_class_of_each_row(told, tmp_path):
    folder, said = told
    assert re.search(r"by town.*Bonn.*Köln, Deutz.*Ulm", said, re.DOTALL)
    assert write(folder, tmp_path / "a.csv", "--label", "Ulm", n=20) == 0
    table = csv.read_csv(tmp_path / "a.csv").to_pydict()
    assert list(table) == list(rows())
    assert table["town"] == ["Ulm"] * 20
    mixed = sampling.sample_table(folder, 300)["town"]
    shares = {town: np.mean(mixed == town) for town in ("Bonn", "Köln, Deutz", "Ulm")}
    assert min(shares.values()) > 0.2


@pytest.mark.long
def test_an_array_has_its_labels_beside_it(tmp_path):
    random = np.random.default_rng(0)
    labels = random.choice([3, 7], 250)
    samples = random.normal(3.0, 2.0, (250, 3)) + 9 * (labels == 7)[:, None]
    np.savez(tmp_path / "a.npz", samples=samples, labels=labels)
    given = "--config.conditional=True", "--config.data.label=label"
    done = train(tmp_path / "run", f"npz:{tmp_path / 'a.npz'}", *given)
    assert not done.returncode, done.stderr
    assert write(tmp_path / "run", tmp_path / "b.npz", n=40) == 0
    with np.load(tmp_path / "b.npz") as archive:
        assert set(archive["labels"].tolist()) == {3, 7}
        assert archive["samples"].shape == (40, 3)
    of_one = sampling.sample(tmp_path / "run", 5, label=7)
    assert of_one.shape == (5, 3)


def two_blobs(key, n):
    label_key, noise_key = jax.random.split(key)
    labels = jax.random.choice(label_key, 2, (n,))
    centres = jnp.stack([4.0 * labels - 2.0, jnp.zeros(n)], axis=1)
    return centres + 0.1 * jax.random.normal(noise_key, (n, 2)), labels


@pytest.mark.long
def test_a_class_is_learned_as_it_was_told():
    """Of a sampler with labels: vectors of class 0 lie left, of class 1 right."""
    shown = io.StringIO()
    with own_tables(), unchecked():
        names = ("[/left]", "right")  # no markup of the terminal's
        DATASETS["blobs"] = Dataset(
            "blobs", (2,), two_blobs, classes=2, class_names=names
        )
        fields = {"data.name": "blobs", "conditional": True, "batch_size": 64}
        settings = resolve("vectors", "", **fields, eval_samples=50, eval_repeats=1)
        experiment = build(settings)
        parts = experiment.algorithm, experiment.hyperparameters
        state, _ = jax.jit(partial(train_steps, *parts, count=150))(init(*parts, key()))
        drawn = np.asarray(
            generate(experiment.algorithm, state.generator.params, key(), 400)
        )
        held = hold_out(experiment.dataset, experiment.evaluation, key(1))
        table = class_table(experiment, state, held, key(2))
        Console(file=shown, width=90).print(table.for_console())
    assert "[/left]" in shown.getvalue()
    assert drawn.shape == (400, 4)
    label = drawn[:, 2:].argmax(axis=1)
    assert set(np.unique(drawn[:, 2:])) == {0.0, 1.0}
    assert np.mean((drawn[:, 0] > 0) == label) > 0.95


def test_held_out_vectors_need_labels_too():
    silent = Dataset(
        "silent", (2,), two_blobs, held_out=lambda k, n: two_blobs(k, n)[0], classes=2
    )
    with pytest.raises(ValueError, match="holds out vectors without labels"):
        with_label_entries(silent)
    both = with_label_entries(silent._replace(held_out=two_blobs))
    assert both.held_out(key(), 3).shape == both.sample(key(), 3).shape == (3, 4)


REFUSED = {
    "label without condition": ({"data.label": "town"}, "conditional = True"),
    "unknown column": ({"data.columns": ("heigth",)}, "did you mean height?"),
    "no name": ({"data.columns": (1,)}, "must be names of columns, got 1"),
    "too many": ({"eval_samples": 21}, "holds out 20 samples"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learned_is_refused_in_one_line(name, tmp_path):
    fields, message = REFUSED[name]
    few = {"eval_samples": 20, "eval_repeats": 1} | fields
    named = {"data.name": f"csv:{write_csv(tmp_path / 'a.csv', rows())}"}
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        build(resolve("vectors", **named, **few))
    assert "\n" not in str(raised.value)


def test_fields_for_tables_have_no_effect_on_toys():
    with pytest.raises(ValueError, match=r"data.without = .* is for tables"):
        build(resolve(**{"data.without": ("x",)}))


def test_truth_values_come_back_as_such():
    columns = Columns(
        (
            Column("smoker", CATEGORY, values=("false", "true")),
            Column("alive", CONSTANT, values=("True",)),
            Column("answer", CATEGORY, values=("no", "yes")),
        )
    )
    dataset = Dataset("csv:a.csv", (columns.width,), None, columns=columns)
    vectors = np.array([[0.2, 0.8, 1, 0], [0.9, 0.1, 0, 1]], np.float32)
    found = table_samples.rows(dataset, SampleBatch(vectors, None))
    assert found["smoker"].tolist() == [True, False]
    assert found["alive"].tolist() == [True, True]
    assert found["answer"].tolist() == ["no", "yes"]


def test_a_sampler_of_another_shape_than_its_set_says_is_refused(monkeypatch):
    normal = lambda key, n: jax.random.normal(key, (n, 2))  # noqa: E731
    wrong = Dataset("wrong", (3,), normal)
    monkeypatch.setitem(DATASETS, "wrong", wrong)
    line = r"'wrong'\] has shape \(3,\), and its sample\(key, 2\) returns \(2, 2\), not"
    with pytest.raises(ValueError, match=line):
        open_named("wrong", "vectors", conditional=False)
    both = lambda key, n: (normal(key, n), jnp.zeros(n, int))  # noqa: E731
    labelled = wrong._replace(shape=(2,), sample=both, held_out=both, classes=2)
    monkeypatch.setitem(DATASETS, "wrong", labelled)
    opened = open_named("wrong", "vectors", conditional=True)
    assert with_label_entries(opened).shape == (4,)
    monkeypatch.setitem(DATASETS, "wrong", labelled._replace(held_out=normal))
    open_named("wrong", "vectors", conditional=False)
    right = wrong._replace(shape=(2,), held_out=lambda key, n: normal(key, 3))
    monkeypatch.setitem(DATASETS, "wrong", right)
    with pytest.raises(ValueError, match=r"its held_out\(key, 2\) returns \(3, 2\)"):
        open_named("wrong", "vectors", conditional=False)


def test_a_run_on_a_table_begins_with_what_its_columns_are(tmp_path):
    path = write_csv(tmp_path / "a.csv", rows())
    config = resolve("vectors", "smoke", **{"data.name": f"csv:{path}"})
    lines = loop.begin_with(config, build(config), devices.make_mesh(1))
    expected = "numbers: height; whole numbers: visits; categories: rooms (4), town (3)"
    assert f"columns are {expected}" in lines
