"""The parts of a report on what a run is made of: settings, data, devices, versions."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax

from wgan_gp import configs
from wgan_gp.configs import CriticSettings, as_dict, base_arguments, flatten
from wgan_gp.configs.schema import schema
from wgan_gp.runs import page, versions
from wgan_gp.runs.page import Markup, element, text
from wgan_gp.runs.run_facts import Facts
from wgan_gp.system.platforms import cores


def settings_parts(facts: Facts) -> Iterator[Markup]:
    """What differs from the experiment's defaults; then, folded, all settings."""
    settings = facts.settings
    values: dict[str, Any] = dict(flatten(settings))
    given = facts.start.arguments if facts.start else ()
    # Tables of `by_constraint` are no settings.
    values |= {e.field: e.value for e in given if e.field not in {*values, ""}}
    declared = dict(flatten(schema(settings.task, **base_arguments(as_dict(settings)))))
    sentences = {path: each.sentence for path, each in declared.items()}

    def row(path: str, *cells: Any) -> tuple[Markup, ...]:
        shown = (_value(values.get(path)), *map(_value, cells))
        name = element("code", text(path))
        return name, *map(text, shown), text(sentences.get(path, ""))

    if facts.start is None:
        defaults, whose = _of_package(settings), "the package's default"
        same = "The run was started in Python. All fields that the package has a"
        same += " default of are at that."
    else:
        defaults, whose = facts.start.defaults, "the experiment's own"
        same = "All fields are as the experiment has them."
    changed = {
        path: default for path, default in defaults.items() if values[path] != default
    }
    if changed:
        rows = (row(path, default) for path, default in changed.items())
        yield element("h3", text("Changed"))
        yield page.table(("field", "value", whose, "meaning"), rows)
    else:
        yield element("p", text(same))
    every = page.table(("field", "value", "meaning"), map(row, values))
    yield page.folded(f"All {len(values)} settings", every)


def _value(value: Any) -> str:
    return "left open" if value is None else str(value)


def _of_package(settings: CriticSettings) -> dict[str, Any]:
    """The defaults of `configs.base`, but for fields that it leaves open."""
    base = configs.base(settings.task, **base_arguments(as_dict(settings)))
    return {path: each for path, each in flatten(base) if each is not None}


def circumstances(workdir: Path, facts: Facts) -> Iterator[Markup]:
    """The data, the devices, the time, and the versions at each start of the run.

    Raises:
      ValueError: the run's versions cannot be read.
    """
    rows = [*_of_data(facts), *_of_devices(facts)]
    yield page.table((), ((text(name), text(value)) for name, value in rows))
    entries = versions.read(workdir)
    changed = [
        each
        for before, each in zip([None, *entries], entries)
        if before is None or each["versions"] != before["versions"]
    ]
    if not changed:
        return
    names = dict.fromkeys(name for each in changed for name in each["versions"])
    columns = [each["versions"] for each in changed]
    cells = (
        [text(name), *(text(each.get(name, "")) for each in columns)] for name in names
    )
    yield element("h3", text("Versions"))
    headings = "", *(f"from step {each.get('step', '?')}" for each in changed)
    yield page.table(headings, cells)


def _of_data(facts: Facts) -> Iterator[tuple[str, str]]:
    dataset = facts.dataset
    if dataset is None:
        return
    yield "data", dataset.name
    yield "shape of a sample", str(dataset.shape)
    if dataset.count is not None:
        yield "samples to learn from", f"{dataset.count:,}"
    if dataset.columns is not None:
        yield "columns", ", ".join(each.name for each in dataset.columns.columns)
        if told := dataset.columns.told_names:
            yield "told to the generator", ", ".join(told)
    if dataset.class_names is not None:
        yield "classes", ", ".join(dataset.class_names)


def _of_devices(facts: Facts) -> Iterator[tuple[str, str]]:
    kinds = Counter(each.device_kind for each in facts.mesh.devices.flat)
    yield "devices", ", ".join(f"{count} x {kind}" for kind, count in kinds.items())
    yield "cores of this process", str(cores())
    if jax.process_count() > 1:
        yield "hosts", str(jax.process_count())
    yield "training and evaluation", f"{facts.seconds:,.1f} s since the last start"
    yield "this page was written", time.strftime("%Y-%m-%d %H:%M:%S %z")
