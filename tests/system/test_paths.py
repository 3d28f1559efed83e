"""Paths of data sets, as users write them and as runs keep them."""

import numpy as np
import pytest

from tests.data.streams import arrays
from tests.helpers import load_experiment, resolve
from wgan_gp import configs
from wgan_gp.data.images import open_images
from wgan_gp.data.streaming import stream
from wgan_gp.evaluate.held_out import check_weights
from wgan_gp.system.paths import expand, with_absolute_path

IMAGES = np.zeros((9, 4, 4), np.uint8)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "own.npz", images=IMAGES)
    return tmp_path


@pytest.mark.parametrize(
    "written", ["npz:own.npz", "npz:~/own.npz", "npz:$HOME/own.npz", "npz:./own.npz"]
)
def test_a_run_keeps_where_its_images_are(home, monkeypatch, written):
    """So that it can be resumed, or sampled from, in another working directory."""
    assert open_images(written).count == 7
    config = resolve("digits", "smoke", **{"data.name": written})
    (home / "elsewhere").mkdir()
    monkeypatch.chdir(home / "elsewhere")
    assert config.data.name == f"npz:{home / 'own.npz'}"
    assert open_images(config.data.name, **config.data.source_options).count == 7


@pytest.mark.parametrize("written", ["$NOPE/x", "a/${NOPE}", "~/$NOPE"])
def test_a_variable_that_is_not_set_is_refused(written, monkeypatch):
    monkeypatch.delenv("NOPE", raising=False)
    with pytest.raises(ValueError, match=r"the variable \$.*NOPE.* is not set: set it"):
        expand(written)
    assert str(expand("costs 5$")) == "costs 5$"


def test_other_paths_of_an_image_run_are_kept_in_full_too(home):
    fields = {"data.data_dir": "~/sets", "features.network": "inception"}
    config = resolve("digits", "smoke", **fields, **{"features.weights": "w.pth"})
    assert config.data.data_dir == str(home / "sets")
    assert config.features.weights == str(home / "w.pth")
    assert config.data.name == "digits8x8"


def test_features_and_scores_read_images_as_training_does():
    """A field of how images are read reaches whoever opens them again."""
    config = resolve("digits", "smoke", **{"data.channels": 3})
    others = {"kind", "name", "scale", "resident_bytes", "conditioning"}
    kept = {*vars(config.data)} - others
    assert config.data.source_options == {x: getattr(config.data, x) for x in kept}


def test_a_name_that_is_kept_in_full_is_kept_as_it_is(home):
    for name in ("folder:a/b", "npz:~/x", "npz:a:b", "mnist:3.0.1", "npz:", "folder:"):
        assert with_absolute_path(with_absolute_path(name)) == with_absolute_path(name)
    assert with_absolute_path("folder:a/b") == f"folder:{home}/a/b"
    assert with_absolute_path("mnist:3.0.1") == "mnist:3.0.1"


@pytest.mark.parametrize("kind", ["npz", "folder"])
def test_homes_of_nobody_and_names_without_a_path_are_refused(kind):
    config = load_experiment("digits", "smoke")
    config.data.name = f"{kind}:~nobody_at_all/x"
    with pytest.raises(ValueError, match=r"data\.name: ~nobody_at_all/x is in no user"):
        configs.resolve(config)
    with pytest.raises(ValueError, match=f"{kind}: names no file or folder"):
        open_images(f"{kind}:")


def test_a_stream_goes_on_from_a_state_with_a_relative_path(home):
    """As runs had them that were given one."""
    source = arrays()._replace(name=f"folder:{home}/set")
    state = stream(source, 5, 0).get_state()
    state["source"] = "folder:set train"
    stream(source, 5, 0, state)
    state["source"] = "folder:other train"
    with pytest.raises(ValueError, match="another stream: source"):
        stream(source, 5, 0, state)


@pytest.mark.parametrize("channels", [2, 0, -1, 4])
def test_channels_are_one_or_three(channels):
    with pytest.raises(ValueError, match=r"data\.channels must be one of 1, 3"):
        resolve("digits", "smoke", **{"data.channels": channels})
    with pytest.raises(ValueError, match="channels must be 1, 3 or None"):
        open_images("digits8x8", channels=channels)


def test_a_file_of_weights_that_is_not_there_is_refused(home):
    fields = {"features.network": "inception", "features.weights": "~/w.pth"}
    config = resolve("digits", "smoke", **fields)
    with pytest.raises(ValueError, match=f"there is no file {home}/w.pth"):
        check_weights(config.features.weights)
    (home / "w.pth").write_bytes(b"")
    check_weights(config.features.weights)
    check_weights(resolve("toy8gauss").features.weights)
