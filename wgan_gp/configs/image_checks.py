"""What a configuration for images may hold."""

from ml_collections import ConfigDict

from wgan_gp.configs.fields import DTYPES, FEATURES
from wgan_gp.data.ranges import SCALES
from wgan_gp.system.values import (
    MOST_SAMPLES,
    WIDEST,
    at_least,
    not_negative,
    one_of,
    show,
    whole,
)

_RANGES = {"unit": "sigmoid", "symmetric": "tanh", "dequantised": "tanh"}


def check_images(config: ConfigDict) -> None:
    """Raises ValueError for the first field that is out of range or of no effect."""
    data, compute, features = config.data, config.compute, config.features
    _check_name(data.name)
    one_of("data.scale", data.scale, SCALES)
    output = config.generator.get("output", "tanh")
    if output != _RANGES[data.scale]:
        raise ValueError(
            f"generator.output = {output!r} does not reach the pixels of data.scale ="
            f" {data.scale!r}: use {_RANGES[data.scale]!r} with it"
        )
    at_least("data.resident_bytes", data.resident_bytes, 0)
    one_of("features.network", features.network, FEATURES)
    if (features.network == "inception") != (features.weights is not None):
        raise ValueError(
            "features.weights is the file of features.network = 'inception': got"
            f" {show(features.weights)} with {features.network!r}"
        )
    if config.generator_batch_size is not None:
        whole("generator_batch_size", config.generator_batch_size, 1, MOST_SAMPLES)
    if data.size is not None:
        _check_size(data.size)
    if data.channels is not None:
        one_of("data.channels", data.channels, (1, 3))
    one_of("compute.dtype", compute.dtype, DTYPES)
    one_of("compute.penalty_dtype", compute.penalty_dtype, DTYPES)
    _check_microbatches(config)
    _check_labels(config)


def _check_name(name: str) -> None:
    if len(name) > 500 or not name.isprintable():
        raise ValueError(
            "data.name must be at most 500 characters that can be printed, got"
            f" {show(name)}"
        )


def _check_size(size: tuple) -> None:
    if len(size) != 2:
        raise ValueError(f"data.size must be (height, width), got {show(size)}")
    for side in size:
        whole("data.size", side, 1, WIDEST)


def _check_microbatches(config: ConfigDict) -> None:
    parts = config.compute.microbatches
    at_least("compute.microbatches", parts, 1)
    if config.batch_size % parts:
        raise ValueError(
            f"compute.microbatches must divide batch_size = {config.batch_size}, got"
            f" {parts}"
        )
    if parts > 1 and config.penalty.pairing == "independent":
        raise ValueError(
            "compute.microbatches must be 1 with penalty.pairing = 'independent', whose"
            f" pairs are drawn from the whole batch; got {parts}"
        )


def _check_labels(config: ConfigDict) -> None:
    for name, weight in config.label_weights.items():
        not_negative(f"label_weights.{name}", weight)
    chosen = {config.critic.network, config.generator.network}
    if config.conditional and chosen != {"resnet"}:
        raise ValueError(
            "conditional needs critic.network and generator.network to be 'resnet', got"
            f" {config.critic.network!r} and {config.generator.network!r}"
        )
