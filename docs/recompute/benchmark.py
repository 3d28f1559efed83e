"""The W1 benchmark's tables and sentences, from the records of its cells."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.evaluate.published import (
    BEST_COSINE,
    COSINE,
    DIMENSIONS,
    ESTIMATE,
    FUNNELS,
    L2,
    published,
)
from wgan_gp.evaluate.truth import skill
from wgan_gp.studies.evidence.common import markdown
from wgan_gp.studies.w1_benchmark import table

FOLDER = Path(__file__).parent.parent / "w1_benchmark"
_LOW = tuple(d for d in DIMENSIONS if d <= 16)
_HIGH = tuple(d for d in DIMENSIONS if d > 16)


@cache
def records() -> dict[tuple[str, str, int, int], dict[str, Any]]:
    """Records of published pairs by recipe, constraint, dimension and funnels."""
    found = {}
    for each in table.read_records(FOLDER):
        config = each["config"]
        if table.other_pair(each):
            continue
        cell = config["data"]["dimension"], config["data"]["funnels"]
        found[each["recipe"], config["lipschitz"], *cell] = each
    return found


def mean(name: str, recipe: str, lipschitz: str, d: int, n: int) -> float:
    """A cell's number, its mean over seeds."""
    return float(np.mean(records()[recipe, lipschitz, d, n][name]))


def tuned(name: str, d: int, n: int) -> float:
    """A number of the recipe of this project."""
    return mean(name, "tuned", "one_sided", d, n)


def cells(recipe: str, lipschitz: str) -> list[tuple[int, int]]:
    """Dimensions and numbers of funnels that a recipe was run for."""
    return sorted(key[2:] for key in records() if key[:2] == (recipe, lipschitz))


def cosine_table() -> str:
    """Cosines of this project's recipe / the best published solver."""
    lines = [f"| N \\ D | {' | '.join(map(str, DIMENSIONS))} |"]
    lines.append("|---" * (len(DIMENSIONS) + 1) + "|")
    for n in FUNNELS:
        row = [f"{tuned('cosine', d, n):.2f} / {_best(d, n):.2f}" for d in DIMENSIONS]
        lines.append(f"| {n} | {' | '.join(row)} |")
    return "\n".join(lines)


def by_cones() -> dict[tuple[int, int], np.ndarray]:
    """Cosines of maxima of cones by cell, `[S]` each."""
    return {
        cell: np.asarray(records()["cones", "cones", *cell]["cosine"])
        for cell in cells("cones", "cones")
    }


def cones_table() -> str:
    """Cosine and skill of maxima of cones / those of the best published solver."""
    found = by_cones()
    lines = [f"| N \\ D | {' | '.join(map(str, DIMENSIONS))} |"]
    lines.append("|---" * (len(DIMENSIONS) + 1) + "|")
    for n in FUNNELS:
        row = [_cones_cell(d, n) if (d, n) in found else "—" for d in DIMENSIONS]
        lines.append(f"| {n} | {' | '.join(row)} |")
    return "\n".join(lines)


def _cones_cell(d: int, n: int) -> str:
    trivial = mean("trivial", "cones", "cones", d, n)
    theirs = skill(_best(d, n), trivial)
    cosine, ours = (mean(name, "cones", "cones", d, n) for name in ("cosine", "skill"))
    return f"{cosine:.3f} ({ours:.2f}) / {_best(d, n):.2f} ({theirs:.2f})"


