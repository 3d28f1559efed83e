"""Tables that are larger than memory: their rows are written once, and streamed.

`open_streamed_table` reads the file twice, in parts: once to say what its columns mean,
and once to write its rows as vectors into a folder, in a random order. Training then
reads batches from there, and so does every later run on the same table with the same
settings. The splits are those of a table that is read whole (`tables`).
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.data.arrays import without_repetition
from wgan_gp.data.columns import Columns
from wgan_gp.data.conditions import MOST, told_fields, with_given
from wgan_gp.data.drafts import draft_folder, remove_abandoned
from wgan_gp.data.meanings import describe, summarise_columns
from wgan_gp.data.shuffled_rows import as_drawn, open_stream, write_shuffled
from wgan_gp.data.sources import split_indices
from wgan_gp.data.summaries import Summary, merge
from wgan_gp.data.table_parts import PART_READERS, read_parts
from wgan_gp.data.table_rows import (
    ALL_COLUMNS,
    Gaps,
    TableOptions,
    as_classes,
    chosen_columns,
    complete_rows,
    naming,
)
from wgan_gp.system.files import unchanged, write_json, writing

HELD_OUT = 100_000  # rows at most, which are kept in memory
_FORMAT = 2  # of the folder; another one is written anew
_SEED = 1  # of the order on disk


def open_streamed_table(
    kind: str,
    path: Path,
    options: TableOptions = ALL_COLUMNS,
    *,
    cache: Path,
) -> Dataset:
    """Opens a table whose rows are streamed from disk.

    Args:
      kind: "csv", "parquet" or "npy".
      path: of the file.
      options: how it is read; by default all columns are learned.
      cache: folder for the rows, 4 bytes an entry, and twice as many while they are
        written.

    Returns:
      The data set, with a `stream` of batches `[L, D]`. Means and deviations are those
      of all rows; at most `HELD_OUT` rows are held out.

    Raises:
      ValueError: as `tables.open_table`; or the file is an .npz, which cannot be read
        in parts.
      WriteError: the rows cannot be written.
    """
    if kind not in PART_READERS:
        raise ValueError(
            f"{path} is larger than data.resident_bytes and an .npz file cannot be read"
            " in parts: save it by numpy.save or as Parquet, or raise"
            " data.resident_bytes"
        )
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    folder = cache / f"{path.stem}-{_digest(kind, path, options)}"
    reading = partial(_complete_parts, kind, path, options)
    if not folder.is_dir():
        with unchanged(path):
            described, gaps, notes = _survey(reading, path, options)
            with naming(path):
                described = with_given(described, options.given)
            record = {
                "columns": described.as_record(),
                "rows": gaps.complete,
                "notes": notes,
            }
            _write(folder, record, described, reading)
    return _opened(folder, f"{kind}:{path}")


def _digest(kind: str, path: Path, options: TableOptions) -> str:
    """Names a table as it is now, and how it is read."""
    found, how = path.stat(), options._asdict()
    text = json.dumps(
        [_FORMAT, kind, str(path.resolve()), found.st_size, found.st_mtime_ns, how]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _complete_parts(
    kind: str, path: Path, options: TableOptions
) -> Iterator[tuple[dict[str, np.ndarray], Gaps, frozenset[str], tuple[str, ...]]]:
    """Parts of the rows without missing values; see `complete_rows`."""
    before, label = 0, options.label
    used = {*(options.columns or ()), *options.given, label}

    def needed(name: str) -> bool:
        return name not in options.without and (options.columns is None or name in used)

    for raw in read_parts(kind, path, encoding=options.encoding, needed=needed):
        names = chosen_columns(raw, options, path)
        values, gaps = complete_rows(raw, names, path, before)
        if label is not None and gaps.complete:
            values[label] = as_classes(values[label], label, path)
        before += raw.count
        yield values, gaps, raw.whole, raw.notes


def _survey(
    reading: Any, path: Path, options: TableOptions
) -> tuple[Columns, Gaps, list[str]]:
    """What the columns mean, and how many rows there are: a first look at all parts."""
    summaries: dict[str, Summary] = {}
    meant = {"most_values": options.most_values, "label": options.label}
    gaps, notes = None, ()
    for values, more, whole, said in reading():
        notes = notes or said
        gaps = more if gaps is None else gaps + more
        found = summarise_columns(values, whole=whole, **meant)
        summaries = {
            name: merge(summaries[name], each) if name in summaries else each
            for name, each in found.items()
        }
    if gaps is None or not gaps.rows:
        raise ValueError(f"{path} has a header and no rows")
    gaps.check(path)
    with naming(path):
        described, more_notes = describe(summaries, **meant)
    return described, gaps, [*notes, *gaps.notes(path), *more_notes]


def _write(folder: Path, record: Any, columns: Columns, reading: Any) -> None:
    """Writes the rows of both splits into a folder, which is there once complete."""
    count = record["rows"]
    places = np.full(count, -1, np.int64)
    training = np.zeros(count, bool)
    for split in ("train", "validation"):
        indices = split_indices(count, split)
        places[indices] = np.random.RandomState(_SEED).permutation(len(indices))
        training[indices] = split == "train"
    learned = int(training.sum())
    held = ~training & (places >= 0) & (places < HELD_OUT)
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder.parent)
        _check_space(folder.parent, 2 * 4 * count * columns.width)
        with draft_folder(folder) as draft:
            kept = np.empty((int(held.sum()), columns.width), np.float32)
            totals = np.zeros(columns.width)
            write_shuffled(
                draft / "train.npy",
                _encoded(reading, columns, training, places, held, kept, totals),
                (learned, columns.width),
            )
            record["means"] = (totals / learned).tolist()
            np.save(draft / "held_out.npy", kept)
            write_json(draft / "table.json", record)


def _encoded(
    reading: Any,
    columns: Columns,
    training: np.ndarray,
    places: np.ndarray,
    held: np.ndarray,
    kept: np.ndarray,
    totals: np.ndarray,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places and rows of the training split.

    Rows that are held out go into `kept`, and the sums of training rows into `totals`.
    """
    start = 0
    for values, gaps, _, _ in reading():
        here = slice(start, start := start + gaps.complete)
        rows = columns.encode(values)
        kept[places[here][held[here]]] = rows[held[here]]
        train = rows[training[here]]
        totals += train.sum(axis=0, dtype=np.float64)
        yield places[here][training[here]], train


