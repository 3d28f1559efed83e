"""Predicts scaling from counted FLOPs and bytes, under stated assumptions."""

from typing import NamedTuple


class Machine(NamedTuple):
    """The assumed speed of each device and of the network between them."""

    name: str
    flops: float  # FLOP/s that an update sustains on one device
    bandwidth: float  # bytes/s of a ring, each way
    latency: float  # seconds a hop


MACHINES = (
    Machine("GPUs at 20 TFLOP/s, 200 GB/s and 5 us a hop", 20e12, 200e9, 5e-6),
    Machine("hosts at 100 GFLOP/s, 1.25 GB/s and 50 us a hop", 100e9, 1.25e9, 50e-6),
)
DEVICES = 8, 64, 1024


def all_reduce(size: float, devices: int, machine: Machine) -> float:
    """Seconds of a ring: 2 (n - 1) hops, each of 1 / n of the bytes."""
    hops = 2 * (devices - 1)
    return hops * (size / devices / machine.bandwidth + machine.latency)


def efficiency(
    flops: float, sizes: list[int], devices: int, machine: Machine, weak: bool
):
    """Of n devices beside one: share of their time that is not spent waiting.

    Args:
      flops: of the update of a whole batch, on one device.
      sizes: bytes of each of an update's all-reduces.
      devices: n.
      machine: what is assumed.
      weak: whether the batch grows with n, rather than being divided by it.
    """
    alone = flops / machine.flops
    work = alone if weak else alone / devices
    return work / (work + sum(all_reduce(size, devices, machine) for size in sizes))


def table(counted: dict[str, tuple[float, list[int]]]) -> str:
    """Rows of predictions; `counted` has FLOPs and all-reduces' bytes by name."""
    heads = [f"{kind}, {n}" for kind in ("weak", "strong") for n in DEVICES]
    lines = [f"| networks | machine | {' | '.join(heads)} |", "|---" * 8 + "|"]
    for name, (flops, sizes) in counted.items():
        for machine in MACHINES:
            cells = [
                f"{100 * efficiency(flops, sizes, n, machine, weak):.3g} %"
                for weak in (True, False)
                for n in DEVICES
            ]
            lines.append(f"| {name} | {machine.name} | {' | '.join(cells)} |")
    return "\n".join(lines)