def _cones() -> Iterator[str]:
    """Maxima of cones beside the best published solver and this project's network."""
    found = by_cones()
    margin = {cell: x.mean() - _best(*cell) for cell, x in found.items()}
    ahead = sum(_is_ahead(x.mean(), cell) for cell, x in found.items())
    half = sum(each > (1 - _best(*cell)) / 2 for cell, each in margin.items())
    yield (
        f"ahead of the best published solver in {ahead} of {len(found)} cells, and in"
        f" {half} it closes more than half of that solver's distance to 1"
    )
    several = {cell: x for cell, x in found.items() if len(x) > 1}
    clear = sum(margin[c] > 1.5 * x.std(ddof=1) for c, x in several.items())
    yield (
        f"Of the {len(several)} cells with three seeds of the critic, {clear} are ahead"
        " by more than 1.5 standard deviations"
    )
    beside = sum(x.mean() > tuned("cosine", *cell) for cell, x in found.items())
    yield f"nearer than this project's network in {beside} of {len(found)}"
    ratios = [
        mean("estimate", "cones", "cones", *c) / mean("w1", "cones", "cones", *c)
        for c in found
    ]
    yield f"its estimate is {spread(ratios, '{:.2f}')} of the true W1"
    hardest = (128, 256)
    trivial = mean("trivial", "cones", "cones", *hardest)
    yield f"where the origin is, has {trivial:.2f} at D = 128, N = 256"
    yield f"a skill of {mean('skill', 'cones', 'cones', *hardest):.2f} says"


# Critics that are compared on all published pairs.
EVERYWHERE = {
    "`one_sided`": ("tuned", "one_sided"),
    "`directional`": ("tuned", "directional"),
    "orthogonal": ("orthogonal", "orthogonal"),
    "cones": ("cones", "cones"),
}


def kinds_table() -> str:
    """Cosines of all kinds of critics in all published cells; the best is bold."""
    rows = []
    for d, n in all_cells():
        cosines = {
            name: mean("cosine", *kind, d, n)
            for name, kind in EVERYWHERE.items()
            if (*kind, d, n) in records()
        }
        row = {
            "D, N": f"{d}, {n}",
            "-‖x‖": f"{mean('trivial', *EVERYWHERE['cones'], d, n):.2f}",
        }
        row["best published"] = f"{_best(d, n):.2f}"
        rows.append(row | {name: _marked(name, cosines) for name in EVERYWHERE})
    return markdown(rows)


def _marked(name: str, cosines: dict[str, float]) -> str:
    if name not in cosines:
        return "—"
    mark = "**" if cosines[name] == max(cosines.values()) else ""
    return f"{mark}{cosines[name]:.3f}{mark}"


def kinds_summary_table() -> str:
    """Each kind: how often it is ahead, its mean skill and how its estimates err."""
    return markdown(
        [{"critic": name} | _summary(*kind) for name, kind in EVERYWHERE.items()]
    )


def _summary(recipe: str, lipschitz: str) -> dict[str, str]:
    cells_ = cells(recipe, lipschitz)
    ahead = sum(_is_ahead(mean("cosine", recipe, lipschitz, *c), c) for c in cells_)
    skills = [mean("skill", recipe, lipschitz, *c) for c in cells_]
    ratios = [
        mean("estimate", recipe, lipschitz, *c) / mean("w1", recipe, lipschitz, *c)
        for c in cells_
    ]
    others = [
        float(np.mean(by_kind[recipe, lipschitz]["skill"]))
        for by_kind in other_records().values()
        if all(kind in by_kind for kind in EVERYWHERE.values())
    ]
    return {
        "ahead of the best published": f"{ahead} of {len(cells_)}",
        "skill, mean (least)": f"{np.mean(skills):.2f} ({min(skills):.2f})",
        f"skill on {len(others)} other pairs": (
            f"{np.mean(others):.2f} ({min(others):.2f})"
        ),
        "estimate / W1": spread(ratios, "{:.2f}"),
    }


def _seeds() -> Iterator[str]:
    """How many seeds the cells have, and how far these differ."""
    found = [
        records()[*kind, *cell]["cosine"]
        for kind in EVERYWHERE.values()
        for cell in all_cells()
    ]
    assert {len(each) for each in found} == {3}
    yield "Each is the mean of three seeds of the critic"
    deviations = [np.std(each, ddof=1) for each in found]
    yield (
        f"the standard deviation of a cosine is at most {max(deviations):.3f}, and"
        f" {np.median(deviations):.3f} in the median"
    )


