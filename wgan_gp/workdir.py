"""The folder of a run: made, read back, never overwritten unasked."""

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import jax
from ml_collections import FrozenConfigDict

from wgan_gp import checkpoint, configs, train
from wgan_gp.build import Experiment, build

OURS = ("config.json", "metrics.jsonl", "tensorboard", "checkpoint", "figures")


def prepare(
    workdir: Path, config: FrozenConfigDict, *, overwrite: bool = False
) -> None:
    """Makes the folder of a run and writes its `config.json`.

    Args:
      workdir: the folder; made with its parents if it does not exist.
      config: of the run.
      overwrite: removes what an earlier run left in the folder, and nothing else.

    Raises:
      FileExistsError: the folder holds a run and `overwrite` is not set.
      OSError: it cannot be written to.
    """
    if workdir.exists() and not workdir.is_dir():
        raise FileExistsError(f"--workdir {workdir} is a file: name a folder")
    existing = [workdir / name for name in OURS if (workdir / name).exists()]
    if existing and not overwrite:
        raise FileExistsError(
            f"{workdir} holds another run ({existing[0].name}): name another --workdir,"
            " or add --overwrite to replace that run"
        )
    workdir.mkdir(parents=True, exist_ok=True)
    for path in existing:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    text = json.dumps(config.to_dict(), indent=2)
    (workdir / "config.json").write_text(text + "\n")


def load_run(workdir: Path) -> tuple[Experiment, train.TrainState]:
    """The experiment and the final state of a finished run.

    Args:
      workdir: the run's folder.

    Raises:
      FileNotFoundError: the folder holds no run, or one that has not finished.
      ValueError: its configuration cannot be read, or it has no generator.
    """
    path = workdir / "config.json"
    if not path.is_file():
        raise FileNotFoundError(f"{workdir} holds no run: it has no config.json")
    config = read_config(path)
    if config.task != "gan":
        raise ValueError(f"{workdir} holds a critic trained alone: it has no generator")
    experiment = build(config)
    start = partial(train.init, experiment.algorithm, experiment.hyperparameters)
    like = jax.eval_shape(start, jax.random.key(0))
    return experiment, checkpoint.load(workdir / "checkpoint", like)


def read_config(path: Path) -> FrozenConfigDict:
    """A run's `config.json`, checked again.

    Raises:
      ValueError: it is not JSON, or lacks or mistypes fields.
    """
    try:
        stored: dict[str, Any] = json.loads(path.read_text())
        config = configs.base(
            stored.get("task", "gan"), **configs.chosen_networks(stored)
        )
        config.update(stored)
        return configs.resolve(config)
    except (TypeError, KeyError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not the config of a run: {error}") from None
