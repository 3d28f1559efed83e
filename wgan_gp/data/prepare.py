"""Writes an image set where `open_images` finds it; downloads it if need be.

    python -m wgan_gp.data.prepare mnist --data_dir DIR
    python -m wgan_gp.data.prepare fashion_mnist --source FOLDER

Copy DIR/mnist to machines without network. Reading it needs no TensorFlow; writing it
does where TFDS's own builder does: mnist and cifar10 do, imagenet_resized does not.
With --source, mnist, fashion_mnist and cifar10 are made of their authors' files in a
folder, without network and without TensorFlow.
"""

import argparse
import contextlib
import importlib
import io
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.system.failures import one_line
from wgan_gp.system.files import check_folder
from wgan_gp.system.paths import PATH_KINDS
from wgan_gp.system.values import did_you_mean, show

# Sets of packages, by name: the module and the class of their builders.
BUILT_IN = {
    "digits8x8": ("digits", "Digits8x8"),
    "mnist5k": ("digits", "Mnist5k"),
    "blue_marble": ("earth", "BlueMarble"),
}
# The set, perhaps with its configuration and version, as `lsun/bedroom:3.0.0`.
_NAME = re.compile(r"\w+(/[\w.+-]+)*(:\d+\.\d+\.\d+)?")


class UnknownSetError(ValueError):
    """TFDS has no set of this name.

    Attributes:
      hint: ": did you mean ...?" with similar names, or "" if there are none.
    """

    def __init__(self, name: str):
        import tensorflow_datasets as tfds

        known = [*BUILT_IN, *tfds.list_builders(with_community_datasets=False)]
        self.hint = did_you_mean(name.split("/")[0], known)
        super().__init__(
            f"there is no data set {show(name)}{self.hint or ':'}"
            f" {', '.join(BUILT_IN)} need no download, all others are those of"
            " https://www.tensorflow.org/datasets/catalog"
        )


def open_builder(name: str, data_dir: str | None) -> Any:
    """Returns the TFDS builder of a set; errors are one line.

    A builder describes a set (features, splits, folder) and writes it; making one reads
    metadata only.

    Args:
      name: of the set, as TFDS writes it: `mnist`, `lsun/bedroom`, `cifar10:3.0.2`.
      data_dir: TFDS's folder; None for its default.

    Returns:
      A `tfds.core.DatasetBuilder`.

    Raises:
      UnknownSetError: TFDS has no such set.
      ValueError: TFDS cannot open it, or the package that ships the set is missing.
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
    """Returns the TFDS builder of a set; errors are TFDS's own.

    Args:
      name: of the set; keys of `BUILT_IN` are this package's builders.
      data_dir: TFDS's folder; None for its default.

    Returns:
      A `tfds.core.DatasetBuilder`.

    Raises:
      Exception: of TFDS's types, if it has no such set.
    """
    import tensorflow_datasets as tfds

    if name in BUILT_IN:
        module, builder = BUILT_IN[name]
        builders = importlib.import_module(f"wgan_gp.data.builders.{module}")
        return getattr(builders, builder)(data_dir=data_dir)
    return tfds.builder(name, data_dir=data_dir)


def get_feature(builder: Any, name: str) -> Any:
    """Returns the TFDS feature of this name, or None if the set's records lack it."""
    features = builder.info.features
    return features[name] if name in getattr(features, "keys", dict)() else None


def declared_shape(builder: Any, name: str) -> tuple[int | None, int | None, int]:
    """Returns the shape `[H, W, C]` that a set declares; H and W are None if they vary.

    Raises:
      ValueError: its records have no picture of 8 bits with 1 or 3 channels.
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
    """Returns whether the set is on disk, complete: TFDS renames the folder last."""
    return (builder.data_path / "dataset_info.json").exists()


def prepare(builder: Any, *, quiet: bool = False) -> None:
    """Writes a set as ArrayRecord files; does nothing if it is there.

    ArrayRecord files are read by index without TensorFlow. Two
    processes may prepare a set at once: each writes a folder of its own and renames it,
    and the second finds the name taken.

    Args:
      builder: from `make_builder`.
      quiet: whether to hide TFDS's progress on stdout and stderr.

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
    """Makes the builder encode arrays with Pillow, where TFDS would use TensorFlow.

    Builders yield pictures as arrays or as files. TFDS writes files as they are.
    """
    from wgan_gp.data.builders.digits import encode_png

    def encode_arrays(feature: Any) -> None:
        original = feature.encode_example

        def encode_example(value: Any) -> Any:
            if isinstance(value, np.ndarray) and value.dtype == np.uint8:
                value = encode_png(value.squeeze(-1) if value.shape[-1] == 1 else value)
            return original(value)

        feature.encode_example = encode_example

    image = get_feature(builder, "image")
    if image is not None and getattr(image, "encoding_format", "") in (None, "png"):
        encode_arrays(image)


