"""Tables that are larger than memory: the rows of one read whole, in long pieces."""

import itertools
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from tests.data.test_tables import BAD, rows, write_csv, write_parquet
from tests.helpers import ROOT, key
from wgan_gp.data import shuffled_rows, streamed_tables, table_parts
from wgan_gp.data.shuffled_rows import BLOCK, BlockOrder, write_shuffled
from wgan_gp.data.streamed_tables import open_streamed_table
from wgan_gp.data.summaries import merge, summarise
from wgan_gp.data.table_parts import read_parts, table_bytes
from wgan_gp.data.table_rows import TableOptions
from wgan_gp.data.tables import open_table


@pytest.fixture(autouse=True)
def in_many_parts(monkeypatch):
    monkeypatch.setattr(table_parts, "_BLOCK", 1024)
    monkeypatch.setattr(table_parts, "_ROWS", 16)


def written(folder, kind):
    """A file of the table, of each kind that can be read in parts."""
    if kind == "npy":
        np.save(folder / "a.npy", np.random.default_rng(0).normal(size=(200, 3)))
        return folder / "a.npy"
    write = {"csv": write_csv, "parquet": write_parquet}[kind]
    return write(folder / f"a.{kind}", rows())


def all_rows(dataset):
    """Its training rows and its held-out rows, in the table's units, sorted."""
    batches = dataset.stream(dataset.count, 0)
    train = next(batches)
    batches.close()
    held = np.asarray(dataset.held_out(key(), dataset.held_out_count))
    return [as_sorted(dataset.columns.decode(each)) for each in (train, held)]


def as_sorted(table):
    return sorted(zip(*(map(str, as_rounded(v)) for v in table.values())))


def as_rounded(values):
    return values.round(3) if values.dtype.kind == "f" else values


@pytest.mark.parametrize("kind", ["csv", "parquet", "npy"])
def test_the_splits_are_those_of_a_table_read_whole(kind, tmp_path):
    path = written(tmp_path, kind)
    assert len(list(read_parts(kind, path))) >= 5
    whole = open_table(kind, path)
    parts = open_streamed_table(kind, path, cache=tmp_path / "cache")
    (vectors,) = whole.sample.args
    held = np.asarray(whole.held_out(key(), whole.held_out_count))
    expected = [
        as_sorted(whole.columns.decode(np.asarray(each))) for each in (vectors, held)
    ]
    assert all_rows(parts) == expected
    assert parts.count == whole.count == 160
    assert parts.shape == whole.shape
    kinds = [[each.kind for each in x.columns.columns] for x in (whole, parts)]
    assert kinds[0] == kinds[1]


def test_rows_with_missing_values_are_left_out_of_both(tmp_path):
    table = rows() | {"age": ["" if i % 3 == 0 else f"{i}.5" for i in range(200)]}
    path = write_csv(tmp_path / "a.csv", table)
    whole = open_table("csv", path)
    parts = open_streamed_table("csv", path, cache=tmp_path / "cache")
    assert parts.count == whole.count
    said = "67 of 200 rows have missing values (67 in 'age')"
    for dataset in (whole, parts):
        assert any(said in note for note in dataset.notes)


def test_whole_numbers_may_turn_decimal_later_and_sparse_columns_begin_later(tmp_path):
    numbers = [*range(150), *(i + 0.5 for i in range(50))]
    late = [*[""] * 150, *map(str, range(50))]
    path = write_csv(tmp_path / "a.csv", {"x": numbers, "late": late})
    found = open_streamed_table("csv", path, cache=tmp_path / "cache")
    x, late = found.columns.columns
    assert (x.kind, late.kind) == ("number", "whole")
    path = write_csv(tmp_path / "b.csv", {"x": [*range(500), *["ten"] * 10]})
    with pytest.raises(ValueError, match=r"not a readable table: .*'ten'.*bytes$"):
        open_streamed_table("csv", path, cache=tmp_path / "cache")
    long = ["a", "b\n" * 3000, *["a"] * 198]
    quoted = {"x": range(200), "text": [f'"{each}"' for each in long]}
    path = write_csv(tmp_path / "c.csv", quoted)
    with pytest.raises(ValueError, match=r"parts of 16 MiB, .* raise data\.resident"):
        open_streamed_table("csv", path, cache=tmp_path / "cache")


def test_columns_that_are_left_out_may_hold_anything(tmp_path):
    path = write_csv(
        tmp_path / "a.csv",
        rows() | {"id": [*range(190), *["A7"] * 10], "flag": ["true"] * 199 + ["?"]},
    )
    for options in (
        {"without": ("id", "flag")},
        {"columns": ("height",), "label": "town"},
        {"columns": ("height",), "given": ("rooms",)},
    ):
        whole = open_table("csv", path, TableOptions(**options))
        parts = open_streamed_table(
            "csv", path, TableOptions(**options), cache=tmp_path / "cache"
        )
        assert parts.shape == whole.shape
        assert parts.columns.told == whole.columns.told