# Critics that are compared on pairs of every kind, by the recipe's name.
CRITICS = EVERYWHERE | {
    "`two_sided`": ("tuned", "two_sided"),
    "DCGAN, `one_sided`": ("dcgan", "one_sided"),
    "DCGAN, `directional`": ("dcgan", "directional"),
}


@cache
def other_records() -> dict[str, dict[tuple[str, str], dict[str, Any]]]:
    """Records of other pairs by the pair's name, then by recipe and constraint."""
    found: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for each in table.read_records(FOLDER):
        if (other := table.other_pair(each)) and "seed" not in other:
            kind = each["recipe"], each["config"]["lipschitz"]
            found.setdefault(table.pair_name(each), {})[kind] = each
    return found


def families_table() -> str:
    """Cosine (estimate / W1) of each critic on pairs of other kinds; best in bold."""
    rows = []
    for name, by_kind in other_records().items():
        best = max(np.mean(each["cosine"]) for each in by_kind.values())
        row = {"pair": name}
        for critic, kind in CRITICS.items():
            row[critic] = _beside_others(by_kind.get(kind), best)
        trivial = np.mean(next(iter(by_kind.values()))["trivial"])
        row["-‖x‖"] = f"{round(float(trivial), 2) + 0.0:.2f}"  # never -0.00
        rows.append(row)
    return markdown(rows)


def centres_table() -> str:
    """Cosine and skill of maxima of cones on other centres of as many funnels."""
    others = {}
    for each in table.read_records(FOLDER):
        if table.other_pair(each) == {"seed": 1} and each["recipe"] == "cones":
            data = each["config"]["data"]
            others[data["dimension"], data["funnels"]] = each
    return markdown(
        [
            {
                "D, N": f"{d}, {n}",
                "published centres": _two(
                    *(mean(x, "cones", "cones", d, n) for x in _TWO)
                ),
                "other centres": _two(*(float(np.mean(other[x])) for x in _TWO)),
            }
            for (d, n), other in sorted(others.items())
        ]
    )


_TWO = ("cosine", "skill")


def _two(cosine: float, skilled: float) -> str:
    return f"{cosine:.3f} ({skilled:.2f})"


def _beside_others(record: dict[str, Any] | None, best: float) -> str:
    if record is None:
        return "—"
    cosine, estimate, w1 = (
        np.mean(record[name]) for name in ("cosine", "estimate", "w1")
    )
    mark = "**" if cosine == best else ""
    error = standard_error(record["cosine"])
    return f"{mark}{cosine:.3f}{mark} ± {error:.3f} ({estimate / w1:.2f})"


def standard_error(values: list[float]) -> float:
    """Of the mean over seeds."""
    return float(np.std(values, ddof=1) / len(values) ** 0.5)


_BESIDE = {
    "one_sided": ("tuned", "one_sided"),
    "directional": ("tuned", "directional"),
    "directional, fewer updates": ("tuned-fewer_updates", "directional"),
}


def beside_cells() -> list[tuple[int, int]]:
    """The cells that `directional` was run for with fewer updates too."""
    return cells("tuned-fewer_updates", "directional")


def directional_table() -> str:
    """Cosines (estimate / true W1) of the gradient and the directional penalty."""
    return markdown(
        [
            {"D, N": f"{cell[0]}, {cell[1]}"}
            | {
                name: _cosine_and_estimate(records().get((recipe, lipschitz, *cell)))
                for name, (recipe, lipschitz) in _BESIDE.items()
            }
            for cell in beside_cells()
        ]
    )


def _cosine_and_estimate(record: dict[str, Any] | None) -> str:
    if record is None:
        return "—"
    ratio = np.mean(record["estimate"]) / np.mean(record["w1"])
    error = standard_error(record["cosine"])
    return f"{np.mean(record['cosine']):.3f} ± {error:.3f} ({ratio:.2f})"


def _beside(recipe: str) -> Iterator[float]:
    """By how much the directional penalty's cosine is greater, by cell."""
    for cell in beside_cells():
        if (recipe, "directional", *cell) in records():
            base = mean("cosine", "tuned", "one_sided", *cell)
            yield mean("cosine", recipe, "directional", *cell) - base


