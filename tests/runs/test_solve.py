import html
import json

import numpy as np
import pytest
from matplotlib.image import imread

from tests.helpers import ROOT, run_module, unchecked
from tests.hostile import run_main
from wgan_gp import configs
from wgan_gp.build import build_critic
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs import solve
from wgan_gp.studies.w1_benchmark.cells import solve_cells
from wgan_gp.studies.w1_benchmark.recipes import cell_config


def test_the_command_trains_a_critic_alone_beside_the_truth(tmp_path):
    cell = f"{ROOT / 'experiments' / 'w1_benchmark.py'}:dim=2,funnels=4,recipe=smoke"
    arguments = ("--config", cell, "--workdir", "run", "--config.lipschitz=clip")
    done = run_module("wgan_gp.main", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "the truth" in done.stdout
    run = tmp_path / "run"
    text = (run / "metrics.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [each["step"] for each in lines if each["split"] == "train"] == [
        5,
        10,
        15,
        20,
    ]
    assert [each["step"] for each in lines if each["split"] == "eval"] == [10, 20]
    assert {"cosine", "cosine_clear", "l2", "estimate", "w1"} <= set(lines[-1])
    assert imread(run / "figures" / "curves.png").std() > 0
    assert (run / "checkpoints").is_dir()
    page = html.unescape((run / "report.html").read_text(encoding="utf-8"))
    assert METRICS["cosine"].meaning in page
    assert "wgan-gp sample" not in page
    changed = (*arguments, "--config.seed=1")
    again = run_module("wgan_gp.main", *changed, cwd=tmp_path)
    assert again.returncode == 2
    assert "seed was 0, is 1" in again.stderr
    drawn = run_module(
        "wgan_gp.sample", "--workdir", "run", "--n", "1", "--out", "x.npz", cwd=tmp_path
    )
    assert drawn.returncode == 2
    assert "a critic trained alone" in drawn.stderr


@pytest.mark.long
def test_a_run_is_the_grids_critic_of_the_same_seed(tmp_path):
    config = configs.resolve(cell_config(3, 4, "smoke"))
    with unchecked():
        alone = solve.run(config, tmp_path, build_critic(config))
        grid = solve_cells(config, (4,), range(1))
    for name, values in grid._asdict().items():
        np.testing.assert_allclose(alone[name], values[0, 0], rtol=1e-4, err_msg=name)


def test_a_diverged_critic_stops_the_run(tmp_path):
    config = cell_config(2, 4, "smoke")
    config.critic_optimiser.learning_rate = 1e30
    settings = configs.resolve(config)
    with unchecked(), pytest.raises(FloatingPointError, match="has diverged"):
        solve.run(settings, tmp_path, build_critic(settings))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("dim=99999999,funnels=4", "data.dimension * data.funnels must be below"),
        ("dim=x", "dim must be a whole number"),
        ("dim=2,recipe=smoke --config.critic.maxout=0", "critic.maxout must be"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_in_one_line(
    tmp_path, monkeypatch, cell, message
):
    monkeypatch.chdir(tmp_path)
    arg, *more = cell.split()
    path = f"{ROOT / 'experiments' / 'w1_benchmark.py'}:{arg}"
    status, _, error = run_main("--config", path, *more)
    assert status == 2
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
