"""Shuffled batches of an image set that is too large for the device, by Grain.

Batches are read, decoded and put together on the host while the device trains. What
makes a stream fit for long runs:

- Deterministic: the order of pictures follows from the seed and the number of pictures
  alone. Threads, worker processes and the number of hosts do not change it.
- Resumable: a position is a count of batches. `set_state` jumps to it without reading
  what came before, also on another number of hosts.
- Complete: every picture occurs once in each epoch. An epoch that ends within a batch
  is continued by the next one, so all batches have one size and no picture is dropped.

Pictures and labels are NumPy arrays, uint8 `[L, H, W, C]` and int32 `[L]`, where L is
the batch size of one host. The caller puts them on the device.
"""

import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from absl import flags

from wgan_gp.data.grain_batches import host_positions, open_batches
from wgan_gp.data.sources import Example, ImageSource
from wgan_gp.system.paths import with_absolute_path


class Stream(Iterator[Example]):
    """An endless iterator over batches, whose position can be saved and restored.

    Use `stream` to make one. Close it to end its threads and processes at once; garbage
    collection and the interpreter's exit close it, too. After an error it continues
    with the batch that failed.
    """

    def __init__(self, open_at: Callable[[int], Any], identity: dict[str, Any]):
        """Makes a stream that reads nothing yet.

        Args:
          open_at: number of batches to skip -> a Grain data set of the batches after
            them.
          identity: what determines the order of pictures. It is part of the state, and
            another stream's state is refused by it.
        """
        self._open_at = open_at
        self._identity = identity
        self._batches = 0
        self._iterators: list[Any] = []  # at most one, Grain's; made by the first batch
        # Grain's iterators print errors at the interpreter's exit if they are open.
        self._end = weakref.finalize(self, _close_all, self._iterators)

    def __next__(self) -> Example:
        """Returns this host's next batch.

        Raises:
          ValueError: a picture is corrupt and not to be skipped, or the stream is
            closed.
        """
        self._check_open()
        if not self._iterators:
            self._iterators.append(iter(self._open_at(self._batches)))
        try:
            batch = next(self._iterators[0])
        except Exception:
            # Grain's iterators lose their position in an error.
            _close_all(self._iterators)
            raise
        self._batches += 1
        return batch

    def get_state(self) -> dict[str, Any]:
        """Returns the position after the last batch handed out, as a dict for JSON.

        Batches read ahead do not count. The state is the same on every host, and a
        stream on another number of hosts can resume from it.
        """
        return {**self._identity, "batches": self._batches}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Moves to a saved position.

        The batches from there on are the same, bit for bit. Nothing before the position
        is read, so resuming late takes no longer than resuming early.

        Args:
          state: from `get_state`, of a stream with the same source, batch size and
            seed.

        Raises:
          ValueError: the state is another stream's or has no position; or this stream
            is closed.
        """
        self._check_open()
        for field, own in self._identity.items():
            if field not in state or _full_path(state[field]) != _full_path(own):
                raise ValueError(
                    f"the state is of another stream: {field} is {state.get(field)!r},"
                    f" expected {own!r}: give the arguments it was saved with"
                )
        batches = state.get("batches")
        if type(batches) is not int or batches < 0:
            raise ValueError(
                "the state has no position: expected batches, how many were handed out,"
                f" got {batches!r}; a state of an earlier version cannot be resumed,"
                " start the run again"
            )
        _close_all(self._iterators)
        self._batches = batches

    def close(self) -> None:
        """Ends the threads and processes that read ahead; no batch can follow."""
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
    """Returns endless shuffled batches, uint8 `[L, H, W, C]` and labels `[L]` or None.

    Each epoch is a new permutation, in which every picture occurs once. Host h of k
    gets rows h L to (h + 1) L of each batch, L = batch_size / k, so that the batches of
    all hosts together do not depend on k. A corrupt picture that is skipped is replaced
    by the next in the order, which occurs at its own position as well.

    Args:
      source: from `open_images`.
      batch_size: over all hosts; at most the number of pictures.
      seed: of the permutations.
      state: from `get_state`, on any number of hosts, to resume from; None for the
        start.
      shard_index: of this host, as `jax.process_index()`.
      shard_count: number of hosts, as `jax.process_count()`.
      threads: how many read and decode. A source in memory needs none.
      workers: how many processes read and decode instead of the threads; the order is
        the same. They need absl's flags to be parsed, as under `absl.app`, and do not
        report what they skip.

    Returns:
      The iterator. It reads two batches ahead of the one handed out.

    Raises:
      ValueError: a number is out of range, or the state is another stream's. The
        iterator raises it if a picture is corrupt and not to be skipped, or all are.
    """
    _check_arguments(source, batch_size, seed, shard_index, shard_count)
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
        positions = host_positions(batches, batch_size, shard_index, shard_count)
        return open_batches(
            source, seed, positions, batch_size // shard_count, threads, workers
        )

    name = f"{source.name} {source.split}"
    iterator = Stream(open_at, identity(name, source.count, batch_size, seed))
    if state is not None:
        iterator.set_state(state)
    return iterator


def identity(source: str, count: int, batch_size: int, seed: int) -> dict[str, Any]:
    """What determines the order of a stream's batches, for `Stream`.

    Args:
      source: the set's name and its split.
      count: how many samples the split has.
      batch_size: over all hosts.
      seed: of the order.
    """
    return {"source": source, "count": count, "batch_size": batch_size, "seed": seed}


def _full_path(value: Any) -> Any:
    """Writes a source's path in full, so that a relative path names the same source."""
    return with_absolute_path(value) if isinstance(value, str) else value


def _close_all(iterators: list[Any]) -> None:
    """Closes iterators and empties the list, which the stream shares."""
    while iterators:
        iterators.pop().close()


def _check_arguments(
    source: ImageSource, batch_size: int, seed: int, shard_index: int, shard_count: int
) -> None:
    """Refuses numbers out of range.

    Raises:
      ValueError: a shard, the batch size or the seed is out of range.
    """
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
