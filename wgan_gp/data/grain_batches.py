"""What a stream reads: Grain data sets of batches, from any position on.

The order of a stream is one endless sequence: the pictures of the first epoch,
shuffled, then those of the second, and so on. A position is an index into it. Batch b
of all hosts together has the positions from b * batch_size on, and each host reads its
own rows. Since a position leads to its picture directly, reading can start anywhere.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from wgan_gp.data.sources import Example, ImageSource, take

_PREFETCHED_BATCHES = 2  # wait on the host, so that the device does not
LENGTH = 2**53  # pictures; Grain needs a length, and no run gets this far


def host_positions(
    batches: int, batch_size: int, shard_index: int, shard_count: int
) -> Callable[[int], int]:
    """Maps this host's rows to their positions in the order.

    Args:
      batches: how many batches to skip.
      batch_size: over all hosts.
      shard_index: of this host.
      shard_count: number of hosts, which divides `batch_size`.

    Returns:
      A function i -> the position of this host's i-th row, for i from 0 on.

    Example: the second of two hosts, after one batch of 4.
      >>> position = host_positions(1, 4, shard_index=1, shard_count=2)
      >>> [position(i) for i in range(4)]
      [6, 7, 10, 11]
    """
    rows = batch_size // shard_count
    first = batches * batch_size + shard_index * rows

    def position(i: int) -> int:
        return first + i // rows * batch_size + i % rows

    return position


def open_batches(
    source: ImageSource,
    seed: int,
    position: Callable[[int], int],
    rows: int,
    threads: int,
    workers: int,
) -> Any:
    """Opens the batches of one host.

    Args:
      source: the split.
      seed: of the permutations.
      position: i -> position of the i-th row, from `host_positions`.
      rows: of a batch of this host.
      threads: how many read and decode a source on disk.
      workers: how many processes do so instead, if not 0.

    Returns:
      A Grain data set to iterate over once. A thread reads ahead.
    """
    import grain

    # Grain takes positions beyond the length as later epochs, each shuffled anew.
    order = grain.MapDataset.range(source.count).shuffle(seed)
    positions = grain.MapDataset.range(LENGTH).map(position)
    if source.arrays is not None:
        indices = positions.map(order.__getitem__).batch(rows)
        batches = indices.map(partial(take, source.arrays))
        batches = batches.to_iter_dataset(grain.ReadOptions(0, 0))
    else:
        examples = positions.map(_skip_corrupt(source, order))
        batches = _read_ahead(examples, threads, workers).batch(rows)
    return grain.experimental.ThreadPrefetchIterDataset(
        batches, prefetch_buffer_size=_PREFETCHED_BATCHES
    )


def _read_ahead(examples: Any, threads: int, workers: int) -> Any:
    """Reads examples in several processes or threads, in order."""
    import grain

    if workers:
        alone = examples.to_iter_dataset(grain.ReadOptions(0, 0))
        return alone.mp_prefetch(grain.MultiprocessingOptions(num_workers=workers))
    return examples.to_iter_dataset(grain.ReadOptions(threads, 16 * threads))


def _skip_corrupt(source: ImageSource, order: Any) -> Callable[[int], Example]:
    """Returns a reader of the picture at a position, or of the next readable one.

    It remembers corrupt indices, so that a later epoch does not decode them again, and
    stops when all pictures are known to be corrupt.
    """
    corrupt: set[int] = set()

    def read(position: int) -> Example:
        while len(corrupt) < source.count:
            index = order[position]
            if index not in corrupt:
                example = source.read(index)
                if example is not None:
                    return example
                corrupt.add(index)
            position += 1
        raise ValueError(
            f"all of {source.name}'s {source.split} split is corrupt: replace its files"
        )

    return read
