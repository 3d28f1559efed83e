"""A small classifier, whose features stand in for Inception's on digits and the like.

Inception knows photographs; on digits the field measures with a network trained on
digits, as [Binkowski] et al. 2018, arXiv:1801.01401, do. The network is two
convolutions and one layer of 64 features. It is trained in seconds on a CPU from the
labels of the data set, so no download is needed. It takes any other small pictures of
at most ten classes too, such as clothes or, in colour, landscapes.

Pitfalls: features of two trainings do not compare, so keep the parameters, or train
from the same key on the same images. Numbers do not compare with published FIDs, which
are distances of Inception's features. The classifier names a digit in any image, also
in noise: read `class_divergence` and `confidence` beside a distance.
"""

from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import scipy

from wgan_gp.evaluate.image_arrays import check_images, in_batches

CLASSES = 10
FEATURES = 64
MIN_SIDE = 4  # pixels
_CHUNK = 500  # images at a time, once trained


class DigitStatistics(NamedTuple):
    """Which digits a set has, and how clear they are.

    Attributes:
      shares: of the ten classes among the images, `[10]`; they sum to 1.
      entropy: of the shares, in nats: 0 for a single class, log 10 for even shares.
      divergence: KL(shares || uniform) = log 10 - entropy, in nats.
      confidence: mean over the images of the largest probability, 0.1 to 1. It says
        how clearly images are digits, not that they are varied.
    """

    shares: np.ndarray
    entropy: float
    divergence: float
    confidence: float


def train_digit_classifier(
    images: np.ndarray,
    labels: np.ndarray,
    key: jax.Array,
    *,
    steps: int = 1500,
    batch_size: int = 64,
    learning_rate: float = 6e-3,
) -> Any:
    """Trains the classifier on digits, moved at random by up to a 14th of their size.

    On 4,000 MNIST digits about 10 s of one core, after which three trainings read 97.4
    to 98.1 % of 1,000 others; on 1,200 of scikit-learn's 8 x 8 digits 3 s, and 99 %.

    Args:
      images: `[n, H, W, C]`, grey or in colour, sides from 4 pixels; uint8, or floats
        in [0, 1]. Black comes in at the sides of a moved digit.
      labels: of the classes that they show, `[n]`, from 0 to 9.
      key: of the first weights, the batches and the moves.
      steps: of Adam, with decay of weights, a warm-up and a cosine to 0.
      batch_size: images a step, drawn with replacement.
      learning_rate: the largest.

    Returns:
      Parameters for `digit_features`.

    Raises:
      ValueError: the images are none, of another shape, type or range; the labels are
        not one digit an image; or `steps` or `batch_size` is less than 1.
    """
    images = check_images(images, least_side=MIN_SIDE, low=0, high=1)
    labels = np.asarray(labels)
    if labels.shape != (len(images),) or not np.isin(labels, np.arange(CLASSES)).all():
        raise ValueError(
            f"labels must be {len(images)} digits from 0 to 9, got the shape"
            f" {labels.shape}, and {np.unique(labels)[:20]}"
        )
    if steps < 1 or batch_size < 1:
        raise ValueError(
            f"steps and batch_size must be at least 1, got {steps} and {batch_size}"
        )
    return _train(
        images, labels.astype(np.int32), key, steps, batch_size, float(learning_rate)
    )


