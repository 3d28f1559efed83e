"""The PyTorch side of a critic step on images."""

from typing import Any

import torch

from benchmarks.image_steps import IMAGES, Case, random_images
from benchmarks.torch_images import TorchImages, players


def torch_peer(case: Case, config: Any, device: str = "cpu") -> TorchImages:
    """The same networks, data and optimiser."""
    pair = players(
        *(config.critic.network, case.size, case.channels),
        *(config.critic.width, config.generator.latent),
    )
    critic, generator = (player.to(device) for player in pair)
    images = random_images(case, IMAGES).transpose(0, 3, 1, 2).copy()
    optimiser = config.critic_optimiser
    return TorchImages(
        critic,
        generator,
        torch.tensor(images, device=device),
        config.batch_size,
        lr=optimiser.learning_rate,
        betas=(optimiser.beta1, optimiser.beta2),
    )
