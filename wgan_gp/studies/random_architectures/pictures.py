"""Samples of all runs in one picture, as Gulrajani et al. 2017, Figure 2."""

from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.runs import drawing, draws, figures, sampling
from wgan_gp.studies.random_architectures.records import architecture_and_method

_EACH, _ACROSS = 8, 4  # samples of a run, and how many beside each other
_MOST_ROWS = 16


def write_samples(records: dict[str, dict[str, Any]], out: Path) -> Path | None:
    """Writes `samples.png`: a row for each architecture, a column for each method.

    Args:
      records: by the names of the runs; the first 16 architectures are shown.
      out: the folder of the runs. One that diverged, whose folder is gone or cannot be
        read, or whose pictures are of another size than those of the first, is left
        white.

    Returns:
      The file; None where no run can be drawn from, as where none is on images.

    Raises:
      WriteError: the file cannot be written.
    """
    cells = {architecture_and_method(*each): each[0] for each in records.items()}
    rows = list(dict.fromkeys(row for row, _ in cells))[:_MOST_ROWS]
    columns = list(dict.fromkeys(column for _, column in cells))
    drawn = {
        place: picture
        for place, name in cells.items()
        if place[0] in rows and records[name]["result"]
        if (picture := _samples(out / name)) is not None
    }
    if not drawn:
        return None
    blank = np.full_like(next(iter(drawn.values())), 255)
    pictures = [drawn.get((row, column), blank) for row in rows for column in columns]
    pictures = [each if each.shape == blank.shape else blank for each in pictures]
    sheet = figures.image_grid(np.stack(pictures), columns=len(columns), gap=6)
    path = out / "samples.png"
    drawing.save_image(path, sheet, columns=columns, rows=rows)
    return path


def _samples(folder: Path) -> np.ndarray | None:
    try:
        run = sampling.open_run(folder)
    except (FileNotFoundError, ValueError):
        return None
    if run.settings.data.kind != "images":
        return None
    pixels = draws.concatenate(sampling.draw(run, _EACH), _EACH)
    return figures.image_grid(pixels, columns=_ACROSS)
