"""How figures look: one style for all, which needs neither colour vision nor zoom.

A page shows a figure of `PAGE` inches at about 700 pixels, 100 to an inch, so that text
of 9 points is 12 pixels high. Curves differ by line style and marker as well as by
colour. `styled` puts a function that draws a figure under this style.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

PAGE = 7.0  # inches, the width of a figure
# Okabe and Ito's colours, which colour-blind readers can distinguish.
REAL, FAKE, THIRD = "#E69F00", "#009E73", "#0072B2"
ON_PLANE = "#D55E00"  # generated samples on the colours of a critic's values
GREY = "0.35"  # references: floors, ideal values, zero
_COLOURS = (THIRD, ON_PLANE, FAKE, "#CC79A7", REAL, "#56B4E9", "0.0")
_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)))
_MARKERS = "os^Dv<P"
# Of values in order, such as the strengths of a constraint: from light to dark.
_ORDERED = (REAL, ON_PLANE, "#7B3294", "#1A1A40")

STYLE = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "figure.titlesize": 11,
    # With a grid, axes make their ticks at once: later, they would have another style.
    "axes.grid": True,
    "grid.color": "0.87",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.edgecolor": "0.3",
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,  # room for a line's pattern
    "figure.constrained_layout.use": True,
    "figure.figsize": (PAGE, 3.2),
}


# Fonts with characters that DejaVu Sans lacks, by how their names begin on Linux, macOS
# and Windows.
_OTHER_SCRIPTS = (
    *("Noto Sans CJK", "Noto Sans Devanagari", "Noto Sans Thai", "Source Han Sans"),
    *("WenQuanYi", "Arial Unicode MS", "Hiragino Sans", "Apple SD Gothic Neo"),
    *("Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Nirmala UI", "Leelawadee UI"),
)


@cache
def fonts() -> list[str]:
    """Matplotlib's own font, then those installed that have what it lacks."""
    installed = sorted(font_manager.get_font_names())
    return ["DejaVu Sans", *(n for n in installed if n.startswith(_OTHER_SCRIPTS))]


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Wraps a function that draws a figure, so that it has `STYLE`.

    Args:
      draw: returns a new Figure. Matplotlib's settings are as before when it is done.
    """

    @wraps(draw)
    def drawn(*args: Any, **named: Any) -> Figure:
        with mpl.rc_context(STYLE | {"font.family": fonts()}):
            return draw(*args, **named)

    return drawn


def line(i: int) -> dict[str, Any]:
    """Colour, dashes and marker of the i-th of several curves that have no order."""
    return {
        "color": _COLOURS[i % len(_COLOURS)],
        "linestyle": _DASHES[i % len(_DASHES)],
        "marker": _MARKERS[i % len(_MARKERS)],
    }


def ordered_line(i: int) -> dict[str, Any]:
    """As `line`, of the i-th of at most four curves of ascending values."""
    return line(i) | {"color": _ORDERED[i]}