def _directional() -> Iterator[str]:
    """The directional penalty beside the one-sided gradient penalty."""
    for recipe, words in (
        ("tuned", "as many updates"),
        ("tuned-fewer_updates", "as much time"),
    ):
        gains = list(_beside(recipe))
        ahead = sum(gain > 0 for gain in gains)
        yield f"{words} in {ahead} of {len(gains)} cells ({spread(gains, '{:+.3f}')})"
    # At D = 2, N = 64 the two were timed on different days.
    timed = [cell for cell in beside_cells() if cell != (2, 64)]
    for recipe, words in (
        ("tuned", "takes {} times as long"),
        ("tuned-fewer_updates", "with 10,000 updates {} times"),
    ):
        ratios = [
            records()[recipe, "directional", *cell]["seconds"]
            / records()["tuned", "one_sided", *cell]["seconds"]
            for cell in timed
            if (recipe, "directional", *cell) in records()
        ]
        yield words.format(spread(ratios, "{:.2f}"))


def _known(table: Any, lipschitz: str, d: int, n: int) -> float:
    """A published number of a cell that has one."""
    method = CONSTRAINTS[lipschitz].published_as if lipschitz else ""
    value = published(table, method, d, n)
    assert value is not None
    return value


def _best(d: int, n: int) -> float:
    return _known(BEST_COSINE, "", d, n)


def _is_ahead(cosine: float, cell: tuple[int, int]) -> bool:
    """Whether a cosine is greater than the best published, which has two decimals."""
    return round(float(cosine), 2) > _best(*cell)


def _ahead(cells_) -> int:
    return sum(_is_ahead(tuned("cosine", *cell), cell) for cell in cells_)


def _level(cells_) -> int:
    return sum(round(tuned("cosine", *cell), 2) == _best(*cell) for cell in cells_)


def all_cells(dimensions=DIMENSIONS) -> list[tuple[int, int]]:
    """The published grid, or its part of some dimensions."""
    return [(d, n) for d in dimensions for n in FUNNELS]


def spread(values, form: str = "{:.0f}", between: str = "to") -> str:
    """Least and greatest of some numbers."""
    low, high = (form.format(value) for value in (min(values), max(values)))
    return low if low == high else f"{low} {between} {high}"


def _bias(d: int, n: int) -> float:
    """Relative error of this project's estimate of W1, in percent."""
    return 100 * (tuned("estimate", d, n) / tuned("w1", d, n) - 1)


def _published_bias(d: int, n: int) -> float:
    return 100 * (_known(ESTIMATE, "one_sided", d, n) / tuned("w1", d, n) - 1)


def _nearer(n: int) -> list[int]:
    """Dimensions in which this project's estimate is nearer to W1."""
    return [d for d in DIMENSIONS if abs(_bias(d, n)) < abs(_published_bias(d, n))]


def readme_sentences() -> Iterator[str]:
    """Of the README."""
    ahead = sum(_is_ahead(x.mean(), cell) for cell, x in by_cones().items())
    yield (
        f"ahead in {_ahead(all_cells())} of {len(all_cells())} cells with a network; in"
        f" {ahead} of {len(by_cones())} with a maximum of cones, which these pairs suit"
    )
    worst = max(_best(*cell) - tuned("cosine", *cell) for cell in all_cells())
    yield f"the network by {worst:.2f} in the worst of the {len(all_cells())} cells"


