"""Image networks and a critic step as a PyTorch user would write them, eager.

Channels first, and PyTorch's even padding where TensorFlow's is uneven, so that no
layer needs a padded copy.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

WEIGHT = 10.0  # lambda


def dcgan_critic(size: int, channels: int, width: int) -> nn.Sequential:
    """Three 5 x 5 convolutions of stride 2 and a linear layer."""
    widths = (channels, width, 2 * width, 4 * width)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Conv2d(inputs, outputs, 5, 2, padding=2), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * _side(size), 1))


def _side(size: int) -> int:
    """Pixels that are left of a square image after three strides of 2."""
    for _ in range(3):
        size = -(-size // 2)
    return size**2


class Crop(nn.Module):
    """The upper left corner."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps `[B, C, H, W]` to `[B, C, size, size]`."""
        return x[..., : self.size, : self.size]


def dcgan_generator(size: int, channels: int, width: int, latent: int):
    """A linear layer and three transposed convolutions.

    With batch normalisation and tanh for colours, without and with a sigmoid for grey:
    as for CIFAR-10 and for MNIST.
    """
    colours = channels > 1
    units = 16 * 4 * width
    layers = [nn.Linear(latent, units), *([nn.BatchNorm1d(units)] if colours else [])]
    layers += [nn.ReLU(), nn.Unflatten(1, (4 * width, 4, 4)), _up(4 * width, 2 * width)]
    layers += [] if size == 32 else [Crop(7)]
    layers += [*([nn.BatchNorm2d(2 * width)] if colours else []), nn.ReLU()]
    layers += [_up(2 * width, width)]
    layers += [*([nn.BatchNorm2d(width)] if colours else []), nn.ReLU()]
    return nn.Sequential(
        *layers, _up(width, channels), nn.Tanh() if colours else nn.Sigmoid()
    )


def _up(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 5, 2, padding=2, output_padding=1)


class Block(nn.Module):
    """A pre-activated residual block: "up", normalised by batch, "down" or "none"."""

    def __init__(self, width: int, resample: str):
        super().__init__()
        up, down = resample == "up", resample == "down"
        self.up = nn.Upsample(scale_factor=2) if up else nn.Identity()
        self.down = nn.AvgPool2d(2) if down else nn.Identity()
        norms = [nn.BatchNorm2d(width) if up else nn.Identity() for _ in range(2)]
        self.main = nn.Sequential(
            *(norms[0], nn.ReLU(), self.up, nn.Conv2d(width, width, 3, padding=1)),
            *(norms[1], nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)),
        )
        plain = resample == "none"
        self.shortcut = nn.Identity() if plain else nn.Conv2d(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps `[B, C, H, W]` to `[B, C, H', W']`."""
        return self.down(self.shortcut(self.up(x))) + self.down(self.main(x))


class ResNetCritic(nn.Module):
    """The critic for 32 x 32 of Gulrajani et al. 2017, appendix F."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.blocks = nn.Sequential(
            *(Block(width, r) for r in ("down", "none", "none"))
        )
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.shortcut = nn.Conv2d(channels, width, 1)
        self.value = nn.Linear(width, 1)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps `[B, C, H, W]` to `[B, 1]`."""
        y = self.pool(self.second(torch.relu(self.first(x))))
        y = self.blocks(y + self.shortcut(self.pool(x)))
        return self.value(torch.relu(y).mean((2, 3)))


def resnet_generator(channels: int, width: int, latent: int) -> nn.Sequential:
    """The generator that goes with `ResNetCritic`."""
    return nn.Sequential(
        *(nn.Linear(latent, 16 * width), nn.Unflatten(1, (width, 4, 4))),
        *(Block(width, "up") for _ in range(3)),
        *(nn.BatchNorm2d(width), nn.ReLU()),
        *(nn.Conv2d(width, channels, 3, padding=1), nn.Tanh()),
    )


def players(family: str, size: int, channels: int, width: int, latent: int):
    """Critic and generator of one family, "dcgan" or "resnet"."""
    if family == "resnet":
        return ResNetCritic(channels, width), resnet_generator(channels, width, latent)
    critic = dcgan_critic(size, channels, width)
    return critic, dcgan_generator(size, channels, width, latent)


class TorchImages:
    """WGAN-GP's critic against a generator held fixed; `run(n)` does n updates."""

    def __init__(self, critic, generator, images, batch_size: int, **adam):
        self.critic, self.generator = critic, generator
        self.images = images  # uint8 [N, C, H, W], on the device of the networks
        self.device = images.device
        self.batch_size = batch_size
        self.latent = generator[0].in_features
        self.low = -1.0 if isinstance(generator[-1], nn.Tanh) else 0.0
        self.optimiser = torch.optim.Adam(critic.parameters(), **adam)

    def run(self, steps: int) -> None:
        """Trains."""
        for _ in range(steps):
            real = self._real()
            with torch.no_grad():
                noise = torch.randn(self.batch_size, self.latent, device=self.device)
                fake = self.generator(noise)
            epsilon = torch.rand(self.batch_size, 1, 1, 1, device=self.device)
            loss = self.loss(real, fake, epsilon * real + (1 - epsilon) * fake)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()

    def loss(self, real, fake, points) -> torch.Tensor:
        """Of the critic, with the penalty at `points`."""
        points.requires_grad_()
        values = self.critic(points).sum()
        (slopes,) = torch.autograd.grad(values, points, create_graph=True)
        penalty = ((slopes.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
        value = self.critic(fake).mean() - self.critic(real).mean()
        return value + WEIGHT * penalty

    def _real(self) -> torch.Tensor:
        size = (self.batch_size,)
        chosen = torch.randint(0, len(self.images), size, device=self.device)
        return self.low + (1 - self.low) / 255 * self.images[chosen].float()


def mirrored(images: Any) -> torch.Tensor:
    """`[N, H, W, C]` turned by half a turn, and channels first.

    TensorFlow pads less before than after where the padding is uneven, PyTorch more:
    half a turn of images and kernels changes the one into the other.
    """
    return torch.tensor(np.asarray(images)[:, ::-1, ::-1].transpose(0, 3, 1, 2).copy())


def copy_critic(params: Any, critic: nn.Module) -> None:
    """Gives a critic of PyTorch's the parameters of ours, for mirrored images."""
    ours = _layers(params["params"])
    theirs = [m for m in critic.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    last = [m.out_channels for m in theirs if isinstance(m, nn.Conv2d)][-1]
    for (kernel, bias), layer in zip(ours, theirs, strict=True):
        if isinstance(layer, nn.Linear):
            side = round((layer.in_features // last) ** 0.5)
            kernel = kernel.reshape(side, side, last, 1)
        turned = kernel[::-1, ::-1].transpose(3, 2, 0, 1)
        weight = torch.tensor(turned.reshape(layer.weight.shape).copy())
        layer.load_state_dict({"weight": weight, "bias": torch.tensor(bias)})


def _layers(params: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernels and biases, by name: blocks, convolutions, shortcut, the linear layer."""
    if "kernel" in params:
        return [(np.array(params["kernel"]), np.array(params["bias"]))]
    return [layer for name in sorted(params) for layer in _layers(params[name])]
