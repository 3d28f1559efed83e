"""Writes an image set where `open_images` finds it; downloads it if need be.

    python -m wgan_gp.data.prepare mnist --data_dir DIR

Copy DIR/mnist to machines without network. Reading it needs no TensorFlow; writing it
does where TFDS's own builder does: mnist and cifar10 do, imagenet_resized does not.
"""

import argparse
import contextlib
import io
import sys
from typing import Any

import numpy as np

from wgan_gp.platforms import refuse_windows

BUILT_IN = {"digits8x8": "Digits8x8", "mnist5k": "Mnist5k"}


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
    if quiet:
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


def main(arguments: list[str] | None = None) -> int:
    """The command; see the head of this file."""
    refuse_windows()
    parser = argparse.ArgumentParser(
        "python -m wgan_gp.data.prepare", description="Prepares an image set."
    )
    parser.add_argument("name", help=f"{', '.join(BUILT_IN)}, or a name of TFDS's")
    parser.add_argument("--data_dir", help="TFDS's own default if not given")
    flags = parser.parse_args(arguments)
    try:
        builder = make_builder(flags.name, flags.data_dir)
        prepare(builder)
    except Exception as error:  # TFDS and the network fail in many ways
        print(f"error: {' '.join(str(error).split())[:500]}", file=sys.stderr)
        return 2
    print(builder.data_path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
