"""The network that made the standard weight file, in PyTorch, from its description."""

import torch
from torch import nn
from torch.nn import functional as F


class Conv(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, padding=None):
        super().__init__()
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        if padding is None:
            padding = tuple(side // 2 for side in sides)
        self.conv = nn.Conv2d(inputs, outputs, sides, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Branches(nn.Module):
    """Chains of convolutions side by side: (name, then fields of Conv)."""

    def __init__(self, inputs, chains, pool=None):
        super().__init__()
        self.chains, self.pool = [], pool
        for chain in chains:
            width = inputs
            for name, outputs, *fields in chain:
                self.add_module(name, Conv(width, outputs, *fields))
                width = outputs
            self.chains.append([name for name, *_ in chain])

    def forward(self, x):
        outputs = []
        for names in self.chains:
            y = self.pooled(x) if names == ["branch_pool"] else x
            for name in names:
                y = getattr(self, name)(y)
            outputs.append(y)
        if self.pool == "halve":
            outputs.append(F.max_pool2d(x, 3, 2))
        return torch.cat(outputs, 1)

    def pooled(self, x):
        if self.pool == "max":
            return F.max_pool2d(x, 3, 1, 1)
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class Forked(Branches):
    """The last blocks, in which two chains end in two convolutions side by side."""

    def __init__(self, inputs, pool):
        chains = [
            [("branch1x1", 320, 1)],
            [("branch3x3_1", 384, 1)],
            [("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3)],
            [("branch_pool", 192, 1)],
        ]
        super().__init__(inputs, chains, pool)
        for name in ("branch3x3_2", "branch3x3dbl_3"):
            self.add_module(f"{name}a", Conv(384, 384, (1, 3)))
            self.add_module(f"{name}b", Conv(384, 384, (3, 1)))

    def forward(self, x):
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        outputs = [
            self.branch1x1(x),
            self.branch3x3_2a(three),
            self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(self.pooled(x)),
        ]
        return torch.cat(outputs, 1)


def at_35(inputs, pool):
    return Branches(
        inputs,
        [
            [("branch1x1", 64, 1)],
            [("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)],
            [
                (f"branch3x3dbl_{i}", n, k)
                for i, n, k in ((1, 64, 1), (2, 96, 3), (3, 96, 3))
            ],
            [("branch_pool", pool, 1)],
        ],
    )


def to_17():
    return Branches(
        288,
        [
            [("branch3x3", 384, 3, 2, 0)],
            [
                ("branch3x3dbl_1", 64, 1),
                ("branch3x3dbl_2", 96, 3),
                ("branch3x3dbl_3", 96, 3, 2, 0),
            ],
        ],
        "halve",
    )


def at_17(c):
    return Branches(
        768,
        [
            [("branch1x1", 192, 1)],
            [
                ("branch7x7_1", c, 1),
                ("branch7x7_2", c, (1, 7)),
                ("branch7x7_3", 192, (7, 1)),
            ],
            [
                ("branch7x7dbl_1", c, 1),
                ("branch7x7dbl_2", c, (7, 1)),
                ("branch7x7dbl_3", c, (1, 7)),
                ("branch7x7dbl_4", c, (7, 1)),
                ("branch7x7dbl_5", 192, (1, 7)),
            ],
            [("branch_pool", 192, 1)],
        ],
    )


def to_8():
    return Branches(
        768,
        [
            [("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, 2, 0)],
            [
                ("branch7x7x3_1", 192, 1),
                ("branch7x7x3_2", 192, (1, 7)),
                ("branch7x7x3_3", 192, (7, 1)),
                ("branch7x7x3_4", 192, 3, 2, 0),
            ],
        ],
        "halve",
    )


class TorchInception(nn.Sequential):
    def __init__(self):
        super().__init__()
        layers = {
            "Conv2d_1a_3x3": Conv(3, 32, 3, 2, 0),
            "Conv2d_2a_3x3": Conv(32, 32, 3, 1, 0),
            "Conv2d_2b_3x3": Conv(32, 64, 3),
            "maxpool1": nn.MaxPool2d(3, 2),
            "Conv2d_3b_1x1": Conv(64, 80, 1),
            "Conv2d_4a_3x3": Conv(80, 192, 3, 1, 0),
            "maxpool2": nn.MaxPool2d(3, 2),
            "Mixed_5b": at_35(192, 32),
            "Mixed_5c": at_35(256, 64),
            "Mixed_5d": at_35(288, 64),
            "Mixed_6a": to_17(),
            "Mixed_6b": at_17(128),
            "Mixed_6c": at_17(160),
            "Mixed_6d": at_17(160),
            "Mixed_6e": at_17(192),
            "Mixed_7a": to_8(),
            "Mixed_7b": Forked(1280, "average"),
            "Mixed_7c": Forked(2048, "max"),
            "avgpool": nn.AdaptiveAvgPool2d(1),
            "flatten": nn.Flatten(),
            "fc": nn.Linear(2048, 1008),
        }
        for name, layer in layers.items():
            self.add_module(name, layer)


@torch.no_grad()
def random_inception(seed=0):
    """With weights and statistics that keep the signal's size through all layers."""
    torch.manual_seed(seed)
    network = TorchInception().eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            module.weight.uniform_(0.8, 1.2)
            module.bias.normal_(0, 0.1)
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.8, 1.2)
    network.fc.bias.normal_()
    return network
