"""Pictures that cannot be written are named, and old ones not lost."""

import jax
import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.helpers import key, resolve
from wgan_gp import train
from wgan_gp.build import build
from wgan_gp.evaluate.held_out import HeldOutSets
from wgan_gp.runs import drawing
from wgan_gp.runs.records import History
from wgan_gp.system.files import WriteError

TRAINING = [{"step": 5, "wasserstein": 0.5, "penalty": 0.1}]
EVALUATION = [{"step": 5, "wasserstein": 0.5, "w1": 1.0, "share": 0.5}]
SLOPES = {f"gradient_norm_{name}": 1.0 for name in ("mean", "min", "max")}
SAVERS = {
    "figure": lambda path: drawing.save_figure(path, Figure(figsize=(1, 1))),
    "picture": lambda path: drawing.save_image(path, np.zeros((8, 8, 3), np.uint8)),
}


@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
def test_a_full_disk_names_the_picture_and_keeps_the_old_one(save, tmp_path):
    path = tmp_path / "samples.png"
    path.write_bytes(b"old")
    (tmp_path / ".samples.png.part").symlink_to("/dev/full")
    with pytest.raises(WriteError, match=r"samples\.png: No space left on device"):
        save(path)
    assert path.read_bytes() == b"old"
    save(path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.long
def test_a_run_whose_figures_cannot_be_written_names_the_first(tmp_path):
    config = resolve()
    built = build(config)
    state = jax.jit(train.init, static_argnums=0)(
        built.algorithm, built.hyperparameters, key()
    )
    held = HeldOutSets(np.ones((1, 9, 2), np.float32), {"floor": 0.1}, dict)
    history = History(TRAINING, [EVALUATION[0] | SLOPES])

    def draw():
        drawing.draw_figures(built, config, state, held, history, key(1), tmp_path)

    (tmp_path / "figures").touch()
    with pytest.raises(WriteError, match=r"cannot write .*figures: File exists"):
        draw()
    (tmp_path / "figures").unlink()
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / ".critic.png.part").symlink_to("/dev/full")
    with pytest.raises(WriteError, match=r"critic\.png: No space left"):
        draw()
    draw()
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"curves.png", "critic.png"}
