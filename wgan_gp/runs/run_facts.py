"""What there is to say about a run at its end, beside what its folder holds."""

from collections.abc import Sequence
from typing import NamedTuple

from jax.sharding import Mesh

from wgan_gp.configs import CriticSettings
from wgan_gp.data import Dataset
from wgan_gp.runs.closing import ResultTable
from wgan_gp.runs.started import Start


class Facts(NamedTuple):
    """What a page says about a run, beside what is in the run's folder.

    Attributes:
      settings: of the run.
      summary: what came of it, in a line.
      tables: of the last evaluation: first the metrics, then, perhaps, the classes.
      seconds: since the run was last started.
      mesh: the devices that it was trained on.
      evaluation: all records of evaluations.
      evaluated: samples of one of their sets; None for as many as the settings ask for.
      remarks: lines that the run has printed about its data, devices and settings.
      samples: generated lines of text; none of other data.
      hint: what to try next, if there is something.
      dataset: that was learned; None for a critic alone.
      start: the command that started the run; None if it was started in Python.
    """

    settings: CriticSettings
    summary: str
    tables: Sequence[ResultTable]
    seconds: float
    mesh: Mesh
    evaluation: Sequence[dict[str, float]]
    evaluated: int | None = None
    remarks: Sequence[str] = ()
    samples: Sequence[str] = ()
    hint: str | None = None
    dataset: Dataset | None = None
    start: Start | None = None
