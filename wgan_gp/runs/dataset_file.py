"""`dataset.json`: the description of the data set that a run's folder holds.

With it, a run can be sampled from on a machine that does not have the data. Conditions
to draw from, where a generator is told any, are beside it in `conditions.npy`.
"""

import io
import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp import data
from wgan_gp.data import Dataset
from wgan_gp.data.columns import Column, Columns
from wgan_gp.data.numpy_files import read_npy
from wgan_gp.devices import hosts
from wgan_gp.system.failures import one_line
from wgan_gp.system.files import write_bytes, write_json
from wgan_gp.system.values import show

NAME = "dataset.json"
CONDITIONS = "conditions.npy"


def write(workdir: Path, dataset: Dataset) -> None:
    """Writes `dataset.json`, and `conditions.npy` if there are any, on the first host.

    Args:
      workdir: the run's folder.
      dataset: the data set that the run trains on.

    Raises:
      WriteError: a file cannot be written.
    """
    if dataset.conditions is not None:
        content = io.BytesIO()
        np.save(content, dataset.conditions)
        file = workdir / CONDITIONS
        hosts.on_first_host(partial(write_bytes, file, content.getvalue()))
    shares = dataset.class_shares
    record = {
        "name": dataset.name,
        "shape": list(dataset.shape),
        "count": dataset.count,
        "classes": dataset.classes,
        "class_names": dataset.class_names and list(dataset.class_names),
        "class_shares": None if shares is None else np.asarray(shares).tolist(),
        "left_out": list(dataset.left_out),
    }
    if dataset.columns is not None:
        record["columns"] = dataset.columns.as_record()
    if dataset.characters is not None:
        record["characters"] = dataset.characters
    hosts.on_first_host(partial(write_json, workdir / NAME, record))


def read(workdir: Path) -> Dataset | None:
    """Reads the description of a run's data set, which is enough for sampling.

    Args:
      workdir: the run's folder.

    Returns:
      A data set without real samples; a toy set, which needs no files, is complete.
      None if the run is older than this file.

    Raises:
      ValueError: the file is damaged.
    """
    path = workdir / NAME
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        found = _with_conditions(_described(record), workdir / CONDITIONS)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(
            f"{path} does not describe a data set ({one_line(error, 200)}): move it"
            " away, and the data set itself is opened"
        ) from None
    known = data.DATASETS.get(found.name, found)
    # A set with labels, of a run without them, is no more than what is described; nor
    # is one whose label is among the entries of the run's samples.
    same = (known.classes, known.shape) == (found.classes, found.shape)
    return known if same else found


def _with_conditions(found: Dataset, path: Path) -> Dataset:
    """The described set with the conditions that a generator is told, if any."""
    if found.columns is None or not found.columns.given:
        return found
    if not path.is_file():
        raise ValueError(f"{path.name} is not there, which has the conditions to draw")
    conditions = read_npy(path)
    width, shape = len(found.columns.told), list(conditions.shape)
    fits = conditions.ndim == 2 and len(conditions) and conditions.shape[1] == width
    if not fits or conditions.dtype != np.float32 or not np.isfinite(conditions).all():
        raise ValueError(
            f"{path.name} must have finite float32 [m, {width}], got"
            f" {conditions.dtype} {shape}"
        )
    return found._replace(conditions=conditions)


def differences(workdir: Path, dataset: Dataset) -> list[str]:
    """Compares the stored description of a run's data set with the present data set.

    Args:
      workdir: the run's folder.
      dataset: with which the run would resume.

    Returns:
      A line for each difference; none if the folder has no description.

    Raises:
      ValueError: as in `read`.
    """
    before = read(workdir)
    if before is None:
        return []
    names = ["shape", "classes", "class_names", "characters"]
    if before.name == dataset.name:  # `data.name` is compared too
        names += ["count", "class_shares"]
    pairs = {each: (getattr(before, each), getattr(dataset, each)) for each in names}
    pairs |= _column_pairs(before.columns, dataset.columns)
    return [
        _difference(name, was, found)
        for name, (was, found) in pairs.items()
        if not _alike(was, found)
    ]


