"""Conditions: what a generator is told of each sample, as entries of the sample.

The critic judges a sample x and its condition y together, so y is among the entries of
each real sample: categories one-hot, numbers standardised. Of series, text and images
they are channels that are constant over positions. A generator is told the entries and
repeats them, and `Dataset.told` says which entries these are. A label is the condition
of one category. Labels of images may go to an auxiliary classifier instead, which needs
no channels (`data.image_conditions`).

While training, and where nothing else is asked for, the conditions of generated samples
are drawn: a label by `Dataset.class_shares`, others from `Dataset.conditions`, those of
training samples.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.data import Dataset, Sampler
from wgan_gp.data.columns import CATEGORY, CONSTANT, Column, Columns, numbered
from wgan_gp.system.values import show

MOST = 2**14  # conditions that are kept to draw from


def with_given(columns: Columns, given: tuple[str, ...]) -> Columns:
    """The columns, of which a generator is told some.

    Args:
      columns: of the table, without a label where any are given.
      given: the names of those that it is told; none leaves the columns as they are.

    Raises:
      ValueError: one of them is constant, or no other column is left to learn.
    """
    if not given:
        return columns
    told = columns._replace(given=tuple(dict.fromkeys(given)))
    for each in told.conditions.columns:
        if each.kind == CONSTANT:
            raise ValueError(
                f"data.given: column {show(each.name)} is constant, which is no"
                " condition: leave it out of data.given"
            )
    if not told.others.width:
        raise ValueError(
            "data.given has every column that is not constant: leave one to learn"
        )
    return told


def told_fields(columns: Columns, entries: np.ndarray) -> dict[str, Any]:
    """The fields of a `Dataset` that say how conditions are drawn.

    Args:
      columns: of the data.
      entries: the entries of the training samples' conditions, `[N, k]`.

    Returns:
      `classes`, `class_names` and `class_shares` with a label, otherwise `conditions`;
      nothing where a generator is told nothing.
    """
    if columns.label is not None:
        return {
            "classes": entries.shape[1],
            "class_names": columns.class_names,
            "class_shares": entries.mean(axis=0),
        }
    return {"conditions": some_conditions(entries)} if columns.given else {}


def some_conditions(entries: np.ndarray) -> np.ndarray:
    """At most 16,384 of the conditions, chosen without replacement, always the same.

    Args:
      entries: `[N, k]`.

    Returns:
      `[m, k]`, float32, in their order.
    """
    count, random = len(entries), np.random.default_rng(0)
    chosen = random.choice(count, min(count, MOST), replace=False)
    return np.asarray(entries[np.sort(chosen)], np.float32)


def drawn_conditions(dataset: Dataset) -> np.ndarray | None:
    """What conditions are drawn from, `[m, k]`: None if no entries are told.

    Those of a label are the rows of an identity matrix, one for each class, which are
    drawn by `class_shares`. All others are equally likely.
    """
    if not dataset.told:
        return None
    if dataset.conditions is not None:
        return dataset.conditions
    assert dataset.classes is not None
    return np.eye(dataset.classes, dtype=np.float32)


def joined(samples: Any, entries: Any) -> jax.Array:
    """Samples with their conditions as the last entries, or as constant channels.

    Args:
      samples: `[n, D]`, `[n, T, C]` or `[n, H, W, C]`.
      entries: `[n, k]`.

    Returns:
      `[n, D + k]`, `[n, T, C + k]` or `[n, H, W, C + k]`.
    """
    samples, entries = jnp.asarray(samples), jnp.asarray(entries)
    shape = (*samples.shape[:-1], entries.shape[-1])
    between = (1,) * (samples.ndim - 2)
    spread = entries.reshape(len(entries), *between, entries.shape[-1])
    return jnp.concatenate([samples, jnp.broadcast_to(spread, shape)], axis=-1)


def own_entries(dataset: Dataset, samples: Any) -> Any:
    """Samples without the entries, or channels, that a generator is told.

    Args:
      dataset: that was learned.
      samples: `[..., *dataset.shape]`, an array of NumPy's or of JAX's.

    Returns:
      `[..., *dataset.own_shape]`.
    """
    told, width = dataset.told, dataset.shape[-1]
    if told == tuple(range(width - len(told), width)):
        return samples[..., : width - len(told)]
    return samples[..., np.setdiff1d(np.arange(width), told)]


def told_classes(dataset: Dataset, numbers: Any) -> jax.Array:
    """What a generator is told of samples whose classes are chosen.

    Args:
      dataset: with classes.
      numbers: of the classes, `[n]`.

    Returns:
      The numbers `[n]`, or entries `[n, classes]` where it is told entries.
    """
    told = drawn_conditions(dataset)
    numbers = jnp.asarray(numbers)
    return numbers if told is None else jnp.asarray(told)[numbers]


def resident_joined(samples: np.ndarray, entries: np.ndarray) -> Sampler:
    """As `arrays.resident`, of samples `[N, ...]` with their conditions `[N, k]`."""
    return jax.tree_util.Partial(_draw, jnp.asarray(samples), jnp.asarray(entries))


def _draw(samples: jax.Array, entries: jax.Array, key: jax.Array, n: int) -> jax.Array:
    which = jax.random.randint(key, (n,), 0, len(samples))
    return joined(samples[which], entries[which])


def with_label_entries(dataset: Dataset) -> Dataset:
    """A set of samples whose label is among their entries, as a category.

    Args:
      dataset: whose `sample` returns samples and labels; so does its `held_out`, if it
        has one.

    Raises:
      ValueError: `held_out` returns no labels.
    """
    classes = dataset.classes
    assert classes is not None
    names = dataset.class_names or tuple(map(float, range(classes)))
    label = Column("label", CATEGORY, values=names)
    columns = dataset.columns or numbered(dataset.shape[-1])
    held_out = dataset.held_out
    if held_out is not None:
        drawn = jax.eval_shape(lambda key: held_out(key, 1), jax.random.key(0))
        if not isinstance(drawn, tuple):
            raise ValueError(
                f"{dataset.name} holds out {dataset.kind} without labels, which"
                " conditional = True needs: let its held_out return both"
            )
        held_out = _with_labels(held_out, classes)
    return dataset._replace(
        shape=(*dataset.shape[:-1], dataset.shape[-1] + classes),
        sample=_with_labels(dataset.sample, classes),
        held_out=held_out,
        columns=Columns((*columns.columns, label), "label"),
    )


def with_row_entries(
    dataset: Dataset, columns: Columns, train: np.ndarray, held_out: np.ndarray
) -> Dataset:
    """A set of samples whose conditions are found by the number of each sample.

    Args:
      dataset: whose `sample` and `held_out` return samples and their numbers `[n]`.
      columns: what entries of samples with conditions stand for; the last are told.
      train: the entries of each training sample, `[N, k]`.
      held_out: the entries of each held-out sample, `[M, k]`.
    """
    assert dataset.held_out is not None
    return dataset._replace(
        shape=(*dataset.shape[:-1], columns.width),
        sample=_with_entries(_joined_rows, dataset.sample, jnp.asarray(train)),
        held_out=_with_entries(_joined_rows, dataset.held_out, jnp.asarray(held_out)),
        columns=columns,
        conditions=some_conditions(train),
    )


def _with_labels(sample: Sampler, classes: int) -> Callable[..., jax.Array]:
    return _with_entries(partial(_joined_labels, classes=classes), sample)


def _with_entries(
    join: Callable[..., jax.Array], sample: Sampler, *arrays: jax.Array
) -> Callable[..., jax.Array]:
    """The sampler whose samples are joined; its arrays stay a program's arguments."""
    is_tree = isinstance(sample, jax.tree_util.Partial)
    return (jax.tree_util.Partial if is_tree else partial)(join, sample, *arrays)


def _joined_labels(sample: Any, key: jax.Array, n: Any, *, classes: int) -> jax.Array:
    samples, labels = sample(key, n)
    return joined(samples, jax.nn.one_hot(labels, classes))


def _joined_rows(sample: Any, entries: Any, key: jax.Array, n: Any) -> jax.Array:
    samples, rows = sample(key, n)
    return joined(samples, entries[rows])
