"""The figure of a table: real rows beside generated ones."""

import numpy as np
import pytest

from wgan_gp.data.columns import CATEGORY, CONSTANT, NUMBER, Column, Columns, numbered
from wgan_gp.runs.column_figures import columns_figure


def drawn(columns, seed=0):
    rows = np.random.default_rng(seed).normal(size=(2, 60, columns.width))
    figure = columns_figure(columns, *rows.astype(np.float32), title="a title")
    return figure.axes, rows


@pytest.mark.parametrize("count", [2, 3])
def test_two_and_three_numbers_are_shown_as_they_are(count):
    panels, rows = drawn(numbered(count))
    (overview,) = (axes for axes in panels if axes.get_xlabel() == "x1")
    assert overview.get_ylabel() == "x2"
    assert overview.name == ("3d" if count == 3 else "rectilinear")
    (line, _) = overview.get_lines()
    points = np.stack(line.get_data_3d() if count == 3 else line.get_data(), axis=1)
    np.testing.assert_allclose(points, rows[0] - rows[0].mean(axis=0), atol=1e-5)


def test_other_tables_are_shown_on_principal_components():
    category = Column("c", CATEGORY, values=("a", "b"))
    for columns in (
        numbered(4),
        Columns((Column("x", NUMBER), category)),
        Columns((Column("$x$", NUMBER), Column("k", CONSTANT, values=(1.0,)))),
    ):
        panels, _ = drawn(columns)
        (overview,) = (axes for axes in panels if "component" in axes.get_xlabel())
        assert overview.name == "rectilinear"
    titles = [axes.get_title() for axes in panels]
    assert r"\$x\$" in titles  # a dollar sign is no formula


def test_of_many_columns_those_that_differ_most_have_a_panel():
    columns = numbered(15)
    rows = np.random.default_rng(0).normal(size=(60, 15))
    moved = rows + 3 * np.isin(np.arange(15), (2, 13))
    figure = columns_figure(columns, rows, moved)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()[:1] == "x"]
    assert len(titles) == 12
    assert {"x3", "x14"} <= set(titles)