def _check_space(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise ValueError(
            f"the table's rows take {size / 1e9:.1f} GB in {folder} while they are"
            f" written, and {free / 1e9:.1f} GB are free: name another folder by"
            " data.cache, or leave columns out"
        )


def _opened(folder: Path, name: str) -> Dataset:
    try:
        record = json.loads((folder / "table.json").read_text(encoding="utf-8"))
        columns = Columns.from_record(record["columns"])
        train = np.load(folder / "train.npy", mmap_mode="r")
        held_out = np.load(folder / "held_out.npy")
        notes, means = tuple(record["notes"]), np.array(record["means"])
    except PermissionError as error:
        raise ValueError(
            f"the rows in {folder} are another user's ({error}): name another folder by"
            " data.cache"
        ) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"the rows in {folder} are damaged ({error}): remove the folder, and they"
            " are written again"
        ) from None
    size, told = train.nbytes / 1e9, list(columns.told)
    fields = told_fields(columns, train[:MOST, told])  # in a random order
    if columns.label is not None:
        fields["class_shares"] = means[told]
    return Dataset(
        name,
        (columns.width,),
        partial(as_drawn, train),
        held_out=without_repetition(held_out, name),
        held_out_count=len(held_out),
        count=len(train),
        notes=(*notes, f"{name} is streamed from {folder} ({size:.2f} GB)"),
        stream=partial(open_stream, train, name),
        columns=columns,
        **fields,
    )
