"""What a generator is told: which entries, how they are drawn, and rows of a file."""

import json
import re
from functools import partial

import jax
import numpy as np
import pytest

from tests.data.test_tables import rows, write_csv, write_parquet
from tests.helpers import key
from wgan_gp.algorithm.latents import gaussian_latent
from wgan_gp.data.columns import CATEGORY, NUMBER, WHOLE, Column, Columns
from wgan_gp.data.conditions import MOST, drawn_conditions, joined, some_conditions
from wgan_gp.data.given_rows import encode_given, read_given
from wgan_gp.data.table_rows import TableOptions
from wgan_gp.data.tables import open_table

COLUMNS = Columns(
    (
        Column("age", WHOLE, 40.0, 10.0, 18.0, 90.0),
        Column("x", NUMBER, 1.0, 2.0),
        Column("sex", CATEGORY, values=("f", "m")),
        Column("code", CATEGORY, values=("01", "02", "True")),
        Column("dose", NUMBER, 0.5, 0.25),
    ),
    given=("dose", "code", "age"),
)


def test_told_entries_are_those_of_the_given_columns_in_the_tables_order():
    assert COLUMNS.told == (0, 4, 5, 6, 7)
    assert [each.name for each in COLUMNS.conditions.columns] == ["age", "code", "dose"]
    assert [each.name for each in COLUMNS.others.columns] == ["x", "sex"]
    label = COLUMNS._replace(given=(), label="sex")
    assert label.told == (2, 3)  # a label is one told category
    assert Columns(COLUMNS.columns).told == ()


def test_a_description_comes_back_from_a_file_and_one_without_given_is_read():
    for columns in (COLUMNS, COLUMNS._replace(given=(), label="sex")):
        record = json.loads(json.dumps(columns.as_record()))
        assert Columns.from_record(record) == columns
    del record["given"]
    assert Columns.from_record(record) == columns
    with pytest.raises(ValueError, match="there is no column 'dosis'"):
        Columns.from_record(record | {"label": None, "given": ["dosis"]})


def test_conditions_are_those_of_training_rows(tmp_path):
    path = write_csv(tmp_path / "a.csv", rows())
    dataset = open_table("csv", path, TableOptions(given=("town", "height")))
    told = list(dataset.columns.told)
    assert dataset.conditions.shape == (160, 1 + 3)
    assert dataset.conditions.dtype == np.float32
    train = np.asarray(dataset.sample(key(), 4000))[:, told]
    kept = {tuple(row) for row in dataset.conditions.tolist()}
    assert {tuple(row) for row in train.tolist()} == kept
    assert dataset.classes is None


def test_of_many_rows_a_part_is_kept_without_repetition_always_the_same():
    entries = np.arange(20_000.0)[:, None]
    kept = some_conditions(entries)
    assert kept.shape == (MOST, 1)
    assert len(np.unique(kept)) == MOST
    np.testing.assert_array_equal(kept, some_conditions(entries))
    assert kept.mean() == pytest.approx(10_000, rel=0.02)  # from all over the table


def test_drawn_conditions_are_uniform_over_rows_and_a_label_over_its_shares():
    conditions = np.array([[0.5, 1.0], [0.25, 0.0], [7.0, 3.0]], np.float32)
    latents, told = gaussian_latent(key(), 3000, dimension=2, conditions=conditions)
    assert latents.shape == (3000, 2)
    found, counts = np.unique(np.asarray(told), axis=0, return_counts=True)
    np.testing.assert_array_equal(found, conditions[[1, 0, 2]])
    assert np.abs(counts - 1000).max() < 110  # four standard deviations
    shares = np.array([0.25, 0.0, 0.75])
    given = {"dimension": 2, "shares": shares}
    plain, labels = gaussian_latent(key(), 100, classes=3, **given)
    same, one_hot = gaussian_latent(key(), 100, conditions=np.eye(3), **given)
    np.testing.assert_array_equal(plain, same)
    np.testing.assert_array_equal(one_hot, jax.nn.one_hot(labels, 3))
    assert set(np.asarray(labels).tolist()) == {0, 2}


