import itertools
import json

import chex
import jax
import numpy as np
import pytest
from absl import flags
from PIL import Image

from tests.helpers import run_module
from wgan_gp.data.images import open_images
from wgan_gp.data.sources import Example, in_memory, read_or_skip
from wgan_gp.data.streaming import stream

N = 23


def arrays(count=N):
    """Pictures that carry their own index, and labels that do."""
    images = np.zeros((count, 2, 3, 1), np.uint8)
    images[:] = np.arange(count)[:, None, None, None]
    return in_memory("indices", "train", images, np.arange(count), count)


def lazy(corrupt=(), skip_corrupt=True, count=N):
    """The same without arrays, read one by one; some cannot be."""
    source = arrays(count)

    def decode(index):
        if index in corrupt:
            raise OSError("broken")
        return source.read(index)

    skipped = set()
    read = read_or_skip(
        decode, lambda i: f"record {i}", skip_corrupt=skip_corrupt, skipped=skipped
    )
    return source._replace(arrays=None, read=read, skipped=skipped)


SOURCES = {"arrays": arrays, "lazy": lazy}


@pytest.fixture(params=SOURCES)
def source(request):
    return SOURCES[request.param]()


@pytest.fixture
def streamed():
    """`stream`, whose results are closed at the end."""
    made = []

    def make(*args, **options):
        made.append(stream(*args, **options))
        return made[-1]

    yield make
    for iterator in made:
        iterator.close()


def take(iterator, count):
    """Labels of the next batches."""
    return [np.asarray(x.label).tolist() for x in itertools.islice(iterator, count)]


def flat(batches):
    return list(itertools.chain(*batches))


def test_batches_are_bytes_on_the_device_with_their_labels(source, streamed):
    image, label = next(streamed(source, 8, 0))
    assert isinstance(image, jax.Array)
    chex.assert_shape(image, (8, 2, 3, 1))
    chex.assert_type(image, np.uint8)
    chex.assert_type(label, np.int32)
    np.testing.assert_array_equal(image[:, 1, 2, 0], label)


def test_sets_without_labels_have_none(streamed):
    pictures = np.zeros((9, 2, 2, 1), np.uint8)
    assert (
        next(streamed(in_memory("x", "train", pictures, None, None), 4, 0)).label
        is None
    )
    bare = lazy()._replace(read=lambda i: Example(pictures[0], None), classes=None)
    assert next(streamed(bare, 4, 0)).label is None


