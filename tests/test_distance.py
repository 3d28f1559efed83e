"""The command and the function `distance`: two sets in, a bracket of W1 out."""

import json
import os
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

from tests.data.test_tables import write_csv, write_parquet
from tests.helpers import contents
from wgan_gp import distance
from wgan_gp.data.reading import Reading
from wgan_gp.data.sample_sets import read_pair
from wgan_gp.evaluate.lower_bound import critic_gradients
from wgan_gp.runs import figures, set_distance
from wgan_gp.runs.distance_figures import pictures_figure
from wgan_gp.runs.network_estimate import network_estimate
from wgan_gp.runs.set_distance import standardised, with_columns_in_order

N = 60  # rows of two columns, as in the tests of the bracket: one compiled program


def normal(seed=0, n=N, dimension=2):
    return np.random.default_rng(seed).normal(size=(n, dimension))


def table(seed=0, n=N, names=("height", "weight")):
    return dict(zip(names, normal(seed, n, len(names)).T))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "real.csv", table())
    write_csv(tmp_path / "fake.csv", table(1))
    return tmp_path


def call(*arguments):
    return distance.main(["", *map(str, arguments)])


def test_the_command_prints_a_table_and_writes_what_the_function_finds(folder, capsys):
    write_parquet(folder / "fake.parquet", dict(reversed(table(1).items())))
    arguments = "real.csv", "fake.parquet", "--json", "new/a.json", "--figure", "a.png"
    assert call(*arguments) == 0
    said, notes = capsys.readouterr()
    assert "are in REAL" not in notes
    assert "W1 is within" in said
    assert "W1 is between 0 and" in said
    assert "with 98 % confidence" in said
    record = json.loads((folder / "new/a.json").read_text())
    x, y = (np.stack(list(table(seed).values()), axis=1) for seed in (0, 1))
    found = distance.distance(x, y)
    assert record["interval"] == pytest.approx(found.bracket.interval, rel=1e-6)
    assert record["floor"] == pytest.approx(found.bracket.floor, rel=1e-6)
    assert record["sinkhorn"] == pytest.approx(found.blurred.sinkhorn, rel=1e-3)
    assert record["estimate"] is None
    assert record["counts"]["fake_total"] == N
    assert record["settings"]["columns"] == ["height", "weight"]
    assert (folder / "a.png").stat().st_size > 10_000
    assert {path.name for path in folder.iterdir()} == {
        "real.csv", "fake.csv", "fake.parquet", "new", "a.png",
    }  # fmt: skip


def test_without_room_for_the_figure_neither_file_is_written(
    folder, monkeypatch, capsys
):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(distance.Figure, "savefig", full)
    before = sorted(folder.iterdir())
    arguments = "real.csv", "fake.csv", "--json", "a.json", "--figure", "a.png"
    assert call(*arguments) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert sorted(folder.iterdir()) == before


REFUSED = {
    "real.csv none.csv": "there is no file none.csv",
    "real.csv none": "there is no file none",
    "real.csv empty.csv": "empty.csv is empty",
    "real.csv one.csv": "at least 20 samples a side, got 60 and 1",
    "real.csv text.csv": "text, which has no distance: choose columns of numbers by"
    " --columns (height, weight)",
    "real.csv text.csv --columns height wieght": "did you mean weight?",
    "real.csv other.csv": "other.csv has not, weight; other.csv has height, age",
    "real.csv infinite.csv": "choose other columns by --columns",
    "real.csv gaps.csv": "no row without a missing value",
    "real.csv pictures.npz": "real.csv has rows of numbers and pictures.npz has",
    "pictures.npz large.npz": "pictures.npz has 4 x 4 x 1 and large.npz has 5 x 4 x 1",
    "pictures.npz pictures.npz --columns a": "--columns has an effect on rows",
    "pictures.npz pictures.npz --standardise": "--standardise is for columns",
    "real.csv fake.csv --size 4 4": "--size has an effect on folders",
    "real.csv words.npy": "must have samples of numbers",
    "constant.csv fake.csv --standardise": "column 'height' is 1 in all real rows",
    "real.csv fake.csv --critic clip": "--critic must be one of cones, ",
    "real.csv fake.csv --critic conse": "did you mean cones?",
    "real.csv fake.csv --rows 3": "rows must be a whole number >= 20, got 3",
    "real.csv fake.csv --subset 1": "subset must be a whole number >= 2",
    "real.csv fake.csv --seed -1": "seed must be a whole number >= 0",
    "real.csv fake.csv --json a.txt": "--json must end in .json, got a.txt",
    "real.csv fake.csv --json old.json": "old.json exists already: name another --json",
    "real.csv fake.csv --figure old.png": "name another --figure",
    "real.csv fake.csv --json real.csv/a.json": "real.csv is a file",
    "real.csv": "the following arguments are required: FAKE",
}


