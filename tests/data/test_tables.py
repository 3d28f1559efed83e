"""Tables of a user's own: what is read of them, what is refused, and the way back."""

import json
import re
from itertools import chain

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import key
from tests.hostile import cases
from wgan_gp.data import columns as meaning
from wgan_gp.data import table_parts, table_rows
from wgan_gp.data.columns import CATEGORY, CONSTANT, NUMBER, WHOLE, Column, Columns
from wgan_gp.data.meanings import describe, label_column, summarise_columns
from wgan_gp.data.summaries import summarise
from wgan_gp.data.table_files import read_table
from wgan_gp.data.table_parts import read_parts
from wgan_gp.data.table_rows import TableOptions
from wgan_gp.data.tables import open_table

ROWS = 200


def rows(seed=0):
    """A table with a column of each kind."""
    random = np.random.default_rng(seed)
    return {
        "height": random.normal(170.0, 8.0, ROWS).round(3),
        "visits": random.integers(0, 1000, ROWS),
        "rooms": random.integers(1, 5, ROWS),
        "town": random.choice(["Bonn", "Köln, Deutz", "Ulm"], ROWS),
        "country": np.full(ROWS, "DE"),
    }


def write_csv(path, table, delimiter=",", encoding="utf-8"):
    quoted = lambda x: f'"{x}"' if delimiter in str(x) else str(x)  # noqa: E731
    lines = [delimiter.join(map(quoted, table))]
    lines += [delimiter.join(map(quoted, row)) for row in zip(*table.values())]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def write_parquet(path, table):
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(table), path)
    return path


def test_numbers_as_text_are_refused_as_that(tmp_path):
    codes = [f"{i % 7:05d}" for i in range(ROWS)]
    path = write_parquet(tmp_path / "a.parquet", rows() | {"zip": codes})
    with pytest.raises(ValueError, match="'zip' has numbers as text, as '00000'"):
        open_table("parquet", path)
    assert open_table("parquet", path, TableOptions(label="zip")).classes == 7


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_file_has_its_columns_by_name(tmp_path, delimiter):
    table = rows()
    raw = read_table("csv", write_csv(tmp_path / "a.csv", table, delimiter))
    assert list(raw.columns) == list(table)
    np.testing.assert_array_equal(raw.columns["height"], table["height"])
    assert raw.columns["town"].tolist() == table["town"].tolist()
    assert raw.whole == {"visits", "rooms"}


def test_parquet_has_the_same_columns_as_csv(tmp_path):
    table = rows()
    one = read_table("csv", write_csv(tmp_path / "a.csv", table))
    two = read_table("parquet", write_parquet(tmp_path / "a.parquet", table))
    assert one.whole == two.whole
    for name in table:
        assert one.columns[name].tolist() == two.columns[name].tolist()


def test_arrays_of_numpy_are_tables(tmp_path):
    samples = np.random.default_rng(0).normal(size=(50, 3))
    np.save(tmp_path / "a.npy", samples)
    np.savez(tmp_path / "one.npz", anything=samples)
    np.savez(
        tmp_path / "all.npz",
        samples=samples,
        labels=np.arange(50) % 2,
        columns=["u", "v", "w"],
    )
    for kind, name in (("npy", "a.npy"), ("npz", "one.npz")):
        raw = read_table(kind, tmp_path / name)
        assert list(raw.columns) == ["x1", "x2", "x3"]
        np.testing.assert_array_equal(raw.columns["x2"], samples[:, 1])
    raw = read_table("npz", tmp_path / "all.npz")
    assert list(raw.columns) == ["u", "v", "w", "label"]
    assert set(raw.columns["label"]) == {0.0, 1.0}