@pytest.mark.parametrize("batch_size", [1, 8, N])
def test_every_epoch_is_a_fresh_permutation(source, streamed, batch_size):
    """Batches run on from one epoch to the next, so that none is lost."""
    labels = flat(take(streamed(source, batch_size, 3), 4 * N // batch_size))
    epochs = [labels[i * N : (i + 1) * N] for i in range(3)]
    assert all(sorted(epoch) == list(range(N)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert list(range(N)) not in epochs


def test_the_order_is_the_seeds_alone(streamed):
    first = take(streamed(arrays(), 5, 1), 9)
    assert first == take(streamed(lazy(), 5, 1), 9)
    assert first == take(streamed(lazy(), 5, 1, threads=0), 9)
    assert first != take(streamed(arrays(), 5, 2), 9)


def test_places_in_an_epoch_are_uniform(streamed):
    """The first pictures of 230 seeds: chi-square of 22 degrees of freedom."""
    firsts = [take(streamed(arrays(), 1, seed), 1)[0][0] for seed in range(230)]
    counts = np.bincount(firsts, minlength=N)
    assert np.sum((counts - 10) ** 2 / 10) < 48.3  # 0.1 %


@pytest.mark.parametrize("done", [0, 1, 4, 11])
def test_a_stream_goes_on_bit_for_bit_where_it_was(source, streamed, done):
    """The state is of what was handed out, whatever was read ahead."""
    original = streamed(source, 7, 0)
    for _ in range(done):
        next(original)
    state = json.loads(json.dumps(original.get_state()))
    expected = list(itertools.islice(original, 6))
    for restored in (streamed(source, 7, 0, state), original):
        restored.set_state(state)
        for got, batch in zip(itertools.islice(restored, 6), expected, strict=True):
            chex.assert_trees_all_equal(got, batch)
        assert restored.get_state() == original.get_state()


def test_positions_survive_skipped_records(streamed):
    bad = {0, 5, 6}
    original = streamed(lazy(bad), 6, 0)
    take(original, 5)
    state = original.get_state()
    assert take(streamed(lazy(bad), 6, 0, state), 9) == take(original, 9)


def test_shards_are_disjoint_and_together_the_whole(source, streamed):
    shards = []
    for index in range(3):
        iterator = streamed(source, 1, 0, shard_index=index, shard_count=3)
        labels = flat(take(iterator, 16))
        size = len(range(index, N, 3))
        assert sorted(labels[:size]) == sorted(labels[size : 2 * size])
        shards.append(set(labels))
    assert set.union(*shards) == set(range(N))
    assert sum(map(len, shards)) == N


def test_corrupt_records_are_refused_or_skipped_in_every_epoch(streamed):
    with pytest.raises(ValueError, match=r"record 4 cannot be read \(broken\)"):
        take(streamed(lazy({4}, skip_corrupt=False), N, 0), 1)
    source = lazy({4, 9})
    labels = flat(take(streamed(source, 7, 0), 6))
    assert sorted(labels) == sorted(2 * [i for i in range(N) if i not in (4, 9)])
    assert source.skipped == {"record 4", "record 9"}


@pytest.mark.parametrize("shard_count", [1, 3])
def test_a_part_of_nothing_but_corrupt_records_ends(streamed, shard_count):
    bad = set(range(1, N, shard_count)) | ({0} if shard_count == 1 else set())
    options = {"shard_index": shard_count - 1 and 1, "shard_count": shard_count}
    with pytest.raises(ValueError, match="all of indices's train split is corrupt"):
        next(streamed(lazy(bad), 2, 0, **options))


def test_folders_are_streamed(tmp_path, streamed):
    for index in range(12):
        Image.fromarray(np.full((4, 4), index, np.uint8)).save(
            tmp_path / f"{index:02}.png"
        )
    source = open_images(f"folder:{tmp_path}")
    image = next(streamed(source, 10, 0)).image
    kept = {int(source.read(i).image[0, 0, 0]) for i in range(10)}
    assert set(np.asarray(image[:, 0, 0, 0]).tolist()) == kept


def test_batches_go_to_the_device_that_is_asked_for(streamed):
    device = jax.devices()[2]
    assert next(streamed(arrays(), 4, 0, device=device)).image.devices() == {device}
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("data",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    assert next(streamed(arrays(), 8, 0, device=sharding)).image.sharding == sharding


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": N + 1}, f"between 1 and the {N} images .*, got {N + 1}"),
        ({"batch_size": 0}, "got 0"),
        ({"batch_size": 8, "shard_count": 3}, None),
        ({"batch_size": 9, "shard_count": 3}, "the 8 images"),
        ({"batch_size": 8, "shard_count": 3, "shard_index": 2}, "the 7 images"),
        ({"shard_index": 1}, "got 1 of 1"),
        ({"shard_index": -1}, "got -1 of 1"),
        ({"shard_count": 0}, "got 0 of 0"),
        ({"seed": -1}, "seed must"),
        ({"seed": 2**32}, "seed must"),
        ({"threads": -1}, "threads and workers"),
        ({"workers": -1}, "threads and workers"),
    ],
)
def test_arguments_out_of_range_are_refused(streamed, options, words):
    arguments = {"batch_size": 4, "seed": 0} | options
    if words is None:
        next(streamed(arrays(), **arguments))
        return
    with pytest.raises(ValueError, match=words):
        stream(arrays(), **arguments)


def test_states_of_other_streams_are_refused(streamed):
    iterator = streamed(arrays(), 4, 0)
    state = iterator.get_state()
    for field, value in (
        ("seed", 1),
        ("batch_size", 5),
        ("count", 9),
        ("shard", [1, 2]),
    ):
        with pytest.raises(ValueError, match=f"another stream: {field} is"):
            iterator.set_state(state | {field: value})
    with pytest.raises(ValueError, match="source is None"):
        iterator.set_state({})
    del state["position"]
    with pytest.raises(ValueError, match="no position"):
        iterator.set_state(state)


def test_a_closed_stream_says_so(streamed):
    iterator = streamed(arrays(), 4, 0)
    next(iterator)
    iterator.close()
    iterator.close()
    with pytest.raises(ValueError, match="closed"):
        next(iterator)


def test_a_program_may_end_with_a_stream_open(tmp_path):
    (tmp_path / "program.py").write_text(
        "import numpy as np\n"
        "from wgan_gp.data.sources import in_memory\n"
        "from wgan_gp.data.streaming import stream\n"
        "source = in_memory('x', 'train', np.zeros((9, 2, 2, 1), 'u1'), None, None)\n"
        "batches = stream(source, 4, 0)\n"
        "next(batches)\n"
    )
    done = run_module("program", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_worker_processes_keep_the_order_and_the_position(tmp_path, streamed):
    for index in range(12):
        Image.fromarray(np.full((4, 4), index, np.uint8)).save(
            tmp_path / f"{index:02}.png"
        )
    source = open_images(f"folder:{tmp_path}")
    alone = [np.asarray(x.image) for x in itertools.islice(streamed(source, 4, 0), 6)]
    if not flags.FLAGS.is_parsed():
        with pytest.raises(ValueError, match="absl"):
            stream(source, 4, 0, workers=1)
        flags.FLAGS.mark_as_parsed()
    shared = streamed(source, 4, 0, workers=1)
    got = [np.asarray(next(shared).image) for _ in range(3)]
    state = shared.get_state()
    got += [np.asarray(next(shared).image) for _ in range(3)]
    np.testing.assert_array_equal(got, alone)
    shared.set_state(state)
    np.testing.assert_array_equal(next(shared).image, alone[3])
