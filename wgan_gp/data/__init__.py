"""Data sets: distributions to learn, as samplers that run on the device.

A data set is a `Dataset`, and its core is a sampler `(key, n) -> [n, ...]`: it draws
`n` samples with a JAX key, and the same key gives the same samples. A training step can
therefore draw its own batch inside `jax.jit`, and a resumed run replays its batches.

Where the samples come from:

- `toy`: the papers' two-dimensional mixtures and the Swiss roll (`DATASETS`);
- `series`: a simulated autoregression, of known statistics (`DATASETS`);
- `tables`: rows of a CSV, Parquet or NumPy file;
- `sequences`: series of an .npz file, and lines of text;
- `arrays`: an array of your own, by `resident`;
- `image_sets`: pictures of TFDS, of an .npz file or of a folder, by `load_images`;
- `pairs`: pairs of distributions whose W1 is known, such as the W1 benchmark's.

Image sets and tables that do not fit into memory are the exception to "a sampler with a
key": they have a `stream` of batches, which the host reads (see `streaming` and
`streamed_tables`).

Example:
  >>> import jax
  >>> from wgan_gp import data
  >>> ring = data.load("8gaussians")
  >>> ring.sample(jax.random.key(0), 5).shape
  (5, 2)
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from wgan_gp.data import series, toy
from wgan_gp.data.arrays import Sampler, noisy, resident
from wgan_gp.data.columns import Columns
from wgan_gp.system.paths import PATH_KINDS
from wgan_gp.system.values import one_of, show

__all__ = [
    "CANNOT_DRAW",
    "DATASETS",
    "Dataset",
    "Sampler",
    "check_name",
    "load",
    "noisy",
    "open_named",
    "resident",
    "unlabelled",
]


# Of a sampler that is asked to draw where its data is streamed.
CANNOT_DRAW = (
    "the data set is streamed, so that nothing can be drawn from it before the first"
    " step, as the constraint's first critic asks for: raise data.resident_bytes, or"
    " use another constraint"
)
_KINDS = {1: "vectors", 2: "sequences", 3: "images"}  # by the number of a sample's axes


class Dataset(NamedTuple):
    """A distribution to learn.

    Only the name, the shape and the sampler are required. The other fields tell the
    evaluation what it may measure and the report what it may say. Where the train split
    is finite, `sample` draws from it with replacement and `held_out` draws from other
    pictures without repetition.

    Attributes:
      name: what the configuration calls it, as "8gaussians" or "npz:cats.npz".
      shape: of one sample, `[D]`, `[T, C]` or `[H, W, C]`.
      sample: `(key, n) -> [n, *shape]` float32, called inside the jitted training step.
        With labels for a classifier it returns `([n, *shape], [n])`; other conditions
        are among the entries (`told`). Where there is a `stream`, it takes
        `(key, raw batch)` and scales that batch instead.
      modes: centres `[M, D]` of a mixture of Gaussians; None for other sets. With modes
        the evaluation counts how many of them a generator covers.
      std: standard deviation of each mode, in the units of the samples.
      held_out: a sampler of data that training never sees; None if `sample` draws from
        the distribution itself, which needs no held-out data.
      held_out_count: how many samples are held out, if finitely many.
      count: how many samples there are to train on, if finitely many.
      classes: how many classes the labels have; None if samples come without labels.
      class_names: the name of each class, in the order of its numbers.
      class_shares: share of each class in the train split, `[classes]`, sums to 1.
      conditions: what generators are told of samples that no conditions are named for:
        entries of training samples, `[m, k]`, each as likely as the others. None
        without `columns.given`.
      left_out: files that are not part of the set, with the reason, one line each.
      notes: what a user should know before training, one line each.
      stream: `(batch size over all hosts, seed)` -> iterator over this host's raw
        batches; None if the samples are on the device.
      columns: what the entries of vectors, or the channels of others, stand for; None
        if they have no names.
      characters: of lines of text, what each channel stands for; None for others.
    """

    name: str
    shape: tuple[int, ...]
    sample: Sampler
    modes: np.ndarray | None = None
    std: float | None = None
    held_out: Sampler | None = None
    held_out_count: int | None = None
    count: int | None = None
    classes: int | None = None
    class_names: tuple[str, ...] | None = None
    class_shares: np.ndarray | None = None
    conditions: np.ndarray | None = None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    stream: Callable[[int, int], Any] | None = None
    columns: Columns | None = None
    characters: str | None = None

    @property
    def kind(self) -> str:
        """The kind of its samples: "vectors", "sequences" or "images"."""
        return _KINDS[len(self.shape)]

    @property
    def told(self) -> tuple[int, ...]:
        """The entries of vectors, or channels of others, that a generator is told."""
        return () if self.columns is None else self.columns.told

    @property
    def own_shape(self) -> tuple[int, ...]:
        """The shape of a sample without what a generator is told."""
        return (*self.shape[:-1], self.shape[-1] - len(self.told))


def unlabelled(dataset: Dataset) -> Sampler:
    """The sampler of a data set's training samples, without their labels."""
    if dataset.classes is None:
        return dataset.sample

    def sample(key: jax.Array, n: int) -> jax.Array:
        drawn = dataset.sample(key, n)
        return drawn[0] if isinstance(drawn, tuple) else drawn

    return sample


