"""PyTorch's training steps that take turns with this project's on an accelerator."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import torch

from benchmarks.image_peer import torch_peer
from benchmarks.image_steps import Case
from benchmarks.timing import Makers, Run
from benchmarks.torch_toy import TorchToy

LAYOUTS = {"": torch.contiguous_format, "_channels_last": torch.channels_last}


class Trainer(Protocol):
    """What trains by `run(steps)`."""

    def run(self, steps: int, /) -> None:
        """Trains."""


def set_precision(tf32: bool) -> None:
    """Sets that of products in float32, and chooses convolutions by times, as XLA."""
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True


def toys(width: int, batch_size: int, n_critic: int, device: str) -> Makers:
    """Makers of runs on 2-D data by name: eager, as a CUDA graph, and compiled."""

    def trainer(**adam: Any) -> TorchToy:
        return TorchToy(width, batch_size, n_critic, device, **adam)

    return {
        "eager": lambda: waiting(trainer().run, device),
        **_graph("graph", trainer, device),
        "compiled": lambda: waiting(_compiled(trainer()).run, device),
    }


def images(case: Case, config: Any, device: str, *, half: bool) -> Makers:
    """Makers of runs on images by name: eager and as a CUDA graph, in two layouts.

    Args:
      case: what is measured.
      config: its configuration.
      device: where it computes.
      half: whether networks compute in bfloat16, by autocast, but for the penalty.
    """
    makers: Makers = {}
    for suffix, layout in LAYOUTS.items():
        make = partial(torch_peer, case, config, device, layout, half=half)
        makers["eager" + suffix] = lambda make=make: waiting(make().run, device)
        makers |= _graph("graph" + suffix, make, device)
    return makers


def waiting(run: Run, device: str) -> Run:
    """The same run, which waits for the device."""

    def run_and_wait(steps: int) -> None:
        run(steps)
        if device == "cuda":
            torch.cuda.synchronize()

    return run_and_wait


def _graph(name: str, make: Callable[..., Trainer], device: str) -> Makers:
    """A step that is recorded once and replayed; there is no such thing on a CPU."""
    if device != "cuda":
        return {}
    adam = {"capturable": True, "fused": True}
    return {name: lambda: waiting(Recorded(make(**adam)).run, device)}


class Recorded:
    """A trainer's step as a CUDA graph, which starts all of its kernels at once."""

    def __init__(self, trainer: Trainer):
        self._trainer = trainer  # the graph reads and writes its arrays
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # allocates and chooses before the recording
            trainer.run(3)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            trainer.run(1)

    def run(self, steps: int) -> None:
        """Trains."""
        for _ in range(steps):
            self._graph.replay()


def _compiled(trainer: TorchToy) -> TorchToy:
    trainer.critic.compile()
    return trainer
