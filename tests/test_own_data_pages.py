"""The commands of the pages on data of one's own, run one after the other as printed.

Only the length of the training is changed, by `:smoke`.
"""

import json
import re
import shlex

import numpy as np
import pytest
from PIL import Image
from pyarrow import csv

from tests.data.test_sequences import simulated
from tests.data.test_tables import rows, write_csv
from tests.helpers import ROOT, code_blocks, unchecked
from tests.hostile import command_line
from wgan_gp import distance, main, sample
from wgan_gp.runs import sampling
from wgan_gp.system import shipped

COMMANDS = {"wgan_gp.main": main.main, "wgan_gp.sample": sample.main}
COMMANDS["wgan_gp.distance"] = distance.main
FEW = ("--config.eval_samples=20", "--config.eval_repeats=1")


def commands(page):
    """The commands of a page, in their order."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", text)
    plain = "".join(block for language, block in blocks if not language)
    lines = plain.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("python -m")]


def run(line):
    _, _, module, *args = shlex.split(line, comments=True)
    if module == "wgan_gp.main":
        name = args[args.index("--config") + 1]
        assert name in shipped.experiments()
        args[args.index("--config") + 1] = f"{name}:smoke"
        args += FEW
    with unchecked(), command_line(*args) as argv:
        assert COMMANDS[module](argv) == 0, line


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.long
def test_from_a_table_to_new_rows(folder):
    write_csv(folder / "my.csv", rows())
    for line in commands("tables.md"):
        if "runs/given" not in line:
            run(line)
    new = csv.read_csv(folder / "runs/mine/new.csv").to_pydict()
    assert list(new) == list(rows())
    assert len(new["town"]) == 1000
    assert (folder / "runs/mine/figures/columns.png").is_file()
    of_class = csv.read_csv(folder / "runs/told/ulm.csv").to_pydict()["town"]
    assert of_class == ["Ulm"] * 100
    scope = {}
    exec(code_blocks("tables.md")[-1], scope)
    assert len(scope["rows"]["height"]) == 1000


@pytest.mark.long
def test_from_given_values_to_rows_that_have_them(folder):
    write_csv(folder / "my.csv", rows())
    people = {"town": ["Ulm", "Bonn"], "height": [181.5, 165.0]}
    write_csv(folder / "people.csv", people)
    for line in commands("tables.md"):
        if "runs/given" in line:
            run(line)
    given = csv.read_csv(folder / "runs/given/people.csv").to_pydict()
    assert given["town"] == people["town"]
    np.testing.assert_allclose(given["height"], people["height"], rtol=1e-5)
    assert len(csv.read_csv(folder / "runs/given/new.csv")) == 1000
    text = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    (call,) = re.findall(r"`(sampling\.sample_table\(.*given=.*\))`", text)
    made = eval(call, {"sampling": sampling})
    assert made["town"].tolist() == ["Ulm"]


@pytest.mark.long
@pytest.mark.parametrize("count", [1, 5])
def test_the_table_of_half_the_spread_is_what_its_program_prints(count, capsys):
    (program, _) = code_blocks("tables.md")
    dimensions = (2, 5, 10, 20, 64)
    exec(program.replace(str(dimensions), str(dimensions[:count])), {})
    lines = capsys.readouterr().out.splitlines()
    text = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    for line, dimension in zip(lines, dimensions[:count], strict=True):
        row, *_ = re.findall(rf"(?m)^\| {dimension} \|.*$", text)  # of the first table
        printed = [float(each) for each in re.findall(r"\d*\.\d+", line)]
        stated = [float(each) for each in re.findall(r"\d*\.\d+", row)]
        # After the ratio the row has the true W1, and the bound before the others.
        stated = [stated[0], *stated[6:], *stated[2:6]]
        np.testing.assert_allclose(printed, stated, atol=0.011)


@pytest.mark.long
def test_from_series_to_new_series(folder):
    np.savez(folder / "my.npz", samples=simulated(300))
    for line in commands("sequences.md"):
        if "runs/series" in line:
            run(line)
    with np.load(folder / "runs/series/new.npz") as archive:
        assert archive["samples"].shape == (1000, 64, 1)
    assert (folder / "runs/series/figures/series.png").is_file()


@pytest.mark.long
def test_from_labels_and_numbers_to_series_that_have_them(folder):
    x = simulated(300)
    np.savez(folder / "labelled.npz", samples=x, labels=["fast", "slow"] * 150)
    np.savez(folder / "given.npz", samples=x, given=x.mean(axis=(1, 2)))
    np.savez(folder / "levels.npz", given=[0.5, -0.25])
    for line in commands("sequences.md"):
        if "runs/labelled" in line or "runs/levels" in line:
            run(line)
    with np.load(folder / "runs/labelled/fast.npz") as archive:
        assert archive["class_names"][archive["labels"]].tolist() == ["fast"] * 100
    with np.load(folder / "runs/levels/new.npz") as archive:
        np.testing.assert_allclose(archive["given"], [[0.5], [-0.25]], rtol=1e-4)


@pytest.mark.long
def test_from_numbers_to_images_that_have_them(folder):
    images = np.random.default_rng(0).integers(0, 256, (300, 8, 8), np.uint8)
    ink = images.mean(axis=(1, 2))
    np.savez(folder / "ink.npz", images=images, given=ink, given_names=["ink"])
    np.savez(folder / "levels.npz", given=[120.0, 130.0])
    for line in commands("images.md"):
        if "runs/ink" in line:
            run(line)
    with np.load(folder / "runs/ink/new.npz") as archive:
        np.testing.assert_allclose(archive["given"], [[120], [130]], rtol=1e-5)
        assert archive["images"].shape == (2, 8, 8, 1)


@pytest.mark.long
def test_from_a_folder_of_text_to_lines_of_a_class(folder):
    (folder / "classes").mkdir()
    for name in ("prose", "verse"):
        lines = [f"{name} {i % 90} of a text" for i in range(200)]
        (folder / "classes" / f"{name}.txt").write_text("\n".join(lines))
    for line in commands("sequences.md"):
        if "runs/classes" in line:
            run(line)
    new = (folder / "runs/classes/verse.txt").read_text(encoding="utf-8").splitlines()
    assert len(new) == 1000


@pytest.mark.long
def test_from_lines_to_new_lines(folder):
    lines = [f"line {i % 90} of a text" for i in range(300)]
    (folder / "my.txt").write_text("\n".join(lines))
    for line in commands("sequences.md"):
        if "runs/text" in line:
            run(line)
    new = (folder / "runs/text/new.txt").read_text(encoding="utf-8").splitlines()
    assert len(new) == 1000


def two_tables(folder):
    for name, seed in (("real", 0), ("fake", 1)):
        draws = np.random.default_rng(seed).normal(size=(60, 2))
        write_csv(folder / f"{name}.csv", dict(zip(("height", "weight"), draws.T)))
        np.savez(folder / f"{name}.npz", samples=draws)


@pytest.mark.long
def test_from_two_tables_to_their_distance(folder):
    two_tables(folder)
    for line in commands("distance.md")[:2]:
        run(line)
    record = json.loads((folder / "found.json").read_text())
    text = (ROOT / "docs" / "distance.md").read_text(encoding="utf-8")
    for section in (record, record["counts"], record["settings"]):
        for key in section:
            assert f"`{key}`" in text or key in distance.Reading._fields, key
    assert (folder / "found.png").is_file()


@pytest.mark.long
def test_the_other_commands_on_the_distance_of_two_sets(folder, capsys):
    two_tables(folder)
    for name in ("photos", "generated"):
        (folder / name).mkdir()
        draws = np.random.default_rng(len(name))
        for i in range(40):
            picture = draws.integers(0, 256, (40, 33), np.uint8)
            Image.fromarray(picture).save(folder / name / f"{i}.png")
    *_, third, fourth, benchmark = commands("distance.md")
    for line in (third, fourth):
        run(line)
    assert benchmark == "python -m benchmarks.distance"
    assert (folder / "pictures.png").is_file()
    exec(code_blocks("distance.md")[-1], {})
    said = capsys.readouterr().out.rpartition("between ")[2]
    low, high = map(float, said.split(" and "))
    assert low < 3**0.5 < high