def _mixture(name: str, modes: np.ndarray, std: float) -> Dataset:
    """An even mixture of Gaussians in the plane, with its modes `[M, 2]`."""
    return Dataset(
        name, (2,), partial(toy.mixture, modes=modes, std=std), modes=modes, std=std
    )


# By `data.name` of a configuration. An experiment's file may add its own.
DATASETS = {
    "8gaussians": _mixture("8gaussians", toy.RING_MODES, toy.RING_STD),
    "25gaussians": _mixture("25gaussians", toy.GRID_MODES, toy.GRID_STD),
    "swissroll": Dataset("swissroll", (2,), toy.swissroll),
    "ar2": Dataset("ar2", (series.LENGTH, 1), series.sample),
}


def load(name: str) -> Dataset:
    """Returns a built-in data set, whose samples have about unit standard deviation.

    Args:
      name: a key of `DATASETS`: "8gaussians", "25gaussians" or "swissroll", the papers'
        sets in the plane, or "ar2", simulated series `[64, 1]`.

    Raises:
      ValueError: no data set has this name; the message lists the names.
    """
    if name not in DATASETS:
        raise ValueError(f"data.name must be one of {sorted(DATASETS)}, got {name!r}")
    return DATASETS[name]


def check_name(
    path: str,
    name: str,
    kind: str,
    files: Sequence[str],
    *,
    more: Sequence[str] = (),
) -> None:
    """Refuses the name of a data set that is neither a file nor a known set.

    Args:
      path: of the field, for messages.
      name: `FILEKIND:FILE`, or a key of `DATASETS`.
      kind: "vectors", say, which this experiment learns.
      files: the kinds of files that it reads.
      more: sets that are known beside those of `DATASETS`.

    Raises:
      ValueError: it is none of these.
    """
    prefix, colon, file = name.partition(":")
    if colon and prefix in files:
        if not file:
            raise ValueError(f"{path} = {show(name)} names no file: add its path")
        return
    if colon and prefix in PATH_KINDS:
        raise ValueError(
            f"{path} = {show(name)}: this experiment learns {kind}, of files named"
            f" {', '.join(f'{each}:' for each in files)}; for"
            f" {_EXPERIMENTS[prefix]}"
        )
    known = [each for each in DATASETS if DATASETS[each].kind == kind]
    known += [*more, *(f"{each}:FILE" for each in files)]
    _, dot, suffix = name.rpartition(".")
    suffix = suffix.casefold().replace("txt", "text")
    if dot and suffix in files and not colon:
        raise ValueError(
            f"{path} must be one of {', '.join(known)}; got {show(name)}: did you mean"
            f" {suffix}:{name}?"
        )
    one_of(path, name, known)


# Where files are learned that are of one kind of data.
_TABLES = "tables, start from experiments/vectors.py"
_EXPERIMENTS = {
    **{"csv": _TABLES, "parquet": _TABLES, "npy": _TABLES},
    "text": "text, start from experiments/language.py",
    "folder": "pictures, start from experiments/digits.py",
}


def _check_shape(dataset: Dataset) -> None:
    """Refuses a set whose samples have another shape than it says."""
    samplers = {"sample": unlabelled(dataset), "held_out": dataset.held_out}
    if dataset.stream is not None:  # it takes what the stream reads
        del samplers["sample"]
    for name, sample in samplers.items():
        if sample is None:
            continue
        drawn = jax.eval_shape(lambda key, draw=sample: draw(key, 2), jax.random.key(0))
        if name == "held_out" and dataset.classes and isinstance(drawn, tuple):
            drawn = drawn[0]  # labels come with them where the critic sees these
        found = getattr(drawn, "shape", None)
        if found != (2, *dataset.shape):
            raise ValueError(
                f"data.DATASETS[{dataset.name!r}] has shape {dataset.shape}, and its"
                f" {name}(key, 2) returns {show(found or drawn)}, not"
                f" {(2, *dataset.shape)}"
            )


def open_named(name: str, kind: str, *, conditional: bool) -> Dataset:
    """A data set of `DATASETS` as a configuration asks for it.

    Args:
      name: of the set, a key of `DATASETS`.
      kind: "vectors" or "images", which the configuration expects.
      conditional: whether training samples are to come with labels.

    Returns:
      The set; without labels, unless it is conditional.

    Raises:
      ValueError: it is of another kind, or has no labels.
    """
    dataset = load(name)
    if dataset.kind != kind:
        raise ValueError(
            f"{name} has samples of shape {dataset.shape}, and this experiment learns"
            f" {kind}: start from configs.base(data={dataset.kind!r})"
        )
    _check_shape(dataset)
    if conditional and dataset.classes is None:
        raise ValueError(f"{name} has no labels: conditional must be False")
    if conditional or dataset.classes is None:
        return dataset
    return dataset._replace(
        sample=unlabelled(dataset), classes=None, class_names=None, class_shares=None
    )
