"""The records of the benchmark, and their tables."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data.pairs import FAMILIES, PUBLISHED_PAIR, unpublished
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.evaluate.published import BEST_COSINE, COSINE, PUBLISHED, published
from wgan_gp.evaluate.truth import Truth, skill
from wgan_gp.studies.w1_benchmark.cells import trivial_cosines
from wgan_gp.studies.w1_benchmark.recipes import ABLATIONS
from wgan_gp.system.files import write_text

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
_FORM = "{:.2f}"  # the decimals of most published numbers


def one_line(record: dict[str, Any]) -> str:
    """A record in one line: this project's metrics beside the published ones.

    Args:
      record: of a cell.
    """
    config = record["config"]
    method = CONSTRAINTS[config["lipschitz"]].published_as
    size = config["data"]["dimension"], config["data"]["funnels"]
    other, beside = other_pair(record), ""
    if not other:
        best = published(BEST_COSINE, "", *size)
        beside = f" (published {published(COSINE, method, *size)}, best {best})"
    pair = "".join(f" {name}={value}" for name, value in other.items())
    return (
        f"{record['recipe']} {config['lipschitz']} D={size[0]} N={size[1]}{pair}:"
        f" {_short(record, 'cosine')}{beside}, {_short(record, 'skill')},"
        f" {_short(record, 'l2')}, {_short(record, 'estimate')}"
        f" of {measured(record, 'w1').mean():.3f},"
        f" {record['seconds']} s"
    )


def _short(record: dict[str, Any], name: str) -> str:
    return f"{METRICS[name].short} {_summary(record, name, '{:.3f}')}"


def measured(record: dict[str, Any], name: str) -> np.ndarray:
    """A metric of the critics that did not diverge.

    Args:
      record: of a cell.
      name: of the metric.
    """
    values = np.array(record[name], float)
    return values[np.isfinite(values)]


def _summary(
    record: dict[str, Any], name: str, form: str = _FORM, *, spread: bool = False
) -> str:
    """The mean over critics, with their standard deviation; how many diverged."""
    values = measured(record, name)
    lost, parts = record["seeds"] - len(values), []
    if len(values):
        deviation = spread and len(values) > 1
        about = f" ± {form.format(np.std(values, ddof=1))}" if deviation else ""
        parts.append(form.format(values.mean()) + about)
    if lost:
        parts.append(f"{lost} of {record['seeds']} diverged")
    return ", ".join(parts)


def _title(name: str) -> str:
    """The title of a metric, with the optimal critic's value if it is a constant."""
    label, ideal = METRICS[name].label, METRICS[name].ideal
    title = label[0].upper() + label[1:]
    return title if ideal in METRICS else f"{title} ({ideal} is perfect)"


def read_records(folder: Path) -> list[dict[str, Any]]:
    """Reads all records of a folder.

    Args:
      folder: with NAME.json files.

    Raises:
      ValueError: a file is not a record.
    """
    return [read_record(path) for path in sorted(folder.glob("*.json"))]


def read_record(path: Path) -> dict[str, Any]:
    """Reads the record of a cell.

    Args:
      path: of the file.

    Raises:
      ValueError: the file is not a record.
    """
    try:
        record = json.loads(path.read_text())
        data = record["config"]["data"]
        record["recipe"], record["seconds"], record["config"]["lipschitz"]
        cell = data["dimension"], data["funnels"], data["seed"]
        if "trivial" not in record:  # measured by an older version
            samples, seeds = record["config"]["eval_samples"], range(record["seeds"])
            record["trivial"] = trivial_cosines(*cell, seeds, samples)
            pairs = zip(record["cosine"], record["trivial"])
            record["skill"] = [skill(*pair) for pair in pairs]
        numbers = np.array([record[name] for name in Truth._fields], float)
        if numbers.shape != (len(Truth._fields), record["seeds"]):
            raise ValueError(numbers.shape)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError(f"{path} is not a cell's record: move it away") from None
    return record


