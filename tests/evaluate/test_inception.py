import hashlib
import json
import subprocess
import sys
from collections import OrderedDict
from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.evaluate import inception_blocks
from tests.evaluate.weight_files import write_inception
from tests.helpers import ROOT
from wgan_gp.evaluate import images as observers
from wgan_gp.evaluate import inception
from wgan_gp.evaluate.inception import inception_features, load_inception, prepare
from wgan_gp.evaluate.inception_network import Inception


@pytest.fixture(scope="module")
def torch_network():
    pytest.importorskip("torch")
    from tests.evaluate.torch_inception import random_inception

    return random_inception()


@pytest.fixture(scope="module")
def weights(torch_network, tmp_path_factory):
    import torch

    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.save(torch_network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def params(weights):
    return load_inception(weights)


def images(n=1, height=107, width=131, colours=3):
    shape = n, height, width, colours
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def nchw(x):
    import torch

    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1)))


def outputs(network, x):
    """What each layer of a network in PyTorch gives, `[n, ..., C]`."""
    import torch

    found = {}
    with torch.no_grad():
        for name, layer in network.named_children():
            x = layer(x)
            found[name] = np.moveaxis(x.numpy(), 1, -1)
    return found


def error(actual, expected):
    assert actual.shape == expected.shape
    return np.abs(actual - expected).max() / np.abs(expected).max()


@pytest.fixture(scope="module")
def random_file(tmp_path_factory):
    """A file in the layout of the published one, and its tensors; without PyTorch."""
    path = tmp_path_factory.mktemp("random") / "weights.pth"
    return path, write_inception(path, inception.tensor_shapes())


def test_a_file_in_the_published_layout_is_read(random_file):
    path, tensors = random_file
    read = load_inception(path)["params"]
    np.testing.assert_array_equal(read["fc"]["kernel"], tensors["fc.weight"].T)
    name = "Mixed_6e.branch7x7_2"
    gain, bias, average, variance = (
        tensors[f"{name}.bn.{each}"]
        for each in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gain / np.sqrt(variance + 1e-3)
    kernel = np.moveaxis(tensors[f"{name}.conv.weight"], (2, 3), (0, 1)).swapaxes(2, 3)
    folded = read["Mixed_6e"]["branch7x7_2"]["conv"]
    np.testing.assert_allclose(folded["kernel"], kernel * scale, rtol=1e-5)
    np.testing.assert_allclose(folded["bias"], bias - average * scale, rtol=1e-3)
    # 95.6 MB, as the published file, which has counters and a longer head too.
    assert abs(path.stat().st_size - 95_628_359) < 300_000


def test_a_file_that_is_not_the_published_one_is_said(random_file, monkeypatch):
    path, _ = random_file
    line = inception.difference_from_published(path)
    assert "not comparable with published ones" in line
    assert "not 6726825d..." in line
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(inception, "PUBLISHED_SHA256", digest)
    assert inception.difference_from_published(path) is None


def test_every_block_gives_what_it_gave_in_pytorch(random_file):
    """Whose numbers are stored: `inception_blocks` made them."""
    params = load_inception(random_file[0])
    apply = jax.jit(partial(Inception().apply, capture_intermediates=True))
    _, state = apply(params, jnp.asarray(inception_blocks.picture()))
    stored = json.loads(inception_blocks.FILE.read_text())
    blocks = stored.keys() - {"maxpool1", "maxpool2", "avgpool", "flatten", "fc"}
    assert len(blocks) == 16
    for name in blocks:
        found = inception_blocks.summary(state["intermediates"][name]["__call__"][0])
        assert found["shape"] == stored[name]["shape"]
        largest = stored[name]["numbers"][2]
        np.testing.assert_allclose(
            found["numbers"], stored[name]["numbers"], rtol=0, atol=1e-4 * largest
        )


def test_every_block_agrees_with_pytorch(torch_network, params):
    x = images()
    expected = outputs(torch_network, nchw(x))
    _, state = Inception().apply(params, jnp.asarray(x), capture_intermediates=True)
    found = state["intermediates"]
    found = {k: x["__call__"][0] for k, x in found.items() if k != "__call__"}
    blocks = expected.keys() - {"maxpool1", "maxpool2", "avgpool", "flatten"}
    assert found.keys() == blocks
    errors = {name: error(found[name], expected[name]) for name in blocks - {"fc"}}
    assert max(errors.values()) < 2e-5, errors


@pytest.mark.parametrize(("size", "colours"), [((8, 12), 1), ((320, 310), 3)])
def test_features_and_logits_agree_with_pytorch(torch_network, params, size, colours):
    """Also when images are shrunk, and with a last batch that is not full."""
    from torch.nn.functional import interpolate

    pixels = np.random.default_rng(0).integers(0, 256, (3, *size, colours), np.uint8)
    features, logits = inception_features(params, pixels, batch_size=2)
    scaled = 2 * (nchw(pixels).float() / 255) - 1
    scaled = interpolate(scaled, (299, 299), mode="bilinear", align_corners=False)
    expected = outputs(torch_network, scaled.expand(-1, 3, -1, -1))
    assert error(features, expected["flatten"]) < 2e-5
    bias = torch_network.fc.bias.detach().numpy()
    assert error(logits, expected["fc"] - bias[None]) < 2e-5
    assert np.abs(bias).max() > 0.01 * np.abs(logits).max()


def test_older_files_give_the_same_parameters(torch_network, params, tmp_path):
    import torch

    path = tmp_path / "older.pth"
    state = {
        name: x.transpose(0, -1).contiguous().transpose(0, -1) if x.ndim == 4 else x
        for name, x in torch_network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    torch.save(OrderedDict(state), path, _use_new_zipfile_serialization=False)
    chex.assert_trees_all_equal(load_inception(path), params)


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("Mixed_6e.branch7x7_2.conv.weight", None, "Mixed_6e.branch7x7_2.conv.weight"),
        ("Mixed_8a.conv.weight", lambda x: x, "Mixed_8a.conv.weight is unexpected"),
        ("fc.weight", lambda x: x[:1000], "fc.weight must be \\(1008, 2048\\)"),
        ("fc.weight", lambda x: x * float("nan"), "not finite"),
        ("Conv2d_1a_3x3.bn.running_var", lambda x: -x, "running_var has the entry -1"),
    ],
)
def test_files_of_other_networks_are_refused(
    torch_network, tmp_path, name, change, match
):
    import torch

    state = torch_network.state_dict()
    tensor = state.pop(name, torch.zeros(1))
    if change is not None:
        state[name] = change(tensor).clone()
    torch.save(state, tmp_path / "weights.pth")
    with pytest.raises(ValueError, match=match):
        load_inception(tmp_path / "weights.pth")


