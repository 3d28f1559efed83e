"""Figures are legible at a page's width, without colour vision."""

import itertools

import matplotlib as mpl
import pytest
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from docs.recompute.constraints import FOLDER
from wgan_gp.runs.drawing import save_figure
from wgan_gp.runs.style import PAGE, STYLE, fonts, line, ordered_line, styled
from wgan_gp.studies.evidence.study import CLAIMS, stored_figures

LEAST = 8  # points


@styled
def _plot():
    figure = Figure()
    figure.add_subplot().plot([0, 1000], [0, 1])
    return figure


def test_the_style_is_a_figures_and_nobody_elses():
    before = dict(mpl.rcParams)
    figure = _plot()
    assert dict(mpl.rcParams) == before
    assert figure.get_figwidth() == PAGE
    FigureCanvasAgg(figure).draw()  # makes ticks, outside of the style
    (axes,) = figure.axes
    labels = [*axes.get_xticklabels(), *axes.get_yticklabels()]
    assert {label.get_fontsize() for label in labels} == {STYLE["xtick.labelsize"]}
    assert axes.get_xgridlines()[-1].get_visible()


def test_signs_that_no_font_has_are_said_in_one_line(tmp_path):
    figure = Figure()
    figure.suptitle("身長 身 km", family="DejaVu Sans")
    with pytest.warns(UserWarning, match="no installed font has 身長, drawn") as caught:
        save_figure(tmp_path / "a.png", figure)
    assert len(caught) == 1
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_installed_fonts_of_other_scripts_are_used(monkeypatch):
    names = ["Comic Sans", "Noto Sans CJK JP", "DejaVu Sans"]
    monkeypatch.setattr(font_manager, "get_font_names", lambda: names)
    fonts.cache_clear()
    figure = _plot()
    fonts.cache_clear()
    (axes,) = figure.axes
    assert axes.title.get_fontfamily() == ["DejaVu Sans", "Noto Sans CJK JP"]


def test_curves_differ_by_more_than_colour():
    for style, count in ((line, 7), (ordered_line, 4)):
        kinds = {(str(s["linestyle"]), s["marker"]) for s in map(style, range(count))}
        assert len(kinds) == count


@pytest.mark.long
@pytest.mark.parametrize("claim", CLAIMS)
def test_figures_of_the_pages_are_legible(claim):
    for name, figure in stored_figures([claim], FOLDER / "evidence").items():
        assert figure.get_figwidth() <= PAGE, name
        FigureCanvasAgg(figure).draw()
        for text in figure.findobj(Text):
            assert not text.get_text() or text.get_fontsize() >= LEAST, text
        for axes in figure.axes:
            _check_axes(axes)
        _check_legends(figure)


def _check_axes(axes):
    """Labels that do not overlap and let one read values; curves unlike each other."""
    bar = axes.get_label() == "<colorbar>"
    for axis in (axes.yaxis,) if bar else (axes.xaxis, axes.yaxis):
        if axes.axison:
            low, high = sorted(axis.get_view_interval())
            assert sum(low <= at <= high for at in axis.get_majorticklocs()) >= 2
        shown = [label for label in axis.get_ticklabels() if label.get_text()]
        boxes = [label.get_window_extent() for label in shown if label.get_visible()]
        assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes)), boxes
    bars = [each for each in axes.containers if isinstance(each, ErrorbarContainer)]
    own = {id(cap) for bar in bars for cap in bar.lines[1]}
    drawn = [bar.lines[0] for bar in bars]
    drawn += [
        each
        for each in axes.lines
        if id(each) not in own and not each.get_label().startswith("_")
    ]
    kinds = [(each.get_linestyle(), each.get_marker()) for each in drawn]
    assert len(set(kinds)) == len(kinds), kinds


def _check_legends(figure):
    """Legends lie beside the axes."""
    for legend in figure.legends:
        box = legend.get_window_extent()
        inside = [axes.get_window_extent() for axes in figure.axes]
        assert not any(box.overlaps(each) for each in inside)
    assert all(axes.get_legend() is None for axes in figure.axes)
