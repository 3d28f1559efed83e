"""Critics alone on the W1 benchmark as a PyTorch user would write them, eager."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import orthogonal

from wgan_gp.data.pairs.funnels import DEGREE, EDGE, make_funnels


class Cones(nn.Module):
    """A smooth maximum of cones, as `wgan_gp.networks.lipschitz.cones`."""

    def __init__(self, anchors: torch.Tensor, temperature: float):
        super().__init__()
        self.anchors = nn.Parameter(anchors)
        self.heights = nn.Parameter(torch.zeros(len(anchors)))
        self.temperature = temperature

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The values `[n]` of samples `[n, D]`."""
        cones = self.heights - torch.cdist(x, self.anchors)
        return self.temperature * torch.logsumexp(cones / self.temperature, dim=1)


class Orthogonal(nn.Module):
    """Orthogonal weights with MaxMin, and a maximum of linear outputs of norm 1."""

    def __init__(self, dimension: int, hidden: tuple[int, ...], outputs: int):
        super().__init__()
        widths = (dimension, *hidden)
        self.hidden = nn.ModuleList(
            orthogonal(nn.Linear(*each), orthogonal_map="cayley")
            for each in zip(widths, hidden)
        )
        self.last = nn.Linear(hidden[-1], outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The values `[n]` of samples `[n, D]`."""
        for layer in self.hidden:
            first, second = layer(x).chunk(2, dim=1)
            x = torch.cat(
                [torch.minimum(first, second), torch.maximum(first, second)], 1
            )
        weight = nn.functional.normalize(self.last.weight, dim=1)
        return nn.functional.linear(x, weight, self.last.bias).amax(dim=1)


def perceptron(dimension: int, width: int) -> nn.Module:
    """The published protocol's critic: two hidden layers."""
    return nn.Sequential(
        *(nn.Linear(dimension, width), nn.ReLU()),
        *(nn.Linear(width, width), nn.ReLU()),
        nn.Linear(width, 1),
    )


class TorchW1:
    """Critic updates on one cell; `run(n)` does n of them.

    The critic is penalised as in the published protocol, or not at all.
    """

    def __init__(
        self,
        dimension: int,
        funnels: int,
        critic: nn.Module,
        batch_size: int,
        *,
        penalised: bool,
    ):
        self.critic, self.penalised = critic, penalised
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
        loss = self.critic(fake).mean() - self.critic(real).mean()
        if self.penalised:
            loss = loss + 10 * self._penalty(real, fake)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()

    def _penalty(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        epsilon = torch.rand(self.batch_size, 1)
        points = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
        (slopes,) = torch.autograd.grad(
            self.critic(points).sum(), points, create_graph=True
        )
        return ((slopes.norm(2, dim=1) - 1) ** 2).mean()
