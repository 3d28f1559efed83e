"""Weight files as `torch.save` writes them, and as nobody should, without PyTorch."""

import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

SHAPES = {"a.weight": (2, 3), "b": ()}
VALUES = {"a.weight": np.arange(6, dtype="<f4").reshape(2, 3), "b": np.float32(7)}


class Global(NamedTuple):
    """Pickles as a name in a module, which need not exist."""

    name: str


class Call(NamedTuple):
    """Pickles as the call of a name."""

    name: str
    args: tuple


class Storage(NamedTuple):
    key: str
    count: int
    dtype: str


class Evil(NamedTuple):
    marker: object

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


class Pickler(pickle._Pickler):
    def __init__(self, stream, legacy):
        super().__init__(stream, protocol=2)
        self.legacy, self.keys = legacy, {}

    def persistent_id(self, obj):
        if not isinstance(obj, Storage):
            return None
        self.keys[obj.key] = None
        name = Global(f"torch {obj.dtype}")
        view = (None,) if self.legacy else ()
        return ("storage", name, obj.key, "cpu", obj.count, *view)

    def save(self, obj, *args, **kwargs):
        if isinstance(obj, Global):
            self.write(pickle.GLOBAL + obj.name.replace(" ", "\n").encode() + b"\n")
        elif isinstance(obj, Call):
            self.save(Global(obj.name))
            self.save(obj.args)
            self.write(pickle.REDUCE)
        else:
            super().save(obj, *args, **kwargs)


def dumps(obj):
    return pickled(obj)[0]


def pickled(obj, legacy=False):
    """The pickle, and the keys of the storages it names."""
    stream = io.BytesIO()
    pickler = Pickler(stream, legacy)
    pickler.dump(obj)
    return stream.getvalue(), list(pickler.keys)


def tensor(key, count, shape, strides, offset=0, dtype="FloatStorage"):
    storage = Storage(key, count, dtype)
    rest = offset, shape, strides, False, OrderedDict()
    return Call("torch._utils _rebuild_tensor_v2", (storage, *rest))


def state(**changes):
    """A state dict of `SHAPES`; dots in names are written as underscores."""
    tensors = {
        "a.weight": tensor("0", 6, (2, 3), (3, 1)),
        "b": tensor("1", 1, (), ()),
        "b.num_batches_tracked": tensor("2", 1, (), (), dtype="LongStorage"),
    }
    tensors |= {name.replace("__", "."): x for name, x in changes.items()}
    return {name: x for name, x in tensors.items() if x is not None}


def storages():
    return {
        "0": VALUES["a.weight"].tobytes(),
        "1": VALUES["b"].tobytes(),
        "2": np.array([5], "<i8").tobytes(),
    }


def write_zip(path, pickle, data=None, extra=(), compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickle)
        for name, content in (storages() if data is None else data).items():
            archive.writestr(f"archive/data/{name}", content)
        for name, content in extra:
            archive.writestr(name, content)
    return path


def write_legacy(path, obj, little_endian=True, cut=None):
    heads = 0x1950A86A20F9469CFC6C, 1001, {"little_endian": little_endian}
    tensors, keys = pickled(obj, legacy=True)
    content = b"".join(map(dumps, heads)) + tensors + dumps(keys)
    for name in keys:
        data = storages().get(name, b"")
        content += struct.pack("<q", len(data) // (8 if name == "2" else 4)) + data
    path.write_bytes(content[:cut])
    return path


def write_inception(path, shapes, seed=0):
    """A file in the layout of the published weights, with random numbers.

    Args:
      path: to write.
      shapes: of the tensors by name.
      seed: of the numbers.

    Returns:
      The tensors that were written.
    """
    draws = np.random.default_rng(seed)
    values = {name: _random(draws, name, shape) for name, shape in shapes.items()}
    tensors = {
        name: tensor(str(i), x.size, x.shape, _row_major(x.shape))
        for i, (name, x) in enumerate(values.items())
    }
    data = {str(i): x.tobytes() for i, x in enumerate(values.values())}
    write_zip(path, pickled(tensors)[0], data)
    return values


def _random(draws, name, shape):
    """Numbers that keep a signal's size through all layers."""
    if name.endswith(("running_var", "bn.weight")):
        return draws.uniform(0.8, 1.2, shape).astype("<f4")
    fan_in = np.prod(shape[1:]) if len(shape) > 1 else 200
    return draws.normal(0, (2 / fan_in) ** 0.5, shape).astype("<f4")


def _row_major(shape):
    return tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))
