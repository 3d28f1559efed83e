import itertools
import json

import numpy as np
import pytest

from tests.helpers import ROOT, run_module, unchecked
from wgan_gp import configs
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data.pairs import PUBLISHED_PAIR
from wgan_gp.evaluate import published
from wgan_gp.evaluate.truth import Truth
from wgan_gp.studies.w1_benchmark import __main__ as grid
from wgan_gp.studies.w1_benchmark import recipes, study, table
from wgan_gp.studies.w1_benchmark.cells import solve_cells
from wgan_gp.studies.w1_benchmark.recipes import cell_config, parse_cell

PICTURES = PUBLISHED_PAIR | {"family": "pictures"}
SMOKE = ("--recipes", "smoke", "--dims", "2", "--funnels")


@pytest.mark.parametrize("recipe", ["tuned", "published", "smoke"])
@pytest.mark.parametrize("lipschitz", sorted({*CONSTRAINTS} - {"unconstrained"}))
def test_every_recipe_resolves_under_every_constraint(recipe, lipschitz):
    config = cell_config(16, 4, recipe)
    config.lipschitz = lipschitz
    resolved = configs.resolve(config)
    assert resolved.task == "critic"
    assert (resolved.data.dimension, resolved.data.funnels) == (16, 4)


@pytest.mark.parametrize(
    ("arg", "network", "funnels"),
    [
        ("dim=16,family=shell,recipe=orthogonal", "mlp", 1),
        ("dim=16,family=gaussians,recipe=cones", "mlp", 1),
        ("dim=64,family=pictures,funnels=3,recipe=dcgan", "dcgan", 3),
    ],
)
def test_a_family_is_chosen_behind_the_colon(arg, network, funnels):
    config = parse_cell(arg)
    resolved = configs.resolve(config)
    assert resolved.critic.network == network
    assert resolved.data.funnels == funnels
    family, recipe = (
        dict(term.split("=") for term in arg.split(","))[name]
        for name in ("family", "recipe")
    )
    assert resolved.data.family == family
    assert resolved.lipschitz == {"dcgan": "one_sided"}.get(recipe, recipe)
    assert family in resolved.name
    with pytest.raises(ValueError, match=f"recipe={recipe},family={family}"):
        config.data.dimension = 5


def test_a_network_of_pictures_is_for_pictures():
    with pytest.raises(
        ValueError, match=r"'dcgan' is for images.*a family of pictures"
    ):
        configs.resolve(parse_cell("dim=64,recipe=dcgan"))


@pytest.mark.long
def test_a_convolutional_critic_learns_pictures(tmp_path):
    cell = study.make_cell("dcgan", "one_sided", 64, 2, seeds=2, pair=PICTURES)
    small = {"steps": 3, "batch_size": 4, "eval_samples": 20, "critic": {"width": 2}}
    config = cell_config(64, 2, "dcgan", family="pictures")
    configs.update(config, small)
    with unchecked():
        truth = solve_cells(configs.resolve(config), (1, 2), range(2))
    assert truth.cosine.shape == (2, 2)
    assert np.isfinite(truth.cosine).all()
    assert (truth.w1 > 0.5).all()
    assert cell.name == "dim64-funnels2-familypictures-dcgan-one_sided"


def test_the_published_protocol():
    config = configs.resolve(parse_cell("dim=128,funnels=64,recipe=published"))
    assert config.critic.hidden == (256, 256)
    assert (config.steps, config.batch_size) == (60_000, 1024)
    assert config.critic_optimiser.learning_rate == 2e-4
    assert config.penalty.weight == 10


@pytest.mark.parametrize(
    ("arg", "message"),
    [
        ("dim=0,funnels=4", "dim >= 1 and funnels >= 1"),
        ("dim=2,funnels=0", "dim >= 1 and funnels >= 1"),
        ("dim=two", "dim must be a whole number"),
        ("dims=2", "a cell is described as"),
        ("family=shel", "family must be one of funnels, .*did you mean shell"),
        ("dim=2,dim=3", "dim is given twice"),
        (
            "recipe=best",
            "recipe must be one of tuned, cones, orthogonal, dcgan, published, smoke",
        ),
    ],
)
def test_a_cell_that_is_none_is_refused(arg, message):
    with pytest.raises(ValueError, match=message):
        parse_cell(arg)


