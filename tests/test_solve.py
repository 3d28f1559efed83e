import json

from matplotlib.image import imread

from tests.helpers import ROOT, run_module


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
    assert (run / "checkpoint").is_dir()
    again = run_module("wgan_gp.main", *arguments, cwd=tmp_path)
    assert again.returncode == 2
    assert "holds another run" in again.stderr
    drawn = run_module(
        "wgan_gp.sample", "--workdir", "run", "--n", "1", "--out", "x.npz", cwd=tmp_path
    )
    assert drawn.returncode == 2
    assert "a critic trained alone" in drawn.stderr