def test_a_column_without_a_name_may_count_the_rows(tmp_path):
    path = write_csv(tmp_path / "a.csv", {"": range(200)} | rows())
    whole = open_table("csv", path)
    parts = open_streamed_table("csv", path, cache=tmp_path / "cache")
    assert whole.notes[0] == parts.notes[0]
    assert parts.shape == whole.shape


@pytest.mark.parametrize("label", ["rooms", "town"])
def test_a_part_may_have_no_complete_row(label, tmp_path):
    table = rows() | {"late": ["" if i < 120 else f"{i % 7}.5" for i in range(200)]}
    path = write_csv(tmp_path / "a.csv", table)
    whole = open_table("csv", path, TableOptions(label=label))
    parts = open_streamed_table(
        "csv", path, TableOptions(label=label), cache=tmp_path / "cache"
    )
    assert parts.class_names == whole.class_names
    assert parts.count == whole.count == 64


def test_a_label_has_the_shares_of_the_training_rows(tmp_path):
    path = write_csv(tmp_path / "a.csv", rows())
    whole = open_table("csv", path, TableOptions(label="town"))
    parts = open_streamed_table(
        "csv", path, TableOptions(label="town"), cache=tmp_path / "cache"
    )
    assert parts.class_names == whole.class_names
    np.testing.assert_allclose(parts.class_shares, whole.class_shares, atol=1e-6)


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused_whole_is_refused_in_parts(name, tmp_path):
    table, options, message = BAD[name]
    path = write_csv(tmp_path / "a.csv", table, delimiter=";")
    message = message.replace("'age' has no values", "'age' of .* has no values")
    with pytest.raises(ValueError, match=message) as raised:
        open_streamed_table(
            "csv", path, TableOptions(**options), cache=tmp_path / "cache"
        )
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "cache").exists()


def test_archives_and_other_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", np.ones((40, 2)))
    np.save(tmp_path / "b.npy", np.ones((4, 2, 3)))
    for kind, name, message in (
        ("npz", "a.npz", "cannot be read in parts: save it by numpy.save"),
        ("npy", "b.npy", r"numbers \[N, D\], got float64 \[4, 2, 3\]"),
        ("csv", "absent.csv", "there is no file"),
    ):
        with pytest.raises(ValueError, match=message):
            open_streamed_table(kind, tmp_path / name, cache=tmp_path / "cache")


def test_the_rows_are_written_once_and_again_after_a_change(tmp_path, monkeypatch):
    path, cache = write_csv(tmp_path / "a.csv", rows()), tmp_path / "cache"
    first = open_streamed_table("csv", path, cache=cache)
    reads = []
    original = streamed_tables.read_parts
    monkeypatch.setattr(
        streamed_tables,
        "read_parts",
        lambda *args, **options: reads.append(args) or original(*args, **options),
    )
    again = open_streamed_table("csv", path, cache=cache)
    assert not reads
    assert again.columns == first.columns
    assert again.notes == first.notes
    assert all_rows(again) == all_rows(first)
    open_streamed_table("csv", path, TableOptions(without=("town",)), cache=cache)
    assert len(reads) == 2
    os.utime(path, ns=(1, 1))
    open_streamed_table("csv", path, cache=cache)
    assert len(reads) == 4
    assert len(list(cache.iterdir())) == 3


def test_an_interrupted_write_leaves_nothing_and_damage_is_said(tmp_path, monkeypatch):
    path, cache = write_csv(tmp_path / "a.csv", rows()), tmp_path / "cache"

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(streamed_tables, "write_shuffled", full)
        with pytest.raises(OSError, match="No space left on device: free some"):
            open_streamed_table("csv", path, cache=cache)
        assert not list(cache.iterdir())
        patch.setattr(
            shutil, "disk_usage", lambda _: SimpleNamespace(total=1, used=1, free=0)
        )
        with pytest.raises(ValueError, match=r"0\.0 GB are free: name another folder"):
            open_streamed_table("csv", path, cache=cache)
    open_streamed_table("csv", path, cache=cache)
    (folder,) = cache.iterdir()
    (folder / "train.npy").write_bytes(b"no array")
    with pytest.raises(ValueError, match=r"damaged .* remove the folder"):
        open_streamed_table("csv", path, cache=cache)

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(np, "load", denied)
    with pytest.raises(ValueError, match=r"another user's .* data\.cache"):
        open_streamed_table("csv", path, cache=cache)


def test_what_a_killed_process_left_is_removed_and_what_is_written_stays(tmp_path):
    path, cache = write_csv(tmp_path / "a.csv", rows()), tmp_path / "cache"
    program = f"""
import os, pathlib, time
from wgan_gp.data.drafts import LOCK, draft_folder
with draft_folder(pathlib.Path({str(cache / "b")!r})) as draft:
    (draft / "train.npy").write_bytes(b"rows")
    os.utime(draft / LOCK, (1, 1))
    print(flush=True)
    time.sleep(60)
"""
    cache.mkdir()
    (cache / ".mine").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        open_streamed_table("csv", path, cache=cache)
        assert len(list(cache.glob(".b-*/train.npy"))) == 1
        other.kill()
    assert len(list(cache.glob(".b-*/train.npy"))) == 1
    open_streamed_table("csv", path, TableOptions(without=("town",)), cache=cache)
    assert sorted(each.name[:2] for each in cache.iterdir()) == [".m", "a-", "a-"]


