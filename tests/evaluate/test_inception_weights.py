import pickle
import pickletools
import struct
import zipfile

import numpy as np
import pytest

from tests.evaluate.weight_files import (
    SHAPES,
    VALUES,
    Call,
    Evil,
    dumps,
    state,
    storages,
    tensor,
    write_legacy,
    write_zip,
)
from wgan_gp.evaluate import inception_weights
from wgan_gp.evaluate.inception_weights import read_state_dict


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.pth"


def check_read(path):
    tensors = read_state_dict(path, SHAPES)
    assert tensors.keys() == SHAPES.keys()
    for name, values in VALUES.items():
        np.testing.assert_array_equal(tensors[name], values, strict=True)


def test_both_formats_are_read(path):
    check_read(write_zip(path, dumps(state()), extra=[("archive/byteorder", "little")]))
    check_read(write_legacy(path, state()))


def test_strides_and_offsets_are_followed(path):
    transposed = state(a__weight=tensor("0", 6, (2, 3), (1, 2)))
    values = read_state_dict(write_zip(path, dumps(transposed)), SHAPES)["a.weight"]
    np.testing.assert_array_equal(values, [[0, 2, 4], [1, 3, 5]])
    shared = state(b=tensor("0", 6, (), (), offset=4))
    assert read_state_dict(write_zip(path, dumps(shared)), SHAPES)["b"] == 4


@pytest.mark.parametrize("write", [write_zip, write_legacy])
def test_a_pickle_that_calls_a_command_is_refused_and_not_executed(
    path, tmp_path, write
):
    marker = tmp_path / "executed"
    evil = state(c=Evil(marker))
    write(path, dumps(evil) if write is write_zip else evil)
    with pytest.raises(
        ValueError, match=r"asks for posix.system.*nothing was executed"
    ):
        read_state_dict(path, SHAPES)
    assert not marker.exists()
    pickle.loads(dumps(Evil(marker)))  # which the pickle would otherwise have done
    assert marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        "builtins eval",
        "builtins getattr",
        "torch load",
        "torch.hub load",
        "torch._utils _rebuild_parameter",
        "collections OrderedDict.fromkeys",
        "numpy load",
        "wgan_gp.evaluate.inception_weights os.system",
    ],
)
def test_any_other_name_is_refused(path, name):
    write_zip(path, dumps(state(c=Call(name, ("x",)))))
    with pytest.raises(ValueError, match=f"asks for {name.replace(' ', '.')}"):
        read_state_dict(path, SHAPES)


def test_a_pickle_cannot_change_the_reader(path):
    """BUILD sets attributes of whatever lies on the stack."""
    for target in ("torch._utils _rebuild_tensor_v2", "collections OrderedDict"):
        name = target.replace(" ", "\n").encode()
        attributes = pickle.dumps((None, {"x": 2}), 2)[2:-1]
        change = b"\x80\x02c" + name + b"\n" + attributes + b"b."
        with pytest.raises(ValueError, match="cannot read"):
            read_state_dict(write_zip(path, change), SHAPES)
    assert not any(hasattr(x, "x") for x in vars(inception_weights).values())


