"""The notebooks run, define no loss of their own, and hold no machine's traces."""

import ast
import os
import re
import sys
import types

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from notebooks.execute import client
from tests.helpers import ROOT
from wgan_gp import losses

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


def parsed(cell):
    """The syntax tree of a cell; what starts with % is IPython's."""
    return ast.parse(TransformerManager().transform_cell(cell.source))


def outputs(path):
    return [output for cell in code_cells(path) for output in cell.outputs]


def test_there_are_three():
    names = ["01_losses", "02_lipschitz_tour", "03_own_data"]
    assert [path.stem for path in NOTEBOOKS] == names


@pytest.mark.long
@by_name
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
        for node in ast.walk(parsed(cell)):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    defined = name
                case ast.Name(id=name, ctx=ast.Store()):
                    defined = name
                case _:
                    continue
            assert defined not in losses.__all__, (cell.id, defined)


@by_name
def test_its_first_cell_installs_the_package_in_colab_and_nothing_elsewhere(
    path, monkeypatch
):
    first = TransformerManager().transform_cell(code_cells(path)[0].source)
    lines, scope = [], {}

    def magic(name, line):
        lines.append((name, line.format(**scope)))

    scope["get_ipython"] = lambda: types.SimpleNamespace(run_line_magic=magic)
    exec(first, scope)
    assert not lines
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    exec(first, scope)
    assert lines == [("pip", "install -q wgan_gp-*.whl")]


def test_the_fakes_of_the_own_data_are_told_and_generated_rows_are_not():
    """The text beside the table of scores says so; the stored numbers must."""
    (table,) = [
        output.text
        for output in outputs(NOTEBOOKS[2])
        if "shuffled" in output.get("text", "")
    ]
    rows = {}
    for line in table.splitlines()[1:]:
        values = re.findall(r"-?[\d.]+", line[16:])
        rows[line[:16].strip()] = dict(
            zip(
                ("real", "generated", "shuffled", "copies"),
                map(float, values),
                strict=True,
            )
        )
    error = rows["± (lower bound)"]
    for name in ("real", "generated", "copies"):
        assert abs(rows["lower bound"][name]) < 2 * error[name]
        assert abs(rows["two_sample"][name] - 0.5) < 0.03
    assert rows["lower bound"]["shuffled"] > 10 * error["shuffled"]
    assert rows["two_sample"]["shuffled"] > 0.65
    assert rows["marginal_w1"]["shuffled"] < 1.5 * rows["marginal_w1"]["real"]
    assert abs(rows["nearest"]["generated"] - 1) < 0.1
    assert rows["nearest"]["copies"] < 0.2


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