def digit_features(params: Any, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the classifier sees in images.

    Args:
      params: from `train_digit_classifier`.
      images: `[n, H, W, C]` of the size it was trained on; uint8, or floats in [0, 1].

    Returns:
      Features `[n, 64]` of the layer before the last, for `frechet_distance`,
      `kernel_distance` and `precision_recall`; and probabilities `[n, 10]`, for
      `inception_score` and `digit_statistics`.

    Raises:
      ValueError: the images are none, of another shape, type or range, or of a size
        that the parameters are not for (an odd side counts as the even one below it).
    """
    images = check_images(images, least_side=MIN_SIDE, low=0, high=1)
    _check_params(params, images)
    features, probabilities = in_batches(partial(_run, params), images, _CHUNK)
    return features, probabilities


def digit_statistics(probabilities: np.ndarray) -> DigitStatistics:
    """Counts the digits of a set: dropped classes show as a divergence.

    Args:
      probabilities: of the classes, `[n, 10]`. An image counts for its likeliest one.

    Returns:
      The statistics. n even draws diverge by about 9 / (2 n), not 0.

    Raises:
      ValueError: the shape is another, there are no rows, or a number is none.
    """
    rows = np.asarray(probabilities, np.float64)
    if rows.ndim != 2 or rows.shape[1] != CLASSES or not len(rows):
        raise ValueError(f"probabilities must be [n, 10], got the shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("probabilities must be finite, got NaN or infinity")
    shares = np.bincount(rows.argmax(1), minlength=CLASSES) / len(rows)
    entropy = float(scipy.special.entr(shares).sum())
    divergence = max(float(np.log(CLASSES)) - entropy, 0.0)
    return DigitStatistics(shares, entropy, divergence, float(rows.max(1).mean()))


class PatchConv(nn.Module):
    """A convolution as one matrix product, zero outside the image.

    XLA's own convolutions on a CPU train this network ten times slower.

    Attributes:
      features: F, the number of output channels.
      kernel: side of the kernel in pixels, an odd number.
      stride: pixels between outputs.
    """

    features: int
    kernel: int
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """From `[n, H, W, C]` to `[n, H / stride, W / stride, F]`, rounded up."""
        height, width = x.shape[1:3]
        margin, step = (self.kernel // 2, self.kernel // 2), self.stride
        padded = jnp.pad(x, ((0, 0), margin, margin, (0, 0)))
        patches = [
            padded[:, i : i + height : step, j : j + width : step]
            for i in range(self.kernel)
            for j in range(self.kernel)
        ]
        return nn.Dense(self.features)(jnp.concatenate(patches, -1))


class DigitNetwork(nn.Module):
    """Two convolutions and a layer of features, for images of this size."""

    @nn.compact
    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """From `[n, H, W, C]` in [0, 1] to features `[n, 64]` and logits `[n, 10]`."""
        kernel, stride = (5, 2) if min(x.shape[1:3]) >= 16 else (3, 1)
        x = nn.relu(PatchConv(16, kernel, stride)(x))
        x = nn.relu(PatchConv(32, 3, 1)(x))
        n, height, width, channels = x.shape
        x = x[:, : height // 2 * 2, : width // 2 * 2]
        x = x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))
        features = nn.relu(nn.Dense(FEATURES)(x.reshape(n, -1)))
        return features, nn.Dense(CLASSES)(features)


def _apply(params: Any, images: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Features `[n, 64]` and logits `[n, 10]` of images, uint8 or in [0, 1]."""
    scale = 255 if images.dtype == jnp.uint8 else 1
    outputs = DigitNetwork().apply(params, images.astype(jnp.float32) / scale)
    features, logits = map(jnp.asarray, outputs)
    return features, logits


@jax.jit
def _run(params: Any, images: jax.Array) -> tuple[jax.Array, jax.Array]:
    features, logits = _apply(params, images)
    return features, nn.softmax(logits)


def _loss(params: Any, images: jax.Array, labels: jax.Array) -> jax.Array:
    _, logits = _apply(params, images)
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def _shift(
    image: jax.Array, offset: jax.Array, max_shift: tuple[int, int]
) -> jax.Array:
    """The image moved by offset - max_shift pixels, `[H, W, C]`."""
    padded = jnp.pad(image, ((max_shift[0],) * 2, (max_shift[1],) * 2, (0, 0)))
    return jax.lax.dynamic_slice(padded, (offset[0], offset[1], 0), image.shape)


@partial(jax.jit, static_argnums=(3, 4, 5))
def _train(images, labels, key, steps: int, batch_size: int, rate: float) -> Any:
    init, key = jax.random.split(key)
    params = DigitNetwork().init(init, jnp.zeros((1, *images.shape[1:])))
    warmup = max(steps // 3, 1)
    rates = optax.warmup_cosine_decay_schedule(0.04 * rate, rate, warmup, steps + 1)
    optimiser = optax.adamw(rates, weight_decay=1e-2)
    height, width = images.shape[1:3]
    max_shift = max(height // 14, 1), max(width // 14, 1)

    def step(carry, index):
        params, state = carry
        draw, move = jax.random.split(jax.random.fold_in(key, index))
        chosen = jax.random.randint(draw, (batch_size,), 0, len(images))
        limits = 2 * jnp.asarray([max_shift]) + 1
        offsets = jax.random.randint(move, (batch_size, 2), 0, limits)
        batch = jax.vmap(partial(_shift, max_shift=max_shift))(images[chosen], offsets)
        grads = jax.grad(_loss)(params, batch, labels[chosen])
        updates, state = optimiser.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), None

    start = params, optimiser.init(params)
    (params, _), _ = jax.lax.scan(step, start, jnp.arange(steps))
    return params


def _check_params(params: Any, images: np.ndarray) -> None:
    """Raises ValueError unless the parameters are for images of this size."""
    expected = jax.eval_shape(DigitNetwork().init, jax.random.key(0), images[:1])
    if jax.tree.map(jnp.shape, params) != jax.tree.map(jnp.shape, expected):
        raise ValueError(
            f"the parameters are not for images of {images.shape[1:]}: train on images"
            " of this size"
        )