def sentences() -> Iterator[str]:
    """Of docs/w1_benchmark.md."""
    low, high = all_cells(_LOW), all_cells((64, 128))
    yield (
        f"nearer to the truth than the best published solver in all {_ahead(low)} cells"
        f" with D <= 16, and in {_ahead(all_cells())} of all {len(all_cells())}"
    )
    assert _ahead(low) == len(low)
    yield (
        f"at D = 64 and 128 ({len(high)} cells, of which it is ahead in"
        f" {_ahead(high)} and level in {_level(high)})"
    )
    yield (
        f"{_cosine(2, 64)} at D = 2, N = 64 (best published {_theirs(2, 64)}),"
        f" {_cosine(2, 256)} at D = 2, N = 256 ({_theirs(2, 256)}),"
        f" {_cosine(16, 256)} at D = 16, N = 256 ({_theirs(16, 256)})"
    )
    seconds = [records()["tuned", "one_sided", *c]["seconds"] for c in all_cells()]
    yield f"in {spread(seconds)} seconds of one core"
    protocol = [records()["published", "one_sided", *c]["seconds"] for c in low]
    yield f"(the published protocol took {spread(protocol)})"
    within = _within("one_sided", COSINE, "cosine")
    yield f"reaches its authors' cosines within {within:.2f} up to D = 16"
    yield from _cones()
    yield from _seeds()
    yield from _directional()
    yield from _estimates()
    yield from _parts()
    yield from _protocol()
    yield from _centres()


def _cosine(d: int, n: int) -> str:
    return f"{tuned('cosine', d, n):.2f}".lstrip("0")


def _theirs(d: int, n: int) -> str:
    return f"{_best(d, n):.2f}".lstrip("0")


def _estimates() -> Iterator[str]:
    every = len(DIMENSIONS)
    assert len(_nearer(64)) == every
    assert set(DIMENSIONS) - set(_nearer(256)) == {128}
    yield (
        f"in all {every} cells with 64 funnels, in {len(_nearer(256))} of {every} with"
        f" 256 (all but D = 128), in {len(_nearer(16))} with 16 and in"
        f" {len(_nearer(4))} with 4"
    )
    four = [_bias(d, 4) for d in DIMENSIONS]
    theirs = [_published_bias(d, 4) for d in DIMENSIONS]
    yield f"with 4 funnels it is off by {spread(four, '{:+.0f}')} %"
    yield f"(published: {spread(theirs, '{:+.0f}')} %)"
    many = [[-_bias(d, 256) for d in part] for part in (_LOW, _HIGH)]
    theirs = [[-_published_bias(d, 256) for d in part] for part in (_LOW, _HIGH)]
    yield (
        f"With 256 funnels it is too low by {spread(many[0])} % up to D = 16 and by"
        f" {spread(many[1])} % from D = 32 on"
    )
    yield f"(published: {spread(theirs[0])} % and {spread(theirs[1])} %)"


def _part(name: str, d: int) -> str:
    recipe = f"tuned-{name}" if name else "tuned"
    return f"{mean('cosine', recipe, 'one_sided', d, 64):.2f}".lstrip("0")


def _parts() -> Iterator[str]:
    """What the recipe is worth without its parts."""
    yield (
        f"At D = 2 the cosine of {_part('', 2)} falls to {_part('constant_rate', 2)}"
        f" without the decay of the learning rate, to {_part('no_waves', 2)} without"
        f" waves and to {_part('published_adam', 2)} with Adam's (0, 0.9)"
    )
    small = ("interpolates", "large_batch", "zero_biases", "no_maxout")
    most = max(
        abs(
            mean("cosine", f"tuned-{name}", "one_sided", 2, 64) - tuned("cosine", 2, 64)
        )
        for name in small
    )
    yield f"the rest changes it by {most:.2f} at most"
    yield (
        f"At D = 16 the {_part('', 16)} falls to {_part('no_maxout', 16)} without the"
        f" maxout output, and to {_part('constant_rate', 16)} to"
        f" {_part('published_adam', 16)} without the decay, with Adam's (0, 0.9) or"
        f" with penalties at interpolates"
    )
    others = [_part(name, 16) for name in ("published_adam", "interpolates")]
    assert max(others) == _part("published_adam", 16)
    assert min(others) >= _part("constant_rate", 16)
    yield f"zero biases reach {_part('zero_biases', 16)} for {_part('', 16)}"


def _difference(lipschitz: str, theirs, name: str, cell) -> float:
    return mean(name, "published", lipschitz, *cell) - _known(theirs, lipschitz, *cell)


def _within(lipschitz: str, theirs, name: str, dimensions=_LOW) -> float:
    """The greatest difference from the published numbers."""
    found = all_cells(dimensions)
    return max(abs(_difference(lipschitz, theirs, name, cell)) for cell in found)


