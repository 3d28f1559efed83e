"""The PyTorch side of a critic step on images."""

from typing import Any

import torch

from benchmarks.image_steps import IMAGES, Case, random_images
from benchmarks.torch_images import TorchImages, players


def torch_peer(
    case: Case,
    config: Any,
    device: str = "cpu",
    layout: torch.memory_format = torch.contiguous_format,
    **options: Any,
) -> TorchImages:
    """The same networks, data and optimiser.

    Args:
      case: what is measured.
      config: its configuration.
      device: where it computes.
      layout: of images and kernels in memory.
      **options: of `TorchImages`, and of PyTorch's Adam.
    """
    pair = players(case.size, case.channels, config.critic, config.generator)
    for player in pair:
        for parameter in player.to(device).parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=layout)
    images = random_images(case, IMAGES).transpose(0, 3, 1, 2).copy()
    optimiser = config.critic_optimiser
    return TorchImages(
        *pair,
        torch.tensor(images, device=device).contiguous(memory_format=layout),
        config.batch_size,
        lr=optimiser.learning_rate,
        betas=(optimiser.beta1, optimiser.beta2),
        **options,
    )
