import json
import shutil

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key
from wgan_gp import devices
from wgan_gp.runs import checkpoint, workdir
from wgan_gp.runs.checkpoint import Checkpoints
from wgan_gp.system import checksums


def state(value=0.0):
    return {
        "key": key(3),
        "count": jnp.int32(7),
        "params": {"a": jnp.arange(300.0) + value, "b": jnp.full((2, 3), value)},
    }


LIKE = jax.eval_shape(state)


@pytest.fixture
def folder(tmp_path):
    """With checkpoints of steps 10, 20 and 30, of which 20 and 30 are kept."""
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    for step in (10, 20, 30):
        checkpoints.save(step, state(step), {"at": step})
    checkpoints.close()
    return tmp_path / "checkpoints"


def plain(tree):
    return devices.unwrap_keys(tree)


def latest(folder, like=LIKE):
    warnings, checkpoints = [], Checkpoints(folder)
    saved = checkpoints.load_latest(like, warnings.append)
    checkpoints.close()
    return saved, warnings


def test_a_state_comes_back_bit_equal(folder):
    saved, warnings = latest(folder)
    assert (saved.step, saved.position, warnings) == (30, {"at": 30}, [])
    chex.assert_trees_all_equal(plain(saved.state), plain(state(30)))


def test_the_newest_and_every_nth_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2, keep_every=20)
    for step in (10, 20, 30, 40, 50):
        checkpoints.save(step, state(), None)
    checkpoints.close()
    assert sorted(int(path.name) for path in tmp_path.iterdir()) == [20, 40, 50]
    assert len(list(tmp_path.glob("*/sums.json"))) == 3


def test_what_is_saved_does_not_change_with_the_state(tmp_path):
    step = jax.jit(lambda s: s | {"count": s["count"] + 1}, donate_argnums=0)
    checkpoints, now = Checkpoints(tmp_path), {"count": jnp.arange(50_000)}
    checkpoints.save(1, now, None)
    for _ in range(5):
        now = step(now)
    checkpoints.close()
    saved, _ = latest(tmp_path, jax.eval_shape(lambda: {"count": jnp.arange(50_000)}))
    np.testing.assert_array_equal(saved.state["count"], np.arange(50_000))


def files(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip, truncate, lambda path: path.unlink()])
def test_any_damage_is_seen_and_the_one_before_is_taken(folder, damage):
    for index in range(len(files(folder / "30"))):
        copy = folder.parent / f"copy{index}"
        shutil.copytree(folder, copy)
        damage(files(copy / "30")[index])
        saved, warnings = latest(copy)
        assert saved.step == 20
        assert "checkpoint 30 is damaged" in warnings[0]
        chex.assert_trees_all_equal(plain(saved.state), plain(state(20)))


def test_what_systems_add_to_a_folder_is_no_damage_but_another_file_is(folder):
    inner = files(folder / "30")[-1].parent
    (inner / ".AppleDouble").mkdir()
    names = ".DS_Store", "._30", ".nfs0000a1", "Thumbs.db", ".AppleDouble/manifest"
    for name in names:
        (inner / name).write_bytes(b"x")
    saved, warnings = latest(folder)
    assert (saved.step, warnings) == (30, [])
    (inner / "more").write_bytes(b"x")
    saved, warnings = latest(folder)
    assert saved.step == 20
    assert "more is not what was written" in warnings[0]


def test_damaged_ones_are_set_aside_so_that_their_steps_can_be_saved_again(folder):
    flip(files(folder / "30")[0])
    checkpoints = Checkpoints(folder)
    assert checkpoints.load_latest(LIKE, lambda _: None, set_aside=True).step == 20
    assert (folder.parent / "damaged" / "30").is_dir()
    assert "step 20 is the last saved" in workdir.resume_hint(folder.parent)
    for step in (25, 30):
        checkpoints.save(step, state(step + 1), None)
    checkpoints.close()
    saved, warnings = latest(folder)
    assert (saved.step, warnings) == (30, [])
    chex.assert_trees_all_equal(plain(saved.state), plain(state(31)))


def test_if_all_are_damaged_the_run_cannot_go_on(folder):
    for step in ("20", "30"):
        flip(files(folder / step)[0])
    with pytest.raises(ValueError, match=r"all checkpoints in .* are damaged"):
        latest(folder)


@pytest.mark.parametrize(
    "name", ["40.orbax-checkpoint-tmp", "40.draft.orbax-checkpoint-tmp", "40.draft"]
)
def test_an_unfinished_save_is_no_checkpoint(folder, name):
    (folder / name).mkdir()
    assert latest(folder)[0].step == 30
    assert not (folder / name).exists()


class Killed(BaseException):
    """What no handler sees, like a kill."""


def kill_twice(folder, patched, name, monkeypatch):
    """Two saves, of steps 40 and 50, that end where they would call a function."""

    def dies(*_):
        raise Killed

    for step in (40, 50):
        checkpoints = Checkpoints(folder)
        with monkeypatch.context() as patch:
            patch.setattr(patched, name, dies)
            checkpoints.save(step, state(step), None)
            with pytest.raises(Killed):
                checkpoints.close()


def test_kills_before_a_checkpoint_has_its_name_cost_no_other(folder, monkeypatch):
    kill_twice(folder, checksums, "write", monkeypatch)
    saved, warnings = latest(folder)
    assert (saved.step, warnings) == (30, [])


def test_kills_after_a_checkpoint_has_its_name_leave_it_whole(folder, monkeypatch):
    kill_twice(folder, Checkpoints, "_remove", monkeypatch)
    assert workdir.restore.steps(folder) == [50, 40, 30, 20]
    saved, warnings = latest(folder)
    assert (saved.step, warnings) == (50, [])
    shutil.rmtree(folder / "50")
    assert latest(folder)[0].step == 40


def test_a_checkpoint_under_another_step_is_damaged(folder):
    (folder / "30").rename(folder / "31")
    saved, (warning,) = latest(folder)
    assert saved.step == 20
    assert "checkpoint 31 is damaged (it is the one of step 30)" in warning


def test_reading_leaves_a_folder_as_it_is(folder):
    (folder / "40.draft").mkdir()  # of a run that trains at this moment
    assert checkpoint.load(folder, LIKE)["count"] == 7
    assert (folder / "40.draft").exists()


def test_other_networks_are_refused(folder):
    like = LIKE | {"params": {"a": jax.ShapeDtypeStruct((301,), "float32")}}
    with pytest.raises(ValueError, match="other networks"):
        latest(folder, like)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint in"):
        checkpoint.load(tmp_path / "none", LIKE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no checkpoint in"):
        checkpoint.load(tmp_path / "empty", LIKE)


def test_checksums_that_cannot_be_read_count_as_damage(folder):
    (folder / "30" / "sums.json").write_text(json.dumps({})[:1])
    assert latest(folder)[0].step == 20


def test_arrays_come_back_in_the_types_and_the_structure_that_are_asked_for(folder):
    """A state may have gained parts without arrays since it was saved."""
    like = LIKE | {"count": jax.ShapeDtypeStruct((), "float32"), "state": ()}
    saved, warnings = latest(folder, like)
    assert warnings == []
    assert (saved.state["count"], saved.state["count"].dtype) == (7, "float32")
    assert saved.state["state"] == ()
