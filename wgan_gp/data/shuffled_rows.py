"""Rows on disk in a random order: written once, then read in long pieces.

Reading single rows at random places of a file that is larger than memory is slow. So
the rows are shuffled while they are written (`write_shuffled`), and an epoch reads
blocks of neighbours in an order of its own (`BlockOrder`).
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.data import CANNOT_DRAW

_PREFETCHED = 4  # batches
_BUCKET = 2**28  # bytes of rows that are put in order in memory at a time
BLOCK = 64  # rows that stay together


def write_shuffled(
    path: Path,
    parts: Iterable[tuple[np.ndarray, np.ndarray]],
    shape: tuple[int, int],
    bucket_bytes: int = _BUCKET,
) -> None:
    """Writes rows at the places that they are given, as an `.npy` file.

    Rows first go to the file of the bucket that their place lies in; then each bucket
    is put in order in memory. So all writing is one after the other, and takes twice
    the size of the rows on disk at most.

    Args:
      path: of the file; its folder holds the buckets until they are put in order.
      parts: pairs of places `[n]` below N, each of which occurs once over all parts,
        and rows `[n, D]` float32.
      shape: N, D.
      bucket_bytes: about how much memory a bucket takes.

    Raises:
      OSError: the disk is full, say.
    """
    count, width = shape
    rows_each = max(1, bucket_bytes // max(1, 4 * width))
    record = np.dtype([("place", np.int64), ("row", np.float32, (width,))])
    buckets = [path.with_suffix(f".{i}.part") for i in range(-(-count // rows_each))]
    for each in buckets:
        each.touch()
    for places, rows in parts:
        records = np.empty(len(places), record)
        records["place"], records["row"] = places, rows
        which = places // rows_each
        for i in np.unique(which):
            with buckets[i].open("ab") as file:
                records[which == i].tofile(file)
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(file, header)
        for i, each in enumerate(buckets):
            records = np.fromfile(each, record)
            ordered = np.empty((len(records), width), np.float32)
            ordered[records["place"] - i * rows_each] = records["row"]
            ordered.tofile(file)
            each.unlink()


class BlockOrder(NamedTuple):
    """An endless order of rows: every row once in each epoch, blocks at a time.

    The blocks of an epoch are in an order of its own, which the seed and the epoch
    decide; the rows that fill no block come last.

    Attributes:
      count: N, the number of rows.
      seed: of the orders.
    """

    count: int
    seed: int

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The rows `[stop - start]` at the positions of a range."""
        positions = np.arange(start, stop)
        epochs, within = np.divmod(positions, self.count)
        found = within.copy()
        for epoch in np.unique(epochs):
            here = (epochs == epoch) & (within < self.count // BLOCK * BLOCK)
            blocks, offsets = np.divmod(within[here], BLOCK)
            order = _blocks(self.count // BLOCK, self.seed, int(epoch))
            found[here] = order[blocks] * BLOCK + offsets
        return found


@lru_cache(maxsize=2)
def _blocks(count: int, seed: int, epoch: int) -> np.ndarray:
    """The blocks of an epoch, in its order."""
    return np.random.RandomState([seed, epoch % 2**32]).permutation(count)


def as_drawn(train: np.ndarray, key: jax.Array, raw: Any) -> jax.Array:
    """The sampler: batches of the stream as they are, or n rows, outside of a trace."""
    if not isinstance(raw, int):
        return raw
    if isinstance(key, jax.core.Tracer):
        raise ValueError(CANNOT_DRAW)
    rows = jax.random.randint(key, (raw,), 0, len(train))
    return jnp.asarray(train[np.asarray(rows)])


def open_stream(train: np.ndarray, name: str, batch_size: int, seed: int) -> Any:
    """This host's part of the batches; see `streaming.stream`."""
    import grain

    from wgan_gp.data.grain_batches import LENGTH
    from wgan_gp.data.streaming import Stream, identity

    host, hosts = jax.process_index(), jax.process_count()
    each = batch_size // hosts
    order = BlockOrder(len(train), seed)

    def read(batch: int) -> np.ndarray:
        first = batch * batch_size + host * each
        return train[order.rows(first, first + each)]

    def open_at(batches: int) -> Any:
        numbers = grain.MapDataset.range(batches, LENGTH).map(read)
        return grain.experimental.ThreadPrefetchIterDataset(
            numbers.to_iter_dataset(grain.ReadOptions(0, 0)),
            prefetch_buffer_size=_PREFETCHED,
        )

    return Stream(open_at, identity(f"{name} train", len(train), batch_size, seed))
