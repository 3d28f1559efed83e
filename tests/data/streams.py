"""Sources whose pictures show their own index, and what streams give of them."""

import itertools

import numpy as np

from wgan_gp.data.sources import read_or_skip, source_from_arrays

N = 23


def arrays(count=N):
    """Pictures that carry their own index, and labels that do."""
    images = np.zeros((count, 2, 3, 1), np.uint8)
    images[:] = np.arange(count)[:, None, None, None]
    return source_from_arrays("indices", "train", images, np.arange(count), count)


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


BAD = {0, 5, 6, 22}
SOURCES = {"arrays": arrays, "lazy": lazy, "corrupt": lambda: lazy(BAD)}


def take(iterator, count):
    """Labels of the next batches."""
    return [batch.label.tolist() for batch in itertools.islice(iterator, count)]


def flat(batches):
    return list(itertools.chain(*batches))
