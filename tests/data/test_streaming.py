import itertools
import json

import chex
import numpy as np
import pytest
from PIL import Image

from tests.data.streams import SOURCES, N, arrays, flat, lazy, take
from tests.helpers import run_module
from wgan_gp.data.images import open_images
from wgan_gp.data.sources import Example, source_from_arrays
from wgan_gp.data.streaming import stream


@pytest.fixture(params=["arrays", "lazy"])
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


def test_batches_are_bytes_on_the_host_with_their_labels(source, streamed):
    image, label = next(streamed(source, 8, 0))
    assert isinstance(image, np.ndarray)
    chex.assert_shape(image, (8, 2, 3, 1))
    chex.assert_type(image, np.uint8)
    chex.assert_type(label, np.int32)
    np.testing.assert_array_equal(image[:, 1, 2, 0], label)


def test_sets_without_labels_have_none(streamed):
    pictures = np.zeros((9, 2, 2, 1), np.uint8)
    assert (
        next(
            streamed(source_from_arrays("x", "train", pictures, None, None), 4, 0)
        ).label
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


@pytest.mark.parametrize("done", [0, 4])
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


def test_corrupt_records_are_refused_unless_they_are_to_be_skipped(streamed):
    with pytest.raises(ValueError, match=r"record 4 cannot be read \(broken\)"):
        take(streamed(lazy({4}, skip_corrupt=False), N, 0), 1)
    source = lazy({4, 9})
    take(streamed(source, N, 0), 1)
    assert source.skipped == {"record 4", "record 9"}


@pytest.mark.parametrize("shard_count", [1, 3])
def test_a_set_of_nothing_but_corrupt_records_ends(streamed, shard_count):
    iterator = streamed(lazy(set(range(N))), 3, 0, shard_count=shard_count)
    for _ in range(2):
        with pytest.raises(ValueError, match="all of indices's train split is corrupt"):
            next(iterator)


def test_folders_are_streamed(tmp_path, streamed):
    for index in range(12):
        Image.fromarray(np.full((4, 4), index, np.uint8)).save(
            tmp_path / f"{index:02}.png"
        )
    source = open_images(f"folder:{tmp_path}")
    image = next(streamed(source, 10, 0)).image
    kept = {int(source.read(i).image[0, 0, 0]) for i in range(10)}
    assert set(image[:, 0, 0, 0].tolist()) == kept


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": N + 1}, f"between 1 and the {N} images .*, got {N + 1}"),
        ({"batch_size": 0}, "got 0"),
        ({"batch_size": 8, "shard_count": 3}, "multiple of the 3 hosts.*, got 8"),
        ({"batch_size": 21, "shard_count": 3}, None),
        ({"batch_size": 24, "shard_count": 3}, f"the {N} images .*, got 24"),
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
    next(iterator)
    state = iterator.get_state()
    for field, value in (("seed", 1), ("batch_size", 5), ("count", 9)):
        with pytest.raises(ValueError, match=f"another stream: {field} is {value}"):
            iterator.set_state(state | {field: value})
    with pytest.raises(ValueError, match="source is None"):
        iterator.set_state({})
    for batches in (None, -1, 1.0, True, "3"):
        with pytest.raises(ValueError, match=f"no position: .* got {batches!r}"):
            iterator.set_state(state | {"batches": batches})
    assert iterator.get_state() == state


def test_a_closed_stream_says_so(streamed):
    iterator = streamed(arrays(), 4, 0)
    next(iterator)
    iterator.close()
    iterator.close()
    state = iterator.get_state()
    for use in (lambda: next(iterator), lambda: iterator.set_state(state)):
        with pytest.raises(ValueError, match="closed: make another from its state"):
            use()
    assert (
        take(streamed(arrays(), 4, 0, state), 1)
        == take(streamed(arrays(), 4, 0), 2)[1:]
    )


def test_a_program_may_end_with_a_stream_open(tmp_path):
    (tmp_path / "program.py").write_text(
        "import numpy as np\n"
        "from wgan_gp.data.sources import source_from_arrays\n"
        "from wgan_gp.data.streaming import stream\n"
        "images = np.zeros((9, 2, 2, 1), 'u1')\n"
        "source = source_from_arrays('x', 'train', images, None, None)\n"
        "batches = stream(source, 4, 0)\n"
        "next(batches)\n"
    )
    done = run_module("program", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