def merge_records(old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    """Merges two records of a cell, of different seeds.

    Args:
      old: of the first seeds, or None.
      new: of the following seeds; the merged record has its time.
    """
    if old is None:
        return new
    numbers = {name: old[name] + new[name] for name in Truth._fields}
    return new | numbers | {"seeds": old["seeds"] + new["seeds"]}


def check_page(page: Path) -> None:
    """Raises ValueError unless the page has the marks that enclose its tables."""
    try:
        text = page.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"the page {page} cannot be read: {reason}") from None
    if not 0 <= text.find(BEGIN) < text.find(END):
        raise ValueError(f"{page} lacks the lines {BEGIN} and {END}, in this order")


def write_page(page: Path, records: list[dict[str, Any]]) -> None:
    """Replaces the tables of a page by those of the records.

    Args:
      page: a Markdown file with the marks `BEGIN` and `END`.
      records: of cells.

    Raises:
      ValueError: as in `check_page`.
      WriteError: the page cannot be written.
    """
    check_page(page)
    write_text(page, with_tables(page.read_text(encoding="utf-8"), records))


def with_tables(text: str, records: list[dict[str, Any]]) -> str:
    """A page's text with the tables of the records.

    Args:
      text: with the marks `BEGIN` and `END`.
      records: of cells.
    """
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{tables(records)}\n{END}{after}"


def tables(records: list[dict[str, Any]]) -> str:
    """A table for each recipe, constraint and metric: ours / published, by cell.

    Args:
      records: of cells.

    Returns:
      Markdown.
    """
    others = [each for each in records if other_pair(each)]
    records = [each for each in records if not other_pair(each)]
    kinds = {(each["recipe"], each["config"]["lipschitz"]): [] for each in records}
    for each in records:
        kinds[each["recipe"], each["config"]["lipschitz"]].append(each)
    whole = {kind: found for kind, found in kinds.items() if kind[0] not in ABLATIONS}
    text = [_tables(*kind, found) for kind, found in whole.items()]
    if len(whole) < len(kinds):
        text.append(_ablations(records))
    if others:
        text.append(_of_other_pairs(others))
    return "\n".join(text)


def _ablations(records: list[dict[str, Any]]) -> str:
    """The ablations of the tuned recipe: a row each, a column for each cell."""
    columns = sorted({_cell(r) for r in records if r["recipe"] in ABLATIONS})
    found = {(r["recipe"], r["config"]["lipschitz"], _cell(r)): r for r in records}
    rows = [("tuned", lipschitz) for lipschitz in CONSTRAINTS]
    rows += itertools.product(ABLATIONS, CONSTRAINTS)
    heads = " | ".join(f"D = {d}, N = {n}" for d, n in columns)
    lines = ["### The tuned recipe, part by part", "", _title("cosine"), ""]
    lines += [f"| recipe | {heads} |", "|---" * (len(columns) + 1) + "|"]
    for recipe, lipschitz in rows:
        cells = [found.get((recipe, lipschitz, cell)) for cell in columns]
        if any(cells):
            row = [_number(cell, "cosine", {}) for cell in cells]
            lines.append(f"| `{recipe}`, `{lipschitz}` | " + " | ".join(row) + " |")
    of_cell = {_cell(r): r for r in records if r["recipe"] in ("tuned", *ABLATIONS)}
    row = [_number(of_cell[cell], "trivial", {}) for cell in columns]
    lines.append(f"| ... -‖x‖ | {' | '.join(row)} |")
    return "\n".join([*lines, ""])


def other_pair(record: dict[str, Any]) -> dict[str, Any]:
    """What makes a record's pair another than the published one; see `unpublished`.

    Args:
      record: of a cell.
    """
    return unpublished(record["config"]["data"])