@pytest.fixture
def hostile(folder):
    for name in ("empty.csv", "old.json", "old.png"):
        (folder / name).write_text("" if name == "empty.csv" else "mine")
    write_csv(folder / "one.csv", table(n=1))
    write_csv(folder / "text.csv", table() | {"town": ["Ulm"] * N})
    write_csv(folder / "other.csv", table(names=("height", "age")))
    write_csv(folder / "infinite.csv", table() | {"weight": [np.inf] * N})
    write_csv(folder / "gaps.csv", {"height": [1.5, ""] * 30, "weight": ["", 2.5] * 30})
    write_csv(folder / "constant.csv", table() | {"height": [1.0] * N})
    np.save(folder / "words.npy", np.array([["a", "b"]] * N))
    np.savez(folder / "pictures.npz", images=np.zeros((30, 4, 4), np.uint8))
    np.savez(folder / "large.npz", images=np.zeros((30, 5, 4), np.uint8))
    return folder


@pytest.mark.parametrize("line", REFUSED)
def test_bad_input_is_one_line_before_any_compute_and_any_write(
    line, hostile, capsys, monkeypatch
):
    monkeypatch.setattr("wgan_gp.runs.set_distance.w1_bracket", lambda *_, **__: 1 / 0)
    before = contents(hostile)
    assert call(*line.split()) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("error: ")
    assert REFUSED[line] in said
    assert "data." not in said
    assert contents(hostile) == before


def test_a_folder_that_is_not_writable_is_refused(folder, capsys, monkeypatch):
    (folder / "locked").mkdir()
    allowed = os.access
    monkeypatch.setattr(
        os,
        "access",
        lambda path, mode: Path(path).name != "locked" and allowed(path, mode),
    )
    assert call("real.csv", "fake.csv", "--json", "locked/a.json") == 2
    assert "locked is not writable: name another\n" in capsys.readouterr().err


def read(real, fake, **how):
    return read_pair(real, fake, Reading(**how))


def test_rows_of_any_type_and_number_are_read(folder):
    whole = np.random.default_rng(0).integers(0, 5, (N, 2))
    for dtype in (bool, np.int8, np.uint64, np.float16, np.float64):
        np.save(folder / "a.npy", whole.astype(dtype))
        np.savez(folder / "b.npz", samples=whole, labels=["a"] * N)
        real, fake = read(folder / "a.npy", folder / "b.npz")
        np.testing.assert_array_equal(real.values, whole.astype(dtype))
        assert real.values.dtype == fake.values.dtype == np.float64
        assert any("labels are left out" in note for note in fake.notes)
    names = {"columns": ["weight", "height"]}
    np.savez(folder / "c.npz", samples=whole[:, ::-1], **names)
    real, fake = read(folder / "real.csv", folder / "c.npz", rows=25)
    assert (len(real.values), real.total) == (25, N)
    assert {*map(tuple, fake.values)} <= {*map(tuple, whole.astype(float))}


def test_the_commands_options_reach_the_reader_and_the_function(folder, monkeypatch):
    """Each at a value that is not its default."""
    seen = []

    def reading(real, fake, how):
        seen.append(how)
        return read_pair(real, fake, Reading())

    def computing(x, y, **options):
        del options["report"]
        seen.append(options)
        raise ValueError("enough is known")

    monkeypatch.setattr(distance, "read_pair", reading)
    monkeypatch.setattr(distance, "distance", computing)
    options = (
        *("--critic", "sll", "--subset", 40, "--seed", 7, "--rows", 50),
        *("--encoding", "latin-1", "--channels", 1, "--skip_corrupt"),
        *("--columns", "weight", "--size", 3, 4),
    )
    assert call("real.csv", "fake.csv", *options) == 2
    assert seen == [
        Reading(("weight",), "latin-1", (3, 4), 1, skip_corrupt=True, rows=50, seed=7),
        {"critic": "sll", "subset": 40, "seed": 7, "rows": N},
    ]


