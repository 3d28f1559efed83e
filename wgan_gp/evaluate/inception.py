"""Features and logits of the network behind the field's FID and Inception Score.

Both numbers are defined by one set of weights: Inception-v3 in the TensorFlow graph of
2015-12-05, its features after the last pool (2,048) and its logits (1,008). Other
Inception-v3 weights, torchvision's among them, give other numbers.

The way a picture is resized to 299 x 299 matters as well: `inputs` chooses between the
two ways that published numbers were made with. The weights are a file of 91 MB, which
the user downloads; `load_inception` reads it without PyTorch.
"""

import hashlib
import os
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from wgan_gp.evaluate.image_arrays import check_images, in_batches
from wgan_gp.evaluate.inception_network import CLASSES, FEATURES, Inception
from wgan_gp.evaluate.inception_weights import read_state_dict

SIZE = 299  # pixels a side
# Of pytorch-fid's release `fid_weights`, 95,628,359 bytes.
PUBLISHED = "pt_inception-2015-12-05-6726825d.pth"
PUBLISHED_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
_EPSILON = 1e-3  # of batch normalisation

# Where the first sample lies in its pixel, and the grey that becomes 0.
_INPUTS = {"pytorch": (0.5, 127.5), "tensorflow": (0.0, 128.0)}


def load_inception(path: str | os.PathLike[str]) -> Any:
    """Reads the network's weights, without PyTorch.

    Args:
      path: of `pt_inception-2015-12-05-6726825d.pth`, 91 MB, which pytorch-fid
        publishes: TensorFlow's weights under PyTorch's names. Nothing in the file is
        executed.

    Returns:
      Parameters for `inception_features`.

    Raises:
      ValueError: there is no such file, or it is not this network's state dict.
    """
    tensors = read_state_dict(path, tensor_shapes())
    flat = {f"{name}.conv": _fold(tensors, name) for name in _kernel_shapes()}
    flat["fc"] = {"kernel": tensors["fc.weight"].T}
    params = unflatten_dict(flat, sep=".")
    for leaf in jax.tree.leaves(params):
        if not np.isfinite(leaf).all():
            raise ValueError(f"{os.fspath(path)!r} has weights that are not finite")
    return jax.tree.map(jnp.asarray, {"params": params})


