"""The animation of a run in the plane."""

import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from tests.helpers import key, resolve
from wgan_gp import animate
from wgan_gp.build import build
from wgan_gp.runs import animation
from wgan_gp.train import init


def test_more_frames_are_kept_where_training_begins():
    stops = list(range(100, 10_001, 100))
    steps = animation.frame_steps(10_000, stops)
    assert steps <= set(stops)
    assert max(steps) == 10_000
    assert min(steps) == 100
    assert len(steps) <= animation._MOST
    early = sum(step <= 2500 for step in steps)
    assert early > sum(2500 < step <= 5000 for step in steps)
    assert animation.frame_steps(30, [10, 20, 30]) == {10, 20, 30}
    assert animation.frame_steps(7, [7]) == {7}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with three frames of a run that did not train."""
    folder = tmp_path_factory.mktemp("run")
    experiment = build(resolve())
    state = jax.jit(lambda: init(*experiment[1:3], key()))()
    state = state._replace(average=state.generator.params)
    reals = np.asarray(experiment.dataset.sample(key(1), 50))
    keep = animation.keeper(
        experiment,
        folder,
        title="two_sided",
        reals=reals,
        steps=frozenset({10, 20, 30}),
        seed=2,
    )
    for step in (5, 10, 20, 25, 30):
        keep(state, step)
    return folder, reals


def test_a_frame_has_the_critics_values_and_generated_samples(run):
    folder, reals = run
    scene = animation.read_scene(folder)
    assert {frame.title for frame in scene.frames} == {"two_sided"}
    assert [frame.step for frame in scene.frames] == [10, 20, 30]
    np.testing.assert_allclose(scene.reals, reals)
    assert scene.edge == pytest.approx(1.25 * np.abs(reals).max())
    for frame in scene.frames:
        assert frame.values.shape == (64, 64)
        assert abs(frame.values.mean()) < 1e-4
        assert frame.values.std() > 0
        assert frame.fakes.shape == (400, 2)


def test_a_folder_without_frames_has_no_scene(tmp_path):
    assert animation.read_scene(tmp_path) is None


def test_frames_of_other_real_samples_go_and_those_of_an_unsaved_attempt(run, tmp_path):
    folder, reals = run
    experiment = build(resolve())
    state = jax.jit(lambda: init(*experiment[1:3], key()))()
    state = state._replace(average=state.generator.params)
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / "frames" / "10copy.npz").write_text("a user's")
    animation.remove_after(copy, 20)

    def go_on(title, samples, step):
        keep = animation.keeper(
            experiment,
            copy,
            title=title,
            reals=samples,
            steps=frozenset({40, 50}),
            seed=2,
        )
        keep(state, step)
        found = animation.read_scene(copy)
        np.testing.assert_allclose(found.reals, samples)
        return [(frame.step, frame.title) for frame in found.frames]

    before = [(10, "two_sided"), (20, "two_sided")]
    assert go_on("clip", reals, 40) == [*before, (40, "clip")]
    assert go_on("clip", 2 * reals, 50) == [(50, "clip")]
    assert (copy / "frames" / "10copy.npz").read_text() == "a user's"
    animation.remove_after(tmp_path / "absent", 3)


def test_an_older_runs_title_is_that_of_its_scene(run, tmp_path):
    copy = Path(shutil.copytree(run[0], tmp_path / "copy")) / "frames"
    for path in copy.iterdir():
        with np.load(path) as arrays:
            kept = {name: arrays[name] for name in arrays if name != "title"}
        title = {"title": np.array("clip")} if path.stem == "scene" else {}
        np.savez(path, **kept, **title)
    frames = animation.read_scene(tmp_path / "copy").frames
    assert {frame.title for frame in frames} == {"clip"}


def test_an_animation_replaces_no_file_and_its_folder_is_made(run, tmp_path, capsys):
    out = tmp_path / "new" / "a.gif"
    argv = ["animate", "--workdir", str(run[0]), "--out", str(out)]
    assert animate.main(argv) == 0
    before = out.read_bytes()
    assert animate.main(argv) == 2
    assert "a.gif exists already: name another --out" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert [*out.parent.iterdir()] == [out]


def test_pictures_show_values_samples_and_the_scale():
    rising = np.linspace(-1, 1, 64)[:, None].repeat(64, 1)  # with x2
    spots = {"reals": np.array([[0.5, 0.5]]), "fakes": np.array([[-0.5, -0.5]])}
    frame = animation.Frame(1234, "clip", rising, spots["fakes"])
    scene = animation.Scene(1.0, spots["reals"], (frame,))
    (picture,) = animation.animate([scene])
    pixels = np.asarray(picture).astype(int)
    top, bottom = pixels[30, 150], pixels[310, 150]
    assert top[2] < 100 < top[0]  # yellow, where the critic is high
    assert bottom[2] > bottom[0]  # blue
    side, header = animation._SIDE, animation._HEADER
    assert tuple(pixels[header + side // 4, 3 * side // 4]) == (255, 255, 255)
    red, _, blue = pixels[header + 3 * side // 4 - 1, side // 4 - 1]
    assert red > 200
    assert blue < 50


def test_runs_stand_side_by_side_in_a_gif_that_repeats(run, tmp_path, capsys):
    folder, _ = run
    out = tmp_path / "two.gif"
    argv = ["animate", "--workdir", str(folder), str(folder), "--out", str(out)]
    assert animate.main(argv) == 0
    assert "3 frames" in capsys.readouterr().out
    with Image.open(out) as picture:
        assert picture.n_frames == 3
        width = 2 * (animation._SIDE + animation._BAR)
        assert picture.size == (width, animation._SIDE + animation._HEADER)
        assert picture.info["loop"] == 0
        times = []
        for frame in range(3):
            picture.seek(frame)
            times.append(picture.info["duration"])
        assert times == [animation._MILLISECONDS] * 2 + [animation._HOLD]


def test_what_cannot_be_animated_is_said_in_one_line(run, tmp_path, capsys):
    folder, _ = run
    for argv, message in (
        (["--workdir", str(folder), "--out", str(tmp_path / "a.mp4")], "end in .gif"),
        (["--workdir", str(tmp_path), "--out", str(tmp_path / "a.gif")], "no frames"),
    ):
        assert animate.main(["animate", *argv]) == 2
        said = capsys.readouterr().err
        assert message in said
        assert said.count("\n") == 1
    broken = tmp_path / "frames"
    broken.mkdir()
    for content in (b"no archive", b"PK\x03\x04 and no more", b""):
        for name in ("scene.npz", "000000001.npz"):
            (broken / name).write_bytes(content)
        with pytest.raises(ValueError, match="is damaged: remove the folder"):
            animation.read_scene(tmp_path)
    assert not list(tmp_path.glob("*.gif"))
