"""The tables and the text of docs/autodiff.md, from `evidence.json`."""

from collections.abc import Iterator
from typing import Any

from docs.recompute.benchmark import spread
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
_HIDDEN = ("biases 1", "weights 1", "biases 2", "weights 2")
_BLIND = ("gradient norm, λ = 3", "gradient norm, moved", "mean norm", "mean slope")
_SEEING = (
    "difference along ĝ",
    "difference, value of norm",
    "difference, ĝ differentiated",
)


def sentences() -> Iterator[str]:
    """What the text says of the records."""
    yield from _layers()
    yield from _noise()
    yield from _training()
    yield from _softplus()


def _kink(parameters: str, slope: str, column: str, activation: str = "ReLU") -> float:
    where = {"parameters": parameters, "slope": slope, "activation": activation}
    return find("kinks", **where)[column][0]


def _over(slope: str, column: str, layers: tuple[str, ...] = _HIDDEN) -> list[float]:
    return [_kink(layer, slope, column) for layer in layers]


def _layers() -> Iterator[str]:
    biases = _over("gradient norm", "size", ("biases 1", "biases 2"))
    assert biases == [0, 0]
    weights = ("weights 1", "weights 2")
    cosine, size = (
        _over("gradient norm", name, weights) for name in ("cosine", "size")
    )
    yield (
        "autodiff gives 0 for the hidden biases, and for the hidden weights a gradient"
        f" at cosine {cosine[0]:.2f} and {cosine[1]:.2f}, of {size[0]:.2f} and"
        f" {size[1]:.2f} times the size"
    )
    cosine, size = (_over("directional, h = 0.02", n) for n in ("cosine", "size"))
    assert min(cosine) > 0.99
    yield f"{spread(size, '{:.2f}')} times the size, at a cosine above 0.99"
    off = [
        abs(row[name][0] - 1)
        for row in rows("kinks")
        if row["activation"] == "softplus" and row["slope"] == "gradient norm"
        for name in ("cosine", "size")
    ]
    assert max(off) < 1e-4
    yield "within 1e-4 of the numerical gradient in every layer"


def _noise() -> Iterator[str]:
    noise = {h: _over(f"directional, h = {h}", "noise") for h in (0.002, 0.02, 0.2)}
    yield (
        f"{spread(noise[0.002], '{:.1f}')} times the mean gradient at h = 0.002,"
        f" {spread(noise[0.02], '{:.1f}')} at 0.02 and {spread(noise[0.2], '{:.1f}')}"
        " at 0.2"
    )
    size = _over("directional, h = 0.2", "size")
    yield f"{spread(size, '{:.2f}')} of the size remains at h = 0.2"


def _row(claim: str, slope: str, activation: str = "ReLU") -> dict[str, Any]:
    return find(claim, slope=slope, activation=activation)


def _gains(claim: str, slopes: tuple[str, ...]) -> list[float]:
    return [_row(claim, slope)["gain"][0] for slope in slopes]


def _training() -> Iterator[str]:
    for d in (16, 2):
        claim = f"slopes_d{d}"
        seeing, blind = (
            spread(_gains(claim, names), "{:+.3f}") for names in (_SEEING, _BLIND)
        )
        yield f"At D = {d} they gain {seeing}, where those that do not gain {blind}"
        mean, difference = (
            _cosine(claim, name) for name in ("mean slope", "difference along ĝ")
        )
        yield f"a cosine of {mean} becomes {difference}"
        big = _row(claim, "difference, batch of 2,048")["gain"]
        yield f"{big[0]:+.3f} ± {big[1]:.3f} at D = {d}"
        short = "difference, h / 100"
        behind = _gains(claim, (short, f"{short}, batch of 2,048"))
        yield f"from {-behind[0]:.3f} to {-behind[1]:.3f} at D = {d}"
    loose = _row("slopes_d16", "difference, random direction")
    yield f"the estimate is {loose['estimate / W1'][0]:.1f} times W1"


def _cosine(claim: str, slope: str, activation: str = "ReLU") -> str:
    mean, deviation = _row(claim, slope, activation)["cosine"]
    return f"{mean:.3f} ± {deviation:.3f}"


def _softplus() -> Iterator[str]:
    gains = [
        _row("slopes_d16", name, "softplus")["gain"][0]
        for name in ("mean slope", "difference along ĝ")
    ]
    assert max(map(abs, gains)) < 1e-3
    yield "the difference and the mean slope gain less than 0.001"
    yield f"cosine is {_cosine('slopes_d2', 'gradient norm', 'softplus')}"
