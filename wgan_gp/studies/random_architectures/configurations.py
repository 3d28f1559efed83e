"""The settings of each run: an architecture, by its name, under a constraint."""

import importlib.util
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from wgan_gp import configs
from wgan_gp.configs import Settings, experiment_file
from wgan_gp.system.failures import one_line
from wgan_gp.system.values import did_you_mean


def runs(
    experiment: Path,
    variants: Iterable[str],
    constraints: Iterable[str],
    changes: list[str],
) -> dict[str, Settings]:
    """The settings of each run.

    Args:
      experiment: a config file whose variants are architectures.
      variants: their names or numbers.
      constraints: names of constraints.
      changes: fields to change in all runs, `FIELD=VALUE` each.

    Returns:
      The settings by the name of the run, such as "007-two_sided".

    Raises:
      ValueError: the file cannot be loaded, or a variant or a change is not valid.
    """
    if "" in (variants := [_plain(each) for each in variants]):
        raise ValueError("--variants: a name is empty: name an architecture")
    changed = _changes(changes)
    load = _loader(experiment)
    return {
        f"{_file_name(variant)}-{lipschitz}": _run(load, variant, lipschitz, changed)
        for variant in dict.fromkeys(variants)
        for lipschitz in dict.fromkeys(constraints)
    }


def _plain(variant: str) -> str:
    """The variant; a number without zeros in front."""
    return str(int(variant)) if variant.isdecimal() else variant


def _file_name(variant: str) -> str:
    """The variant; a number with zeros in front, so that files are in its order."""
    return variant.zfill(3) if variant.isdecimal() else variant


def _run(
    load: Callable[[str], ConfigDict],
    variant: str,
    lipschitz: str,
    changes: dict[str, Any],
) -> Settings:
    config = load(variant).copy_and_resolve_references()
    fields = [path for path, _ in configs.flatten(config)]
    for path in changes:
        if path not in fields:
            raise ValueError(
                f"--set: there is no field {path}{did_you_mean(path, fields)}"
            )
    with config.ignore_type():  # `resolve` says what is wrong with a type
        config.update_from_flattened_dict({"lipschitz": lipschitz} | changes)
    return configs.resolve(config)


def _changes(texts: list[str]) -> dict[str, Any]:
    """The fields and values of `--set`; none twice, and none that names a run."""
    changes: dict[str, Any] = {}
    for path, value in map(_field, texts):
        if path in ("lipschitz", "name"):
            raise ValueError(
                f"--set cannot change {path}, which tells the runs of a study apart:"
                " choose constraints by --lipschitz"
            )
        if path in changes:
            raise ValueError(f"--set names {path} twice: name it once")
        changes[path] = value
    return changes


def _field(text: str) -> tuple[str, Any]:
    path, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set takes FIELD=VALUE, got {text!r}")
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    return path, tuple(parsed) if isinstance(parsed, list) else parsed


def _loader(path: Path):
    if not path.is_file():
        raise ValueError(f"--experiment {path}: there is no such file")
    spec = importlib.util.spec_from_file_location("experiment", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"--experiment {path}: its name does not end in .py")
    module = importlib.util.module_from_spec(spec)
    with experiment_file.accepting(path, path.read_bytes()):
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # the file is the user's code
            raise ValueError(_of_file(path, error)) from error
    if not callable(getattr(module, "get_config", None)):
        raise ValueError(f"--experiment {path}: it has no function get_config")
    return partial(_load, path, module.get_config)


def _load(path: Path, get_config: Callable[[str], Any], variant: str) -> ConfigDict:
    try:
        config = get_config(variant)
    except Exception as error:
        line = f"{_of_file(path, error)}; name architectures by --variants"
        raise ValueError(line) from error
    if not isinstance(config, ConfigDict) or "task" not in config:
        raise ValueError(f"--experiment {path} does not hold an experiment")
    if config.task != "gan":
        raise ValueError(
            f"--experiment {path} trains a critic alone: name one that trains a"
            " generator too"
        )
    return config


def _of_file(path: Path, error: Exception) -> str:
    return f"--experiment {path}: {type(error).__name__}: {one_line(error)}"