def _difference(name: str, was: Any, found: Any) -> str:
    """A line on values that differ; of as many names, on the first that does."""
    if isinstance(was, tuple) and isinstance(found, tuple) and len(was) == len(found):
        at = next(i for i, pair in enumerate(zip(was, found)) if pair[0] != pair[1])
        name, was, found = f"{name}[{at}]", was[at], found[at]
    return f"the data set's {name} was {_shown(was)}, is {_shown(found)}"


def _column_pairs(before: Columns | None, now: Columns | None) -> dict[str, Any]:
    """What columns were and are: their names, or else what each of them means."""
    if before is None or now is None:
        return {"columns": (before, now)}
    old, new = ({each.name: each for each in x.columns} for x in (before, now))
    if [*old] != [*new]:
        return {"columns": (tuple(old), tuple(new))}
    told = {"told columns": (before.told_names, now.told_names)}
    fields = {
        f"column {show(name)} {field}": (value, getattr(new[name], field))
        for name, column in old.items()
        for field, value in column._asdict().items()
        if not _rounded(column, new[name], field)
    }
    return told | fields


def _rounded(old: Column, new: Column, field: str) -> bool:
    """Whether a mean or a deviation differs as sums of another NumPy do, if at all."""
    if field not in ("mean", "std"):
        return False
    was, found = getattr(old, field), getattr(new, field)
    return math.isclose(was, found, rel_tol=1e-9, abs_tol=1e-9 * old.std)


def _alike(was: Any, found: Any) -> bool:
    if isinstance(was, np.ndarray) and isinstance(found, np.ndarray):
        return was.shape == found.shape and np.allclose(was, found, rtol=0, atol=1e-6)
    return was is found or not (was is None or found is None or was != found)


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = [round(float(each), 6) for each in value]
    if isinstance(value, Columns):
        value = [each.name for each in value.columns]
    return "none" if value is None else show(value)


def _described(record: dict[str, Any]) -> Dataset:
    shape = tuple(_whole(side) for side in record["shape"])
    classes, names = record["classes"], record["class_names"]
    shares, columns = record["class_shares"], record.get("columns")
    if not isinstance(record["name"], str):
        raise TypeError("name is no text")
    for each in (names, shares):
        if each is not None and len(each) != _whole(classes):
            raise ValueError(f"expected {classes} of {each!s:.60}")
    columns = None if columns is None else Columns.from_record(columns)
    told = () if columns is None else columns.told
    return Dataset(
        name=record["name"],
        shape=shape,
        sample=partial(_nothing_to_draw, shape=shape),
        count=record.get("count"),
        classes=None if classes is None else _whole(classes),
        class_names=None if names is None else tuple(str(each) for each in names),
        class_shares=None if shares is None else np.asarray(shares, float),
        left_out=tuple(record["left_out"]),
        characters=_characters(record.get("characters"), shape[-1] - len(told)),
        columns=columns,
    )


def _characters(value: Any, count: int) -> str | None:
    if value is not None and len(str(value)) != count:
        raise ValueError(f"expected {count} characters, got {value!s:.60}")
    return None if value is None else str(value)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError(f"{value!s:.60} is no whole number >= 1")
    return value


def _nothing_to_draw(key: jax.Array, n: Any, *, shape: tuple[int, ...]) -> jax.Array:
    """Samples of the right shape while tracing, which are NaN; none else.

    A critic may start at real samples, and its shapes are asked for by tracing.
    """
    if isinstance(n, int) and isinstance(key, jax.core.Tracer):
        return jnp.full((n, *shape), jnp.nan, jnp.float32)
    raise ValueError("real samples need the data set itself: open it by its name")