def _of_other_pairs(records: list[dict[str, Any]]) -> str:
    """Pairs that are not among the published ones: a row each, a column a recipe."""
    kinds = dict.fromkeys((r["recipe"], r["config"]["lipschitz"]) for r in records)
    rows: dict[str, dict[Any, dict[str, Any]]] = {}
    for each in records:
        kind = each["recipe"], each["config"]["lipschitz"]
        rows.setdefault(pair_name(each), {})[kind] = each
    heads = " | ".join(f"`{recipe}`, `{lipschitz}`" for recipe, lipschitz in kinds)
    lines = ["### Other pairs", "", "Cosine of the gradients (skill)", ""]
    lines += [f"| pair | {heads} | -‖x‖ |", "|---" * (len(kinds) + 2) + "|"]
    for name, row in sorted(rows.items()):
        best = max(_mean_cosine(each) for each in row.values())
        cells = [_cosine_and_skill(row.get(kind), best) for kind in kinds]
        trivial = _number(next(iter(row.values())), "trivial", {})
        lines.append(f"| {name} | {' | '.join(cells)} | {trivial} |")
    return "\n".join([*lines, ""])


def pair_name(record: dict[str, Any]) -> str:
    """A pair in words: its size, and what makes it another than the published one.

    Args:
      record: of a cell.
    """
    dimension, funnels = _cell(record)
    other = other_pair(record)
    family = other.pop("family", PUBLISHED_PAIR["family"])
    words = [f"D = {dimension}"]
    if FAMILIES[family].has_funnels:
        words.append(f"N = {funnels}")
    if family != PUBLISHED_PAIR["family"]:
        words.append(family)
    return ", ".join([*words, *(f"{name} {value:g}" for name, value in other.items())])


def _cosine_and_skill(record: dict[str, Any] | None, best: float) -> str:
    """A cell of the table of other pairs; the best of its row is bold."""
    if record is None:
        return "—"
    cosine, skilled = (_number(record, name, {}) for name in ("cosine", "skill"))
    mark = "**" if _mean_cosine(record) == best else ""
    return f"{mark}{cosine} ({skilled}){mark}"


def _mean_cosine(record: dict[str, Any]) -> float:
    values = measured(record, "cosine")
    return float(values.mean()) if len(values) else -np.inf


def _cell(record: dict[str, Any]) -> tuple[int, int]:
    return record["config"]["data"]["dimension"], record["config"]["data"]["funnels"]


def _tables(recipe: str, lipschitz: str, records: list[dict[str, Any]]) -> str:
    cells = {_cell(each): each for each in records}
    dimensions = sorted({dimension for dimension, _ in cells})
    funnels = sorted({number for _, number in cells})
    counts = sorted({each["seeds"] for each in records})
    seeds = " or ".join(map(str, counts))
    lines = [f"### Recipe `{recipe}`, `{lipschitz}`, seeds: {seeds}", ""]
    for quantity in ("cosine", "skill", "l2", "estimate"):
        title, theirs = _title(quantity), PUBLISHED.get(quantity, {})
        if quantity in ("cosine", "skill") and recipe not in ("published", "smoke"):
            theirs, title = BEST_COSINE, f"{title} / best published solver"
        elif quantity == "skill":
            theirs, title = PUBLISHED["cosine"], f"{title} / published"
        elif quantity == "estimate":
            title += " (true W1) / published estimate"
        else:
            title += " / published"
        lines += [title, "", "| N \\ D | " + " | ".join(map(str, dimensions)) + " |"]
        lines.append("|---" * (len(dimensions) + 1) + "|")
        for number in funnels:
            row = [
                _number(cells.get((d, number)), quantity, theirs) for d in dimensions
            ]
            lines.append(f"| {number} | " + " | ".join(row) + " |")
            if quantity == "cosine":
                row = [
                    _number(cells.get((d, number)), "trivial", {}) for d in dimensions
                ]
                lines.append(f"| ... -‖x‖ | {' | '.join(row)} |")
        lines.append("")
    return "\n".join(lines)


def _number(record: dict[str, Any] | None, quantity: str, theirs: Any) -> str:
    if record is None:
        return "—"
    config = record["config"]
    data = config["data"]
    ours = _summary(record, quantity, spread=quantity != "trivial")
    if quantity == "estimate":
        ours += f" ({np.mean(record['w1']):.2f})"
    method = CONSTRAINTS[config["lipschitz"]].published_as
    known = published(theirs, method, data["dimension"], data["funnels"])
    if quantity == "skill" and known is not None:
        known = skill(known, np.mean(record["trivial"]))
    return ours if known is None else f"{ours} / {_FORM.format(known)}"