def test_samples_are_drawn_before_training_but_not_within_it(tmp_path):
    dataset = open_streamed_table(
        "npy", written(tmp_path, "npy"), cache=tmp_path / "cache"
    )
    drawn = np.asarray(dataset.sample(key(), 1000))
    assert drawn.shape == (1000, 3)
    np.testing.assert_allclose(drawn.std(axis=0), 1, atol=0.15)
    with pytest.raises(ValueError, match="the data set is streamed"):
        jax.eval_shape(lambda k: dataset.sample(k, 5), key())


def test_an_epoch_of_batches_has_every_row_once_on_any_number_of_hosts(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(shuffled_rows, "BLOCK", 8)
    dataset = open_streamed_table(
        "npy", written(tmp_path, "npy"), cache=tmp_path / "cache"
    )

    def batches(count, seed=0):
        stream = dataset.stream(20, seed)
        taken = list(itertools.islice(stream, count))
        state = stream.get_state()
        stream.close()
        return taken, state

    first, state = batches(16)
    one, two = (np.concatenate(each) for each in (first[:8], first[8:]))
    assert len(np.unique(one, axis=0)) == len(np.unique(two, axis=0)) == 160
    assert not np.array_equal(one, two)
    assert not np.array_equal(one, np.concatenate(batches(8, seed=1)[0]))
    resumed = dataset.stream(20, 0)
    resumed.set_state(batches(5)[1])
    np.testing.assert_array_equal(next(resumed), first[5])
    resumed.close()
    assert state["batches"] == 16

    monkeypatch.setattr(jax, "process_count", lambda: 2)
    halves = []
    for host in (0, 1):
        monkeypatch.setattr(jax, "process_index", lambda host=host: host)
        halves.append(batches(3)[0])
    for i in range(3):
        both = np.concatenate([halves[0][i], halves[1][i]])
        np.testing.assert_array_equal(both, first[i])


def test_rows_are_written_at_their_places_in_buckets(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(1000, 5)).astype(np.float32)
    places = rng.permutation(1000)
    parts = ((places[i : i + 70], values[i : i + 70]) for i in range(0, 1000, 70))
    path = tmp_path / "rows.npy"
    write_shuffled(path, parts, (1000, 5), bucket_bytes=2000)
    np.testing.assert_array_equal(np.load(path)[places], values)
    assert [each.name for each in tmp_path.iterdir()] == ["rows.npy"]


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
def test_the_order_of_an_epoch_has_all_rows_in_blocks(count):
    order = BlockOrder(count, seed=3)
    for epoch in (0, 1, 7):
        found = order.rows(epoch * count, (epoch + 1) * count)
        assert sorted(found.tolist()) == list(range(count))
    across = order.rows(count - 1, count + 1)
    assert across[0] == order.rows(0, count)[-1]
    assert across[1] == order.rows(count, 2 * count)[0]
    if count == 1000:
        blocks = found[: count // BLOCK * BLOCK].reshape(-1, BLOCK)
        assert (np.diff(blocks, axis=1) == 1).all()
        assert (found != order.rows(0, count)).any()
        assert (BlockOrder(count, 4).rows(0, count) != order.rows(0, count)).any()


@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200])
def test_summaries_of_parts_make_that_of_the_whole(scale):
    values = scale * np.random.default_rng(0).normal(5, 2, 300)
    whole = summarise(values)
    merged = summarise(values[:7])
    for part in (values[7:100], values[100:101], values[101:]):
        merged = merge(merged, summarise(part))
    np.testing.assert_allclose(merged[5:], whole[5:], rtol=1e-12)
    assert merged.distinct == whole.distinct
    few = merge(summarise(values[:9], most=4), summarise(values[9:], most=4))
    assert 4 < len(few.distinct) <= 10


def test_the_size_of_a_table_is_that_of_its_numbers(tmp_path):
    assert table_bytes("parquet", written(tmp_path, "parquet")) == 8 * 200 * 5
    path = written(tmp_path, "csv")
    assert table_bytes("csv", path) == path.stat().st_size
    for kind in ("csv", "parquet"):
        assert table_bytes(kind, tmp_path / "absent") == 0
    (tmp_path / "junk").write_bytes(b"junk")
    assert table_bytes("parquet", tmp_path / "junk") == 0


def test_conditions_are_those_of_training_rows(tmp_path):
    path = write_csv(tmp_path / "a.csv", rows())
    given = ("town", "height")
    whole = open_table("csv", path, TableOptions(given=given))
    parts = open_streamed_table(
        "csv", path, TableOptions(given=given), cache=tmp_path / "cache"
    )
    assert parts.columns.given == given
    assert parts.conditions.shape == whole.conditions.shape == (160, 4)
    units = [
        as_sorted(each.columns.conditions.decode(each.conditions))
        for each in (whole, parts)
    ]
    assert units[0] == units[1]
