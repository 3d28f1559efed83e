"""Sets of vectors to learn, by the name in a configuration."""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.data import DATASETS, Dataset, check_name, open_named
from wgan_gp.data.columns import CATEGORY, Column, Columns, numbered
from wgan_gp.data.streamed_tables import open_streamed_table
from wgan_gp.data.table_parts import table_bytes
from wgan_gp.data.tables import open_table
from wgan_gp.system.fields import Rule, at_least, setting, whole
from wgan_gp.system.paths import TABLE_KINDS, expand
from wgan_gp.system.values import show


def _check_name(path: str, name: str) -> None:
    pictures = "for pictures, start from experiments/digits.py"
    check_name(path, name, "vectors", TABLE_KINDS, elsewhere=pictures)


def _check_names(path: str, names: tuple) -> None:
    """Refuses what are no names of columns."""
    for name in names:
        if not isinstance(name, str):
            raise ValueError(f"{path} must be names of columns, got {show(name)}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class VectorData:
    """The section `data` of a configuration for vectors.

    All fields but the name are for tables, `csv:FILE` and the like.
    """

    kind: str
    name: str = setting(
        "8gaussians",
        f"Set of vectors: {', '.join(DATASETS)},"
        f" {', '.join(f'{each}:FILE' for each in TABLE_KINDS)}.",
        Rule(_check_name),
    )
    columns: tuple[str, ...] | None = setting(
        None,
        "Names of a table's columns to learn; open is all.",
        Rule(_check_names),
    )
    without: tuple[str, ...] = setting(
        (), "Names of a table's columns to leave out.", Rule(_check_names)
    )
    label: str | None = setting(
        None, "Name of the column with each row's class, for conditional = True."
    )
    most_values: int = setting(
        20,
        "Columns of whole numbers with at most so many values are categories.",
        whole(2, 1000),
    )
    encoding: str = setting("utf-8", "Encoding of a CSV file.")
    resident_bytes: int = setting(
        2**31,
        "Larger tables are streamed from disk rather than kept in memory.",
        at_least(0),
    )
    cache: str = setting(
        "~/.cache/wgan_gp", "Folder for the rows of tables that are streamed."
    )


def open_vectors(settings: VectorData, *, conditional: bool, **_: Any) -> Dataset:
    """Opens the set that the settings name.

    `kinds.KINDS` lists this function, and `build` calls it.

    Args:
      settings: the section `data`.
      conditional: whether training samples come with labels.
      **_: arguments for other kinds of data.

    Returns:
      The data set.

    Raises:
      ValueError: there is no such set, it has no labels, or a field has no effect on
        it.
    """
    kind, _colon, path = settings.name.partition(":")
    if kind not in TABLE_KINDS:
        _check_unused(settings)
        dataset = open_named(settings.name, "vectors", conditional=conditional)
        return with_label_entries(dataset) if conditional else dataset
    if conditional and settings.label is None:
        raise ValueError(
            "conditional = True needs data.label, the name of the column with each"
            " row's class"
        )
    if settings.label is not None and not conditional:
        raise ValueError(
            f"data.label = {show(settings.label)} has an effect only with conditional ="
            " True; data.without leaves a column out"
        )
    file = expand(path)
    options: dict[str, Any] = {
        name: getattr(settings, name)
        for name in ("columns", "without", "label", "most_values", "encoding")
    }
    if table_bytes(kind, file) <= settings.resident_bytes:
        return open_table(kind, file, **options)
    return open_streamed_table(kind, file, cache=expand(settings.cache), **options)


def with_label_entries(dataset: Dataset) -> Dataset:
    """A set of vectors whose label is among their entries, as a category.

    Args:
      dataset: whose `sample` returns vectors and labels; so does its `held_out`, if it
        has one.

    Raises:
      ValueError: `held_out` returns no labels.
    """
    classes = dataset.classes
    assert classes is not None
    names = dataset.class_names or tuple(map(float, range(classes)))
    label = Column("label", CATEGORY, values=names)
    columns = dataset.columns or numbered(dataset.shape[0])
    joined = partial(_joined, classes=classes)
    held_out = dataset.held_out
    if held_out is not None:
        drawn = jax.eval_shape(lambda key: held_out(key, 1), jax.random.key(0))
        if not isinstance(drawn, tuple):
            raise ValueError(
                f"{dataset.name} holds out vectors without labels, which conditional ="
                " True needs: let its held_out return both"
            )
        held_out = partial(joined, held_out)
    return dataset._replace(
        shape=(dataset.shape[0] + classes,),
        sample=partial(joined, dataset.sample),
        held_out=held_out,
        columns=Columns((*columns.columns, label), "label"),
    )


def _joined(sample: Any, key: jax.Array, n: int, *, classes: int) -> jax.Array:
    vectors, labels = sample(key, n)
    return jnp.concatenate([vectors, jax.nn.one_hot(labels, classes)], axis=1)


def _check_unused(settings: VectorData) -> None:
    """Refuses fields for tables that were set for another set."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.name not in ("kind", "name") and value != field.default:
            raise ValueError(
                f"data.{field.name} = {show(value)} is for tables, such as csv:FILE,"
                f" and has no effect on {settings.name}: leave it out"
            )
