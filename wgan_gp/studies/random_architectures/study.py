"""Random architectures as a study: each program trains one run in its own folder."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from wgan_gp import configs
from wgan_gp.build import Experiment, build, shared_dataset
from wgan_gp.configs import Settings, as_dict
from wgan_gp.data import Dataset
from wgan_gp.runs import loop, resume, workdir
from wgan_gp.studies.random_architectures.pictures import write_samples
from wgan_gp.studies.random_architectures.records import csv_table, read, summary
from wgan_gp.studies.running import Program, Records, Save, Study, check_settings
from wgan_gp.system.files import write_text

_CURE = "Use another --out, or move that folder away"
_SPEC = workdir.RUN_SPEC._replace(cure=_CURE)


def study(runs: dict[str, Settings], out: Path, experiment: bytes) -> Study:
    """The study that trains all runs.

    Args:
      runs: the settings by the name of the run.
      out: the folder of the records, with a folder for each run.
      experiment: the text of the experiment's file; each run keeps a copy.
    """
    opened: dict[str, Dataset] = {}

    def program(name: str, settings: Settings) -> Program:
        def make() -> Experiment:
            return build(settings, shared_dataset(settings, opened))

        return Program(
            names=(name,),
            run=partial(_run, out / name, experiment, settings, make),
            check=partial(_check, out / name, settings, make),
        )

    return Study(
        noun="runs",
        folder=out,
        records=out,
        programs=[program(*each) for each in runs.items()],
        read_record=read,
        is_complete=lambda name, record: is_complete(out, name, runs[name], record),
        make_tables=partial(_tables, out),
    )


def _tables(out: Path, records: Records) -> None:
    print(summary(records))
    write_text(out / "results.csv", csv_table(records))
    print(f"a row for each run: {out / 'results.csv'}")
    if (path := write_samples(records, out)) is not None:
        print(f"samples of each run: {path}")


def is_complete(
    out: Path, name: str, settings: Settings, record: dict[str, Any]
) -> bool:
    """Returns True, because a run writes its record when it ends.

    Args:
      out: as in `study`.
      name: of the run.
      settings: with which it would be trained now.
      record: of the run.

    Raises:
      ValueError: the record was made with other settings.
    """
    stored = partial(configs.resolve_stored, record["config"])
    check_settings(out / f"{name}.json", stored, settings)
    return True


def _check(folder: Path, settings: Settings, make: Callable[[], Experiment]) -> None:
    resumable = partial(resume.check, folder, settings, make(), cure=_CURE)
    workdir.check(folder, settings, spec=_SPEC, resumable=resumable)


def _run(
    folder: Path,
    experiment: bytes,
    settings: Settings,
    make: Callable[[], Experiment],
    found: Records,
    save: Save,
) -> None:
    """Trains a run, from its newest checkpoint if it has one, and records its result.

    Raises:
      Interrupted: SIGTERM or SIGINT was received; the run was saved.
    """
    with workdir.lock(folder):
        prepare = partial(workdir.prepare, folder, settings, experiment=experiment)
        if lines := prepare(spec=_SPEC):
            print(f"{folder.name}: {lines}")
        result, failure = None, ""
        try:
            result = loop.run(settings, folder, make())
        except FloatingPointError as error:
            failure = str(error)
        stored = json.loads(json.dumps(as_dict(settings)))
        record = {"config": stored, "result": result, "failure": failure}
        save(folder.name, record)
