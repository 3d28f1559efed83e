"""Image networks and a critic step in PyTorch, as its users would write them.

Channels first, and PyTorch's even padding where TensorFlow's is uneven, so that no
layer needs a padded copy.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

WEIGHT = 10.0  # lambda


def dcgan_critic(size: int, channels: int, fields: Any) -> nn.Sequential:
    """5 x 5 convolutions of stride 2, normalised from the second on, a linear layer."""
    layers: list[nn.Module] = []
    inputs = channels
    for number, multiplier in enumerate(fields.multipliers):
        outputs = fields.width * multiplier
        layers.append(nn.Conv2d(inputs, outputs, 5, 2, padding=2))
        layers += [_layer_norm(outputs)] if fields.norm == "layer" and number else []
        layers.append(nn.LeakyReLU(0.2))
        inputs, size = outputs, -(-size // 2)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * size**2, 1))


def _layer_norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(1, channels)  # by image; scale and offset by channel


class Crop(nn.Module):
    """The upper left corner."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps `[B, C, H, W]` to `[B, C, size, size]`."""
        return x[..., : self.size, : self.size]


def dcgan_generator(size: int, channels: int, fields: Any) -> nn.Sequential:
    """A linear layer to 4 x 4 and transposed convolutions of stride 2."""
    widths = [fields.width * each for each in fields.multipliers]
    units, norm = 16 * widths[0], fields.norm == "batch"
    by_unit = [nn.BatchNorm1d(units)] if norm and fields.unit_norm else []
    by_channel = [nn.BatchNorm2d(widths[0])] if norm and not by_unit else []
    layers: list[nn.Module] = [nn.Linear(fields.latent, units), *by_unit]
    layers += [nn.Unflatten(1, (widths[0], 4, 4)), *by_channel, nn.ReLU()]
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        layers.append(_up(inputs, outputs))
        layers += [Crop(7)] if size == 28 and number == 0 else []
        layers += [nn.BatchNorm2d(outputs)] if norm else []
        layers.append(nn.ReLU())
    output = nn.Tanh() if fields.output == "tanh" else nn.Sigmoid()
    return nn.Sequential(*layers, _up(widths[-1], channels), output)


def _up(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 5, 2, padding=2, output_padding=1)


class Block(nn.Module):
    """A pre-activated residual block.

    Args:
      inputs: channels.
      outputs: channels.
      resample: "up", "down" or "none".
      norm: a layer for a number of channels, before each convolution.
      good: as in the networks for 64 x 64: a first convolution without a bias, and a
        shortcut that is reduced before its 1 x 1 convolution.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        resample: str,
        norm: Callable[[int], nn.Module],
        good: bool = False,
    ):
        super().__init__()
        up, down = resample == "up", resample == "down"
        self.up = nn.Upsample(scale_factor=2) if up else nn.Identity()
        self.down = nn.AvgPool2d(2) if down else nn.Identity()
        inner = inputs if down else outputs
        self.main = nn.Sequential(
            *(norm(inputs), nn.ReLU(), self.up),
            nn.Conv2d(inputs, inner, 3, padding=1, bias=not good),
            *(norm(inner), nn.ReLU(), nn.Conv2d(inner, outputs, 3, padding=1)),
        )
        plain = resample == "none" and inputs == outputs
        project = nn.Identity() if plain else nn.Conv2d(inputs, outputs, 1)
        last = (self.down, project) if good else (project, self.down)
        self.shortcut = nn.Sequential(self.up, *last)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps `[B, C, H, W]` to `[B, C', H', W']`."""
        return self.shortcut(x) + self.down(self.main(x))


def _no_norm(channels: int) -> nn.Identity:
    return nn.Identity()


class ResNetCritic(nn.Module):
    """The critic for 32 x 32 of Gulrajani et al. 2017, appendix F.

    Its layers and those of `Block` are declared in the order that `copy_critic` needs.
    """

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.shortcut = nn.Conv2d(channels, width, 1)
        self.blocks = nn.Sequential(
            *(Block(width, width, r, _no_norm) for r in ("down", "none", "none"))
        )
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
        *(Block(width, width, "up", nn.BatchNorm2d) for _ in range(3)),
        *(nn.BatchNorm2d(width), nn.ReLU()),
        *(nn.Conv2d(width, channels, 3, padding=1), nn.Tanh()),
    )