def test_a_label_is_drawn_one_hot(tmp_path):
    path = write_csv(tmp_path / "a.csv", rows())
    np.testing.assert_array_equal(
        drawn_conditions(open_table("csv", path, TableOptions(label="town"))), np.eye(3)
    )
    assert drawn_conditions(open_table("csv", path)) is None


def test_conditions_of_series_are_constant_in_time():
    made = joined(np.zeros((2, 3, 1)), np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert made.shape == (2, 3, 3)
    np.testing.assert_array_equal(made[1], [[0, 3, 4]] * 3)
    np.testing.assert_array_equal(
        joined(np.zeros((1, 2)), np.ones((1, 1))), [[0, 0, 1]]
    )


GOOD = {
    "age": [20, 90],
    "code": ["01", "True"],
    "dose": [0.5, 1.0],
    "other": ["?", None],
}


def test_rows_are_encoded_by_the_description():
    expected = [[-2, 1, 0, 0, 0], [5, 0, 0, 1, 2]]
    np.testing.assert_array_equal(encode_given(COLUMNS.conditions, GOOD), expected)
    # Read as other types, where a file has fewer rows.
    read = GOOD | {"code": [1.0, "true"], "age": ["20", "9e1"]}
    np.testing.assert_array_equal(
        encode_given(
            COLUMNS.conditions, {n: np.array(v, object) for n, v in read.items()}
        ),
        expected,
    )


BAD = {
    "no column": ({"dose": None}, "rows has no column 'dose', which the generator is"),
    "no value": ({"age": [20, None]}, "rows, row 2: column 'age' has no value"),
    "not a number": ({"dose": ["a", 1]}, "row 1: column 'dose' is 'a', expected a num"),
    "masked": (
        {"dose": np.ma.array([0.5, 1.0], mask=[False, True])},
        "row 2: column 'dose' has no value",
    ),
    "NaN": ({"dose": [0.5, np.nan]}, "row 2: column 'dose' has no value"),
    "infinite": ({"dose": [0.5, np.inf]}, "column 'dose' is inf, expected a finite"),
    "too large": ({"dose": [0.5, 1e300]}, "column 'dose' is 1e+300, expected a finite"),
    "not whole": (
        {"age": [20.5, 30]},
        "is 20.5, expected a whole number from 18 to 90",
    ),
    "out of range": ({"age": [20, 91]}, "is 91, expected a whole number from 18 to 90"),
    "unknown": (
        {"code": ["03", "01"]},
        "row 1: column 'code' is '03', which the table",
    ),
    "no text": ({"code": ["01", ""]}, "row 2: column 'code' has no value"),
    "dates": (
        {"dose": np.array(["2026-01-01", "2026-01-02"], "M8[ns]")},
        "row 1: column 'dose' is '2026-01-01T00:00:00.000000000', expected a number",
    ),
    "objects": ({"dose": [0.5, {}]}, "row 2: column 'dose' is {}, expected a number"),
    "huge": ({"dose": [10**400, 1]}, "expected a finite number"),
    "bytes": ({"code": [b"01", b"02"]}, "column 'code' is \"b'01'\", which the table"),
    "nested": ({"dose": [[1], [1, 2]]}, "row 1: column 'dose' is [1], expected a num"),
    "lengths": ({"age": [20]}, "columns [m] of one length, got [1], [2], [2]"),
    "no rows": (
        {"age": [], "code": [], "dose": []},
        "of one length, got [0], [0], [0]",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_row_that_cannot_be_told_is_refused_by_its_row_and_column(name):
    changes, message = BAD[name]
    table = {n: v for n, v in (GOOD | changes).items() if v is not None}
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        encode_given(COLUMNS.conditions, table, "rows")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz"])
def test_rows_are_read_from_files(kind, tmp_path):
    table = {"dose": np.array([0.5, 1.0]), "other": np.array([1.0, 2.0])}
    path, columns = tmp_path / f"a.{kind}", COLUMNS._replace(given=("dose",))
    if kind == "npz":
        np.savez(path, samples=np.stack([*table.values()], axis=1), columns=[*table])
    else:
        {"csv": write_csv, "parquet": write_parquet}[kind](path, table)
    np.testing.assert_array_equal(read_given(path, columns, in_array=False), [[0], [2]])


def test_columns_of_an_array_are_found_by_their_names(tmp_path):
    columns = Columns((Column("a", NUMBER), Column("b", NUMBER)), given=("a", "b"))
    given = np.array([[1.0, 100.0], [2.0, 200.0]])
    np.savez(tmp_path / "a.npz", given=given, given_names=["b", "a"])
    np.savez(tmp_path / "b.npz", given=given)
    np.savez(tmp_path / "c.npz", given=given, given_names=[b"a", "ä".encode()])
    read = partial(read_given, columns=columns, in_array=True)
    np.testing.assert_array_equal(read(tmp_path / "a.npz"), given[:, ::-1])
    np.testing.assert_array_equal(read(tmp_path / "b.npz"), given)
    with pytest.raises(ValueError, match=r"c.npz has no column 'b', .*: it has a, ä"):
        read(tmp_path / "c.npz")


def test_a_csv_file_may_be_in_the_encoding_of_the_table_or_in_utf_8(tmp_path):
    town = Column("Größe", CATEGORY, values=("ä", "ö"))
    columns = Columns((town,), given=("Größe",))
    for written in ("utf-8", "latin-1"):
        path = write_csv(tmp_path / "a.csv", {"Größe": ["ö"]}, encoding=written)
        told = read_given(path, columns, in_array=False, encoding="latin-1")
        np.testing.assert_array_equal(told, [[0, 1]])
    with pytest.raises(ValueError, match="is not text in UTF-8: save it as that"):
        read_given(path, columns, in_array=False)


FILES = {
    "no file": ("b.csv", "there is no file"),
    "another kind": ("a.txt", "must end in one of .csv, .parquet, .npy, .npz, got"),
    "dates": ("dates.csv", "column 'dose' has dates or times"),
    "an empty line": ("empty.csv", "row 2: column 'dose' has no value"),
    "series without given": ("a.npz", "has no array given, [n, 1]: it has samples"),
    "series of another width": (
        "two.npz",
        "given must be [n, 1], numbers for dose; got",
    ),
    "series of text": ("text.npz", "given must be numbers [N, k], got <U1 [2]"),
    "a gap": ("gap.npz", "row 2: given has no finite number in column 1"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_conditions_is_refused_in_one_line(name, tmp_path):
    write_csv(tmp_path / "dates.csv", {"dose": ["2020-01-01"]})
    (tmp_path / "empty.csv").write_text("dose\n1\n\n2\n")
    np.savez(tmp_path / "a.npz", samples=np.ones((2, 3)))
    np.savez(tmp_path / "two.npz", given=np.ones((2, 2)))
    np.savez(tmp_path / "text.npz", given=["a", "b"])
    np.savez(tmp_path / "gap.npz", given=[1.0, np.nan])
    file, message = FILES[name]
    columns = COLUMNS._replace(given=("dose",))
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        read_given(tmp_path / file, columns, in_array=file.endswith("npz"))
    assert "\n" not in str(raised.value)


TABLES = {
    "unknown": ({"given": ("twn",)}, "data.given: there is no column 'twn'"),
    "left out": (
        {"given": ("town",), "without": ("town",)},
        "data.without has the column of data.given, 'town'",
    ),
    "constant": ({"given": ("country",)}, "column 'country' is constant"),
    "all": (
        {"given": ("height", "visits", "rooms", "town")},
        "data.given has every column that is not constant",
    ),
    "no other": ({"given": ("town",), "columns": ("town",)}, "no column of"),
}


@pytest.mark.parametrize("name", TABLES)
def test_columns_that_are_no_conditions_are_refused_in_one_line(name, tmp_path):
    options, message = TABLES[name]
    path = write_csv(tmp_path / "a.csv", rows())
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        open_table("csv", path, TableOptions(**options))
    assert "\n" not in str(raised.value)


def test_given_columns_are_read_beside_the_chosen_ones(tmp_path):
    path = write_csv(tmp_path / "a.csv", rows())
    dataset = open_table(
        "csv", path, TableOptions(given=("town",), columns=("height",))
    )
    assert [each.name for each in dataset.columns.columns] == ["height", "town"]
