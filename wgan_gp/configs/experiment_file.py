"""An experiment's file: what it brings to the package's tables, and how it is executed.

A file may put values of its own where configurations look names up, such as
`data.DATASETS["mine"] = Dataset(...)`. The tables are plain dicts. They are compared
before and after a file is executed: it may add entries, and not replace any.
"""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from wgan_gp import data, networks
from wgan_gp.configs.schema import SECTIONS
from wgan_gp.constraints import CONSTRAINTS, POINTS, Choice
from wgan_gp.data import Dataset
from wgan_gp.evaluate.metrics import METRICS, Metric
from wgan_gp.system.failures import one_line
from wgan_gp.system.values import show

NAME = "experiment.py"  # of the copy, in the folder of a run


class Table(NamedTuple):
    """A dict that names are looked up in."""

    entries: dict[str, Any]
    expected: str  # of a value, in words
    accepts: Callable[[str, Any], bool]  # name, value


def _is_network(name: str, value: Any) -> bool:
    if not (isinstance(value, type) and is_dataclass(value)):
        return False
    given = (each for each in fields(value) if each.init)
    return not any(
        each.default is MISSING and each.default_factory is MISSING for each in given
    )


def _is_metric(name: str, value: Any) -> bool:
    if not isinstance(value, Metric) or value.better not in ("", "lower", "higher"):
        return False
    return value.measure is None or _takes(value.measure, 3)


def _is_dataset(name: str, value: Any) -> bool:
    if not isinstance(value, Dataset) or value.name != name:
        return False
    return 1 <= len(value.shape) <= 3 and _takes(value.sample, 2)


def _takes(value: Any, count: int) -> bool:
    """Whether it is a function that can be called with so many arguments."""
    try:
        inspect.signature(value).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # its signature is not known
        return True
    return True


_MODULE = "the class of a Flax module, each field of which has a default"
# What a file can add to, by the name that it is known by.
TABLES = {
    "data.DATASETS": Table(
        data.DATASETS,
        "a Dataset of this name, of vectors [D], series [T, C] or images [H, W, C],"
        " with sample(key, n)",
        _is_dataset,
    ),
    "constraints.CONSTRAINTS": Table(
        CONSTRAINTS,
        "a Choice with its fields in section 'penalty' or 'construction'",
        lambda name, value: isinstance(value, Choice) and value.section in SECTIONS,
    ),
    "constraints.POINTS": Table(
        POINTS,
        "a function of the section 'penalty' that returns one like losses.interpolates",
        lambda _, value: _takes(value, 1),
    ),
    "networks.CRITICS": Table(networks.CRITICS, _MODULE, _is_network),
    "networks.GENERATORS": Table(networks.GENERATORS, _MODULE, _is_network),
    "networks.ACTIVATIONS": Table(
        networks.ACTIVATIONS, "a function", lambda _, f: callable(f)
    ),
    "metrics.METRICS": Table(
        METRICS,
        "a Metric that is better 'lower', 'higher' or '', whose measure takes (fakes,"
        " reals, dataset)",
        _is_metric,
    ),
}

Entries = dict[tuple[str, str], Any]  # values by table and name
# What each text has brought in this process. A text that is executed again makes its
# values anew; those of the first time are kept, so that there is one of each.
_BROUGHT: dict[bytes, Entries] = {}


def _entries() -> Entries:
    return {
        (label, name): value
        for label, table in TABLES.items()
        for name, value in table.entries.items()
    }


def _restore(before: Entries) -> None:
    for label, table in TABLES.items():
        table.entries.clear()
        kept = {name: each for (of, name), each in before.items() if of == label}
        table.entries.update(kept)


@contextmanager
def accepting(path: str | Path, text: bytes) -> Iterator[None]:
    """Lets a file add entries to the tables while it is executed within.

    If it replaces an entry, adds a value of another type, or fails, the tables are as
    they were.

    Args:
      path: of the file, for messages.
      text: what it holds. A text that is executed again may bring its names again.

    Raises:
      ValueError: it replaces or removes an entry, or adds what is no value of a table.
    """
    before, mine = _entries(), _BROUGHT.get(text, {})
    try:
        yield
        after = _entries()
        added = {key: after[key] for key in after if key not in before}
        _check_kept(path, before, after, mine)
        _check_types(path, added)
    except BaseException:
        _restore(before)
        raise
    _restore(before | added)
    _BROUGHT[text] = mine | added


def _check_kept(path: str | Path, before: Entries, after: Entries, mine) -> None:
    for (label, name), value in before.items():
        if after.get((label, name)) is value or (label, name) in mine:
            continue
        others = [text for text in _BROUGHT if (label, name) in _BROUGHT[text]]
        cure = "choose another name"
        if others:
            cure = "another experiment's file brought it: use a process of its own"
        raise ValueError(
            f"{path} replaces {label}[{name!r}], which is there already: {cure}"
        )


def _check_types(path: str | Path, added: Entries) -> None:
    for (label, name), value in added.items():
        table = TABLES[label]
        if not (isinstance(name, str) and table.accepts(name, value)):
            raise ValueError(
                f"{path}: {label}[{show(name)}] must be {table.expected}, got"
                f" {show(value)}"
            )


def check_stands_alone(path: str | Path, text: bytes) -> None:
    """Refuses a file that brings entries only when its `get_config` is called.

    A stored run executes its copy of the file and calls nothing in it. A file that
    brings nothing is not executed again.

    Args:
      path: of a file that has been executed within `accepting`.
      text: what it holds.

    Raises:
      ValueError: the file alone brings less, or fails when it is executed again.
    """
    brought = _BROUGHT.get(text, {})
    if not brought:
        return
    before = _entries()
    _restore({key: each for key, each in before.items() if key not in brought})
    try:
        _execute(Path(path), text)
        missing = [key for key in brought if key not in _entries()]
    finally:
        _restore(before)
    if missing:
        label, name = missing[0]
        raise ValueError(
            f"{path} brings {label}[{name!r}] only when get_config is called: assign it"
            " outside of functions, so that a stored run finds it"
        )


def load(path: Path) -> None:
    """Executes a stored run's copy of its experiment's file, once in a process.

    Raises:
      ValueError: it cannot be read or fails, or it brings names that are there already.
    """
    cure = (
        "repair this copy of the run's experiment, or move it away if the run uses"
        " nothing that it brings"
    )
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}: {cure}") from error
    there, brought = _entries(), _BROUGHT.get(text)
    if brought is not None and all(there.get(key) is brought[key] for key in brought):
        return
    with accepting(path, text):
        _execute(path, text, f": {cure}")


def _execute(path: Path, text: bytes, cure: str = "") -> None:
    """Executes a file as a module, under a name that no other text has.

    Raises:
      ValueError: it fails; the message ends with the cure.
    """
    name = f"wgan_gp_experiment_{sha256(text).hexdigest()[:16]}"
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(path))
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[name] = module  # where dataclasses and Flax look up annotations
    try:
        exec(compile(text, str(path), "exec"), vars(module))
    except BaseException as error:  # the file may call sys.exit, too
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        said = f"{type(error).__name__}: {one_line(error, 300)}"
        raise ValueError(f"{path}: {said}{cure}") from error


def differs(workdir: Path, text: bytes | None) -> str | None:
    """A line if a run's copy is of another text than the file that it goes on with."""
    copy = workdir / NAME
    if text is None or not copy.is_file() or copy.read_bytes() == text:
        return None
    return (
        f"the experiment's file differs from the run's copy, {copy}, which is replaced:"
        " what the run does from here on is what the file says now"
    )
