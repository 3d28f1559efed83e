"""The claims as a `Study`: each is measured once, and drawn from what is stored."""

import io
import json
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from wgan_gp.data.numpy_files import read_arrays
from wgan_gp.runs.drawing import save_figure
from wgan_gp.studies.evidence import (
    depth,
    differences,
    dimension,
    estimates,
    generators,
    kinks,
    overfitting,
    simplicity,
    simplicity_figures,
    slope_training,
    transport,
    transport_figures,
)
from wgan_gp.studies.evidence.common import Arrays, Evidence, Rows, markdown
from wgan_gp.studies.running import Program, Records, Save, Study
from wgan_gp.system.files import write_bytes, write_json, writing


class Claim(NamedTuple):
    """How a claim is measured.

    Attributes:
      evidence: `(**sizes) -> Evidence`. Trains and measures; called once by the claim's
        program.
      figures: `(rows, arrays) -> figures` by file name, from those of `Evidence`.
        Called after measuring, and by `redraw`.
      scales: the sizes by the name of the scale.
      check: `()`. Raises ValueError if the claim cannot be measured; called before any
        claim is measured.
    """

    evidence: Callable[..., Evidence]
    figures: Callable[[Rows, Arrays], dict[str, Figure]]
    scales: Mapping[str, Mapping[str, Any]]
    check: Callable[[], object] = lambda: None


def _claim(measured: Any, drawn: Any = None, **options: Any) -> Claim:
    """The claim of a module, whose figures may be in another."""
    figures = (drawn or measured).figures
    return Claim(measured.evidence, figures, measured.SCALES, **options)


CLAIMS = {
    "simplicity": _claim(simplicity, simplicity_figures),
    "depth": _claim(depth),
    "transport": _claim(transport, transport_figures),
    "estimates": _claim(estimates),
    "dimension": _claim(dimension),
    "differences": _claim(differences),
    "overfitting": _claim(overfitting, check=overfitting.digits),
    "kinks": _claim(kinks),
    "generators": _claim(generators),
    **{
        name: Claim(
            slope_training.evidence, partial(slope_training.figures, name), scales
        )
        for name, scales in slope_training.SCALES.items()
    },
}
TABLE = "evidence.json"
USUAL = "default"  # a scale
ARRAYS = "arrays"  # folder of NAME.npz, what figures show and the table does not have


def study(claims: Iterable[str], out: Path, scale: str) -> Study:
    """The study that measures claims.

    Args:
      claims: keys of `CLAIMS`.
      out: the folder of figures and of `evidence.json`; records are in its `claims`.
      scale: "smoke", "default" or "paper".

    Raises:
      ValueError: the folder has an `evidence.json` that is damaged, or one with rows of
        a claim that another scale would replace.
    """
    claims = tuple(claims)
    _check_scales(claims, out, scale)
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
    rows, arrays = CLAIMS[claim].evidence(**CLAIMS[claim].scales[scale])
    if arrays:
        _save_arrays(_arrays_path(out, claim), arrays)
    _save_figures(out, CLAIMS[claim].figures(rows, arrays))
    save(claim, {"settings": _settings(claim, scale), "rows": rows})
    elapsed = time.monotonic() - started
    print(f"{claim}: {elapsed:.0f} s\n\n{markdown(rows)}\n", flush=True)


def redraw(claims: Iterable[str], out: Path) -> list[Path]:
    """Writes the figures of claims again, from what is stored; nothing is measured.

    Args:
      claims: as in `stored_figures`.
      out: as in `stored_figures`.

    Returns:
      The paths of the figures.

    Raises:
      ValueError: as `stored_figures` raises it, before anything is written.
      WriteError: a figure cannot be written.
    """
    drawn = stored_figures(claims, out)
    _save_figures(out, drawn)
    return [out / name for name in drawn]


def stored_figures(claims: Iterable[str], out: Path) -> dict[str, Figure]:
    """Draws the figures of claims from what is stored.

    Args:
      claims: keys of `CLAIMS`.
      out: the folder that the claims were measured in, with its `evidence.json`.

    Returns:
      The figures by file name.

    Raises:
      ValueError: a claim's numbers are missing or damaged.
    """
    drawn: dict[str, Figure] = {}
    for claim in claims:
        rows, arrays = _rows(out, claim), _arrays(out, claim)
        try:
            drawn |= CLAIMS[claim].figures(rows, arrays)
        except KeyError as error:
            raise ValueError(
                f"{_arrays_path(out, claim)} has no {error.args[0]}: measure {claim}"
                " again, without --redraw"
            ) from None
    return drawn


def _save_figures(out: Path, figures: Mapping[str, Figure]) -> None:
    for name, figure in figures.items():
        save_figure(out / name, figure)


def _rows(out: Path, claim: str) -> Rows:
    table = _read_table(out)
    if claim not in table:
        raise ValueError(f"{out / TABLE} has no {claim}: measure it, without --redraw")
    return table[claim]


def _arrays_path(out: Path, claim: str) -> Path:
    return out / ARRAYS / f"{claim}.npz"


def _arrays(out: Path, claim: str) -> Arrays:
    """The arrays of a claim; none of a claim that the table alone is drawn from."""
    path = _arrays_path(out, claim)
    return read_arrays(path) if path.exists() else {}


def _save_arrays(path: Path, arrays: Arrays) -> None:
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    write_bytes(path, file.getvalue())


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


def _check_scales(claims: Iterable[str], out: Path, scale: str) -> None:
    """Refuses to replace rows that were measured at the usual scale by others.

    Rows without a record beside them, as the project's own, are of the usual scale.
    """
    known = _read_table(out)
    for claim in claims if scale != USUAL else ():
        if claim in known and not (out / "claims" / f"{claim}.json").exists():
            raise ValueError(
                f"{out / TABLE} has rows of {claim} at the scale {USUAL!r}: use another"
                f" --out for --scale {scale}"
            )


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