def test_another_critic_adds_its_estimate(monkeypatch):
    seen = []

    def estimate(x, y, critic, seed):
        seen.append((x.shape, critic, seed))
        return 1.5, (1.0, 2.0)

    for name in ("w1_bracket", "blurred_distances"):
        monkeypatch.setattr(set_distance, name, lambda *_, **__: None)
    monkeypatch.setattr(set_distance, "network_estimate", estimate)
    found = distance.distance(normal(), normal(1), critic="sll", seed=7)
    assert (found.estimate, found.estimate_interval) == (1.5, (1.0, 2.0))
    assert distance.distance(normal(), normal(1)).estimate is None
    assert seen == [((N, 2), "sll", 7)]


def test_files_are_read_in_their_encoding(folder):
    text = "h\xf6he\n" + "\n".join(map(str, normal()[:, 0]))
    (folder / "a.csv").write_text(text, encoding="latin-1")
    (real, _) = read(folder / "a.csv", folder / "a.csv", encoding="latin-1")
    assert real.columns == ("höhe",)


def test_pictures_are_read_in_grey_and_without_those_that_are_damaged(folder):
    (folder / "p").mkdir()
    for i in range(20):
        picture = np.full((3, 2, 3), 10 * i, np.uint8)
        Image.fromarray(picture).save(folder / "p" / f"{i}.png")
    (folder / "p" / "broken.png").write_bytes(b"no picture")
    how = {"channels": 1, "skip_corrupt": True}
    (real, _) = read(folder / "p", folder / "p", **how)
    assert real.values.shape == (20, 3, 2, 1)
    assert sorted(real.values[:, 0, 0, 0]) == list(range(0, 200, 10))
    with pytest.raises(ValueError, match=r"--skip_corrupt"):
        read(folder / "p", folder / "p")


def test_rows_with_missing_values_are_left_out_with_a_note(folder):
    gaps = table(1)
    gaps["weight"][3:5] = np.nan
    write_csv(folder / "gaps.csv", gaps)
    _, fake = read(folder / "real.csv", folder / "gaps.csv")
    assert (len(fake.values), fake.total) == (58, 58)
    assert "2 of 60 rows have missing values" in " ".join(fake.notes)
    _, fake = read(folder / "real.csv", folder / "gaps.csv", columns=("height",))
    assert len(fake.values) == N


def test_copies_are_noticed(folder):
    both = table()
    both["height"][0] = -0.0
    write_csv(folder / "real.csv", both)
    both["height"][0] = 0.0
    write_csv(folder / "copies.csv", {name: x[:21] for name, x in both.items()})
    (note,) = distance._copies(read(folder / "real.csv", folder / "copies.csv"))
    assert note.startswith("21 of 21 samples of FAKE are in REAL")


def test_pictures_of_all_splits_are_one_set(folder):
    draws = np.random.default_rng(0)
    images = draws.integers(0, 256, (30, 4, 4), np.uint8)
    np.savez(folder / "a.npz", images=images)
    np.savez(folder / "b.npz", train_images=images[:20], test_images=images[20:])
    for each in read(folder / "a.npz", folder / "b.npz"):
        assert each.total == 30
        assert {*map(bytes, each.values)} == {*map(bytes, images)}
    (some, _) = read(folder / "a.npz", folder / "b.npz", rows=25)
    assert (len(some.values), some.total) == (25, 30)


def test_pictures_that_are_skipped_are_counted(folder):
    for name in ("a", "b"):
        (folder / name).mkdir()
        for i in range(30):
            figures.save_image(
                folder / name / f"{i:02}.png", np.full((4, 4, 1), i, np.uint8), least=1
            )
    (folder / "b" / "07.png").write_bytes(b"no picture")
    real, fake = read(folder / "a", folder / "b", skip_corrupt=True)
    assert not real.notes
    assert fake.notes == (f"folder:{folder / 'b'}: 1 file left out: 1 corrupt",)


def test_standardised_columns_count_alike():
    x, y = normal(), normal(1)
    units = np.array([1e-200, 1e170])
    for found, as_they_are in zip(
        standardised(units * x, units * y), standardised(x, y)
    ):
        np.testing.assert_allclose(found, as_they_are)
    assert standardised(x, y)[0].std(axis=0) == pytest.approx(1)
    same = np.ones((N, 1))
    assert (standardised(0.1 * same, 0.1 * same)[1] == 0.1).all()


