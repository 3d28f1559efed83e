"""Batches of an image set that is too large for the device, by Grain."""

import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from absl import flags

from wgan_gp.data.sources import Example, ImageSource
from wgan_gp.system.paths import with_absolute_path

_AHEAD = 2  # batches that wait on the host
_SAMPLES = 2**53  # as good as endless


class Stream(Iterator[Example]):
    """An endless iterator over batches, whose position can be kept and restored."""

    def __init__(self, open_at: Callable[[int], Any], origin: dict[str, Any]):
        self._open_at = open_at
        self._origin = origin
        self._batches = 0
        self._held: list[Any] = []  # Grain's iterator, once it is needed
        # At the interpreter's end Grain's iterators complain, unless they are gone.
        self._end = weakref.finalize(self, _close, self._held)

    def __next__(self) -> Example:
        self._check_open()
        if not self._held:
            self._held.append(iter(self._open_at(self._batches)))
        try:
            batch = next(self._held[0])
        except Exception:
            _close(self._held)  # Grain's iterators lose their place in an error
            raise
        self._batches += 1
        return batch

    def get_state(self) -> dict[str, Any]:
        """The position after the last batch that was handed out, fit for JSON.

        It is the same on every host, and a stream on another number of hosts can go on
        from it.
        """
        return {**self._origin, "batches": self._batches}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Goes on where `get_state` was called, bit for bit, at no cost of reading.

        Raises:
          ValueError: the state is of a stream with other arguments.
        """
        self._check_open()
        for field, own in self._origin.items():
            if field not in state or _in_full(state[field]) != _in_full(own):
                raise ValueError(
                    f"the state is of another stream: {field} is {state.get(field)!r},"
                    f" expected {own!r}"
                )
        batches = state.get("batches")
        if type(batches) is not int or batches < 0:
            raise ValueError(
                "the state has no position: expected batches, how many were handed out,"
                f" got {batches!r}; what was saved before streams counted batches must"
                " be started again"
            )
        _close(self._held)
        self._batches = batches

    def close(self) -> None:
        """Ends the threads and processes that read ahead."""
        self._end()

    def _check_open(self) -> None:
        if not self._end.alive:
            raise ValueError("the stream is closed: make another from its state")


def stream(
    source: ImageSource,
    batch_size: int,
    seed: int,
    state: Mapping[str, Any] | None = None,
    *,
    shard_index: int = 0,
    shard_count: int = 1,
    threads: int = 4,
    workers: int = 0,
) -> Stream:
    """Endless shuffled batches on the host, uint8 `[L, H, W, C]` and labels `[L]`.

    Each epoch is a fresh permutation, in which every picture occurs once. A batch that
    an epoch does not fill is filled from the next: none is lost or cut short. Host h
    of k gets the L = batch_size / k rows from h L of every batch, so that the order
    does not depend on the number of hosts. In place of a corrupt picture that is
    skipped comes the next in the order, which has its own place too.

    Args:
      source: from `open_images`.
      batch_size: of all hosts together; at most the number of pictures.
      seed: of the permutations.
      state: from `get_state`, on any number of hosts, to go on from there.
      shard_index: of this host, as `jax.process_index()`.
      shard_count: number of hosts, as `jax.process_count()`.
      threads: that read and decode, unless the source is in memory.
      workers: processes that read and decode in place of the threads; the order stays
        the same. Needs absl's flags to be parsed, as under `absl.app`. They do not
        report what they skip.

    Returns:
      The iterator; it reads two batches ahead of the one handed out.

    Raises:
      ValueError: a size is out of range, or the state is of another stream; from the
        iterator, if a picture is corrupt and not to be skipped, or all are.
    """
    _check(source, batch_size, seed, shard_index, shard_count)
    if threads < 0 or workers < 0:
        raise ValueError(
            f"threads and workers must be >= 0, got {threads} and {workers}"
        )
    if workers and not flags.FLAGS.is_parsed():
        raise ValueError(
            "workers need absl's flags to be parsed: run under absl.app, call"
            " absl.flags.FLAGS.mark_as_parsed(), or take threads"
        )

    def open_at(batches: int) -> Any:
        places = _places(batches, batch_size, shard_index, shard_count)
        return _read(source, seed, places, batch_size // shard_count, threads, workers)

    origin = {
        "source": f"{source.name} {source.split}",
        "count": source.count,
        "batch_size": batch_size,
        "seed": seed,
    }
    iterator = Stream(open_at, origin)
    if state is not None:
        iterator.set_state(state)
    return iterator


def _in_full(value: Any) -> Any:
    """A path as it was given and the same in full name one source."""
    return with_absolute_path(value) if isinstance(value, str) else value


def _close(held: list[Any]) -> None:
    while held:
        held.pop().close()


def _places(batches: int, batch_size: int, shard_index: int, shard_count: int):
    """This host's i-th place in the order of all, counted from a batch on."""
    rows = batch_size // shard_count
    first = batches * batch_size + shard_index * rows

    def place(i: int) -> int:
        return first + i // rows * batch_size + i % rows

    return place


def _read(source: ImageSource, seed: int, place, rows: int, threads: int, workers: int):
    """A data set of Grain's, of batches of so many rows."""
    import grain

    # Places beyond its length are those of later epochs, shuffled anew.
    order = grain.MapDataset.range(source.count).shuffle(seed)
    places = grain.MapDataset.range(_SAMPLES).map(place)
    if source.arrays is not None:
        indices = places.map(order.__getitem__).batch(rows)
        batches = indices.map(partial(_gather, source.arrays))
        batches = batches.to_iter_dataset(grain.ReadOptions(0, 0))
    else:
        examples = places.map(_next_readable(source, order))
        batches = _read_ahead(examples, threads, workers).batch(rows)
    return grain.experimental.ThreadPrefetchIterDataset(
        batches, prefetch_buffer_size=_AHEAD
    )


def _read_ahead(examples: Any, threads: int, workers: int) -> Any:
    import grain

    if workers:
        alone = examples.to_iter_dataset(grain.ReadOptions(0, 0))
        return alone.mp_prefetch(grain.MultiprocessingOptions(num_workers=workers))
    return examples.to_iter_dataset(grain.ReadOptions(threads, 16 * threads))


def _gather(arrays: Example, index: np.ndarray) -> Example:
    label = None if arrays.label is None else arrays.label[index]
    return Example(arrays.image[index], label)


def _next_readable(source: ImageSource, order: Any) -> Callable[[int], Example]:
    """The picture at a place in the order, or at the next that is not corrupt."""
    corrupt: set[int] = set()

    def read(place: int) -> Example:
        while len(corrupt) < source.count:
            index = order[place]
            if index not in corrupt:
                example = source.read(index)
                if example is not None:
                    return example
                corrupt.add(index)
            place += 1
        raise ValueError(f"all of {source.name}'s {source.split} split is corrupt")

    return read


def _check(
    source: ImageSource, batch_size: int, seed: int, shard_index: int, shard_count: int
) -> None:
    if shard_count < 1 or not 0 <= shard_index < shard_count:
        raise ValueError(
            f"a shard needs 0 <= shard_index < shard_count, got {shard_index} of"
            f" {shard_count}"
        )
    if not 1 <= batch_size <= source.count:
        raise ValueError(
            f"batch_size must lie between 1 and the {source.count} images of"
            f" {source.name}'s {source.split} split, got {batch_size}"
        )
    if batch_size % shard_count:
        raise ValueError(
            f"batch_size must be a multiple of the {shard_count} hosts, each of which"
            f" takes an equal part, got {batch_size}"
        )
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must lie between 0 and 2^32 - 1, got {seed}")