def test_the_graphs_own_resizing_samples_corners_and_centres_on_128():
    """299 = 23 * 13, so that every 23rd pixel is one of the image's own."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 13, 13, 3), np.uint8)
    resized = prepare(jnp.asarray(pixels), "tensorflow")
    expected = (pixels.astype(np.float32) - 128) / 128
    np.testing.assert_allclose(resized[:, ::23, ::23], expected, atol=1e-6)
    between = (10 * expected[:, 0, 0] + 13 * expected[:, 0, 1]) / 23
    np.testing.assert_allclose(resized[:, 0, 13], between, atol=1e-6)


@pytest.mark.parametrize("inputs", ["pytorch", "tensorflow"])
def test_bytes_and_floats_of_one_image_are_prepared_alike(inputs):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 9, 7, 1), np.uint8)
    floats = (pixels / 127.5 - 1).astype(np.float32)
    prepared = [prepare(jnp.asarray(x), inputs) for x in (pixels, floats)]
    np.testing.assert_allclose(*prepared, atol=1e-6)
    assert prepared[0].shape == (2, 299, 299, 3)


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (images()[0], "\\[n, H, W, 1\\]"),
        (images(0), "got \\(0, 107, 131, 3\\)"),
        (images(colours=4), "got \\(1, 107, 131, 4\\)"),
        (255 * images(), "must lie in \\[-1, 1\\]"),
        (images() * np.nan, "must lie in \\[-1, 1\\]"),
        (np.zeros((1, 8, 8, 1), np.int32), "uint8 or floats, got int32"),
    ],
)
def test_images_that_are_none_are_refused(bad, match):
    with pytest.raises(ValueError, match=match):
        inception_features({}, bad)


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"inputs": "keras"}])
def test_options_that_are_none_are_refused(options):
    with pytest.raises(ValueError, match="at least 1 and inputs one of"):
        inception_features({}, images(), **options)


def test_batches_are_of_one_shape(monkeypatch):
    """So that the network is compiled once."""
    shapes = []

    def run(params, batch, inputs):
        shapes.append(batch.shape)
        return batch.mean((1, 2)), batch.mean((1, 2))

    monkeypatch.setattr(inception, "_run", run)
    x = images(5, 4, 4)
    features, _ = inception_features({}, x, batch_size=2)
    assert shapes == 3 * [(2, 4, 4, 3)]
    np.testing.assert_array_equal(features, x.mean((1, 2)))


def test_the_package_needs_no_torch(tmp_path):
    code = "import sys; sys.modules['torch'] = None; import wgan_gp.evaluate.inception"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100, cwd=ROOT)


def test_an_observer_has_features_and_probabilities(monkeypatch):
    seen = {}
    monkeypatch.setattr(observers, "load_inception", lambda path: f"of {path}")

    def look(params, given):
        seen[params] = given
        return given.mean((1, 2)), np.log([[1.0, 3.0]] * len(given))

    monkeypatch.setattr(observers, "inception_features", look)
    pictures = images(2)
    features, probabilities = observers.inception_observer("w.pth")(pictures)
    assert seen["of w.pth"] is pictures
    np.testing.assert_array_equal(features, pictures.mean((1, 2)))
    np.testing.assert_allclose(probabilities, [[0.25, 0.75]] * 2)
