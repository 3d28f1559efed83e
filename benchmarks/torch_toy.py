"""The toy training loop as a PyTorch user would write it, eager, for comparison."""

from typing import Any

import torch
from torch import nn

from wgan_gp.data.toy import RING_MODES, RING_STD


def mlp(width: int, outputs: int) -> nn.Sequential:
    """Three hidden ReLU layers on two inputs."""
    return nn.Sequential(
        *(nn.Linear(2, width), nn.ReLU()),
        *(nn.Linear(width, width), nn.ReLU()),
        *(nn.Linear(width, width), nn.ReLU()),
        nn.Linear(width, outputs),
    )


class TorchToy:
    """WGAN-GP on 8 Gaussians; `run(n)` does n generator iterations."""

    def __init__(
        self,
        width: int,
        batch_size: int,
        n_critic: int,
        device: str = "cpu",
        **adam: Any,
    ):
        self.device = device
        self.critic, self.generator = (mlp(width, n).to(device) for n in (1, 2))
        self.batch_size, self.n_critic = batch_size, n_critic
        adam |= {"lr": 1e-3, "betas": (0.0, 0.9)}
        self.critic_opt = torch.optim.Adam(self.critic.parameters(), **adam)
        self.generator_opt = torch.optim.Adam(self.generator.parameters(), **adam)
        self.modes = torch.tensor(RING_MODES, dtype=torch.float32, device=device)

    def run(self, iterations: int) -> None:
        """Trains."""
        for _ in range(iterations):
            for _ in range(self.n_critic):
                self._critic_step()
            self._generator_step()

    def _real(self) -> torch.Tensor:
        which = torch.randint(0, 8, (self.batch_size,), device=self.device)
        return self.modes[which] + RING_STD * self._noise()

    def _fake(self) -> torch.Tensor:
        return self.generator(self._noise())

    def _noise(self) -> torch.Tensor:
        return torch.randn(self.batch_size, 2, device=self.device)

    def _critic_step(self) -> None:
        real = self._real()
        with torch.no_grad():
            fake = self._fake()
        epsilon = torch.rand(self.batch_size, 1, device=self.device)
        points = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
        values = self.critic(points).sum()
        (slopes,) = torch.autograd.grad(values, points, create_graph=True)
        penalty = ((slopes.norm(2, dim=1) - 1) ** 2).mean()
        loss = self.critic(fake).mean() - self.critic(real).mean() + 10 * penalty
        self.critic_opt.zero_grad()
        loss.backward()
        self.critic_opt.step()

    def _generator_step(self) -> None:
        loss = -self.critic(self._fake()).mean()
        self.generator_opt.zero_grad()
        loss.backward()
        self.generator_opt.step()
