"""A critic alone on the W1 benchmark as a PyTorch user would write it, eager."""

import torch
from torch import nn

from wgan_gp.data.pairs.funnels import DEGREE, EDGE, make_funnels


class TorchW1:
    """The published protocol of one cell; `run(n)` does n critic updates."""

    def __init__(self, dimension: int, funnels: int, width: int, batch_size: int):
        self.critic = nn.Sequential(
            *(nn.Linear(dimension, width), nn.ReLU()),
            *(nn.Linear(width, width), nn.ReLU()),
            nn.Linear(width, 1),
        )
        self.optimiser = torch.optim.Adam(
            self.critic.parameters(), lr=2e-4, betas=(0.0, 0.9)
        )
        pair = make_funnels(dimension, funnels)
        self.centres, self.heights = (
            torch.tensor(x.tolist()) for x in (pair.centres, pair.heights)
        )
        self.batch_size = batch_size

    def run(self, steps: int) -> None:
        """Trains."""
        for _ in range(steps):
            self._step()

    def _fake(self) -> torch.Tensor:
        return EDGE * (2 * torch.rand(self.batch_size, self.centres.shape[1]) - 1)

    @torch.no_grad()
    def _real(self) -> torch.Tensor:
        y = self._fake()
        distances = torch.cdist(y, self.centres)
        values, own = (distances + self.heights).min(dim=1)
        offset = y - self.centres[own]
        radius = offset.norm(dim=1)
        v = offset / radius[:, None]
        c = values[:, None] - self.heights
        slack = c - (y * v).sum(dim=1, keepdim=True) + v @ self.centres.T
        r = 0.5 * (distances**2 - c**2) / slack
        rows = torch.arange(len(y))
        valid = (r > 0) & (r + c > 0)
        valid[rows, own] = False
        r = torch.where(valid, r, torch.inf).min(dim=1).values
        wall = ((EDGE - v.sign() * y) / v.abs()).min(dim=1).values
        length = radius + torch.minimum(r, wall)
        share = (radius / length) ** DEGREE
        return self.centres[own] + (share * length)[:, None] * v

    def _step(self) -> None:
        real, fake = self._real(), self._fake()
        epsilon = torch.rand(self.batch_size, 1)
        points = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
        (slopes,) = torch.autograd.grad(
            self.critic(points).sum(), points, create_graph=True
        )
        penalty = ((slopes.norm(2, dim=1) - 1) ** 2).mean()
        loss = self.critic(fake).mean() - self.critic(real).mean() + 10 * penalty
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