@pytest.mark.parametrize(
    ("field", "variant"),
    [
        ("data.dimension", "dim=16,funnels=8,recipe=published"),
        ("data.funnels", "dim=4,funnels=16,recipe=published"),
    ],
)
def test_a_recipe_stays_with_the_cell_it_is_for(field, variant):
    config = parse_cell("dim=4,funnels=8,recipe=published")
    config.update_from_flattened_dict({"data.dimension": 4, "data.funnels": 8})
    with pytest.raises(ValueError, match=f"cannot become 16: .*{variant}"):
        config.update_from_flattened_dict({field: 16})
    assert configs.as_dict(configs.resolve(config))["data"] == {
        "kind": "funnels",
        "dimension": 4,
        "funnels": 8,
        "seed": 987,
        "family": "funnels",
        "subspace": 0,
        "norm": 2.0,
    }


def test_slopes_are_bounded_in_the_norm_of_the_pair():
    config = parse_cell("dim=4,funnels=8")
    config.data.norm = 1.0
    assert configs.resolve(config).penalty.norm == 1.0
    for changed, words in (
        ({"penalty.norm": 4.0}, "bounds slopes of p = 4"),
        ({"lipschitz": "cones"}, "bounds Euclidean slopes"),
        ({"lipschitz": "directional"}, "bounds Euclidean slopes"),
    ):
        wrong = config.copy_and_resolve_references()
        wrong.update_from_flattened_dict(changed)
        with pytest.raises(ValueError, match=rf"data.norm = 1.* needs .*{words}"):
            configs.resolve(wrong)
    config.data.subspace = 2
    with pytest.raises(ValueError, match=r"set data.norm to 2, got 1"):
        configs.resolve(config)
    # As before there were such pairs.
    published = parse_cell("dim=4,funnels=8")
    published.penalty.norm = 4.0
    assert configs.resolve(published).penalty.norm == 4.0


@pytest.mark.long
def test_cells_solved_together_are_those_solved_alone():
    config = cell_config(3, 4, "smoke")
    config.critic.fourier = 4
    resolved = configs.resolve(config)
    with unchecked():
        together = solve_cells(resolved, (2, 5), range(2))
        alone = solve_cells(resolved, (5,), range(2))
    assert together.cosine.shape == (2, 2)
    for field, both, one in zip(together._fields, together, alone):
        np.testing.assert_allclose(both[1], one[0], rtol=1e-3, atol=1e-4, err_msg=field)
    assert len(np.unique(together.cosine)) == 4


def test_training_comes_nearer_to_the_truth():
    config = cell_config(4, 4, "smoke")
    config.lipschitz, config.steps, config.eval_samples = "one_sided", 400, 500
    config.critic.hidden, config.batch_size = (32,), 64
    config.critic_optimiser.learning_rate = 5e-3
    with unchecked():
        truth = solve_cells(configs.resolve(config), (4,), range(2))
    assert (truth.cosine > 0.7).all()
    assert (truth.estimate > 0.5 * truth.w1).all()


@pytest.mark.long
def test_a_grid_goes_on_where_it_stopped(tmp_path):
    with unchecked():
        assert grid.main(["", "--out", str(tmp_path / "w1"), *SMOKE, "4"]) == 0
    (record,) = (tmp_path / "w1").glob("*.json")
    before = record.read_bytes()
    again = run_module(
        "wgan_gp.studies.w1_benchmark", "--out", "w1", *SMOKE, "4", "16", cwd=tmp_path
    )
    assert again.returncode == 0, again.stderr
    assert [line.split(":")[0] for line in again.stdout.splitlines()] == [
        "smoke one_sided D=2 N=16"
    ]
    assert record.read_bytes() == before
    assert len(list((tmp_path / "w1").iterdir())) == 2


def test_a_record_with_other_settings_is_kept_and_refused(
    tmp_path, capsys, monkeypatch
):
    arguments = ["", "--out", str(tmp_path), *SMOKE, "4"]
    with unchecked():
        assert grid.main(arguments) == 0
    (record,) = tmp_path.glob("*.json")
    before = record.read_bytes()
    capsys.readouterr()
    monkeypatch.setitem(recipes.RECIPES["smoke"], "steps", 21)
    assert grid.main(arguments) == 2
    assert (
        "was made with other settings (steps was 20, is 21)" in capsys.readouterr().err
    )
    assert record.read_bytes() == before