def _protocol() -> Iterator[str]:
    """This project's runs of the published protocol."""
    yield f"in the {len(cells('published', 'one_sided'))} cells with D <= 16"
    seeds = [each["seeds"] for key, each in records().items() if key[0] == "published"]
    assert {*seeds} == {3}
    yield f"each of the {len(seeds)} records in all is of three seeds"
    yield (
        "One-sided, the cosine is within"
        f" {_within('one_sided', COSINE, 'cosine'):.2f} of the published one"
    )
    two = {c: _difference("two_sided", COSINE, "cosine", c) for c in all_cells(_LOW)}
    far = {cell for cell, value in two.items() if abs(value) > 0.035}
    assert far == {(2, 64), (2, 256), (8, 256)}
    most = max(abs(value) for cell, value in two.items() if cell not in far)
    yield f"Two-sided it is within {most:.2f} in all but three"
    ours = {c: f"{mean('cosine', 'published', 'two_sided', *c):.2f}"[1:] for c in far}
    theirs = {c: f"{_known(COSINE, 'two_sided', *c):.2f}"[1:] for c in far}
    yield (
        f"D = 2, where it is {ours[2, 64]} for 64 funnels (published"
        f" {theirs[2, 64]}) and {ours[2, 256]} for 256 ({theirs[2, 256]}), and D = 8,"
        f" N = 256, where it is {two[8, 256]:.2f} above"
    )
    ends = []
    for count in (16, 64):
        found = records()["published", "two_sided", 2, count]["cosine"]
        ends += [f"{each:.2f}"[1:] for each in (min(found), max(found))]
    yield "three gave {} to {} for 16 funnels and {} to {} for 64".format(*ends)
    three = [_difference("one_sided", L2, "l2", (2, n)) for n in (16, 64, 256)]
    yield f"is {spread(three, '{:.2f}')} above the published number from 16 funnels on"
    rest = _within("one_sided", L2, "l2", _LOW[1:])
    yield f"from D = 4 on it is within {rest:.2f}"
    yield from _failures()


def _failures() -> Iterator[str]:
    high = [key for key in cells("published", "difference") if key[0] == 16]
    low = [key for key in cells("published", "difference") if key[0] == 4]
    ratios = [
        [mean("estimate", *kind, *c) / mean("w1", *kind, *c) for c in part]
        for kind in [("published", "difference")]
        for part in (high, low)
    ]
    l2 = [mean("l2", "published", "difference", *cell) for cell in high]
    yield (
        f"At D = 16 L2 is {spread(l2)} and the estimate {spread(ratios[0], '{:.1f}')}"
        f" times the true W1; at D = 4 the estimate is {spread(ratios[1], '{:.1f}')}"
        " times"
    )
    clip = [f"{mean('cosine', 'published', 'clip', 16, n):.2f}"[1:] for n in (4, 64)]
    theirs = [f"{_known(COSINE, 'clip', 16, n):.2f}"[1:] for n in (4, 64)]
    yield (
        f"reaches {clip[0]} for 4 funnels and {clip[1]} for 64 at D = 16 (published:"
        f" {theirs[0]} and {theirs[1]}"
    )


def _centres() -> Iterator[str]:
    """Samples at the funnels' centres."""
    near = [100 * tuned("left_out", 2, n) for n in FUNNELS]
    many = [100 * tuned("left_out", 2, n) for n in FUNNELS if n >= 16]
    yield f"in two dimensions {spread(near)} % of the samples lie so near to one"
    yield f"The samples at a centre ({spread(many)} %"
    more = [tuned("cosine_clear", 2, n) - tuned("cosine", 2, n) for n in FUNNELS]
    yield f"ours at D = 2 are {spread(more, '{:.2f}')} higher"
    beyond = all_cells([d for d in DIMENSIONS if d >= 8])
    assert all(
        abs(tuned("cosine_clear", *c) - tuned("cosine", *c)) < 5e-4 for c in beyond
    )
