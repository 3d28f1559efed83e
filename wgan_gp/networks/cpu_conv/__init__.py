"""Convolutions of images that stay fast on CPUs through second derivatives.

A gradient penalty differentiates the critic twice. The convolutions that this leads to
have dilated images and kernels as large as images, and XLA has no fast code for them on
CPUs: with XLA's convolutions a training step of the CIFAR-10 DCGAN takes 8.1 times as
long as in PyTorch, with these less than once (`benchmarks/README.md`).

The package exports two functions that compute what their namesakes in JAX compute:

- `conv_general_dilated`, for `flax.linen.Conv(conv_general_dilated=...)`;
- `conv_transpose`, the transpose of a strided convolution.

One line in `networks/layers.py` selects them where a program is traced for a CPU. No
other module of the project refers to this package; programs for accelerators hold JAX's
own convolutions. To understand the networks, read on in `layers.py`.

Inside, from top to bottom: `convolutions.py` translates JAX's arguments, `trilinear.py`
is the primitive with its derivatives, `winograd.py` computes it, and `phases.py`
removes strides for that.
"""

from wgan_gp.networks.cpu_conv.convolutions import conv_general_dilated, conv_transpose

__all__ = ["conv_general_dilated", "conv_transpose"]
