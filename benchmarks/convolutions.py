"""Times the convolutions of image critics, compared with XLA and PyTorch.

    python -m benchmarks.convolutions

For each layer it times the convolution, its transpose and the gradient of its kernel:
this project's, XLA's and PyTorch's (channels first, as is usual there), and prints the
ratios. Each time is the shortest of several rounds, on all cores of the process.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import lax

from benchmarks.timing import in_turn
from wgan_gp.networks.cpu_conv import conv_general_dilated
from wgan_gp.system import platforms

ROUNDS = 20
OPERATIONS = ("forward", "image gradient", "kernel gradient")


class Layer(NamedTuple):
    """A convolution with "SAME" padding of square images."""

    batch: int
    size: int
    inputs: int
    outputs: int
    kernel: int
    stride: int


LAYERS = {
    "CIFAR DCGAN": (
        Layer(64, 32, 3, 64, 5, 2),
        Layer(64, 16, 64, 128, 5, 2),
        Layer(64, 8, 128, 256, 5, 2),
    ),
    "MNIST DCGAN": (
        Layer(50, 28, 1, 64, 5, 2),
        Layer(50, 14, 64, 128, 5, 2),
        Layer(50, 7, 128, 256, 5, 2),
    ),
    "CIFAR ResNet": (
        Layer(64, 32, 3, 128, 3, 1),
        Layer(64, 32, 128, 128, 3, 1),
        Layer(64, 16, 128, 128, 3, 1),
        Layer(64, 8, 128, 128, 3, 1),
        Layer(64, 16, 128, 128, 1, 1),
    ),
}


def arrays(layer: Layer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, kernel and the cotangent of the output."""
    draw = np.random.default_rng(0)
    out = -(-layer.size // layer.stride)
    shapes = (
        (layer.batch, layer.size, layer.size, layer.inputs),
        (layer.kernel, layer.kernel, layer.inputs, layer.outputs),
        (layer.batch, out, out, layer.outputs),
    )
    x, k, y = (draw.normal(size=shape).astype(np.float32) for shape in shapes)
    return x, k, y


def jax_calls(layer: Layer, function) -> list[Callable[[], None]]:
    """The three operations with one implementation in JAX, compiled."""
    x, k, y = map(jnp.asarray, arrays(layer))
    layout, strides = ("NHWC", "HWIO", "NHWC"), (layer.stride,) * 2

    def convolve(x, k):
        return function(x, k, strides, "SAME", dimension_numbers=layout)

    def image(k, y):
        return jax.linear_transpose(lambda x: convolve(x, k), x)(y)

    def kernel(x, y):
        return jax.linear_transpose(partial(convolve, x), k)(y)

    compiled = zip(map(jax.jit, (convolve, image, kernel)), ((x, k), (k, y), (x, y)))
    return [partial(_run, call, arguments) for call, arguments in compiled]


def _run(call, arguments) -> None:
    jax.block_until_ready(call(*arguments))


def torch_calls(layer: Layer) -> list[Callable[[], object]]:
    """The three operations in PyTorch; uneven padding takes a copy, as it must."""
    numbers = arrays(layer)
    x, y = (torch.tensor(a.transpose(0, 3, 1, 2).copy()) for a in numbers[::2])
    k = torch.tensor(numbers[1].transpose(3, 2, 0, 1).copy())
    total = max((y.shape[-1] - 1) * layer.stride + layer.kernel - layer.size, 0)
    low, uneven = divmod(total, 2)

    def padded():
        return torch.nn.functional.pad(x, (low, low + 1) * 2) if uneven else x

    pads = [0, 0] if uneven else [low, low]
    strides, input_ = [layer.stride] * 2, padded()

    def forward():
        return torch.nn.functional.conv2d(padded(), k, stride=strides, padding=pads)

    def backward(*wanted: bool):
        return torch.ops.aten.convolution_backward(
            *(y, input_, k, None, strides, pads, [1, 1], False, [0, 0], 1, wanted)
        )

    return [
        forward,
        partial(backward, True, False, False),
        partial(backward, False, True, False),
    ]


def main() -> None:
    """Prints the table."""
    torch.set_num_threads(platforms.cores())
    print(f"JAX {jax.__version__} on {jax.devices()[0].device_kind},", end=" ")
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread(s)")
    print("operation        ours ms  XLA ms  torch ms  ours/XLA  ours/torch")
    for network, layers in LAYERS.items():
        for layer in layers:
            print(f"{network}: {layer}")
            ours = jax_calls(layer, conv_general_dilated)
            xla = jax_calls(layer, lax.conv_general_dilated)
            for name, *calls in zip(OPERATIONS, ours, xla, torch_calls(layer)):
                a, b, c = (1e3 * min(each) for each in in_turn(calls, rounds=ROUNDS))
                print(
                    f"{name:15} {a:8.2f} {b:7.2f} {c:9.2f} {a / b:9.2f} {a / c:11.2f}"
                )


if __name__ == "__main__":
    main()
