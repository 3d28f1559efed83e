"""The notebooks run, define no loss of their own, and hold no machine's traces."""

import ast
import os
import re
import sys

import nbformat
import pytest

from notebooks.execute import client
from tests.helpers import ROOT
from wgan_gp import losses

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


def outputs(path):
    return [output for cell in code_cells(path) for output in cell.outputs]


def test_there_are_two():
    assert [path.stem for path in NOTEBOOKS] == ["01_losses", "02_lipschitz_tour"]


@pytest.mark.parametrize(
    "path",
    [pytest.param(NOTEBOOKS[0]), pytest.param(NOTEBOOKS[1], marks=pytest.mark.long)],
    ids=lambda path: path.stem,
)
def test_runs_in_its_fast_form(path, tmp_path, monkeypatch):
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))
    env = os.environ | {
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JAX_PLATFORMS": "cpu",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(ROOT),
        "WGAN_GP_FAST": "1",
    }
    (cwd := tmp_path / "cwd").mkdir()
    running = client(nbformat.read(path, 4), str(cwd))
    assert running.km.kernel_spec.argv[0] == sys.executable
    running.execute(env=env, cleanup_kc=True)
    assert not list(cwd.iterdir())


@by_name
def test_redefines_nothing(path):
    for cell in code_cells(path):
        for node in ast.walk(ast.parse(cell.source)):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    defined = name
                case ast.Name(id=name, ctx=ast.Store()):
                    defined = name
                case _:
                    continue
            assert defined not in losses.__all__, (cell.id, defined)


@by_name
def test_outputs_are_stored(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    pictures = [each for each in outputs(path) if "image/png" in each.get("data", {})]
    assert len(pictures) >= 5
    for output in outputs(path):
        assert output.output_type in ("stream", "display_data", "execute_result")
        assert output.get("name") != "stderr", output.text


def test_no_layer_of_the_tour_is_lost_to_underflow():
    """A ReLU critic's gain per layer is proportional to the size of its weights."""
    text = "".join(each.get("text", "") for each in outputs(NOTEBOOKS[1]))
    gains = re.findall(r"(?m)^c = ([\d.]+) +gain per layer ([\d.]+)", text)
    assert [c for c, _ in gains] == ["0.1", "0.01", "0.001"]
    for c, gain in gains:
        assert float(gain) / float(c) == pytest.approx(5.56, rel=1e-3)


@by_name
def test_holds_no_machines_traces(path):
    notebook = nbformat.read(path, 4)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert not cell.metadata, cell.id
    for output in outputs(path):
        text = output.get("text", "") + output.get("data", {}).get("text/plain", "")
        assert not re.search(r"(^|\s)/\w+/\w|0x[0-9a-f]{6}", text), text
