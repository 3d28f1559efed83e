"""Batches of an image set that is too large for the device, by Grain."""

import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
from absl import flags

from wgan_gp.data.sources import Example, ImageSource

_AHEAD = 2  # batches that wait on the device
_SAMPLES = 2**53  # as good as endless


class Stream(Iterator[Example]):
    """An endless iterator over batches, whose position can be kept and restored."""

    def __init__(self, batches: Any, origin: dict[str, Any]):
        self._held = [iter(batches)]
        self._origin = origin
        # At the interpreter's end Grain's iterators complain, unless they are gone.
        self._close = weakref.finalize(self, _close, self._held)

    @property
    def _iterator(self) -> Any:
        if not self._held:
            raise ValueError("the stream is closed: make another from its state")
        return self._held[0]

    def __next__(self) -> Example:
        return next(self._iterator)

    def get_state(self) -> dict[str, Any]:
        """The position after the last batch that was handed out, fit for JSON."""
        return {**self._origin, "position": self._iterator.get_state()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Goes on where `get_state` was called, bit for bit.

        Raises:
          ValueError: the state is of a stream with other arguments.
        """
        for field, own in self._origin.items():
            if field not in state or state[field] != own:
                raise ValueError(
                    f"the state is of another stream: {field} is {state.get(field)!r},"
                    f" expected {own!r}"
                )
        if not isinstance(state.get("position"), Mapping):
            raise ValueError("the state has no position: expected what get_state gave")
        self._iterator.set_state(dict(state["position"]))

    def close(self) -> None:
        """Ends the threads and processes that read ahead."""
        self._close()


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
    device: jax.Device | jax.sharding.Sharding | None = None,
) -> Stream:
    """Endless shuffled batches, uint8 `[batch_size, H, W, C]` and labels.

    Each epoch is a fresh permutation, in which every picture occurs once. A batch that
    an epoch does not fill is filled from the next: none is lost or cut short. Host i
    of k gets the pictures i, i + k, ..., in every epoch the same.

    Args:
      source: from `open_images`.
      batch_size: at most the number of pictures in this shard.
      seed: of the permutations.
      state: from `get_state`, to go on from there.
      shard_index: of this host, as `jax.process_index()`.
      shard_count: number of hosts, as `jax.process_count()`.
      threads: that read and decode, unless the source is in memory.
      workers: processes that read and decode in place of the threads; the order stays
        the same. Needs absl's flags to be parsed, as under `absl.app`. They do not
        report what they skip.
      device: where to put the batches; None is JAX's default.

    Returns:
      The iterator; it holds two batches on the device ahead of the one handed out.

    Raises:
      ValueError: a size is out of range, or the state is of another stream; from the
        iterator, if a picture is corrupt and not to be skipped.
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
    import grain

    indices = grain.MapDataset.range(shard_index, source.count, shard_count)
    # Grain's own endless set is too long for batches of one.
    indices = indices.shuffle(seed).repeat(_SAMPLES // len(indices))
    if source.arrays is not None:
        batches = indices.batch(batch_size).map(_gather(source.arrays))
        batches = batches.to_iter_dataset(grain.ReadOptions(0, 0))
    else:
        read = indices.map(_refuse_all_skipped(source, shard_index, shard_count))
        batches = _read_ahead(read, threads, workers).batch(batch_size)
    made = grain.experimental.device_put(
        batches, device, cpu_buffer_size=_AHEAD, device_buffer_size=_AHEAD
    )
    origin = {
        "source": f"{source.name} {source.split}",
        "count": source.count,
        "batch_size": batch_size,
        "seed": seed,
        "shard": [shard_index, shard_count],
        "workers": workers,
    }
    iterator = Stream(made, origin)
    if state is not None:
        iterator.set_state(state)
    return iterator


def _close(held: list[Any]) -> None:
    while held:
        held.pop().close()


def _read_ahead(examples: Any, threads: int, workers: int) -> Any:
    import grain

    if workers:
        alone = examples.to_iter_dataset(grain.ReadOptions(0, 0))
        return alone.mp_prefetch(grain.MultiprocessingOptions(num_workers=workers))
    return examples.to_iter_dataset(grain.ReadOptions(threads, 16 * threads))


def _gather(arrays: Example):
    def gather(index: np.ndarray) -> Example:
        label = None if arrays.label is None else arrays.label[index]
        return Example(arrays.image[index], label)

    return gather


def _refuse_all_skipped(source: ImageSource, shard_index: int, shard_count: int):
    """`source.read`, which ends when there is nothing left to wait for."""
    missing: set[int] = set()
    count = len(range(shard_index, source.count, shard_count))

    def read(index: int) -> Example | None:
        example = source.read(index)
        if example is None:
            missing.add(index)
        if len(missing) == count:
            raise ValueError(f"all of {source.name}'s {source.split} split is corrupt")
        return example

    return read


def _check(
    source: ImageSource, batch_size: int, seed: int, shard_index: int, shard_count: int
) -> None:
    if shard_count < 1 or not 0 <= shard_index < shard_count:
        raise ValueError(
            f"a shard needs 0 <= shard_index < shard_count, got {shard_index} of"
            f" {shard_count}"
        )
    count = len(range(shard_index, source.count, shard_count))
    if not 1 <= batch_size <= count:
        raise ValueError(
            f"batch_size must lie between 1 and the {count} images of {source.name}'s"
            f" {source.split} split on this host, got {batch_size}"
        )
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must lie between 0 and 2^32 - 1, got {seed}")