SCALAR = {"key": "1", "count": 1, "shape": (), "strides": ()}
BAD_STATES = {
    "missing": (state(b=None), "tensor b is missing"),
    "unexpected": (state(c=tensor(**SCALAR)), "tensor c is unexpected"),
    "misshapen": (
        state(a__weight=tensor("0", 6, (3, 2), (2, 1))),
        r"a.weight must be \(2, 3\) in a FloatStorage, got \(3, 2\)",
    ),
    "of integers": (
        state(b=tensor("2", 1, (), (), dtype="LongStorage")),
        "got \\(\\) in a LongStorage",
    ),
    "of another type": (
        state(b=tensor("1", 1, (), (), dtype="HalfStorage")),
        "asks for torch.HalfStorage",
    ),
    "no tensor": (state(b=3), "'b' is no tensor"),
    "no name": (state() | {5: tensor(**SCALAR)}, "5 is no tensor"),
    "no state dict": ([1, 2], "holds a list"),
    "beyond its storage": (state(b=tensor("1", 1, (), (), offset=1)), "reaches beyond"),
    "before its storage": (state(b=tensor("1", 1, (), (), offset=-1)), "the size -1"),
    "of negative strides": (
        state(a__weight=tensor("0", 6, (2, 3), (3, -1))),
        "the size -1",
    ),
    "of a fraction": (state(b=tensor("1", 1.5, (), ())), "the size 1.5"),
    "of no storage": (
        state(b=Call("torch._utils _rebuild_tensor_v2", (1, 0, (), ()))),
        "a tensor of 1",
    ),
    "in a storage of two sizes": (
        state(a__weight=tensor("1", 6, (2, 3), (3, 1))),
        "declared in two ways",
    ),
    "in a huge storage": (
        state(b=tensor("1", 10**12, (), ())),
        "stores 4000000000024 bytes, the tensors take 28",
    ),
    "in a storage that is not there": (
        state(b=tensor("9", 1, (), ())),
        "data/9|of 1 numbers has 0",
    ),
}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(("bad", "match"), BAD_STATES.values(), ids=BAD_STATES)
def test_a_file_of_other_tensors_is_refused_and_the_tensor_named(
    path, bad, match, legacy
):
    write_legacy(path, bad) if legacy else write_zip(path, dumps(bad))
    with pytest.raises(ValueError, match=match):
        read_state_dict(path, SHAPES)


def test_no_file_and_files_of_no_format_are_refused(path, tmp_path):
    for missing in (path, tmp_path):
        with pytest.raises(ValueError, match="there is no weight file"):
            read_state_dict(missing, SHAPES)
    for content in (b"", b"hello", pickle.dumps(Evil("x")), b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"neither a zip nor|not a zip"):
            read_state_dict(path, SHAPES)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/other", "")
    with pytest.raises(ValueError, match=r"one data.pkl, this zip has 0"):
        read_state_dict(path, SHAPES)


def test_a_file_that_is_cut_short_is_refused(path):
    size = write_legacy(path, state()).stat().st_size
    for cut in (size - 8 - 8 - 4, size // 2, size // 4):
        with pytest.raises(ValueError, match="cannot read"):
            read_state_dict(write_legacy(path, state(), cut=cut), SHAPES)
    short = storages() | {"0": b"1234"}
    with pytest.raises(ValueError, match="cut short"):
        read_state_dict(write_zip(path, dumps(state()), short), SHAPES)


def test_numbers_of_another_byte_order_are_refused(path):
    order = [("archive/byteorder", "big")]
    with pytest.raises(ValueError, match="big-endian"):
        read_state_dict(write_zip(path, dumps(state()), extra=order), SHAPES)
    with pytest.raises(ValueError, match="big-endian"):
        read_state_dict(write_legacy(path, state(), little_endian=False), SHAPES)


def test_decompression_bombs_are_refused_unread(path):
    bomb = {"0": bytes(10**8)}
    write_zip(path, dumps(state()), bomb, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6
    with pytest.raises(ValueError, match="uncompressed"):
        read_state_dict(path, SHAPES)
    write_zip(path, dumps(state()), compression=zipfile.ZIP_BZIP2)
    with pytest.raises(ValueError, match=r"uncompressed .* and compression 12"):
        read_state_dict(path, SHAPES)
    path.write_bytes(bytes(3_000_000))
    with pytest.raises(ValueError, match="has 3000000 bytes, the tensors take 28"):
        read_state_dict(path, SHAPES)
    large = storages() | {"0": bytes(24 + 4)}
    with pytest.raises(ValueError, match=r"data/0 must .* at most 24 bytes"):
        read_state_dict(write_zip(path, dumps(state()), large), SHAPES)
    memo = b"\x80\x02}" + pickle.LONG_BINPUT + struct.pack("<I", 2**32 - 1) + b"."
    assert [x.name for x, *_ in pickletools.genops(memo)][2] == "LONG_BINPUT"
    with pytest.raises(ValueError, match="a memo of 4294967295 entries"):
        read_state_dict(write_zip(path, memo), SHAPES)