def test_the_function_takes_sets_of_other_sizes_and_the_same_rows_again():
    found = distance.distance(normal(), np.concatenate([normal(), normal(1, 3)]))
    assert found.bracket.interval[0] == 0
    assert (found.real, found.fake) == (N, N + 3)


def frame(**places):
    """Columns of `normal` by name."""
    return pandas.DataFrame({name: normal()[:, i] for name, i in places.items()})


def test_names_of_columns_may_be_numbers_and_are_there_once():
    named = lambda *names: pandas.DataFrame([[1.0, 2.0]], columns=names)  # noqa: E731
    x, y = with_columns_in_order(named(0, 1), named("1", "0"))
    assert (x.to_numpy().tolist(), y.to_numpy().tolist()) == ([[1, 2]], [[2, 1]])
    with pytest.raises(ValueError, match="two columns are named 'a'"):
        with_columns_in_order(named("a", "a"), named("a", "a"))


def test_columns_of_data_frames_are_compared_by_name():
    far = frame(a=0, b=1)
    far["b"] += 50
    found = distance.distance(far, far[["b", "a"]])
    assert found.bracket.upper < 1


@pytest.mark.parametrize(
    ("sides", "options", "says"),
    [
        ((normal(), normal(dimension=3)), {}, r"got \(60, 2\) and \(60, 3\)"),
        ((3.0, normal()), {}, "of one shape"),
        ((normal(), normal()), {"critic": "none"}, "critic must be one of cones"),
        ((normal().astype(str), normal()), {}, "real numbers, got <U"),
        (
            (np.ma.masked_less(normal(), -1), normal()),
            {},
            "without masked values",
        ),
        (
            (frame(a=0, b=1), frame(a=0, c=1)),
            {},
            "need the same columns, got a, b and a, c",
        ),
    ],
)
def test_the_function_refuses_in_one_line(sides, options, says):
    with pytest.raises(ValueError, match=says):
        distance.distance(*sides, **options)


def test_gradients_point_to_what_is_real():
    """From the generated point 0 to the real ones, which are 5 to the right."""
    right = np.array([5.0, 0.0])
    with pytest.raises(ValueError, match="at least 10 samples a side"):
        critic_gradients(normal(n=9), normal(1), normal(2, 4))
    found = critic_gradients(normal() + right, normal(1), 0.1 * normal(2, 4))
    assert found.shape == (4, 2)
    np.testing.assert_allclose(found[:, 0], 1, atol=0.1)
    assert (np.linalg.norm(found, axis=1) <= 1 + 1e-6).all()


def test_pictures_that_are_all_one_have_a_figure_without_gradients():
    same = np.full((30, 2, 2, 1), 0.5)
    gradients = critic_gradients(same, same, same[:8])
    np.testing.assert_array_equal(gradients, np.zeros((8, 2, 2, 1)))
    assert len(pictures_figure(same[:8], gradients, 0.0).axes) == 24


def test_a_figure_of_pictures_has_a_row_for_each_step():
    examples = np.zeros((2, 4, 4, 3))
    figure = pictures_figure(examples, np.ones_like(examples), 48**0.5)
    shown = [axes.images[0].get_array() for axes in figure.axes]
    assert len(shown) == 6
    np.testing.assert_allclose(shown[4], 1)
    np.testing.assert_allclose(shown[2], 1)


def test_a_network_critic_that_diverges_is_refused(monkeypatch):
    diverged = lambda samples: np.full(len(samples), np.nan)  # noqa: E731
    monkeypatch.setattr(
        "wgan_gp.runs.network_estimate._trained_critic", lambda *_: (diverged, 1.0)
    )
    with pytest.raises(ValueError, match="a critic under clip diverged: use cones"):
        network_estimate(normal(), normal(1), "clip")


@pytest.mark.long
def test_a_network_critic_estimates_w1():
    x, y = normal(0, 400), normal(1, 400)
    value, (low, high) = network_estimate(1e5 * (x + 3), 1e5 * y, "one_sided")
    assert low < value < high
    assert 0.8 < value / (1e5 * 3 * 2**0.5) < 1.2