def tensor_shapes() -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors in a weight file, by their names."""
    shapes: dict[str, tuple[int, ...]] = {
        "fc.weight": (CLASSES, FEATURES),
        "fc.bias": (CLASSES,),
    }
    for name, (height, width, inputs, outputs) in _kernel_shapes().items():
        shapes[f"{name}.conv.weight"] = (outputs, inputs, height, width)
        for statistic in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.bn.{statistic}"] = (outputs,)
    return shapes


def difference_from_published(path: str | os.PathLike[str]) -> str | None:
    """A line that says that a weight file is not the published one; None if it is.

    Args:
      path: of a file that `load_inception` has read.
    """
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest == PUBLISHED_SHA256:
        return None
    return (
        f"{os.fspath(path)} is not {PUBLISHED} (SHA-256 {digest[:8]}..., not"
        f" {PUBLISHED_SHA256[:8]}...): scores are not comparable with published ones"
    )


def inception_features(
    params: Any,
    images: np.ndarray,
    *,
    batch_size: int = 32,
    inputs: Literal["pytorch", "tensorflow"] = "pytorch",
) -> tuple[np.ndarray, np.ndarray]:
    """Features for FID, KID, precision and recall, and logits for the Inception Score.

    Args:
      params: from `load_inception`.
      images: `[n, H, W, C]` of 1 or 3 colours; uint8, or floats in [-1, 1].
      batch_size: images at a time; the last batch is filled up and so compiles
        nothing new. 64 take about 1 GB.
      inputs: how an image is brought to 299 x 299 pixels and to [-1, 1]: as
        pytorch-fid does it (half-pixel centres, x / 127.5 - 1), or as the graph itself
        (corners aligned at 0, x / 128 - 1), with which the first FIDs and all official
        Inception Scores were made.

    Returns:
      Features `[n, 2048]`, the mean over the last block's positions, and logits
      `[n, 1008]`. The logits leave out the last layer's bias, as the official score
      does: `inception_score(softmax(logits))` compares with published numbers.

    Raises:
      ValueError: the images are none, of another shape, type or range, or `batch_size`
        or `inputs` is not one.
    """
    images = check_images(images, least_side=1, low=-1, high=1)
    if batch_size < 1 or inputs not in _INPUTS:
        raise ValueError(
            f"batch_size must be at least 1 and inputs one of {list(_INPUTS)}, got"
            f" {batch_size} and {inputs!r}"
        )
    run = partial(_run, params, inputs=inputs)
    features, logits = in_batches(run, images, batch_size)
    return features, logits


@partial(jax.jit, static_argnames="inputs")
def _run(params: Any, images: jax.Array, inputs: str) -> tuple[jax.Array, jax.Array]:
    features, logits = Inception().apply(params, prepare(images, inputs))
    return jnp.asarray(features), jnp.asarray(logits)


def prepare(images: jax.Array, inputs: str) -> jax.Array:
    """Resizes and scales images as the network expects them.

    Args:
      images: `[n, H, W, C]` of 1 or 3 colours; uint8, or floats in [-1, 1].
      inputs: as in `inception_features`.

    Returns:
      `[n, 299, 299, 3]` in float32, in [-1, 1]; a grey image has three equal colours.
    """
    origin, grey = _INPUTS[inputs]
    pixels = images.astype(jnp.float32)
    if images.dtype != jnp.uint8:
        pixels = 127.5 * (pixels + 1)
    rows, columns = (_interpolation(n, origin) for n in images.shape[1:3])
    resized = jnp.einsum("ih,jw,nhwc->nijc", rows, columns, pixels, precision="highest")
    colours = jnp.broadcast_to(resized, (*resized.shape[:3], 3))
    return (colours - grey) / grey


def _interpolation(size: int, origin: float) -> np.ndarray:
    """Weights that interpolate linearly between pixels along one axis.

    Args:
      size: pixels of the image along the axis.
      origin: where a pixel's sample lies in it, 0.5 for its centre and 0 for its edge.

    Returns:
      `[299, size]`, each row summing to 1.
    """
    places = (np.arange(SIZE) + origin) * size / SIZE - origin
    places = np.clip(places, 0, size - 1)
    gaps = np.abs(places[:, None] - np.arange(size)[None])
    return np.maximum(0, 1 - gaps).astype(np.float32)


def _kernel_shapes() -> dict[str, tuple[int, ...]]:
    """The convolutions by their names, each `[height, width, in, out]`."""
    image = jax.ShapeDtypeStruct((1, SIZE, SIZE, 3), jnp.float32)
    variables = jax.eval_shape(Inception().init, jax.random.key(0), image)
    params: dict[str, Any] = flatten_dict(variables["params"], sep=".")
    return {
        name.removesuffix(".conv.kernel"): leaf.shape
        for name, leaf in params.items()
        if name.endswith(".conv.kernel")
    }


def _fold(tensors: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """A convolution and its batch normalisation as one convolution with a bias.

    At inference the normalisation is a fixed affine map of each channel. It is folded
    in float64, so that float32 rounds once.
    """
    gain, bias, mean, variance = (
        np.asarray(tensors[f"{name}.bn.{statistic}"], np.float64)
        for statistic in ("weight", "bias", "running_mean", "running_var")
    )
    if variance.min() < 0:
        raise ValueError(f"{name}.bn.running_var has the entry {variance.min():.3g}")
    scale = gain / np.sqrt(variance + _EPSILON)
    kernel = tensors[f"{name}.conv.weight"].transpose(2, 3, 1, 0)
    return {
        "kernel": (kernel * scale[None, None, None]).astype(np.float32),
        "bias": (bias - mean * scale).astype(np.float32),
    }
