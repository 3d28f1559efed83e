"""Sets of vectors to learn, by the name in a configuration."""

import dataclasses
from typing import Any

from wgan_gp.data import DATASETS, Dataset, check_name, open_named
from wgan_gp.data.conditions import with_label_entries
from wgan_gp.data.streamed_tables import open_streamed_table
from wgan_gp.data.table_parts import table_bytes
from wgan_gp.data.table_rows import TableOptions
from wgan_gp.data.tables import open_table
from wgan_gp.system.fields import Rule, at_least, check_unset, setting, whole
from wgan_gp.system.paths import TABLE_KINDS, expand
from wgan_gp.system.values import show

_BUILT_IN = [name for name, each in DATASETS.items() if each.kind == "vectors"]


def _check_name(path: str, name: str) -> None:
    check_name(path, name, "vectors", TABLE_KINDS)


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
        f"Set of vectors: {', '.join(_BUILT_IN)},"
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
    given: tuple[str, ...] = setting(
        (),
        "Names of the columns that are each row's conditions, for conditional = True.",
        Rule(_check_names),
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
        why = f"is for tables, such as csv:FILE, and has no effect on {settings.name}"
        check_unset(settings, sorted(vars(settings).keys() - {"kind", "name"}), why)
        dataset = open_named(settings.name, "vectors", conditional=conditional)
        return with_label_entries(dataset) if conditional else dataset
    _check_told(settings, conditional)
    if kind != "csv":
        why = f"is for csv:FILE, and has no effect on {kind}:FILE"
        check_unset(settings, ["encoding"], why)
    file = expand(path)
    options = TableOptions(*(getattr(settings, name) for name in TableOptions._fields))
    if table_bytes(kind, file) <= settings.resident_bytes:
        return open_table(kind, file, options)
    return open_streamed_table(kind, file, options, cache=expand(settings.cache))


def _check_told(settings: VectorData, conditional: bool) -> None:
    """Refuses a condition that is not named, is named twice, or has no effect."""
    told = {"label": settings.label, "given": settings.given}
    named = {field: value for field, value in told.items() if value not in (None, ())}
    if conditional and not named:
        raise ValueError(
            "conditional = True needs data.label, the name of the column with each"
            " row's class, or data.given, the names of the columns that are conditions"
        )
    if len(named) > 1:
        raise ValueError(
            f"data.label = {show(settings.label)} and data.given ="
            f" {show(settings.given)} are both set: set one; data.given may have"
            " categories too"
        )
    for field, value in () if conditional else named.items():
        raise ValueError(
            f"data.{field} = {show(value)} has an effect only with conditional = True;"
            " data.without leaves a column out"
        )