def test_published_records_are_of_todays_recipes():
    folder = ROOT / "docs" / "w1_benchmark"
    paths = sorted(folder.glob("*.json"))
    assert len(paths) > 100
    for path in paths:
        record = table.read_record(path)
        data = configs.resolve_stored(
            {"name": path.stem, "task": "critic", "seed": 0} | record["config"]
        ).data
        cell = study.make_cell(
            record["recipe"],
            record["config"]["lipschitz"],
            data.dimension,
            data.funnels,
            seeds=1,
            pair={field: getattr(data, field) for field in PUBLISHED_PAIR},
        )
        assert cell.name == path.stem
        assert study.is_complete(folder, cell, record)


def test_a_damaged_record_is_said_set_aside_and_made_again(tmp_path, capsys):
    arguments = ["", "--out", str(tmp_path), *SMOKE, "4"]
    name = "dim2-funnels4-smoke-one_sided"
    (tmp_path / f"{name}.json").write_text('{"recipe": "smo')
    with unchecked():
        assert grid.main(arguments) == 0
    assert f"{name}.json is damaged: it is moved to" in capsys.readouterr().out
    assert table.read_record(tmp_path / f"{name}.json")["seeds"] == 1
    assert (tmp_path / f"{name}.damaged").read_text() == '{"recipe": "smo'


@pytest.mark.long
def test_more_seeds_are_added_to_those_that_are_there(tmp_path, capsys):
    with unchecked():
        assert grid.main(["", "--out", str(tmp_path / "a"), *SMOKE, "4"]) == 0
        (path,) = (tmp_path / "a").glob("*.json")
        first = json.loads(path.read_text())
        more = [*SMOKE, "4", "--seeds", "3"]
        assert grid.main(["", "--out", str(tmp_path / "a"), *more]) == 0
        assert grid.main(["", "--out", str(tmp_path / "b"), *more]) == 0
    grown = json.loads(path.read_text())
    whole = json.loads((tmp_path / "b" / path.name).read_text())
    assert (first["seeds"], grown["seeds"], len(grown["cosine"])) == (1, 3, 3)
    assert grown["cosine"][0] == first["cosine"][0]
    np.testing.assert_allclose(grown["cosine"], whole["cosine"], rtol=1e-3)
    capsys.readouterr()
    with unchecked():
        assert grid.main(["", "--out", str(tmp_path / "a"), *SMOKE, "4"]) == 0
    assert not capsys.readouterr().out  # fewer seeds than there are: done
    assert json.loads(path.read_text()) == grown


def test_a_stray_file_is_refused_before_any_compute(tmp_path, capsys):
    (tmp_path / "stray.json").write_text("{}")
    assert grid.main(["", "--out", str(tmp_path), *SMOKE, "4"]) == 2
    assert "stray.json is not a cell's record" in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 1


def test_a_record_made_before_skill_was_measured_has_it_when_it_is_read(tmp_path):
    with unchecked():
        assert grid.main(["", "--out", str(tmp_path), *SMOKE, "4"]) == 0
    (path,) = tmp_path.glob("*.json")
    new = json.loads(path.read_text())
    old = {name: new[name] for name in new if name not in ("trivial", "skill")}
    path.write_text(json.dumps(old))
    read = table.read_record(path)
    assert read.keys() == new.keys()
    for name in ("trivial", "skill"):
        np.testing.assert_allclose(read[name], new[name], atol=1e-6)


def test_an_ablation_that_changes_nothing_is_left_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(grid, "study", lambda cells, *_: cells)
    flags = "--recipes tuned-no_waves tuned-interpolates tuned-zero_biases"
    flags += " --lipschitz one_sided two_sided --dims 2 16 --funnels 4"
    cells, _ = grid._start(["--out", str(tmp_path), *flags.split()])
    assert {(each.recipe, each.lipschitz, each.dimension) for each in cells} == {
        *itertools.product(["tuned-no_waves"], ["one_sided", "two_sided"], [2]),
        *itertools.product(["tuned-interpolates"], ["one_sided"], [2, 16]),
        *itertools.product(["tuned-zero_biases"], ["one_sided", "two_sided"], [2, 16]),
    }
    out = capsys.readouterr().out
    assert "dim16-funnels4-tuned-no_waves-one_sided is left out" in out
    assert out.count("is left out") == 4
    with pytest.raises(ValueError, match="no cell is left"):
        grid._start(["--out", "x", "--recipes", "tuned-no_waves", "--dims", "16"])


