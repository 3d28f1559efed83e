"""The claims as a `Study`: each is measured once and writes figures and a record."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from wgan_gp.runs.drawing import save_figure
from wgan_gp.studies.evidence import (
    depth,
    differences,
    dimension,
    estimates,
    kinks,
    overfitting,
    simplicity,
    slope_training,
    transport,
)
from wgan_gp.studies.evidence.common import Evidence, markdown
from wgan_gp.studies.running import Program, Records, Save, Study
from wgan_gp.system.files import write_json


class Claim(NamedTuple):
    """How a claim is measured.

    Attributes:
      evidence: `(**sizes) -> Evidence`. Trains and measures; called once by the claim's
        program.
      scales: the sizes by the name of the scale.
      check: `()`. Raises ValueError if the claim cannot be measured; called before any
        claim is measured.
    """

    evidence: Callable[..., Evidence]
    scales: Mapping[str, Mapping[str, Any]]
    check: Callable[[], object] = lambda: None


CLAIMS = {
    "simplicity": Claim(simplicity.evidence, simplicity.SCALES),
    "depth": Claim(depth.evidence, depth.SCALES),
    "transport": Claim(transport.evidence, transport.SCALES),
    "estimates": Claim(estimates.evidence, estimates.SCALES),
    "dimension": Claim(dimension.evidence, dimension.SCALES),
    "differences": Claim(differences.evidence, differences.SCALES),
    "overfitting": Claim(overfitting.evidence, overfitting.SCALES, overfitting.digits),
    "kinks": Claim(kinks.evidence, kinks.SCALES),
    **{
        name: Claim(slope_training.evidence, scales)
        for name, scales in slope_training.SCALES.items()
    },
}
TABLE = "evidence.json"


def study(claims: Iterable[str], out: Path, scale: str) -> Study:
    """The study that measures claims.

    Args:
      claims: keys of `CLAIMS`.
      out: the folder of figures and of `evidence.json`; records are in its `claims`.
      scale: "smoke", "default" or "paper".

    Raises:
      ValueError: the folder has an `evidence.json` that is damaged.
    """
    _read_table(out)
    return Study(
        noun="claims",
        folder=out,
        records=out / "claims",
        programs=[_program(claim, out, scale) for claim in claims],
        read_record=_read,
        is_complete=lambda claim, record: _is_complete(out, claim, scale, record),
        make_tables=partial(_write_table, out),
    )


def _program(claim: str, out: Path, scale: str) -> Program:
    run = partial(_measure, claim, out, scale)
    return Program((claim,), run, CLAIMS[claim].check)


def _measure(claim: str, out: Path, scale: str, found: Records, save: Save) -> None:
    """Measures a claim; the record is written last, so the figures are complete."""
    started = time.monotonic()
    figures, rows = CLAIMS[claim].evidence(**CLAIMS[claim].scales[scale])
    for name, figure in figures.items():
        save_figure(out / name, figure)
    save(claim, {"settings": _settings(claim, scale), "rows": rows})
    elapsed = time.monotonic() - started
    print(f"{claim}: {elapsed:.0f} s\n\n{markdown(rows)}\n", flush=True)


def _settings(claim: str, scale: str) -> dict[str, Any]:
    """The sizes as they are read back from JSON, with lists in place of tuples."""
    return json.loads(json.dumps(CLAIMS[claim].scales[scale]))


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text())
        if path.stem not in CLAIMS or not isinstance(record["rows"], list):
            raise ValueError
        record["settings"].items()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ValueError(f"{path} is not the record of a claim: move it away") from None
    return record


def _is_complete(out: Path, claim: str, scale: str, record: dict[str, Any]) -> bool:
    if record["settings"] != _settings(claim, scale):
        raise ValueError(
            f"{out / 'claims' / claim}.json was made with other settings than those of"
            f" --scale {scale}: move it away, or use another --out"
        )
    return True


def _write_table(out: Path, records: Records) -> None:
    """Writes the rows of all claims; rows of claims without a record are kept."""
    known = _read_table(out)
    known |= {claim: record["rows"] for claim, record in records.items()}
    order = [*CLAIMS, *(name for name in known if name not in CLAIMS)]
    write_json(out / TABLE, {name: known[name] for name in order if name in known})
    print(f"figures and numbers: {out}")


def _read_table(out: Path) -> dict[str, Any]:
    path = out / TABLE
    if not path.exists():
        return {}
    try:
        known = json.loads(path.read_text())
    except (ValueError, RecursionError):
        known = None
    if not isinstance(known, dict):
        raise ValueError(f"{path} is not a table of evidence: move it away")
    return known
