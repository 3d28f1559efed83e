"""An animation of a run in the plane: the critic's values and the generator's samples.

While a run trains, `keeper` writes what a picture needs at some of its steps, a few
kilobytes each, into `frames/`. At the end, and by `python -m wgan_gp.animate`, they
become a GIF. Bands of colour are values of the critic, the same in all frames of a run.
Each run has a scale of its own: clipped critics are thousands of times less steep.
"""

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.data.numpy_files import read_arrays
from wgan_gp.runs.style import ON_PLANE
from wgan_gp.runs.workdir import FRAMES
from wgan_gp.system.files import write_bytes, writing

_SCENE = "scene.npz"  # what all frames have in common
_MOST = 48  # frames of a run
_GRID = 64  # values of the critic along each side
_SAMPLES = 400
_BANDS = 14
_SIDE = 300  # pixels of the plane
_HEADER, _BAR = 22, 62
_HOLD = 2000  # ms that the last frame stays
_MILLISECONDS = 120


class Frame(NamedTuple):
    """What is drawn of one step."""

    step: int
    title: str  # of the run at this step
    values: np.ndarray  # of the critic, [_GRID, _GRID], less their mean
    fakes: np.ndarray  # [n, 2]


class Scene(NamedTuple):
    """What is drawn of a run."""

    edge: float  # the plane is drawn from -edge to edge
    reals: np.ndarray  # [n, 2]
    frames: tuple[Frame, ...]


def frame_steps(steps: int, stops: Sequence[int]) -> frozenset[int]:
    """The steps of which a frame is kept: more of them where training begins.

    Args:
      steps: of the run.
      stops: at which a frame can be kept, ascending; the last is `steps`.
    """
    wanted = steps * (np.arange(1, _MOST + 1) / _MOST) ** 1.5
    at = np.searchsorted(stops, wanted - 0.5)
    return frozenset(stops[i] for i in at.clip(max=len(stops) - 1))


def keeper(
    experiment: Experiment,
    workdir: Path,
    *,
    title: str,
    reals: np.ndarray,
    steps: frozenset[int],
    seed: int,
) -> Callable[[train.TrainState, int], None]:
    """A function that keeps a frame, called at every stop of a run in the plane.

    Args:
      experiment: that is trained, on vectors of two entries.
      workdir: the run's folder.
      title: of the run.
      reals: held-out samples `[n, 2]`.
      steps: from `frame_steps`; nothing is done at other steps.
      seed: of the latents, which are the same in all frames.

    Returns:
      `(state, step)`, with the state on one device.
    """
    folder, edge = workdir / FRAMES, 1.25 * float(np.abs(reals).max())
    shown = reals[:_SAMPLES].astype(np.float32)
    axis = jnp.linspace(-edge, edge, _GRID)
    plane = jnp.stack(jnp.meshgrid(axis, axis), axis=-1)

    @jax.jit
    def look(state: train.TrainState):
        critic = train.bind_critic(experiment.algorithm.critic, state.critic)
        values = jax.vmap(jax.vmap(critic))(plane)
        key = jax.random.key(seed)
        fakes = train.generate(experiment.algorithm, state.average, key, _SAMPLES)
        return values - values.mean(), fakes

    scene: list[Path] = []  # once it is there

    def keep(state: train.TrainState, step: int) -> None:
        if step not in steps:
            return
        values, fakes = map(np.asarray, look(state))
        if not scene:
            _open_scene(folder, edge, shown)
            scene.append(folder)
        text = np.array(title)
        _save(folder / f"{step:09d}.npz", values=values, fakes=fakes, title=text)

    return keep


def _open_scene(folder: Path, edge: float, reals: np.ndarray) -> None:
    """Makes the folder; removes frames of other real samples, which do not fit."""
    with writing(folder):
        folder.mkdir(exist_ok=True)
        if (folder / _SCENE).is_file():
            try:
                found = read_arrays(folder / _SCENE)
                if found["edge"] == edge and np.array_equal(found["reals"], reals):
                    return
            except (ValueError, KeyError):  # damaged
                pass
        for path in _frames(folder):
            path.unlink()
    _save(folder / _SCENE, edge=edge, reals=reals)


def _frames(folder: Path) -> list[Path]:
    """The files of frames, by step."""
    return sorted(x for x in folder.glob("*.npz") if re.fullmatch(r"\d{9,}", x.stem))


def remove_after(workdir: Path, step: int) -> None:
    """Removes the frames of later steps.

    Raises:
      WriteError: one cannot be removed.
    """
    with writing(workdir / FRAMES):
        for path in _frames(workdir / FRAMES):
            if int(path.stem) > step:
                path.unlink()


def _save(path: Path, **arrays: Any) -> None:
    file = io.BytesIO()
    np.savez(file, **arrays)
    write_bytes(path, file.getvalue())