def main(argv: list[str]) -> int:
    """Runs the command.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The exit status.
    """
    from wgan_gp.system import arguments

    left = "start again, and what is half written is made anew"
    return arguments.run_command(lambda: _prepare_named(argv[1:]), left)


def _prepare_named(argv: list[str]) -> str:
    """Prepares the set that the arguments name; returns its folder.

    Raises:
      ValueError: it cannot be prepared, or it is there and --source has no effect.
    """
    args = _parse_arguments(argv)
    splits = _published(args.name, args.source) if args.source else None
    builder = _open_preparable(args.name, args.data_dir)
    if splits is not None:
        if is_prepared(builder):
            raise ValueError(
                f"{args.name} is in {builder.data_path} already, so that --source has"
                " no effect: remove that folder, or name another --data_dir"
            )
        _take_files(builder, splits)
    try:
        prepare(builder)
    except Exception as error:  # TFDS and the network fail in many ways
        raise ValueError(one_line(error, 500)) from error
    return str(builder.data_path)


def _published(name: str, source: Path) -> dict[str, Any]:
    """The pictures in a folder.

    Raises:
      ValueError: they are not those of a set that can be read so.
    """
    from wgan_gp.data.builders.published_files import READERS, read_published

    if name not in READERS:
        raise ValueError(
            f"--source is for {', '.join(READERS)}; got {name}"
            f"{did_you_mean(name, READERS)}"
        )
    return read_published(name, source)


def _take_files(builder: Any, splits: dict[str, Any]) -> None:
    """Has the builder write the pictures, after a check of their size."""
    from wgan_gp.data.builders.published_files import replace_examples

    expected = declared_shape(builder, builder.name)
    for name, split in splits.items():
        if split.images.shape[1:] != expected:
            raise ValueError(
                f"--source: {name} has pictures of {split.images.shape[1:]}, and those"
                f" of {builder.name} are {expected}"
            )
    replace_examples(builder, splits)


def _parse_arguments(argv: list[str]) -> argparse.Namespace:
    """Parses the command line.

    Raises:
      ValueError: an option is unknown, or the name is missing.
    """
    from wgan_gp.system import arguments

    parser = arguments.make_parser("wgan_gp.data.prepare", __doc__)
    parser.add_argument(
        "name",
        help=f"{', '.join(BUILT_IN)}, which need no network, or a name of TFDS's, as"
        " mnist, cifar10, lsun/bedroom",
    )
    parser.add_argument(
        "--data_dir",
        type=arguments.path,
        help="folder to write to; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given",
    )
    parser.add_argument(
        "--source",
        type=arguments.path,
        help="folder with the authors' files of mnist, fashion_mnist (IDX) or cifar10"
        " (binary version), each perhaps with .gz; nothing is downloaded then",
    )
    return arguments.parse(parser, argv)


def _open_preparable(name: str, folder: Path | None) -> Any:
    """Returns the builder of a set, after all checks that need no download.

    Raises:
      ValueError: there is no such set, it has no pictures that this project reads, or
        the folder cannot be written to.
    """
    kind = name.partition(":")[0]
    if kind in PATH_KINDS:
        raise ValueError(f"{name} needs no preparation: give it as --config.data.name")
    builder = open_builder(name, None if folder is None else str(folder))
    declared_shape(builder, name)
    if not is_prepared(builder):
        root = Path(builder.data_dir_root)
        check_folder(root, f"--data_dir {root}")
    return builder


if __name__ == "__main__":
    sys.exit(main(sys.argv))