def test_each_column_has_its_kind_and_comes_back(tmp_path):
    table = rows()
    dataset = open_table("csv", write_csv(tmp_path / "a.csv", table))
    found = dataset.columns
    kinds = {each.name: each.kind for each in found.columns}
    assert kinds == {
        "height": NUMBER,
        "visits": WHOLE,
        "rooms": CATEGORY,
        "town": CATEGORY,
        "country": CONSTANT,
    }
    assert dataset.shape == (1 + 1 + 4 + 3,)
    assert found.categories == ((2, 6), (6, 9))
    raw = read_table("csv", tmp_path / "a.csv")
    back = found.decode(found.encode(raw.columns))
    np.testing.assert_allclose(back["height"], table["height"], rtol=1e-6)
    for name in ("visits", "rooms", "town", "country"):
        assert back[name].tolist() == table[name].tolist()
    assert back["visits"].dtype == np.int64


def test_the_training_rows_have_mean_0_and_deviation_1(tmp_path):
    dataset = open_table("csv", write_csv(tmp_path / "a.csv", rows()))
    drawn = np.asarray(dataset.sample(key(), 20_000))[:, :2]
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(drawn.std(axis=0), 1, atol=0.03)
    held = np.asarray(dataset.held_out(key(), dataset.held_out_count))
    assert held.shape == (20, 9)
    assert len(np.unique(held, axis=0)) == 20
    train = {tuple(row) for row in np.asarray(dataset.sample(key(1), 5000)).tolist()}
    assert not train & {tuple(row) for row in held.tolist()}
    with pytest.raises(ValueError, match="holds out 20 samples"):
        dataset.held_out(key(), 21)


@pytest.mark.parametrize("label", ["town", "rooms", "visits"])
def test_a_label_is_a_category_of_any_size_and_a_condition(label, tmp_path):
    path = write_csv(tmp_path / "a.csv", rows())
    dataset = open_table("csv", path, TableOptions(label=label, without=("country",)))
    names = sorted({str(each) for each in rows()[label]})
    assert sorted(dataset.class_names) == names
    assert dataset.classes == len(names)
    told = list(dataset.columns.told)
    assert len(told) == len(names)
    vectors = np.asarray(jax.jit(dataset.sample, static_argnums=1)(key(), 500))
    assert (vectors[:, told].sum(axis=1) == 1).all()
    shares = dataset.class_shares
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(vectors[:, told].mean(axis=0), shares, atol=0.1)


def test_columns_can_be_chosen_and_left_out(tmp_path):
    path = write_csv(tmp_path / "a.csv", rows())
    names = lambda dataset: [each.name for each in dataset.columns.columns]  # noqa: E731
    assert names(
        open_table("csv", path, TableOptions(columns=("rooms", "height")))
    ) == [
        "height",
        "rooms",
    ]
    assert "town" not in names(open_table("csv", path, TableOptions(without=("town",))))


def test_a_few_of_very_many_columns_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setattr(table_rows, "MOST_COLUMNS", 5)
    path = tmp_path / "a.npy"
    np.save(path, np.random.default_rng(0).normal(size=(40, 6)))
    with pytest.raises(ValueError, match=r"6 columns .* more than 5: choose some by"):
        open_table("npy", path)
    assert open_table("npy", path, TableOptions(columns=("x3", "x6"))).shape == (2,)


def test_missing_values_are_counted_and_their_rows_left_out(tmp_path):
    table = rows()
    table["height"] = [*table["height"][:-3].tolist(), "", "NA", "nan"]
    table["town"] = ["", *table["town"][1:].tolist()]
    dataset = open_table("csv", write_csv(tmp_path / "a.csv", table))
    (note,) = (each for each in dataset.notes if "missing" in each)
    assert "4 of 200 rows" in note
    assert "3 in 'height', 1 in 'town'" in note
    assert dataset.count + 2 * dataset.held_out_count == 196


def test_notes_say_what_a_user_should_know(tmp_path):
    table = rows()
    table["income"] = np.where(np.arange(ROWS) == 5, 1e9, table["height"])
    path = write_csv(tmp_path / "a.csv", {n: [*v, v[0]] for n, v in table.items()})
    notes = "\n".join(open_table("csv", path, TableOptions(most_values=3)).notes)
    assert "constant, and filled in when rows are sampled: country" in notes
    assert "1 of 201 rows repeat others" in notes
    np.save(tmp_path / "wide.npy", np.random.default_rng(0).normal(size=(40, 64)))
    (note,) = open_table("npy", tmp_path / "wide.npy").notes
    assert "32 rows to learn 64 entries from" in note


