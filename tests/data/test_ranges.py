import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key
from wgan_gp.data import ranges

BYTES = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, BYTES / np.float32(255)),
        (-1, 1, 2 * (BYTES / np.float32(255) - np.float32(0.5))),
        (0, 255, BYTES),
    ],
)
def test_ranges_are_those_of_the_published_code(low, high, expected):
    scaled = ranges.to_range(jnp.asarray(BYTES), low, high)
    chex.assert_type(scaled, jnp.float32)
    np.testing.assert_allclose(scaled, expected, rtol=1e-6, atol=1e-7)
    assert scaled[0] == low
    assert scaled[-1] == high


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (-3, 0.7)])
def test_to_uint8_is_the_inverse_of_to_range(low, high):
    scaled = jax.jit(ranges.to_range, static_argnums=(1, 2))(BYTES, low, high)
    back = ranges.to_uint8(scaled, low, high)
    chex.assert_type(back, jnp.uint8)
    np.testing.assert_array_equal(back, BYTES)


def test_to_uint8_cuts_what_lies_outside_and_rounds_the_rest():
    got = ranges.to_uint8(
        jnp.array([-2.0, -0.001, 1.001, 9.0, 0.4 / 255, 0.6 / 255]), 0, 1
    )
    np.testing.assert_array_equal(got, [0, 0, 255, 255, 0, 1])


def test_pixels_are_converted_some_at_a_time(monkeypatch):
    images = np.linspace(-1, 1, 2 * 5 * 12).reshape(2, 5, 2, 2, 3).astype(np.float32)
    whole = ranges.to_pixels(images, "symmetric")
    monkeypatch.setattr(ranges, "_CHUNK", 3 * 12)
    parts = ranges.to_pixels(images, "symmetric")
    chex.assert_shape(parts, (10, 2, 2, 3))
    np.testing.assert_array_equal(parts, whole)
    np.testing.assert_array_equal(parts.ravel()[[0, -1]], [0, 255])


def test_dequantised_bytes_fill_their_own_cell():
    images = jnp.broadcast_to(BYTES[:, None], (256, 400))
    cells = (np.asarray(ranges.dequantise(key(), images), np.float64) + 1) * 128
    share = cells - BYTES[:, None]
    # float32 has 2^-17 of a cell near 1.
    assert share.min() > -1e-5
    assert share.max() < 1 + 1e-5
    np.testing.assert_allclose(share.mean(), 0.5, atol=4 / np.sqrt(12 * share.size))
    np.testing.assert_allclose(share.var(), 1 / 12, rtol=0.01)


def test_dequantisation_noise_comes_from_the_key():
    images = jnp.asarray(BYTES)
    first, again = (ranges.dequantise(key(1), images) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.all(first != ranges.dequantise(key(2), images))


@pytest.mark.parametrize("scale", ranges.SCALES)
def test_bytes_that_were_scaled_come_back(scale):
    images = jnp.broadcast_to(BYTES[:, None, None, None], (256, 400, 1, 1))
    back = ranges.to_pixels(ranges.SCALES[scale](key(), images), scale)
    changed = np.mean(back != np.asarray(images))
    assert changed <= (1e-4 if scale == "dequantised" else 0)


def test_quantise_cuts_what_lies_outside():
    got = ranges.quantise(jnp.array([-9.0, -1.0, 1 - 1e-6, 1.0, 9.0]))
    np.testing.assert_array_equal(got, [0, 0, 255, 255, 255])


@pytest.mark.parametrize("scale", ranges.SCALES.values(), ids=ranges.SCALES)
def test_scales_refuse_what_is_scaled_already(scale):
    with pytest.raises(ValueError, match="images must be uint8, got float32"):
        scale(key(), jnp.zeros((2, 2)))


@pytest.mark.parametrize("function", [ranges.to_range, ranges.to_uint8])
def test_an_empty_range_is_refused(function):
    with pytest.raises(ValueError, match=r"low < high, got \[1, 1\]"):
        function(jnp.asarray(BYTES), 1, 1)
