"""The numbers of `wgan_gp.distance` as a table and as a record for a JSON file."""

from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from wgan_gp.data.reading import Reading, Samples
from wgan_gp.evaluate.upper_bound import LEVEL
from wgan_gp.runs.set_distance import Distance

Interval = tuple[float, float]


def units(samples: Samples, *, standardised: bool) -> str:
    """What W1 is counted in, as words that follow a number.

    Args:
      samples: the real ones.
      standardised: whether columns were divided by their standard deviations.
    """
    if samples.columns is None:
        return "(Euclidean distance of pixels in [0, 1])"
    if standardised:
        return "(Euclidean distance of columns in their standard deviations in REAL)"
    return "(Euclidean distance in the columns' own units)"


def table(
    found: Distance, sets: tuple[Samples, Samples], paths: tuple[Path, Path], unit: str
) -> Table:
    """The numbers with explanations.

    Args:
      found: from `distance`.
      sets: that were compared, the real one first.
      paths: of their files.
      unit: from `units`.
    """
    bracket, blurred = found.bracket, found.blurred
    counts = zip((found.real, found.fake), sets, paths)
    names = [f"{n:,} of {each.total:,} of {path}" for n, each, path in counts]
    made = Table(
        title=escape(f"REAL: {names[0]}\nFAKE: {names[1]}"),
        title_justify="left",
        caption=escape(
            f"{unit[1:-1]}. Brackets are intervals of"
            f" {100 * LEVEL:.0f} %. Halves of REAL are of one distribution: what they"
            f" score is sampling noise, of {bracket.subset:,} samples a side as in the"
            " exact W1 above. More samples bring the bounds together."
        ),
        caption_justify="left",
    )
    made.add_column("quantity")
    made.add_column("REAL and FAKE", justify="right")
    made.add_column("halves of REAL", justify="right")
    made.add_row("[bold]W1 is within", f"[bold]{_interval(bracket.interval)}", "")
    made.add_row(
        "lower bound: a critic of cones", _cell(bracket.lower, bracket.lower_interval)
    )
    made.add_row(
        "upper bound: exact W1 of"
        f" {_counted(bracket.pairs, 'pair')} of {bracket.subset:,}",
        _cell(bracket.upper, bracket.upper_interval),
        f"{bracket.floor:.4g}",
    )
    if found.estimate is not None and found.estimate_interval is not None:
        made.add_row(
            "estimate, no bound: a network critic",
            _cell(found.estimate, found.estimate_interval),
        )
    made.add_row("sliced W1", f"{blurred.sliced:.4g}", f"{blurred.sliced_floor:.4g}")
    made.add_row(
        "Sinkhorn divergence",
        f"{blurred.sinkhorn:.4g}",
        f"{blurred.sinkhorn_floor:.4g}",
    )
    return made


def _cell(value: float, interval: Interval) -> str:
    return f"{value:.4g} {_interval(interval)}"


def _interval(interval: Interval) -> str:
    return escape(f"[{interval[0]:.4g}, {interval[1]:.4g}]")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def record(
    found: Distance, sets: tuple[Samples, Samples], args: Any, unit: str
) -> dict[str, Any]:
    """All numbers and settings, for a JSON file; docs/distance.md explains the keys.

    Args:
      found: from `distance`.
      sets: that were compared, the real one first.
      args: the command line.
      unit: from `units`.
    """
    bracket, blurred = found.bracket, found.blurred
    reading = {name: getattr(args, name) for name in Reading._fields}
    return {
        "interval": bracket.interval,
        "lower": bracket.lower,
        "lower_interval": bracket.lower_interval,
        "upper": bracket.upper,
        "upper_interval": bracket.upper_interval,
        "floor": bracket.floor,
        "estimate": found.estimate,
        "estimate_interval": found.estimate_interval,
        "sliced": blurred.sliced,
        "sliced_floor": blurred.sliced_floor,
        "sinkhorn": blurred.sinkhorn,
        "sinkhorn_floor": blurred.sinkhorn_floor,
        "units": unit[1:-1],
        "counts": {
            "real": found.real,
            "fake": found.fake,
            "real_total": sets[0].total,
            "fake_total": sets[1].total,
            "dimension": int(sets[0].values[0].size),
            "subset": bracket.subset,
            "pairs": bracket.pairs,
            "floor_pairs": bracket.floor_pairs,
        },
        "settings": {
            "real": str(args.real),
            "fake": str(args.fake),
            "critic": args.critic,
            "standardise": args.standardise,
            "level": LEVEL,
            "sinkhorn_regularisation": blurred.regularisation,
            **reading,
            "columns": sets[0].columns,
        },
    }