def test_a_file_without_a_header_has_numbered_columns(tmp_path):
    values = np.random.default_rng(0).normal(size=(50, 2))
    np.savetxt(tmp_path / "a.csv", values, delimiter=",")
    dataset = open_table("csv", tmp_path / "a.csv")
    assert dataset.count == 40
    assert any("no header line: its columns are x1 to x2" in n for n in dataset.notes)


def test_a_header_that_counts_the_columns_is_their_names(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("0,1,2\n" + "0.5,1.5,2.5\n" * 3)
    raw = read_table("csv", path)
    assert ([*raw.columns], raw.count) == (["0", "1", "2"], 3)
    assert raw.notes == (
        f"{path}: the first line counts the columns, and is their names",
    )
    path.write_text("2,1,0\n" + "0.5,1.5,2.5\n" * 3)
    raw = read_table("csv", path)
    assert ([*raw.columns], raw.count) == (["x1", "x2", "x3"], 4)
    assert raw.notes[0].endswith("are x1 to x3, and its first line is a row")


def test_delimiters_are_not_sought_in_quotes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('"Weight, kg, dry";"Height, cm"\n1.5;2\n')
    assert [*read_table("csv", path).columns] == ["Weight, kg, dry", "Height, cm"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a;b\n1,5;x\n,25;y\n", {"a": [1.5, 0.25], "b": ["x", "y"]}),
        ("a\tb\n1,234\t2,5\nNA\t3\n", {"a": [1.234, None], "b": [2.5, 3]}),
        ('a,b\n"1,5","2"\n"-2,5e1","3"\n', {"a": [1.5, -25], "b": [2, 3]}),
        ("1,5;2,5;3\n1,6;2;4\n", {"x1": [1.5, 1.6], "x2": [2.5, 2], "x3": [3, 4]}),
        # 1,234 may be a thousand and more; with points elsewhere commas are no points.
        ("a;b\n1,234;2\n5,678;3\n", {"a": ["1,234", "5,678"], "b": [2, 3]}),
        ("a;b\n1,5;2.5\n2,5;3\n", {"a": ["1,5", "2,5"], "b": [2.5, 3]}),
        ("a;b\n1,2,3;2\n2,5;3\n", {"a": ["1,2,3", "2,5"], "b": [2, 3]}),
    ],
)
def test_decimal_commas_are_read_where_they_are_sure(text, columns, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(text)
    whole, (part,) = read_table("csv", path), read_parts("csv", path)
    decimal = not any("," in str(each) for each in chain(*columns.values()))
    for raw in (whole, part):
        for name, expected in columns.items():
            found = raw.columns[name]
            wanted = np.array(expected, object if found.dtype == object else float)
            np.testing.assert_array_equal(found, wanted)
        assert any("decimal commas" in note for note in raw.notes) == decimal


def test_an_empty_line_is_a_missing_value_where_there_is_one_column(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n\n2\n")
    np.testing.assert_array_equal(read_table("csv", path).columns["a"], [1, np.nan, 2])
    path.write_text("a,b\n1,1\n\n2,2\n")
    np.testing.assert_array_equal(read_table("csv", path).columns["a"], [1, 2])


def test_the_index_that_pandas_writes_is_left_out(tmp_path):
    table = {"": np.arange(ROWS)} | rows()
    dataset = open_table("csv", write_csv(tmp_path / "a.csv", table))
    assert [each.name for each in dataset.columns.columns] == list(rows())
    assert any("counts the rows" in note for note in dataset.notes)


def test_the_index_that_pandas_writes_to_parquet_is_left_out(tmp_path):
    table = rows() | {"__index_level_0__": np.arange(ROWS) * 3}
    path = write_parquet(tmp_path / "a.parquet", table)
    for raw in (read_table("parquet", path), *read_parts("parquet", path)):
        assert [*raw.columns] == list(rows())
        assert "__index_level_0__, the index of pandas, is left out" in raw.notes[0]


def test_a_column_without_a_name_is_an_index_or_empty_or_refused(tmp_path):
    chosen = {"": np.arange(ROWS) * 3} | rows()  # as pandas writes some rows of a table
    raw = read_table("csv", write_csv(tmp_path / "a.csv", chosen))
    assert [*raw.columns] == list(rows())
    assert "another whole number in each row" in raw.notes[0]
    path = tmp_path / "b.csv"
    path.write_text("x,y,,\n" + "1,2,,\n3,4,,\n" * 20)  # lines end with delimiters
    raw = read_table("csv", path)
    assert [*raw.columns] == ["x", "y"]
    assert (
        raw.notes
        == (f"{path}: the column without a name has no values, and is left out",) * 2
    )
    lines = "".join(f"{i},{i % 7}.5,a\n" for i in range(40))
    path.write_text(f"x,,z\n{lines}")
    with pytest.raises(
        ValueError, match="'' has no name: give it one, or leave it out by"
    ):
        open_table("csv", path)
    assert open_table("csv", path, TableOptions(without=("",))).shape == (1,)
    assert open_table("csv", path, TableOptions(columns=("x",))).shape == (1,)


@pytest.mark.parametrize(
    ("header", "names"), [("5.1,NA,Iris", 0), ("x,2019,2020", 0), (",0,1", 1)]
)
def test_a_header_with_numbers_is_named(header, names, tmp_path):
    """It may be a row; the numbers that pandas gives to columns are names."""
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n1,2,3\n2,3,4\n")
    found = [note for note in read_table("csv", path).notes if "if it is a row" in note]
    assert len(found) == 1 - names


def test_digits_with_underscores_are_text(tmp_path):
    """Python reads 1_1 as 11."""
    path = tmp_path / "a.csv"
    path.write_text("1_1,1_2\n" + "".join(f"0_{i % 3},{i}\n" for i in range(40)))
    dataset = open_table("csv", path)
    assert [each.name for each in dataset.columns.columns] == ["1_1", "1_2"]
    assert dataset.columns.columns[0].values == ("0_0", "0_1", "0_2")


@pytest.mark.parametrize("empty", ["", "\n", "\n\r\n"])
def test_empty_lines_before_the_header_do_not_matter(empty, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes((empty + "a;b\n1;2\n3;4\n").encode())
    raw = read_table("csv", path)
    assert ([*raw.columns], raw.count) == (["a", "b"], 2)
    path.write_bytes((empty + "a\n1\n\n2\n").encode())
    np.testing.assert_array_equal(read_table("csv", path).columns["a"], [1, np.nan, 2])


@pytest.mark.parametrize("count", [40, 500, 2000])
def test_a_value_far_from_the_others_is_named_in_small_tables_too(count):
    values = np.random.default_rng(0).normal(size=count)
    summary = summarise_columns({"x": values})
    assert not describe(summary)[1]
    values[3] = 100
    (note,) = describe(summarise_columns({"x": values}))[1]
    others = np.delete(values, 3)
    expected = (100 - others.mean()) / others.std()
    assert f"has values {expected:,.0f} standard deviations (of the others)" in note
    values[3] = 1e12
    assert (
        "has values over 1,000,000 stand"
        in describe(summarise_columns({"x": values}))[1][0]
    )
    # A value that is not among those that the mean is of.
    values[3] = 100
    rest = np.delete(np.arange(count), 3)
    (note,) = describe(summarise_columns({"x": values}, rest))[1]
    assert f"has values {expected:,.0f} standard deviations" in note


def test_long_identifiers_are_named(tmp_path):
    table = rows() | {"id": 2**53 + np.arange(ROWS)}
    path = write_csv(tmp_path / "a.csv", table)
    notes = open_table("csv", path).notes
    assert (
        sum("'id' has whole numbers of which the first 16 digits" in n for n in notes)
        == 1
    )
    assert not open_table("csv", path, TableOptions(without=("id", "country"))).notes


def test_few_values_of_which_most_are_numbers_are_a_category(tmp_path):
    table = rows() | {"ward": [f"{'1239A'[i % 5]}" for i in range(ROWS)]}
    found = open_table("csv", write_csv(tmp_path / "a.csv", table)).columns.columns
    assert found[-1].values == ("1", "2", "3", "9", "A")


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("{0}/12/2020", "dates as text, as '1/12/2020': turn them into numbers"),
        ("{0}.12.2020 10:00", "dates as text"),
        ("{0} %", "percentages as text, as '1 %': write them as numbers, or leave"),
        ("€{0}.50", "amounts of a currency as text"),
        ("{0},250", "numbers with commas as text, as '1,250': leave thousands sep"),
        ("{0},000,250", "numbers with commas as text"),
    ],
)
def test_numbers_and_dates_as_text_are_named_unless_they_are_few(form, says):
    def column(count):
        texts = [form.format(1 + i % count, i % count) for i in range(ROWS)]
        table = {"x": np.arange(ROWS) / 7, "c": np.array(texts, object)}
        return describe(summarise_columns(table))[0].columns[1]

    with pytest.raises(ValueError, match=re.escape(says)):
        column(28)
    if "commas" not in says:
        assert column(5).kind == CATEGORY
        return
    with pytest.raises(ValueError, match="numbers with commas as text"):
        column(5)


@pytest.mark.parametrize(
    "form", ["{0}.1{1}.0", "1{0}-2{1}-30", "{0}.{1}.12", "a{0}/1/2"]
)
def test_versions_and_part_numbers_are_categories(form):
    texts = [form.format(i % 28, i % 9) for i in range(ROWS)]
    table = {"x": np.arange(ROWS) / 7, "c": np.array(texts, object)}
    assert describe(summarise_columns(table))[0].columns[1].kind == CATEGORY


def test_parts_of_a_table_may_judge_a_column_without_a_name_otherwise(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(table_parts, "_ROWS", 50)
    index = [*range(50), *[7] * 50]
    path = write_parquet(tmp_path / "a.parquet", {"": index, "x": np.arange(100) / 7})
    parts = [*read_parts("parquet", path)]
    assert [[*each.refused] for each in parts] == [[], [""]]
    for raw in parts:
        found = table_rows.chosen_columns(raw, TableOptions(without=("",)), path)
        assert found == ["x"]


def test_a_label_has_more_values_than_one(tmp_path):
    path = write_csv(tmp_path / "a.csv", rows())
    with pytest.raises(ValueError, match="label 'country' has one value, 'DE', in all"):
        open_table("csv", path, TableOptions(label="country"))


def test_windows_text_needs_its_encoding(tmp_path):
    path = write_csv(tmp_path / "a.csv", rows(), encoding="cp1252")
    with pytest.raises(ValueError, match=r"not text in utf-8: set data.encoding"):
        open_table("csv", path)
    found = open_table("csv", path, TableOptions(encoding="cp1252")).columns.columns
    assert "Köln, Deutz" in found[3].values
    with pytest.raises(ValueError, match="'klingon' is not known"):
        open_table("csv", path, TableOptions(encoding="klingon"))


def changed(**columns):
    return {name: v for name, v in (rows() | columns).items() if v is not None}


BAD = {
    "dates": (
        changed(when=np.datetime_as_string(np.arange(ROWS).astype("datetime64[D]"))),
        {},
        "column 'when' has dates or times",
    ),
    "mixed": (
        changed(age=["unknown", *range(ROWS - 1)]),
        {},
        "column 'age' has numbers and text, as '0' and 'unknown'",
    ),
    "commas": (
        changed(age=[f"{i},5" for i in range(ROWS)]),
        {},
        "'age' has numbers with decimal commas",
    ),
    "texts": (
        changed(name=[f"n{i}" for i in range(ROWS)]),
        {"most_values": 10},
        "column 'name' has over 100 different texts in 200 rows",
    ),
    "infinite": (
        changed(age=[*range(ROWS - 1), "inf"]),
        {},
        "column 'age' of .* has infinite values, the first in row 200",
    ),
    "empty column": (changed(age=[""] * ROWS), {}, "column 'age' has no values"),
    "constant": (
        {"a": np.ones(ROWS), "b": ["x"] * ROWS},
        {},
        "every column is constant",
    ),
    "unknown column": (
        rows(),
        {"columns": ("heigth",)},
        "data.columns: there is no column 'heigth' .* did you mean height?",
    ),
    "unknown label": (rows(), {"label": "class"}, "data.label: there is no column"),
    "label left out": (
        rows(),
        {"label": "town", "without": ("town",)},
        "data.without has the column of data.label",
    ),
    "nothing left": (
        rows(),
        {"columns": ("town",), "label": "town"},
        "no column of .* is left",
    ),
    "few rows": (
        {name: v[:20] for name, v in rows().items()},
        {},
        "20 complete rows of 20: at least 30 are needed",
    ),
    "few complete rows": (
        changed(age=[*range(10), *[""] * (ROWS - 10)]),
        {},
        "10 complete rows of 200, most of them in 'age'",
    ),
    "no rows": ({name: [] for name in rows()}, {}, "has a header and no rows"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_cannot_be_learned_is_refused_in_one_line(name, tmp_path):
    table, options, message = BAD[name]
    path = write_csv(tmp_path / "a.csv", table, delimiter=";")
    with pytest.raises(ValueError, match=message) as raised:
        open_table("csv", path, TableOptions(**options))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("csv", b"", "is empty"),
        ("csv", b"a,b\n1,2,3\n", "not a readable table"),
        ("csv", b"a,a\n1,2\n", "two columns 'a'"),
        ("parquet", b"PAR1 and no more", "not a readable Parquet file"),
        ("npy", b"no array", "not an array of NumPy's"),
        ("npz", b"no archive", "not a readable .npz file"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(kind, content, message, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        read_table(kind, path)
    assert "\n" not in str(raised.value)
    with pytest.raises(ValueError, match="there is no file"):
        read_table(kind, tmp_path / "absent")


def test_arrays_of_other_shapes_and_objects_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", np.ones((4, 2)))
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    with pytest.raises(
        ValueError, match=r"an archive of arrays: rename it to .*a\.npz"
    ):
        read_table("npy", tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", np.ones((4, 2, 3)))
    with pytest.raises(ValueError, match=r"\[N, D\], got float64 \[4, 2, 3\]; series"):
        read_table("npy", tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ValueError, match="holds Python objects"):
        read_table("npy", tmp_path / "b.npy")
    np.savez(tmp_path / "c.npz", samples=np.ones((4, 2)), labels=np.ones(3))
    with pytest.raises(ValueError, match=r"labels must be \[4\]"):
        read_table("npz", tmp_path / "c.npz")
    np.savez(tmp_path / "empty.npz")
    with pytest.raises(ValueError, match=r"empty\.npz has no arrays"):
        read_table("npz", tmp_path / "empty.npz")
    named = {"samples": np.ones((4, 2)), "columns": ["label", "x"]}
    np.savez(tmp_path / "e.npz", **named, labels=np.ones(4))
    with pytest.raises(ValueError, match="has labels, and a column of the name label"):
        read_table("npz", tmp_path / "e.npz")
    np.savez(tmp_path / "d.npz", u=np.ones((4, 2)), v=np.ones(3))
    with pytest.raises(ValueError, match="no array samples"):
        read_table("npz", tmp_path / "d.npz")


def test_names_that_are_bytes_are_utf_8(tmp_path):
    values, path = np.random.default_rng(0).normal(size=(50, 2)), tmp_path / "a.npz"
    np.savez(path, samples=values, columns=[b"a", "Größe".encode()])
    assert [*read_table("npz", path).columns] == ["a", "Größe"]
    np.savez(path, samples=values, columns=[b"a", b"\xff"])
    with pytest.raises(ValueError, match="columns are bytes that are not UTF-8"):
        read_table("npz", path)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = write_csv(tmp_path / "a.csv", rows())
    from wgan_gp.data import table_files

    original = table_files.READERS["csv"]

    def reading(path, encoding):
        table = original(path, encoding)
        path.write_text(path.read_text() + "1,2,3,Ulm,DE\n", encoding="utf-8")
        return table

    monkeypatch.setitem(table_files.READERS, "csv", reading)
    with pytest.raises(ValueError, match="changed while it was read"):
        read_table("csv", path)


def summaries(table):
    return {name: summarise(values) for name, values in table.items()}


def test_a_description_survives_json():
    table = {name: np.asarray(v) for name, v in rows().items()}
    table = {
        name: v.astype(object) if v.dtype.kind == "U" else v.astype(float)
        for name, v in table.items()
    }
    made, _ = describe(summaries(table))
    assert Columns.from_record(json.loads(json.dumps(made.as_record()))) == made


NUMBERS = st.floats(-1e300, 1e300, allow_nan=False)


@cases("numbers of tables")
@given(
    st.lists(st.tuples(NUMBERS, st.integers(-(2**40), 2**40)), min_size=3, max_size=40)
)
def test_any_finite_numbers_come_back(pairs):
    numbers, integers = (np.array(each, np.float64) for each in zip(*pairs))
    if len(set(numbers)) == 1 and len(set(integers)) == 1:
        return
    table = {"x": numbers, "i": integers}
    made, _ = describe(summaries(table), most_values=2)
    vectors = made.encode(table)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    back = made.decode(vectors)
    scale = np.abs(numbers).max() + 1e-300
    np.testing.assert_allclose(back["x"] / scale, numbers / scale, atol=1e-5)
    spread = np.abs(integers).max() + 1
    assert np.abs(back["i"] - integers).max() <= 1e-5 * spread + 1
    np.testing.assert_array_equal(
        made.hardened(made.hardened(vectors)), made.hardened(vectors)
    )


def test_a_label_has_fewer_values_than_rows(tmp_path):
    path = write_csv(tmp_path / "a.csv", {"id": range(400), "x": np.arange(400) / 7})
    with pytest.raises(ValueError, match="label 'id' has 400 different values in 400"):
        open_table("csv", path, TableOptions(label="id"))
    assert len(label_column("id", range(4096), 10**6).values) == 4096
    with pytest.raises(ValueError, match="at most 4,096 can be learned as classes"):
        label_column("id", range(4097), 10**6)


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        (Column("c", CONSTANT, values=("DE",)), "<U2"),
        (Column("c", CONSTANT, values=(5.0,)), "f8"),
        (Column("w", WHOLE, 0.0, 1.0, -9.0, 9.0), "i8"),
        (Column("w", WHOLE, 0.0, 1.0, -9.0, 2.0**54), "f8"),
        (Column("c", CATEGORY, values=(1.0, 2.0)), "i8"),
        (Column("c", CATEGORY, values=(1.0, 2.0**54)), "f8"),
        (Column("c", CATEGORY, values=("a", "bc")), "<U2"),
    ],
    ids=str,
)
def test_the_type_of_a_column_does_not_depend_on_the_rows(column, dtype):
    for count in (0, 3):
        assert column.decode(np.zeros((count, column.width))).dtype == dtype


def test_soft_entries_come_back_as_the_largest():
    table = {"c": np.array(["a", "b", "c"] * 20, object)}
    made, _ = describe(summaries(table))
    soft = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]], np.float32)
    assert made.decode(soft)["c"].tolist() == ["b", "a"]
    np.testing.assert_array_equal(made.hardened(soft), [[0, 1, 0], [1, 0, 0]])
    with pytest.raises(ValueError, match="'c' has the new value 'd'"):
        made.encode({"c": np.array(["d"], object)})
    assert meaning.CATEGORY == CATEGORY
