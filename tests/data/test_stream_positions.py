"""A stream's order and position depend on the number of batches and on no host."""

import itertools
import json
from contextlib import closing

import chex
import grain
import jax
import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.data.streams import BAD, SOURCES, N, arrays, flat, lazy, take
from wgan_gp.data.image_sets import load_images
from wgan_gp.data.images import open_images
from wgan_gp.data.sources import Example
from wgan_gp.data.streaming import stream

BATCH, SEED = 12, 5


@pytest.fixture(params=SOURCES)
def source(request):
    return SOURCES[request.param]()


def hosts_take(source, count, hosts, state=None, threads=1):
    """The hosts' parts of the next batches, put together, and their states."""
    parts, states = [], []
    for host in range(hosts):
        shard = {"shard_index": host, "shard_count": hosts}
        iterator = stream(source, BATCH, SEED, state, **shard, threads=threads)
        with closing(iterator):
            parts.append(list(itertools.islice(iterator, count)))
            states.append(json.dumps(iterator.get_state()))
    assert len(set(states)) == 1
    whole = [
        Example(*map(np.concatenate, zip(*rows))) for rows in zip(*parts, strict=True)
    ]
    return whole, json.loads(states[0])


def at(batches, source=None):
    """A state after so many batches."""
    state = stream(source or arrays(), BATCH, SEED).get_state()
    return state | {"batches": batches}


@pytest.mark.parametrize("hosts", [1, 2, 3, 4])
def test_hosts_together_have_the_batches_of_one(source, hosts):
    """Over three epochs of 23, in batches of 12."""
    with closing(stream(source, BATCH, SEED)) as alone:
        expected = list(itertools.islice(alone, 6))
    got, _ = hosts_take(source, 6, hosts)
    chex.assert_trees_all_equal(got, expected)
    assert {len(batch.image) for batch in got} == {BATCH}


@pytest.mark.parametrize(
    ("before", "after", "done"), [(3, 1, 0), (2, 4, 1), (1, 3, 2), (4, 2, 4)]
)
def test_a_stream_goes_on_on_another_number_of_hosts(source, before, after, done):
    """From within an epoch, across its end, and from the first batch."""
    whole, _ = hosts_take(source, done + 3, 1)
    begun, state = hosts_take(source, done, before)
    rest, end = hosts_take(source, 3, after, state, threads=0)
    chex.assert_trees_all_equal(begun + rest, whole)
    assert end == state | {"batches": done + 3}


def test_the_state_says_how_many_batches_and_of_what():
    assert at(7) == {
        "source": "indices train",
        "count": N,
        "batch_size": BATCH,
        "seed": SEED,
        "batches": 7,
    }


@pytest.mark.parametrize("kind", ["arrays", "lazy"])
def test_any_position_is_reached_without_reading_what_comes_before(kind):
    source, reads = SOURCES[kind](), []

    def read(index):
        reads.append(index)
        return SOURCES[kind]().read(index)

    far = 10**9
    source = source._replace(read=read)
    with closing(stream(source, BATCH, SEED, at(far))) as iterator:
        got = flat(take(iterator, 3))
    order = grain.MapDataset.range(N).shuffle(SEED)
    assert got == [order[far * BATCH + i] for i in range(3 * BATCH)]
    assert len(reads) < 200


def test_the_order_is_that_of_an_endless_shuffled_set():
    order = grain.MapDataset.range(N).shuffle(SEED).repeat(4)
    got, _ = hosts_take(lazy(), 7, 3)
    assert flat(batch.label for batch in got) == list(order)[: 7 * BATCH]


@pytest.mark.parametrize("hosts", [1, 3])
def test_a_corrupt_pictures_place_is_taken_by_the_next(hosts):
    order = flat(batch.label for batch in hosts_take(arrays(), 8, 1)[0])
    readable = [
        next(label for label in order[place:] if label not in BAD)
        for place in range(4 * N - BATCH)
    ]
    source = lazy(BAD)
    got = flat(batch.label for batch in hosts_take(source, 7, hosts)[0])
    assert got[: len(readable)] == readable[: len(got)]
    assert source.skipped == {f"record {index}" for index in BAD}
    for epoch in range(3):
        assert set(got[epoch * N : (epoch + 1) * N]) == set(range(N)) - BAD


def test_an_error_does_not_lose_the_place():
    """Each picture is refused once, as by a disk that was away."""
    source, refused = lazy(), set()

    def read(index):
        if index not in refused and not refused.add(index):
            raise OSError("away")
        return arrays().read(index)

    got = []
    with closing(stream(source._replace(read=read), BATCH, SEED)) as iterator:
        while len(got) < 4:
            try:
                got.append(next(iterator))
            except OSError:
                assert iterator.get_state()["batches"] == len(got)
    assert len(refused) == N
    chex.assert_trees_all_equal(got, hosts_take(arrays(), 4, 1)[0])


@pytest.fixture
def folder(tmp_path):
    """17 pictures, 13 of which are to learn from."""
    for index in range(17):
        picture = Image.fromarray(np.full((4, 4), index, np.uint8))
        picture.save(tmp_path / f"{index:02}.png")
    return f"folder:{tmp_path}"


def test_a_data_sets_stream_is_that_of_this_host(folder, monkeypatch):
    with closing(stream(open_images(folder), 6, 0)) as alone:
        expected = [batch.image[2:4] for batch in itertools.islice(alone, 3)]
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    monkeypatch.setattr(jax, "process_count", lambda: 3)
    with closing(load_images(folder, resident_bytes=9).stream(6, 0)) as part:
        got = [batch.image for batch in itertools.islice(part, 3)]
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_worker_processes_keep_the_order_and_the_position(workers, folder):
    source = open_images(folder)
    with closing(stream(source, 4, 0)) as alone:
        next(alone)
        state = alone.get_state()
        expected = [batch.image[2:] for batch in itertools.islice(alone, 5)]
    if not flags.FLAGS.is_parsed():
        with pytest.raises(ValueError, match="absl"):
            stream(source, 4, 0, workers=1)
        flags.FLAGS.mark_as_parsed()
    second = {"shard_index": 1, "shard_count": 2}
    with closing(stream(source, 4, 0, state, **second, workers=workers)) as shared:
        got = [batch.image for batch in itertools.islice(shared, 5)]
        assert shared.get_state() == state | {"batches": 6}
    np.testing.assert_array_equal(got, expected)
