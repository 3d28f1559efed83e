"""A run on a table of one's own, from the command line to samples in its units."""

import json
import re

import numpy as np
import pytest
from pyarrow import csv, parquet

from tests.data.test_tables import rows, write_csv
from tests.helpers import ROOT, resolve, run_module
from wgan_gp import sample
from wgan_gp.build import build
from wgan_gp.data.table_files import read_table
from wgan_gp.data.tables import open_table
from wgan_gp.runs import sampling

FILE = f"{ROOT / 'experiments' / 'vectors.py'}:smoke"
SMALL = ("--config.eval_samples=20", "--config.eval_repeats=1")


def train(folder, name, *flags):
    """The command of a user, in a process of its own: its status and what it says."""
    given = ("--config", FILE, f"--config.data.name={name}", *SMALL, *flags)
    return run_module("wgan_gp.main", *given, "--workdir", folder, cwd=folder.parent)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    name = f"csv:{write_csv(folder / 'a.csv', rows())}"
    done = train(folder / "run", name)
    assert not done.returncode, done.stderr
    (folder / "a.csv").unlink()  # sampling needs no data
    return folder / "run"


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


REFUSED = {
    "label without condition": ({"data.label": "town"}, "conditional = True"),
    "unknown column": ({"data.columns": ("heigth",)}, "did you mean height?"),
    "no name": ({"data.columns": (1,)}, "must be names of columns, got 1"),
    "too many": ({"eval_samples": 21}, "holds out 20 rows"),
    "batch": ({"batch_size": 161}, "at most the 160 samples"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learned_is_refused_in_one_line(name, tmp_path):
    fields, message = REFUSED[name]
    few = {"eval_samples": 20, "eval_repeats": 1} | fields
    named = {"data.name": f"csv:{write_csv(tmp_path / 'a.csv', rows())}"}
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        build(resolve("vectors", **named, **few))
    assert "\n" not in str(raised.value)


def test_the_command_refuses_before_it_writes(tmp_path):
    done = train(tmp_path / "run", f"csv:{tmp_path / 'absent.csv'}")
    assert done.returncode == 2
    assert "there is no file" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_fields_for_tables_have_no_effect_on_toys():
    with pytest.raises(ValueError, match=r"data.without = .* is for tables"):
        build(resolve(**{"data.without": ("x",)}))