def good_critic(size: int, channels: int, fields: Any) -> nn.Sequential:
    """The reference implementation's residual critic for 64 x 64."""
    widths = [fields.width * each for each in (1, *fields.multipliers)]
    side = size // 2 ** len(fields.multipliers)
    return nn.Sequential(
        nn.Conv2d(channels, widths[0], 3, padding=1),
        *(Block(*pair, "down", _layer_norm, True) for pair in pairwise(widths)),
        *(nn.Flatten(), nn.Linear(widths[-1] * side**2, 1)),
    )


def good_generator(channels: int, fields: Any) -> nn.Sequential:
    """The generator that goes with `good_critic`."""
    widths = [fields.width * each for each in fields.multipliers]
    return nn.Sequential(
        *(nn.Linear(fields.latent, 16 * widths[0]), nn.Unflatten(1, (widths[0], 4, 4))),
        *(Block(*pair, "up", nn.BatchNorm2d, True) for pair in pairwise(widths)),
        *(nn.BatchNorm2d(widths[-1]), nn.ReLU()),
        *(nn.Conv2d(widths[-1], channels, 3, padding=1), nn.Tanh()),
    )


def players(
    size: int, channels: int, critic: Any, generator: Any
) -> tuple[nn.Module, nn.Module]:
    """Critic and generator, by the fields of a configuration.

    Args:
      size: height and width of the images.
      channels: of the images.
      critic: a configuration's `critic`.
      generator: its `generator`, of the same family.
    """
    if critic.network == "good":
        return good_critic(size, channels, critic), good_generator(channels, generator)
    if critic.network == "resnet":
        return (
            ResNetCritic(channels, critic.width),
            resnet_generator(channels, critic.width, generator.latent),
        )
    return (
        dcgan_critic(size, channels, critic),
        dcgan_generator(size, channels, generator),
    )


class TorchImages:
    """WGAN-GP's critic against a generator held fixed; `run(n)` does n updates."""

    def __init__(
        self, critic, generator, images, batch_size: int, half: bool = False, **adam
    ):
        self.critic, self.generator = critic, generator
        self.images = images  # uint8 [N, C, H, W], on the device of the networks
        self.device = images.device
        self.batch_size = batch_size
        self.half = half  # bfloat16 in the networks, the penalty in float32
        self.latent = generator[0].in_features
        self.low = -1.0 if isinstance(generator[-1], nn.Tanh) else 0.0
        self.optimiser = torch.optim.Adam(critic.parameters(), **adam)

    def run(self, steps: int) -> None:
        """Trains."""
        for _ in range(steps):
            real = self._real()
            with torch.no_grad():
                noise = torch.randn(self.batch_size, self.latent, device=self.device)
                with self._cast():
                    fake = self.generator(noise)
                fake = fake.float()
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
        with self._cast():
            value = self.critic(fake).float().mean() - self.critic(real).float().mean()
        return value + WEIGHT * penalty

    def _cast(self) -> torch.autocast:
        kind = self.device.type
        return torch.autocast(kind, torch.bfloat16, enabled=self.half)

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
    """Gives a critic of PyTorch's the parameters of ours, for mirrored images.

    Normalisations keep theirs: both start with a scale of 1 and an offset of 0.
    """
    ours = _layers(params["params"])
    theirs = [m for m in critic.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    last = [m.out_channels for m in theirs if isinstance(m, nn.Conv2d)][-1]
    for (kernel, bias), layer in zip(ours, theirs, strict=True):
        if isinstance(layer, nn.Linear):
            side = round((layer.in_features // last) ** 0.5)
            kernel = kernel.reshape(side, side, last, 1)
        turned = kernel[::-1, ::-1].transpose(3, 2, 0, 1)
        state = {"weight": torch.tensor(turned.reshape(layer.weight.shape).copy())}
        layer.load_state_dict(state | ({} if bias is None else {"bias": bias}))


def _layers(params: Any) -> list[tuple[np.ndarray, torch.Tensor | None]]:
    """Kernels and biases: convolutions, shortcut, blocks, the linear layer."""
    if "kernel" in params:
        bias = torch.tensor(np.array(params["bias"])) if "bias" in params else None
        return [(np.array(params["kernel"]), bias)]
    order = ("Conv", "shortcut", "Block", "Dense", "value")
    names = [n for kind in order for n in sorted(params) if n.startswith(kind)]
    return [layer for name in names for layer in _layers(params[name])]
