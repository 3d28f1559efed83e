"""Writes an image set where `open_images` finds it; downloads it if need be.

    python -m wgan_gp.data.prepare mnist --data_dir DIR

Copy DIR/mnist to machines without network. Reading it needs no TensorFlow; writing it
does where TFDS's own builder does: mnist and cifar10 do, imagenet_resized does not.
"""

import argparse
import contextlib
import io
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.system.failures import one_line
from wgan_gp.system.values import did_you_mean, show

BUILT_IN = {"digits8x8": "Digits8x8", "mnist5k": "Mnist5k"}
# set, configuration, version
_NAME = re.compile(r"\w+(/[\w.+-]+)*(:\d+\.\d+\.\d+)?")


class UnknownSetError(ValueError):
    """There is no set of this name."""

    def __init__(self, name: str):
        import tensorflow_datasets as tfds

        known = [*BUILT_IN, *tfds.list_builders(with_community_datasets=False)]
        self.hint = did_you_mean(name.split("/")[0], known)
        super().__init__(
            f"there is no data set {show(name)}{self.hint or ':'}"
            f" {' and '.join(BUILT_IN)} need no download, all others are those of"
            " https://www.tensorflow.org/datasets/catalog"
        )


def open_builder(name: str, data_dir: str | None) -> Any:
    """The TFDS builder of a set, whose errors are told in one line.

    Raises:
      UnknownSetError: TFDS knows no such set.
      ValueError: it cannot open it, or the package that ships the set is missing.
    """
    import tensorflow_datasets as tfds

    if not _NAME.fullmatch(name):
        raise UnknownSetError(name)
    try:
        return make_builder(name, data_dir)
    except tfds.core.registered.DatasetNotFoundError:
        raise UnknownSetError(name) from None
    except Exception as error:  # of many kinds: no such version, broken metadata
        text = one_line(error, 300)
        raise ValueError(f"TFDS cannot open {name}: {text}") from error


def make_builder(name: str, data_dir: str | None) -> Any:
    """The TFDS builder of a set; looks at files only.

    Raises:
      ValueError: the package that ships the set is missing.
      Exception: of TFDS's own kinds, if it knows no such set.
    """
    import tensorflow_datasets as tfds

    if name in BUILT_IN:
        from wgan_gp.data.builders import digits

        return getattr(digits, BUILT_IN[name])(data_dir=data_dir)
    return tfds.builder(name, data_dir=data_dir)


def get_feature(builder: Any, name: str) -> Any:
    """The TFDS feature of this name, or None."""
    features = builder.info.features
    return features[name] if name in getattr(features, "keys", dict)() else None


def check_pictures(builder: Any, name: str) -> tuple[int | None, int | None, int]:
    """The shape `[H, W, C]` that a set declares; sides are None if they vary.

    Raises:
      ValueError: it has no pictures of 8 bits with 1 or 3 channels.
    """
    image: Any = get_feature(builder, "image")
    declared = getattr(image, "shape", None) or ()
    if (
        len(declared) != 3
        or declared[-1] not in (1, 3)
        or getattr(image, "np_dtype", None) != np.uint8
    ):
        raise ValueError(
            f"{name} has no feature `image` of uint8 with 1 or 3 channels, got {image}"
        )
    return declared


def is_prepared(builder: Any) -> bool:
    """Whether the builder's folder is there, and so complete: TFDS renames it last."""
    return (builder.data_path / "dataset_info.json").exists()


def prepare(builder: Any, *, quiet: bool = False) -> None:
    """Writes a set as ArrayRecord files; does nothing if it is there.

    Two processes may do it at once: each writes a folder of its own and renames it, and
    the second finds the name taken.

    Args:
      builder: from `make_builder`.
      quiet: without TFDS's progress on stdout and stderr.

    Raises:
      ValueError: a package is missing, or the folder cannot be written.
    """
    import tensorflow_datasets as tfds

    if is_prepared(builder):
        return
    _encode_arrays_by_pillow(builder)
    if quiet or not sys.stderr.isatty():
        tfds.disable_progress_bar()
    hidden = contextlib.redirect_stdout(io.StringIO())
    try:
        with hidden if quiet else contextlib.nullcontext():
            builder.download_and_prepare(
                file_format="array_record",
                download_config=tfds.download.DownloadConfig(try_download_gcs=False),
            )
    except ImportError as error:
        raise ValueError(
            f"{builder.name} needs another package to be prepared (not to be read):"
            f" {error}"
        ) from error
    except OSError as error:
        if not is_prepared(builder):
            raise ValueError(
                f"{builder.name} cannot be written to {builder.data_path}: {error}"
            ) from error


def _encode_arrays_by_pillow(builder: Any) -> None:
    """TFDS would need TensorFlow for pictures that come as arrays."""
    from wgan_gp.data.builders.digits import encode

    def spare(feature: Any) -> None:
        original = feature.encode_example

        def encode_example(value: Any) -> Any:
            if isinstance(value, np.ndarray) and value.dtype == np.uint8:
                value = encode(value.squeeze(-1) if value.shape[-1] == 1 else value)
            return original(value)

        feature.encode_example = encode_example

    image = get_feature(builder, "image")
    if image is not None and getattr(image, "encoding_format", "") in (None, "png"):
        spare(image)


def main(argv: list[str] | None = None) -> int:
    """The command; see the head of this file."""
    from wgan_gp.system import arguments

    left = "start again, and what is half written is made anew"
    argv = sys.argv[1:] if argv is None else argv
    return arguments.run_command(lambda: _prepare_named(argv), left)


def _prepare_named(argv: list[str]) -> str:
    """Prepares the set that is named; returns its folder."""
    args = _parse(argv)
    builder = _open(args.name, args.data_dir)
    try:
        prepare(builder)
    except Exception as error:  # TFDS and the network fail in many ways
        raise ValueError(one_line(error, 500)) from error
    return str(builder.data_path)


def _parse(argv: list[str]) -> argparse.Namespace:
    """Reads the options.

    Raises:
      ValueError: one is unknown, or the name is missing.
    """
    from wgan_gp.system import arguments

    parser = arguments.make_parser("wgan_gp.data.prepare", __doc__)
    parser.add_argument(
        "name",
        help=f"{' or '.join(BUILT_IN)}, which need no network, or a name of TFDS's, as"
        " mnist, cifar10, lsun/bedroom",
    )
    parser.add_argument(
        "--data_dir",
        type=arguments.path,
        help="folder to write to; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given",
    )
    return arguments.parse(parser, argv)


def _open(name: str, folder: Path | None) -> Any:
    """The builder of a set that can be prepared here, as far as can be seen before.

    Raises:
      ValueError: there is no such set, it has no pictures that this project reads, or
        the folder cannot be written to.
    """
    kind = name.partition(":")[0]
    if kind in ("npz", "folder"):
        raise ValueError(f"{name} needs no preparation: give it as --config.data.name")
    builder = open_builder(name, None if folder is None else str(folder))
    check_pictures(builder, name)
    if not is_prepared(builder):
        _check_writable(Path(builder.data_dir_root))
    return builder


def _check_writable(folder: Path) -> None:
    """Refuses a folder that cannot be made or written to; makes nothing."""
    nearest = next(
        each for each in (folder, *folder.absolute().parents) if each.exists()
    )
    if not nearest.is_dir():
        raise ValueError(f"--data_dir {folder}: {nearest} is a file: name a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(f"--data_dir {folder}: {nearest} cannot be written to")


if __name__ == "__main__":
    sys.exit(main())
