import json

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from tests.helpers import ROOT, contents, run_module, unchecked
from wgan_gp.studies.evidence.__main__ import main
from wgan_gp.studies.evidence.common import Evidence, markdown, mean_and_spread
from wgan_gp.studies.evidence.study import CLAIMS

FIGURES = {
    "simplicity": ("critics", "weights"),
    "depth": ("depth",),
    "transport": ("coupling", "estimate", "bias"),
    "estimates": ("game",),
    "dimension": ("dimension",),
    "differences": ("difference",),
    "overfitting": ("overfitting",),
    "kinks": ("kinks",),
    "generators": ("generators",),
    "slopes_d16": ("slopes_d16",),
    "slopes_d2": ("slopes_d2",),
}


@pytest.mark.long
@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_each_claim_has_its_figures_and_rows(tmp_path, capsys, claim):
    arguments = ["", "--out", str(tmp_path), "--scale", "smoke", "--only", claim]
    with unchecked():
        assert main(arguments) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if line[:1] == "|"]
    for name in FIGURES[claim]:
        assert imread(tmp_path / f"{name}.png").std() > 0
    rows = json.loads((tmp_path / "evidence.json").read_text())[claim]
    assert len(table) == 2 + len(rows)


@pytest.mark.long
def test_the_command_keeps_what_other_claims_measured(tmp_path):
    out = tmp_path / "figures"
    out.mkdir()
    (out / "evidence.json").write_text(json.dumps({"overfitting": ["kept"]}))
    arguments = ("--out", out, "--scale", "smoke", "--only", "depth")
    done = run_module("wgan_gp.studies.evidence", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "| clip, c = 0.1 |" in done.stdout
    tables = json.loads((out / "evidence.json").read_text())
    assert list(tables) == ["depth", "overfitting"]
    assert tables["overfitting"] == ["kept"]
    assert len(tables["depth"]) == 5


def test_rows_of_the_usual_scale_are_not_replaced_by_others(tmp_path, capsys):
    table = json.dumps({"depth": ["kept"]})
    (tmp_path / "evidence.json").write_text(table)
    arguments = ["", "--out", str(tmp_path), "--scale", "smoke", "--only", "depth"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "has rows of depth at the scale 'default': use another --out" in error
    assert [path.name for path in tmp_path.iterdir()] == ["evidence.json"]
    assert (tmp_path / "evidence.json").read_text() == table


def test_a_broken_table_is_refused_and_kept(tmp_path, monkeypatch, capsys):
    (tmp_path / "evidence.json").write_text("[1, 2")
    monkeypatch.chdir(tmp_path)
    assert main(["", "--out", "."]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: evidence.json is not a table of evidence")
    assert (tmp_path / "evidence.json").read_text() == "[1, 2"


def test_a_file_as_the_folder_is_refused(tmp_path, monkeypatch, capsys):
    (tmp_path / "taken").write_text("mine")
    monkeypatch.chdir(tmp_path)
    assert main(["", "--out", "taken"]) == 2
    assert "taken is a file: name a folder" in capsys.readouterr().err
    assert main(["", "--out", "taken/below"]) == 2
    assert capsys.readouterr().err.endswith("taken is a file: name a folder\n")
    assert (tmp_path / "taken").read_text() == "mine"


def fake(monkeypatch, rows):
    """The claim of depth, measured and drawn at once."""
    drawn = []
    measured = []

    def evidence(**settings):
        measured.append(settings)
        return Evidence(rows, {"norms": np.arange(3.0)})

    def figures(rows, arrays):
        drawn.append((rows, arrays["norms"].tolist()))
        return {"depth.png": Figure()}

    claim = CLAIMS["depth"]._replace(evidence=evidence, figures=figures)
    monkeypatch.setitem(CLAIMS, "depth", claim)
    return measured, drawn


def test_a_claim_is_measured_once_and_other_settings_are_refused(
    tmp_path, capsys, monkeypatch
):
    measured, _ = fake(monkeypatch, [{"setting": "x", "value": 1.0}])
    arguments = ["", "--out", str(tmp_path), "--only", "depth", "--scale"]
    for _ in range(2):
        assert main([*arguments, "smoke"]) == 0
    assert len(measured) == 1
    table = json.loads((tmp_path / "evidence.json").read_text())
    assert table == {"depth": [{"setting": "x", "value": 1.0}]}
    before = contents(tmp_path)
    capsys.readouterr()
    assert main([*arguments, "default"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "depth.json was made with other settings than those of --scale" in line
    assert contents(tmp_path) == before


def test_claims_that_an_older_version_stored_stay_in_the_table(tmp_path, monkeypatch):
    fake(monkeypatch, [{"setting": "new"}])
    stored = ROOT / "docs" / "images" / "evidence" / "evidence.json"
    (tmp_path / "evidence.json").write_bytes(stored.read_bytes())
    assert main(["", "--out", str(tmp_path), "--only", "depth"]) == 0
    before, after = (
        json.loads(p.read_text()) for p in (stored, tmp_path / stored.name)
    )
    assert after == before | {"depth": [{"setting": "new"}]}
    assert list(after) == list(before)


def test_figures_are_drawn_again_from_what_is_stored(tmp_path, capsys, monkeypatch):
    rows = [{"setting": "x", "value": 1.0}]
    measured, drawn = fake(monkeypatch, rows)
    arguments = ["", "--out", str(tmp_path), "--only", "depth"]
    assert main(arguments) == 0
    (tmp_path / "depth.png").unlink()
    before = contents(tmp_path)
    capsys.readouterr()
    assert main([*arguments, "--redraw"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'depth.png'}\n"
    assert drawn == [(rows, [0.0, 1.0, 2.0])] * 2
    assert len(measured) == 1
    (tmp_path / "depth.png").unlink()
    assert contents(tmp_path) == before


def test_what_was_not_measured_is_not_drawn(tmp_path, capsys, monkeypatch):
    fake(monkeypatch, [{"setting": "x"}])
    arguments = ["", "--out", str(tmp_path), "--redraw", "--only"]

    def refused(claim):
        before = contents(tmp_path)
        assert main([*arguments, claim]) == 2
        assert contents(tmp_path) == before
        return capsys.readouterr().err

    assert "evidence.json has no depth: measure it" in refused("depth")
    assert main([*arguments[:3], "--only", "depth"]) == 0
    stored = tmp_path / "arrays" / "depth.npz"
    stored.write_bytes(b"damaged")
    assert "depth.npz is not a readable .npz file" in refused("depth")
    stored.unlink()
    assert "depth.npz has no norms: measure depth again" in refused("depth")


def test_a_spread_is_that_of_a_sample_and_one_seed_has_none():
    several, one = mean_and_spread([1.0, 3.0]), mean_and_spread([2.0])
    assert several == (2, pytest.approx(2**0.5))
    assert markdown([{"a": several, "b": one}]).endswith("| 2 ± 1.4 | 2 |")
