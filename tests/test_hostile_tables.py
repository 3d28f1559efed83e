"""Generated tables, series and texts: they are learned, or refused in one line.

What can be read must be finite, of the width that is said, and come back.
"""

import io
from functools import partial

import numpy as np
import pyarrow
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from tests.helpers import key
from tests.hostile import cases, refusal
from wgan_gp.data.columns import CATEGORY, NUMBER, WHOLE, Column, Columns
from wgan_gp.data.given_rows import read_given
from wgan_gp.data.sequences import open_series
from wgan_gp.data.streamed_tables import open_streamed_table
from wgan_gp.data.table_rows import TableOptions
from wgan_gp.data.tables import open_table
from wgan_gp.data.text import decode, encode, read_lines

# Cells as people have them.
NUMBERS = st.one_of(
    st.integers(-5, 5).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(repr),
    st.sampled_from(["", "NA", "NaN", "nan", "null", "inf", "-inf", "1e400", "1e-400"]),
    st.sampled_from(
        ["1,5", "1 000", "0x10", "1_000", "+3", ".5", "5.", "-", "%3", "€9"]
    ),
)
WORDS = st.one_of(
    st.sampled_from(
        ["a", "b", "yes", "no", "true", "False", " a", "a ", "A", "ä", "é"]
    ),
    st.sampled_from(["2020-01-01", "12:30", "2020-01-01 12:30:00", "01.02.2020"]),
    st.text(max_size=8),
)
COLUMNS = st.sampled_from(
    [NUMBERS, WORDS, st.one_of(NUMBERS, WORDS), st.just("1"), st.just("")]
)
NAMES = st.one_of(
    st.sampled_from(["x", "y", "x ", "", "label", "1", "a,b", 'a"b', "x\ny", "é", "#"]),
    st.text(min_size=1, max_size=6),
)


@st.composite
def tables(draw):
    """Names, and a list of the cells of each column; 28 to 60 rows."""
    width = draw(st.integers(1, 4))
    count = draw(st.sampled_from([0, 1, 29, 30, 45]))
    kinds = [draw(COLUMNS) for _ in range(width)]
    columns = []
    for kind in kinds:
        few = draw(st.lists(kind, min_size=1, max_size=6))
        # A column of numbers that vary, with the drawn cells among them.
        usual = [str(i * 1.5) for i in range(count)] if draw(st.booleans()) else few
        cells = [(few if i % 7 == 0 else usual)[i % len(few)] for i in range(count)]
        columns.append(cells)
    usual = [f"x{i}" for i in range(width)]
    return [draw(NAMES) for _ in range(width)] if draw(
        st.booleans()
    ) else usual, columns


def as_csv(names, columns, delimiter=",", quoted=True):
    def cell(text):
        return '"' + text.replace('"', '""') + '"' if quoted and text else text

    rows = [names, *zip(*columns)]
    return "\n".join(delimiter.join(map(cell, row)) for row in rows) + "\n"


def opened(kind, path, opener=open_table, **options):
    """The set that a file makes; None if it is refused by name."""
    found = []
    line = refusal(lambda: found.append(opener(kind, path, TableOptions(**options))))
    assert line is None or str(path) in line or "column" in line or "data." in line
    return found[0] if found else None


def assert_learnable(dataset):
    vectors = np.asarray(dataset.sample(key(), 50))
    assert vectors.shape == (50, dataset.columns.width) == (50, *dataset.shape)
    assert np.isfinite(vectors).all()
    held = np.asarray(dataset.held_out(key(), dataset.held_out_count))
    assert np.isfinite(held).all()
    back = dataset.columns.decode(held)
    again = dataset.columns.encode(back)
    np.testing.assert_allclose(again, held, atol=1e-3 * (1 + np.abs(held).max()))


@cases("tables")
@given(
    tables(),
    st.sampled_from([",", ";", "\t", "|"]),
    st.booleans(),
    st.sampled_from([*["utf-8"] * 6, "utf-8-sig", "latin-1", "utf-16"]),
)
def test_a_csv_file_is_learned_or_refused(tmp_path, table, delimiter, quoted, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(as_csv(*table, delimiter, quoted).encode(encoding, "replace"))
    dataset = opened("csv", path)
    streamed = partial(open_streamed_table, cache=tmp_path / "cache")
    in_parts = opened("csv", path, streamed)
    assert (dataset is None) == (in_parts is None)
    if dataset is not None:
        assert_learnable(dataset)
        assert_learnable(in_parts)
        kinds = [[each.kind for each in x.columns.columns] for x in (dataset, in_parts)]
        assert kinds[0] == kinds[1]


def good_bytes(kind):
    """The bytes of a file that can be read."""
    values = np.random.default_rng(0).normal(size=(40, 3))
    file = io.BytesIO()
    if kind == "npy":
        np.save(file, values)
    elif kind == "npz":
        np.savez(
            file, samples=values, columns=["a", "b", "c"], labels=np.arange(40) % 3
        )
    elif kind == "parquet":
        columns = dict(zip("abc", values.T)) | {"t": ["u", "v"] * 20}
        parquet.write_table(pyarrow.table(columns), file)
    else:
        names = ["a", "b", "c"]
        columns = [[repr(each) for each in column] for column in values.T.tolist()]
        file.write(as_csv(names, columns).encode())
    return file.getvalue()


GOOD = {kind: good_bytes(kind) for kind in ("csv", "npy", "npz", "parquet")}


@cases("damaged tables")
@given(
    st.sampled_from(sorted(GOOD)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), max_size=4),
    st.floats(0, 1),
)
def test_a_damaged_file_is_read_or_refused(tmp_path, kind, changes, kept):
    data = bytearray(GOOD[kind])
    for place, patch in changes:
        at = int(place * len(data))
        data[at : at + len(patch)] = patch
    if kept < 0.4:
        data = data[: int(2.5 * kept * len(data))]
    path = tmp_path / f"a.{kind}"
    path.write_bytes(data)
    dataset = opened(kind, path)
    if dataset is not None:
        assert_learnable(dataset)


