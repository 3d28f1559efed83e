"""What a run shows while it trains: a bar, and the current metrics beside it."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from wgan_gp.evaluate.metrics import METRICS


def print_line(console: Console, line: str) -> None:
    """Prints a line as it is: paths may have brackets, which Rich reads as markup."""
    console.print(line, soft_wrap=True, markup=False, highlight=False)


def progress_bar(console: Console) -> Progress:
    """A progress bar with the steps done, the time left and current metrics."""
    return Progress(
        TextColumn("{task.completed:,.0f} / {task.total:,.0f}"),
        BarColumn(bar_width=24),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=console,
    )


def as_floats(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Scalars on the device as Python floats."""
    return {name: float(value) for name, value in metrics.items()}


def progress_text(
    training: dict[str, float], evaluation: list[dict[str, float]]
) -> str:
    """The current metrics, as text beside the progress bar.

    Args:
      training: the newest record of training.
      evaluation: all records of evaluations so far.
    """
    newest = (evaluation[-1] if evaluation else {}) | training
    return "  ".join(
        f"{metric.symbol} {metric.text(newest[name], '.3g')}"
        for name, metric in METRICS.items()
        if metric.symbol and name in newest
    )
