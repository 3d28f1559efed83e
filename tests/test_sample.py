import errno
import json
import os
import shutil
import signal
import time
import tracemalloc
from functools import partial
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from PIL import Image

from tests.helpers import contents, key, resolve, run_module
from wgan_gp import build, sample, train
from wgan_gp.build import assemble
from wgan_gp.data import Dataset, class_labels, drafts
from wgan_gp.data.images import open_images
from wgan_gp.evaluate import memory
from wgan_gp.runs import dataset_file, sample_files, sampling, workdir
from wgan_gp.runs.checkpoint import Checkpoints
from wgan_gp.runs.draws import SampleBatch
from wgan_gp.system.files import WriteError
from wgan_gp.system.signals import Listener


def refused(capsys, *args):
    """Runs the command in this process; the line with which it refused."""
    assert sample.main(["sample", *map(str, args)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("error: ")
    return line


def stored(path):
    with np.load(path) as archive:
        return archive["samples"]


def test_the_command_writes_samples(smoke_run, tmp_path):
    out = tmp_path / "new" / "samples.npz"
    args = ("--workdir", smoke_run.folder, "--n", 7, "--out", out, "--seed", 5)
    done = run_module("wgan_gp.sample", *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    samples = stored(out)
    assert samples.shape == (7, 2)
    assert np.isfinite(samples).all()
    assert {path.name for path in out.parent.iterdir()} == {"samples.npz"}
    expected = sample.sample(smoke_run.folder, 7, seed=5)
    np.testing.assert_allclose(samples, expected, rtol=1e-5, atol=1e-6)


def test_the_seed_chooses_the_latents(smoke_run):
    first, again = (sample.sample(smoke_run.folder, 5, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == sample.sample(smoke_run.folder, 5, seed=2))


@pytest.mark.parametrize("n", [0, -3])
def test_fewer_than_one_sample_is_refused(smoke_run, tmp_path, capsys, n):
    out = tmp_path / "samples.npz"
    line = refused(capsys, "--workdir", smoke_run.folder, "--n", n, "--out", out)
    assert "n must be >= 1" in line
    assert not contents(tmp_path)


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    out = tmp_path / "new" / "samples.npz"
    line = refused(capsys, "--workdir", tmp_path / "none", "--n", 2, "--out", out)
    assert "holds no run" in line
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_not_overwritten(smoke_run, tmp_path, capsys):
    out = tmp_path / "samples.npz"
    out.write_text("mine")
    line = refused(capsys, "--workdir", smoke_run.folder, "--n", 2, "--out", out)
    assert "exists already" in line
    assert out.read_text() == "mine"


def test_a_file_of_another_kind_is_refused(smoke_run, tmp_path, capsys):
    for name, words in (("a.jpg", ".npz or .txt"), ("a.txt", "8gaussians must end")):
        out = tmp_path / name
        line = refused(capsys, "--workdir", smoke_run.folder, "--n", 2, "--out", out)
        assert words in line
    assert not contents(tmp_path)


NAMES = ("cat", "dog", "owl")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A run on pictures of three classes, as if it had ended; its data are gone."""
    folder = tmp_path_factory.mktemp("pictures")
    images = np.zeros((60, 8, 8, 3), np.uint8)
    np.savez(folder / "own.npz", images=images, labels=np.arange(60) % 3)
    fields = {"critic.width": 2, "generator.width": 2, "generator.latent": 3}
    fields |= {"data.name": f"npz:{folder / 'own.npz'}", "conditional": True}
    config = resolve("cifar10_resnet", "smoke", generator_batch_size=4, **fields)
    dataset = build.open_dataset(config)._replace(
        class_names=NAMES, class_shares=np.array([0.5, 0.25, 0.25])
    )
    (folder / "own.npz").unlink()
    keep(folder / "run", config, dataset)
    return folder / "run"


def keep(folder, config, dataset):
    """Saves a run whose networks are random, batch normalisation too."""
    algorithm, rates = assemble(config, dataset)[1:3]
    state = jax.jit(partial(train.init, algorithm, rates))(key())
    noise = partial(np.random.default_rng(0).normal, 0, 0.5)
    average = jax.tree.map(lambda x: x + np.float32(noise(x.shape)), state.average)
    workdir.prepare(folder, config)
    dataset_file.write(folder, dataset)
    checkpoints = Checkpoints(folder / "checkpoints")
    checkpoints.save(1, state._replace(average=average), None)
    checkpoints.close()


def test_a_sample_does_not_depend_on_how_many_are_drawn(pictures, smoke_run):
    for folder in (pictures, smoke_run.folder):
        one, some, many = (sample.sample(folder, n) for n in (1, 6, 21))
        np.testing.assert_array_equal(one, many[:1])
        np.testing.assert_array_equal(some, many[:6])
        assert len(np.unique(many.reshape(21, -1), axis=0)) == 21


def test_a_batch_is_normalised_as_in_training(pictures):
    run = sample.open_run(pictures)
    drawn = sample.sample(pictures, 8)
    algorithm, params = run.experiment.algorithm, run.state.average
    for batch in range(2):
        batch_key = jax.random.fold_in(jax.random.key(0), batch)
        alone = train.generate(algorithm, params, batch_key, 4)
        bytes_ = np.round(127.5 * (np.asarray(alone) + 1))
        found = drawn[4 * batch : 4 * batch + 4].astype(int)
        assert np.abs(found - bytes_).max() <= 1


@pytest.mark.long
def test_samples_of_a_label_are_those_among_all(pictures):
    run = sample.open_run(pictures)
    parts = list(sample.draw(run, 60))
    images = np.concatenate([part.samples for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    assert set(labels) == {0, 1, 2}
    for number, name in enumerate(NAMES[:2]):
        mine = images[labels == number][:5]
        asked = sample.sample(pictures, 5, label=(number, name)[number])
        np.testing.assert_array_equal(asked, mine)


def test_files_hold_pictures_labels_and_names(pictures, tmp_path, capsys):
    out, folder = tmp_path / "new" / "s.npz", tmp_path / "pngs"
    args = ("--workdir", pictures, "--n", 11, "--out", out, "--png", folder)
    assert sample.main(["sample", *map(str, args)]) == 0
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith(f"{out}: images (11, 8, 8, 3), uint8, labels (11,), int32;")
    assert said.endswith(f"{folder}: 11 PNG files")
    with np.load(out) as archive:
        images, labels = archive["images"], archive["labels"]
        assert tuple(archive["class_names"]) == NAMES
    assert (images.dtype, labels.dtype, labels.shape) == (np.uint8, np.int32, (11,))
    np.testing.assert_array_equal(images, sample.sample(pictures, 11))
    paths = sorted(folder.iterdir())
    for i, path in enumerate(paths):
        assert path.name == f"{i:06d}-{labels[i]}.png"
        np.testing.assert_array_equal(np.asarray(Image.open(path)), images[i])
    assert len(paths) == 11
    grid = np.asarray(Image.open(out.with_suffix(".png")))
    times = -(-512 // 71)  # 8 columns of 8 pixels, 7 lines between them
    assert grid.shape == (17 * times, 71 * times, 3)
    np.testing.assert_array_equal(grid[::times, ::times][:8, 9:17], images[1])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "pngs"]
    parts = [open_images(f"npz:{out}", split) for split in ("train", "test")]
    assert [part.count for part in parts] == [9, 1]


@pytest.mark.parametrize(
    ("label", "words"),
    [("owll", "did you mean owl?"), ("3", "a number below 3"), ("-1", "cat, dog, owl")],
)
def test_a_label_that_there_is_not_is_refused(pictures, tmp_path, capsys, label, words):
    out = tmp_path / "new" / "s.npz"
    args = ("--workdir", pictures, "--n", 2, "--out", out, f"--label={label}")
    assert words in refused(capsys, *args)
    assert not list(tmp_path.iterdir())


def test_pictures_are_no_table(tmp_path, monkeypatch):
    settings = SimpleNamespace(data=SimpleNamespace(name="own"))
    experiment = SimpleNamespace(dataset=described(NAMES))
    run = sample.FinishedRun(experiment, None, settings)
    with pytest.raises(ValueError, match=r"must end in \.npz for pictures, such as ow"):
        sample._pictures(tmp_path / "s.csv", None, run)
    monkeypatch.setattr(sampling, "open_run", lambda _: run)
    with pytest.raises(ValueError, match="holds a run on images, which are no table"):
        sampling.sample_table(tmp_path, 2)


def test_the_number_of_samples_is_needed_without_conditions():
    with pytest.raises(ValueError, match="n, the number of samples, is missing"):
        sample.sample("run", None)


def test_a_run_without_labels_has_none_to_ask_for(smoke_run, tmp_path, capsys):
    out = tmp_path / "s.npz"
    args = ("--workdir", smoke_run.folder, "--n", 2, "--out", out, "--label", 2)
    assert "takes no labels" in refused(capsys, *args)


def described(names, shares=None):
    return Dataset(
        "set",
        (8, 8, 1),
        None,
        classes=len(names),
        class_names=names,
        class_shares=shares,
    )


def test_names_come_before_numbers_and_own_numbers_are_kept():
    gaps = described(("0", "2", "5"))
    assert [class_labels.class_number(gaps, each) for each in (2, "5", 1)] == [1, 2, 1]
    np.testing.assert_array_equal(class_labels.original_labels(gaps), [0, 2, 5])
    for names in (NAMES, ("0", "01", "2")):
        assert class_labels.original_labels(described(names)) is None
    for label, number in (("2.0", 1), ("02", 1)):
        assert class_labels.class_number(gaps, label) == number
    truths = described(("false", "true", "unknown"))
    assert class_labels.class_number(truths, True) == 1
    unseen = described(NAMES, np.array([0.5, 0.5, 0.0]))
    with pytest.raises(ValueError, match="no training sample is of this class"):
        class_labels.class_number(unseen, "owl")


@pytest.mark.long
def test_a_run_without_a_description_of_its_data_opens_them(tmp_path):
    config = resolve("digits", "smoke")
    dataset = build.open_dataset(config)
    keep(tmp_path, config, dataset)
    known = sample.sample(tmp_path, 3)
    (tmp_path / dataset_file.NAME).unlink()
    np.testing.assert_array_equal(sample.sample(tmp_path, 3), known)
    (tmp_path / dataset_file.NAME).write_text('{"name": "x", "shape": [8, 0, 1]}')
    with pytest.raises(ValueError, match=r"dataset\.json does not describe a data set"):
        sample.sample(tmp_path, 3)


def test_a_description_is_read_back(tmp_path):
    kept = described(NAMES, np.array([0.5, 0.25, 0.25]))._replace(left_out=("a: b",))
    dataset_file.write(tmp_path, kept)
    assert json.loads((tmp_path / "dataset.json").read_text()) == {
        "name": "set",
        "shape": [8, 8, 1],
        "count": None,
        "classes": 3,
        "class_names": ["cat", "dog", "owl"],
        "class_shares": [0.5, 0.25, 0.25],
        "left_out": ["a: b"],
    }
    found = dataset_file.read(tmp_path)
    np.testing.assert_array_equal(found.class_shares, kept.class_shares)
    same = kept._replace(sample=found.sample, class_shares=found.class_shares)
    assert found == same


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--wokdir", "run", "--n", "2"], "no flag --wokdir: did you mean --workdir?"),
        (["--workdir", "run", "--n", "2"], "add --out FILE.npz or --png FOLDER"),
        (["--workdir", "run", "--n", "2", "--out", "file/x.npz"], "file is a file"),
        (["--workdir", "run", "--n", "2", "--png", "full"], "full exists already"),
        (["--workdir", "run", "--n", "2", "--png", "new"], "--png is for pictures"),
        (["--workdir", "run", "--n", "two", "--out", "x.npz"], "got 'two'"),
        (["--workdir", "run", "--n", "9" * 17, "--out", "x.npz"], "GB free for --out"),
        (["--workdir", "run", "--n", "9" * 400, "--out", "x.npz"], "n must be below"),
        (["--workdir", "run", "--n", "2", "--out", "x.npz", "--seed", "-1"], "seed"),
        (["--workdir", "~nobody_here/run", "--n", "2", "--png", "x"], "no user's home"),
    ],
)
def test_a_command_line_is_refused_in_one_line(
    smoke_run, tmp_path, monkeypatch, capsys, arguments, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").symlink_to(smoke_run.folder)
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    assert words in refused(capsys, *arguments)
    assert {path.name for path in tmp_path.iterdir()} == {"run", "file", "full"}


def test_paths_are_expanded(smoke_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "run").symlink_to(smoke_run.folder)
    args = ["--workdir=~/run", "--n=2", "--out=$HOME/x.npz"]
    assert sample.main(["sample", *args]) == 0
    assert stored(tmp_path / "x.npz").shape == (2, 2)


def test_samples_that_memory_cannot_hold_are_refused(smoke_run, monkeypatch):
    monkeypatch.setattr(memory, "physical_memory", lambda: 10**9)
    with pytest.raises(ValueError, match=r"take 0\.9 GB, and this machine has 1\.0 GB"):
        sample.sample(smoke_run.folder, 11 * 10**7)


def test_what_a_killed_process_left_is_removed(tmp_path):
    draft = tmp_path / ".s.npz-abc"
    draft.mkdir()
    (draft / "s.npz").write_bytes(b"half of it")
    (draft / drafts.LOCK).touch()
    os.utime(draft / drafts.LOCK, (1, 1))
    with sample_files.atomic_path(tmp_path / "s.npz") as path:
        path.touch()
    assert [each.name for each in tmp_path.iterdir()] == ["s.npz"]


def test_two_processes_with_one_name_leave_the_first_ones_file(tmp_path, monkeypatch):
    def write(path, text, other=lambda: None):
        with sample_files.atomic_path(path) as draft:
            draft.write_text(text)
            other()

    first = partial(write, tmp_path / "a.csv", "first")
    with pytest.raises(WriteError, match=r"a\.csv: File exists: name another"):
        write(tmp_path / "a.csv", "second", first)
    monkeypatch.setattr(os, "link", unlinkable)
    with pytest.raises(WriteError, match=r"a\.csv: File exists: name another"):
        write(tmp_path / "a.csv", "third")
    write(tmp_path / "b.csv", "fourth")
    found = {each.name: each.read_text() for each in tmp_path.iterdir()}
    assert found == {"a.csv": "first", "b.csv": "fourth"}


def unlinkable(*_):
    raise PermissionError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--png link", "--png link is a link, or the folder that this command runs in"),
        ("--png .", "--png . is a link, or the folder that this command runs in"),
        ("--out new/a.npz --png new", "one is within the other"),
        ("--out new/../a.npz --png ./a.npz/in", "one is within the other"),
        ("--out a.npz --png b/../a.png", "is where the grid beside --out goes"),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused_at_once(
    tmp_path, monkeypatch, capsys, arguments, words
):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(sample, "_write", lambda _: 1 / 0)
    if "link" in arguments:
        (here / "link").symlink_to(tmp_path / "empty")
        (tmp_path / "empty").mkdir()
    assert words in refused(capsys, "--workdir", "x", "--n", 2, *arguments.split())


def test_the_grid_and_the_folder_of_pictures_need_two_names(pictures, tmp_path, capsys):
    files = ("--out", tmp_path / "same.npz", "--png", tmp_path / "same.png")
    line = refused(capsys, "--workdir", pictures, "--n", 2, *files)
    assert "is where the grid beside --out goes: name another folder" in line
    assert not contents(tmp_path)


FAULTS = {
    MemoryError("Unable to allocate"): (2, "error: memory is too small"),
    OSError(28, "No space left on device"): (2, "No space left on device: free some"),
    signal.SIGTERM: (143, "stopped by SIGTERM: no file was written"),
    signal.SIGINT: (130, "stopped by SIGINT: no file was written"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_while_writing_leaves_nothing(
    fault, pictures, tmp_path, monkeypatch, capsys
):
    written = []

    def save(path, image, least=512):
        path.write_bytes(b"")
        written.append(path)
        if len(written) != 3:
            return
        if not isinstance(fault, signal.Signals):
            raise fault
        signal.raise_signal(fault)
        while not Listener.current.deferred.received:
            time.sleep(0.01)

    monkeypatch.setattr(sample_files.figures, "save_image", save)
    out, folder = tmp_path / "new" / "deep" / "s.npz", tmp_path / "new" / "pngs"
    args = ("--workdir", pictures, "--n", 9, "--out", out, "--png", folder)
    status, words = FAULTS[fault]
    assert sample.main(["sample", *map(str, args)]) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_ended_leaves_nothing(
    pictures, tmp_path, monkeypatch, capsys
):
    """The last arrays of an .npz file are written when the PNGs are there."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sample_files, "_copy", full)
    args = ("--n", 9, "--out", tmp_path / "s.npz", "--png", tmp_path / "pngs")
    assert sample.main(["sample", "--workdir", str(pictures), *map(str, args)]) == 2
    assert "s.npz: No space left on device" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_number_of_samples(tmp_path):
    n, part = 3_000_000, np.ones((1000, 2), np.float32)
    spec = sample_files.SampleSpec(n, (2,), part.dtype)
    path = tmp_path / "x.npz"
    tracemalloc.start()
    with sample_files.npz_file(path, "samples", spec) as write:
        for _ in range(n // 1000):
            write(SampleBatch(part, np.zeros(1000, np.int64)))
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    with np.load(path) as archive:
        assert archive["samples"].shape == (n, 2)
        assert archive["labels"].shape == (n,)


def unfinished(folder):
    shutil.rmtree(folder / "checkpoints")


def not_json(folder):
    (folder / "config.json").write_text("{")


def a_list(folder):
    (folder / "config.json").write_text("[1]")


def unknown_field(folder):
    edit(folder, foo=1)


def mistyped_field(folder):
    edit(folder, steps="many")


def out_of_range(folder):
    edit(folder, batch_size=0)


def emptied_checkpoint(folder):
    shutil.rmtree(folder / "checkpoints")
    (folder / "checkpoints").mkdir()


def edit(folder, **fields):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for name, value in fields.items():
        nested = isinstance(value, dict)
        config[name] = config[name] | value if nested else value
    path.write_text(json.dumps(config))


@pytest.mark.parametrize(
    "damage",
    [
        unfinished,
        not_json,
        a_list,
        unknown_field,
        mistyped_field,
        out_of_range,
        emptied_checkpoint,
    ],
)
def test_a_damaged_run_is_refused(smoke_run, tmp_path, capsys, damage):
    folder = tmp_path / "run"
    shutil.copytree(smoke_run.folder, folder)
    damage(folder)
    out = tmp_path / "samples.npz"
    refused(capsys, "--workdir", folder, "--n", 2, "--out", out)
    assert not out.exists()


@pytest.mark.long
def test_a_config_of_other_networks_is_refused_in_one_line(smoke_run, tmp_path):
    # A process of its own: Orbax leaves tasks behind that fail in later tests.
    folder = tmp_path / "run"
    shutil.copytree(smoke_run.folder, folder)
    edit(folder, generator={"hidden": [9, 9]})
    args = ("--workdir", folder, "--n", 2, "--out", "samples.npz")
    done = run_module("wgan_gp.sample", *args, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert not (tmp_path / "samples.npz").exists()