@cases("labels of tables")
@given(st.lists(st.one_of(NUMBERS, WORDS), min_size=1, max_size=5))
def test_a_label_is_a_condition_or_refused(tmp_path, labels):
    path = tmp_path / "a.csv"
    columns = [
        [str(1.5 * i) for i in range(40)],
        [labels[i % len(labels)] for i in range(40)],
    ]
    path.write_text(as_csv(["x", "label"], columns), encoding="utf-8")
    dataset = opened("csv", path, label="label")
    if dataset is not None:
        assert_learnable(dataset)
        assert len(dataset.class_names) == dataset.classes == len(dataset.class_shares)


KNOWN = Columns(
    (
        Column("n", NUMBER, 1.0, 2.0),
        Column("w", WHOLE, 0.0, 2.0, -5.0, 5.0),
        Column("t", CATEGORY, values=("1", "a", "yes", "é")),
        Column("c", CATEGORY, values=(1.0, 2.0)),
    ),
    given=("n", "w", "t", "c"),
)


@cases("rows of conditions")
@given(
    st.lists(st.one_of(NUMBERS, WORDS), min_size=1, max_size=4),
    st.sampled_from(["n", "w", "t", "c"]),
)
def test_rows_of_a_file_are_conditions_or_refused(tmp_path, cells, name):
    path = tmp_path / "a.csv"
    usual = {"n": "1.5", "w": "-3", "t": "é", "c": "2"}
    columns = [cells if each == name else [usual[each]] * len(cells) for each in usual]
    path.write_text(as_csv(list(usual), columns), encoding="utf-8")
    found = []
    line = refusal(lambda: found.append(read_given(path, KNOWN, in_array=False)))
    assert line is None or str(path) in line
    if line is None:
        assert found[0].shape == (len(cells), KNOWN.width)
        assert np.isfinite(found[0]).all()
        back = KNOWN.encode(KNOWN.decode(found[0]))
        np.testing.assert_allclose(back, found[0], rtol=1e-5, atol=1e-5)


@cases("series")
@given(
    st.sampled_from(
        ["<f4", "<f8", ">f8", "<f2", "<i8", "|u1", "|b1", "<c8", "<U3", "M8[D]"]
    ),
    st.lists(st.sampled_from([0, 1, 2, 3, 40]), max_size=4),
    st.sampled_from([0.0, 1.0, 1e300, -1e-300, np.nan, np.inf]),
    st.booleans(),
)
def test_series_are_learned_or_refused(tmp_path, dtype, shape, odd, varied):
    array = np.zeros(shape)
    if array.size:
        if varied:
            array = np.random.default_rng(0).normal(size=shape)
        array.flat[array.size // 2] = odd
    with np.errstate(all="ignore"):
        array = array.astype("i8" if dtype == "M8[D]" else dtype).astype(dtype)
    path = tmp_path / "a.npz"
    np.savez(path, array)
    found = []
    line = refusal(lambda: found.append(open_series(path)), str(path))
    if line is None:
        drawn = np.asarray(found[0].sample(key(), 20))
        assert drawn.shape == (20, *found[0].shape)
        assert np.isfinite(drawn).all()


@cases("lines of text")
@given(
    st.lists(st.text(max_size=12), max_size=6),
    st.binary(max_size=20),
    st.integers(1, 9),
    st.integers(3, 9),
)
def test_lines_are_learned_or_refused(tmp_path, lines, junk, length, characters):
    path = tmp_path / "a.txt"
    text = "\n".join(lines * 40).encode("utf-8", "replace")
    path.write_bytes(text + (junk if len(junk) % 2 else b""))
    found = []

    def read():
        found.append(encode(read_lines(path)[0], length, characters, str(path)))

    if refusal(read, str(path)) is None:
        (text,) = found
        assert text.codes.shape[1] == length
        assert 3 <= len(text.characters) <= characters
        back = decode(np.eye(len(text.characters))[text.codes], text.characters)
        assert all(len(line) == length for line in back)
