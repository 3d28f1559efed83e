"""Architectures under constraints as a study: each is a run, in a folder of its own."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from wgan_gp import configs
from wgan_gp.build import build
from wgan_gp.configs import Settings, as_dict
from wgan_gp.configs.comparison import differences, listed
from wgan_gp.runs import loop, resume, workdir
from wgan_gp.studies.random_architectures.records import read, summary
from wgan_gp.studies.running import Program, Records, Save, Study

_CURE = "Use another --out, or move that folder away"
_KIND = workdir.RUN._replace(cure=_CURE)


def study(runs: dict[str, Settings], out: Path, experiment: bytes) -> Study:
    """The study that trains runs.

    Args:
      runs: their configurations by name.
      out: the records are in it, and a folder for each run.
      experiment: what the experiment's file holds; each run keeps a copy.
    """
    return Study(
        noun="runs",
        folder=out,
        records=out,
        programs=[_program(out, experiment, *each) for each in runs.items()],
        read=read,
        is_complete=lambda name, record: is_complete(out, name, runs[name], record),
        tables=lambda records: print(summary(list(records.values()))),
    )


def is_complete(out: Path, name: str, config: Settings, record: dict[str, Any]) -> bool:
    """True: a run has a record when it has ended.

    Raises:
      ValueError: the record was made with other settings.
    """
    try:
        changes = differences(configs.resolve_stored(record["config"]), config)
    except ValueError as error:
        changes = [str(error)]
    if changes:
        raise ValueError(
            f"{out / name}.json was made with other settings ({listed(changes)}): move"
            " it away, or use another --out"
        )
    return True


def _program(out: Path, experiment: bytes, name: str, config: Settings) -> Program:
    return Program(
        names=(name,),
        run=partial(_run, out / name, experiment, config),
        check=partial(_check, out / name, config),
    )


def _check(folder: Path, config: Settings) -> None:
    resumable = partial(resume.check, folder, config, build(config), cure=_CURE)
    workdir.check(folder, config, kind=_KIND, resumable=resumable)


def _run(
    folder: Path, experiment: bytes, config: Settings, found: Records, save: Save
) -> None:
    """Trains a run, from its newest checkpoint if it has one, and records its result.

    Raises:
      Interrupted: a signal came; the run was saved.
    """
    with workdir.claim(folder):
        prepare = partial(workdir.prepare, folder, config, experiment=experiment)
        if lines := prepare(kind=_KIND):
            print(f"{folder.name}: {lines}")
        result, failure = None, ""
        try:
            result = loop.run(config, folder)
        except FloatingPointError as error:
            failure = str(error)
        settings = json.loads(json.dumps(as_dict(config)))
        record = {"config": settings, "result": result, "failure": failure}
        save(folder.name, record)