def read_scene(workdir: Path) -> Scene | None:
    """The frames of a run; None if it has none.

    Args:
      workdir: the run's folder.


    Raises:
      ValueError: a file is damaged.
    """
    folder = workdir / FRAMES
    paths = _frames(folder)
    if not paths or not (folder / _SCENE).is_file():
        return None
    try:
        scene = read_arrays(folder / _SCENE)
        edge, reals = float(scene["edge"]), scene["reals"].reshape(-1, 2)
        frames = []
        for path in paths:
            arrays = scene | read_arrays(path)  # older runs have one title, there
            values = arrays["values"].reshape(_GRID, _GRID)
            fakes = arrays["fakes"].reshape(-1, 2)
            frames.append(Frame(int(path.stem), str(arrays["title"]), values, fakes))
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"a frame in {folder} is damaged: remove the folder") from None
    return Scene(edge, reals, tuple(frames))


def animate(scenes: Sequence[Scene]) -> list[Image.Image]:
    """Pictures of runs side by side, one for each frame of the longest.

    Args:
      scenes: of the runs. Those with fewer frames stay at their last.
    """
    count = max(len(scene.frames) for scene in scenes)
    palettes = [_levels(scene) for scene in scenes]
    pictures = []
    for i in range(count):
        parts = [
            _picture(scene, scene.frames[min(i, len(scene.frames) - 1)], levels)
            for scene, levels in zip(scenes, palettes)
        ]
        sheet = Image.new(
            "RGB", (sum(x.width for x in parts), parts[0].height), "white"
        )
        at = 0
        for part in parts:
            sheet.paste(part, (at, 0))
            at += part.width
        pictures.append(sheet)
    return pictures


def save_gif(path: Path, pictures: Sequence[Image.Image]) -> None:
    """Writes a GIF that repeats, atomically; its last picture stays for two seconds.

    Raises:
      WriteError: the file cannot be written.
    """
    # One palette for all, so that colours do not flicker: that of the last picture.
    last = pictures[-1].quantize(64, dither=Image.Dither.NONE)
    shown = [each.quantize(palette=last, dither=Image.Dither.NONE) for each in pictures]
    times = [_MILLISECONDS] * (len(shown) - 1) + [_HOLD]
    file = io.BytesIO()
    first, *others = shown
    first.save(file, "gif", save_all=True, append_images=others, duration=times, loop=0)
    write_bytes(path, file.getvalue())


def _levels(scene: Scene) -> np.ndarray:
    """The bands of a run: from the values of the second half of its frames."""
    late = [frame.values for frame in scene.frames[len(scene.frames) // 2 :]]
    low, high = np.quantile(np.stack(late), (0.01, 0.99))
    return np.linspace(low, max(high, low + 1e-12), _BANDS + 1)


def _picture(scene: Scene, frame: Frame, levels: np.ndarray) -> Image.Image:
    colours = np.asarray(mpl.colormaps["cividis"](np.linspace(0, 1, _BANDS)))
    colours = (255 * colours[:, :3]).astype(np.uint8)
    smooth = Image.fromarray(frame.values[::-1].astype(np.float32), "F").resize(
        (_SIDE, _SIDE), Image.Resampling.BICUBIC
    )
    bands = (np.searchsorted(levels, np.asarray(smooth)) - 1).clip(0, _BANDS - 1)
    picture = Image.new("RGB", (_SIDE + _BAR, _SIDE + _HEADER), "white")
    picture.paste(Image.fromarray(colours[bands]), (0, _HEADER))
    draw = ImageDraw.Draw(picture)
    for x, y in _pixels(scene.reals, scene.edge):
        draw.line((x - 2, y, x + 2, y), "white")
        draw.line((x, y - 2, x, y + 2), "white")
    for x, y in _pixels(frame.fakes, scene.edge):
        draw.rectangle((x - 1, y - 1, x, y), ON_PLANE)
    font = ImageFont.load_default(12)
    text = f"{frame.title}, {frame.step:,} updates"
    draw.text((4, _HEADER / 2), text, "black", font, anchor="lm")
    _colour_bar(draw, colours, levels, font)
    return picture


def _pixels(points: np.ndarray, edge: float) -> list[tuple[int, int]]:
    """Where samples `[n, 2]` lie in a picture, those that lie in it."""
    inside = points[(np.abs(points) < edge).all(axis=1)]
    x = (inside[:, 0] / edge + 1) / 2 * _SIDE
    y = (1 - inside[:, 1] / edge) / 2 * _SIDE + _HEADER
    return list(zip(x.astype(int).tolist(), y.astype(int).tolist()))


def _colour_bar(draw: Any, colours: np.ndarray, levels: np.ndarray, font: Any) -> None:
    """The bands with their lowest and highest value, right of the plane."""
    left, height = _SIDE + 8, (_SIDE - 40) / _BANDS
    for i, colour in enumerate(colours[::-1]):
        top = _HEADER + 20 + i * height
        draw.rectangle((left, top, left + 12, top + height), tuple(colour.tolist()))
    for value, at in ((levels[-1], _HEADER + 10), (levels[0], _HEADER + _SIDE - 10)):
        draw.text((left, at), f"{value:.2g}", "black", font, anchor="lm")
    draw.text((left + 18, _HEADER + _SIDE / 2), "D", "black", font, anchor="lm")
