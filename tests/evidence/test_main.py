import json

from matplotlib.image import imread

from tests.helpers import run_module


def test_the_command_writes_each_figure_and_all_numbers(tmp_path):
    out = tmp_path / "figures"
    done = run_module(
        "wgan_gp.evidence", "--out", str(out), "--scale", "smoke", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    for name in ("critics", "weights", "depth"):
        assert imread(out / f"{name}.png").std() > 0
    tables = json.loads((out / "evidence.json").read_text())
    assert len(tables["critics"]) == 4
    assert len(tables["depth"]) == 5


def test_a_file_as_the_folder_is_refused(tmp_path):
    (tmp_path / "taken").write_text("mine")
    done = run_module("wgan_gp.evidence", "--out", "taken", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --out taken is a file")
    assert (tmp_path / "taken").read_text() == "mine"