def test_critics_that_diverged_are_recorded_and_the_grid_goes_on(
    tmp_path, capsys, monkeypatch
):
    solved = []

    def solve(settings, funnels, seeds):
        solved.append((settings.data.dimension, *funnels, list(seeds)))
        numbers = np.arange(1.0, 1 + len(seeds))
        lost = np.where(numbers == 2, np.nan, numbers)  # that of the second seed
        if settings.data.dimension == 2:
            lost = np.full_like(numbers, np.inf)
        known = ("trivial", "w1", "left_out")
        return Truth(
            **{n: (numbers if n in known else lost)[None] for n in Truth._fields}
        )

    monkeypatch.setattr(study, "solve_cells", solve)
    page = tmp_path / "page.md"
    page.write_text(f"{table.BEGIN}\n{table.END}\n")
    command = ["", "--out", str(tmp_path / "w1"), "--table", str(page), *SMOKE, "4"]
    command += ["--dims", "2", "3", "--seeds", "3"]
    assert grid.main(command) == 0
    first, second = capsys.readouterr().out.splitlines()[:2]
    assert "cosine 3 of 3 diverged" in first
    assert "cosine 2.000, 1 of 3 diverged" in second
    assert "of 2.000," in first  # W1 is known all the same
    assert "| 4 | 3 of 3 diverged / " in page.read_text()
    assert "| 2.00 ± 1.41, 1 of 3 diverged |" in page.read_text()
    assert grid.main(command) == 0
    assert solved == [(2, 4, [0, 1, 2]), (3, 4, [0, 1, 2])]  # neither is tried again


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dims", "0"], "dim >= 1"),
        (["--seeds", "0"], "--seeds must be at least 1"),
        (["--table", "page.md"], "lacks the lines"),
        (["--table", "none.md"], "the page none.md cannot be read: No such file"),
        (["--table", "."], "the page . cannot be read: Is a directory"),
        (["--out", ""], "--out: the path is empty"),
        (["--out", "page.md/x"], "page.md is a file: name a folder"),
        (["--seed", "3"], "there is no flag --seed: did you mean --seeds?"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(
    tmp_path, capsys, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.md").write_text("mine")
    assert grid.main(["", "--out", "w1", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "w1").exists()


def record(dimension, funnels, cosine, recipe="published"):
    data = {"dimension": dimension, "funnels": funnels, "seed": 987}
    numbers = {name: [0.5] for name in Truth._fields}
    config = {"lipschitz": "two_sided", "data": data}
    return numbers | {
        "recipe": recipe,
        "seeds": 1,
        "config": config,
        "seconds": 1.0,
        "cosine": [cosine],
    }


def test_the_page_shows_ours_beside_the_published_number(tmp_path):
    for i, each in enumerate([record(2, 4, 0.8), record(16, 4, 0.9)]):
        (tmp_path / f"{i}.json").write_text(json.dumps(each))
    page = tmp_path / "page.md"
    page.write_text(f"above\n{table.BEGIN}\nold\n{table.END}\nbelow\n")
    table.write_page(page, table.read_records(tmp_path))
    text = page.read_text()
    assert text.startswith("above\n")
    assert text.endswith("below\n")
    assert "old" not in text
    assert "| 4 | 0.80 / 0.84 | 0.90 / 0.96 |" in text
    assert "| ... -‖x‖ | 0.50 | 0.50 |" in text
    # The skill of cosines .84 and .96 where the trivial critic has .5.
    assert "| 4 | 0.50 / 0.68 | 0.50 / 0.92 |" in text
    assert "| 4 | 0.50 (0.50) / 0.86 | 0.50 (0.50) / 2.07 |" in text


def test_the_cones_of_the_benchmark_see_as_many_samples_as_the_networks():
    seen = {}
    for recipe in ("tuned", "cones"):
        config = configs.resolve(cell_config(64, 16, recipe))
        assert [config.lipschitz] == recipes.constraints_of(recipe, None)
        seen[recipe] = config.steps * config.batch_size
    assert seen["tuned"] == seen["cones"]
    assert config.construction.anchors == 512
    assert config.construction.temperature_start == 0.05
    assert configs.resolve(cell_config(2, 4, "cones")).construction.anchors == 64
    many = [configs.resolve(cell_config(64, n, "cones")) for n in (64, 256)]
    found = [(c.construction.anchors, c.construction.temperature_start) for c in many]
    assert found == [(2048, 0.05), (2048, 0.02)]


@pytest.mark.long
def test_other_pairs_have_records_and_a_table_of_their_own(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"{table.BEGIN}\n{table.END}\n")
    arguments = ["", "--out", str(tmp_path / "w1"), "--table", str(page), *SMOKE, "4"]
    with unchecked():
        assert grid.main(arguments) == 0
        assert grid.main([*arguments, "--subspace", "1"]) == 0
        assert grid.main([*arguments, "--norm", "1.5", "--pair-seed", "3"]) == 0
        shell = [*arguments[:-2], "--family", "shell", "--lipschitz"]
        assert grid.main([*shell, "one_sided", "sll"]) == 0
    names = {path.stem for path in (tmp_path / "w1").iterdir()}
    assert names == {
        "dim2-funnels4-smoke-one_sided",
        "dim2-funnels4-subspace1-smoke-one_sided",
        "dim2-funnels4-seed3-norm1.5-smoke-one_sided",
        "dim2-funnels1-familyshell-smoke-one_sided",
        "dim2-funnels1-familyshell-smoke-sll",
    }
    table.write_page(page, table.read_records(tmp_path / "w1"))
    first, others = page.read_text().split("### Other pairs")
    assert first.count("### Recipe") == 1
    assert "| D = 2, N = 4, subspace 1 |" in others
    assert "| D = 2, N = 4, seed 3, norm 1.5 |" in others
    (row,) = (line for line in others.splitlines() if "shell" in line)
    assert row.startswith("| D = 2, shell | ")
    assert row.count("**") == 2  # the better of two
    truths = [record["w1"] for record in table.read_records(tmp_path / "w1")]
    assert len({w1 for (w1,) in truths}) == 4


def test_the_recipe_of_cones_is_for_no_other_constraint(tmp_path, capsys):
    arguments = ["", "--out", str(tmp_path / "w1"), "--recipes", "tuned", "cones"]
    assert grid.main([*arguments, "--lipschitz", "clip"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "the recipe cones is for --lipschitz cones, got clip" in line
    assert not (tmp_path / "w1").exists()


@pytest.mark.parametrize("recipe", recipes.ABLATIONS)
def test_an_ablation_changes_one_part_of_the_tuned_recipe(recipe):
    whole, without = cell_config(2, 64), cell_config(2, 64, recipe)
    whole.lipschitz = without.lipschitz = "one_sided"
    whole, without = (
        configs.as_dict(configs.resolve(each)) for each in (whole, without)
    )
    del whole["name"], without["name"]
    changed = {name for name in whole if whole[name] != without[name]}
    assert len(changed) == (2 if recipe == "tuned-large_batch" else 1)


def test_ablations_have_a_table_of_their_own(tmp_path):
    names = ("tuned", "tuned-no_maxout", "tuned-no_waves")
    for i, (name, value) in enumerate(zip(names, (0.9, 0.8, 0.7))):
        each = record(2, 64, value, recipe=name)
        each["config"]["lipschitz"] = "one_sided"
        (tmp_path / f"{i}.json").write_text(json.dumps(each))
    text = table.tables(table.read_records(tmp_path))
    assert text.count("### Recipe") == 1
    assert "| recipe | D = 2, N = 64 |" in text
    for name, value in zip(names, ("0.90", "0.80", "0.70")):
        assert f"| `{name}`, `one_sided` | {value} |" in text


def test_the_published_tables_are_whole():
    tables = (published.COSINE, published.L2, published.ESTIMATE)
    each_table = (rows for each in tables for rows in each.values())
    for rows in (*each_table, published.BEST_COSINE):
        assert [len(row) for row in rows] == [7] * 4
    best = published.published(published.BEST_COSINE, "", 2, 64)
    assert best == 0.72
    for method in ("WC", "GP", "LP"):
        for funnels in published.FUNNELS:
            for dimension in published.DIMENSIONS:
                cell = method, dimension, funnels
                theirs = published.published(published.COSINE, *cell)
                assert theirs <= published.published(published.BEST_COSINE, *cell)
    assert published.published(published.COSINE, "", 2, 4) is None
    assert published.published(published.COSINE, "WC", 3, 4) is None
