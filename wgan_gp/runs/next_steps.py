"""How to go on after a run: commands that fit this run, quoted for a POSIX shell."""

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from wgan_gp.configs import CriticSettings, Settings
from wgan_gp.configs.schema import constraint_paths
from wgan_gp.constraints import BASELINE, CONSTRAINTS, RECOMMENDED
from wgan_gp.data import DATASETS, Dataset
from wgan_gp.runs.started import Start

_WIDTH = 80  # characters of a line
_INCEPTION = "pt_inception-2015-12-05-6726825d.pth"


class Step(NamedTuple):
    """Something to do after a run.

    Attributes:
      what: in words.
      command: to be pasted into a shell; empty where there is none.
    """

    what: str
    command: str = ""


def next_steps(
    settings: CriticSettings,
    workdir: Path,
    dataset: Dataset | None,
    start: Start | None,
) -> list[Step]:
    """What can be done with a run that is finished.

    Args:
      settings: of the run.
      workdir: the run's folder.
      dataset: what was learned; None for a critic alone, which has nothing to sample.
      start: the command that started the run; None if it was started in Python.
    """
    folder = f"--workdir={workdir.absolute()}"
    steps = list(_training(settings, folder, start))
    if dataset is not None and isinstance(settings, Settings):
        steps += _sampling(dataset, workdir.absolute(), folder)
        steps += _scoring(settings, dataset, folder)
    return steps


def _command(*words: str) -> str:
    """A command on one line or, if it is long, with each flag on a line of its own."""
    line = shlex.join(("wgan-gp", *words))
    if len(line) <= _WIDTH:
        return line
    quoted = map(shlex.quote, words[1:])
    return " \\\n    ".join((f"wgan-gp {words[0]}", *quoted))


def _training(
    settings: CriticSettings, folder: str, start: Start | None
) -> Iterator[Step]:
    if start is None:
        yield Step(
            "The run was started in Python: the same call with the same folder resumes"
            " it, or draws its figures and this report again."
        )
        return
    enter = shlex.join(("cd", str(start.folder)))
    if (activate := Path(sys.prefix) / "bin" / "activate").is_file():
        enter += f"\n{shlex.join(('source', str(activate)))}"
    yield Step("First enter the folder and the environment of this run:", enter)

    def train(keep: Callable[[str], bool], *more: str) -> str:
        kept = [each.words for each in start.arguments if keep(each.field)]
        words = [word for each in kept for word in each]
        return _command("train", f"--config={start.experiment}", *words, *more)

    yield Step(
        "Resume the run from its newest checkpoint, if it was interrupted:",
        train(lambda field: True, folder),
    )
    steps = f"--config.steps={2 * settings.steps}"
    yield Step(
        "Train it twice as long:",
        train(lambda field: field != "steps", steps, folder, "--accept_changes"),
    )
    other = BASELINE if settings.lipschitz == RECOMMENDED else RECOMMENDED
    others = ", ".join(each for each in CONSTRAINTS if each != settings.lipschitz)
    own = {"lipschitz", *constraint_paths()}
    yield Step(
        "Train it under another constraint, in a new folder in runs/. There are"
        f" {others}:",
        train(
            # Optimisers are preset with a constraint: what suits one, another refuses.
            lambda field: field not in own and "_optimiser." not in field,
            f"--config.lipschitz={other}",
        ),
    )


def _sampling(dataset: Dataset, workdir: Path, folder: str) -> Iterator[Step]:
    suffix = {"images": ".npz", "vectors": ".csv", "sequences": ".npz"}[dataset.kind]
    if dataset.characters is not None:
        suffix = ".txt"
    out = f"--out={workdir / f'samples{suffix}'}"
    yield Step("Draw 1,000 samples:", _command("sample", folder, "--n=1000", out))
    if dataset.classes:
        name = dataset.class_names[0] if dataset.class_names else "0"
        out = f"--out={workdir / f'class{suffix}'}"
        yield Step(
            "Draw samples of one class alone:",
            _command("sample", folder, "--n=100", f"--label={name}", out),
        )


def _scoring(settings: Settings, dataset: Dataset, folder: str) -> Iterator[Step]:
    if dataset.kind != "images" or settings.data.name in DATASETS:
        return
    inception = f"--inception={settings.features.weights or _INCEPTION}"
    yield Step(
        "Score the pictures as the field does, by a file of Inception's weights:",
        _command("score", folder, inception),
    )
    if dataset.own_shape[-1] == 1:
        yield Step(
            "Score the pictures by a classifier of their classes, which is trained"
            " first, if the set has labels of at most 10 classes:",
            _command("score", folder, "--n=2000", "--digits"),
        )
