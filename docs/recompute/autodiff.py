"""The tables and the text of docs/autodiff.md, from `evidence.json`."""

from typing import Any

from docs.recompute.evidence import find, rows
from wgan_gp.studies.evidence.common import markdown


def kinks() -> str:
    """Section 2: ReLU critics, and the cosine of the softplus critics beside them."""
    return markdown(
        [
            {name: row[name] for name in ("parameters", "slope")}
            | {f"{name}, ReLU": row[name] for name in ("cosine", "size", "noise")}
            | {"cosine, softplus": _twin(row)["cosine"][0]}
            for row in rows("kinks")
            if row["activation"] == "ReLU"
        ]
    )


def _twin(row: dict[str, Any]) -> dict[str, Any]:
    """The row of softplus critics."""
    where = {name: row[name] for name in ("parameters", "slope")}
    return find("kinks", activation="softplus", **where)


def slopes_d16() -> str:
    """Section 3, the cell of 16 dimensions."""
    return markdown(rows("slopes_d16"))


def slopes_d2() -> str:
    """Section 3, the cell of two dimensions."""
    return markdown(rows("slopes_d2"))


TABLES = {each.__name__: each for each in (kinks, slopes_d16, slopes_d2)}
