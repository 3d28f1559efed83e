"""Convolutions against XLA's own, through second derivatives."""

from functools import partial

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from jax import lax

from tests.helpers import cases, key, unchecked
from wgan_gp.networks.cpu_conv import conv_general_dilated, conv_transpose, winograd
from wgan_gp.networks.cpu_conv.phases import Window

LAYOUT = ("NHWC", "HWIO", "NHWC")
UNEVEN = ((0, 3), (2, 1))
# Height, kernel, stride, channels, padding.
CASES = [
    (28, 5, 2, 1, "SAME"),
    (7, 5, 2, 20, "SAME"),
    (8, 5, 2, 6, "SAME"),
    (9, 3, 1, 17, "SAME"),
    (5, 3, 1, 16, UNEVEN),
    (8, 3, 2, 16, "VALID"),
    (5, 5, 1, 16, "SAME"),
    (6, 2, 1, 16, "SAME"),
    (7, 1, 1, 3, "SAME"),
    (7, 1, 2, 16, "SAME"),
]


def draw(height, kernel, channels, outputs=5, count=6, dtype=jnp.float32):
    x, k = jax.random.split(key())
    scale = (kernel**2 * channels) ** -0.5
    return (
        jax.random.normal(x, (count, height, height + 1, channels), dtype),
        scale * jax.random.normal(k, (kernel, kernel, channels, outputs), dtype),
    )


def apply(function, stride, padding, x, k):
    return function(x, k, (stride, stride), padding, dimension_numbers=LAYOUT)


def penalised(convolve, xs, k):
    """What a critic of one sample is trained by: values, and norms of gradients."""

    def critic(x):
        y = jnp.tanh(convolve(x[None], k))
        return jnp.sum(y * jnp.cos(jnp.arange(y.size)).reshape(y.shape))

    slopes = jnp.linalg.norm(
        jax.vmap(jax.grad(critic))(xs).reshape(len(xs), -1), axis=1
    )
    return jnp.mean(jax.vmap(critic)(xs) + slopes**2)


@pytest.mark.parametrize(
    ("height", "kernel", "stride", "channels", "padding"),
    cases(CASES, soon=(CASES[1], CASES[3], CASES[5], CASES[7])),
)
def test_penalty_and_its_gradients_are_those_of_xla(
    height, kernel, stride, channels, padding
):
    arguments = draw(height, kernel, channels)
    ours, theirs = (
        jax.jit(
            jax.value_and_grad(
                partial(penalised, partial(apply, function, stride, padding)), (0, 1)
            )
        )(*arguments)
        for function in (conv_general_dilated, lax.conv_general_dilated)
    )
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs)):
        assert jnp.abs(a - b).max() < 2e-5 * jnp.abs(b).max()


def rounding(magnitudes, terms):
    """By how much two sums of the same terms may differ, by the sum of magnitudes.

    Each is off by sqrt(terms) eps / 2 times that sum: rounding errors are as good as
    independent, and grow like the root of their number (Higham and Mary 2019).
    """
    return terms**0.5 * jnp.finfo(magnitudes.dtype).eps * magnitudes


@pytest.mark.parametrize("stride", [1, 2])
def test_forward_mode_and_values(stride):
    x, k = draw(8, 3, 16)
    dx, dk = jnp.sin(x), jnp.cos(k)
    ours, theirs = (
        jax.jit(partial(jax.jvp, partial(apply, f, stride, "SAME")))((x, k), (dx, dk))
        for f in (conv_general_dilated, lax.conv_general_dilated)
    )
    size = lambda x, k: apply(  # noqa: E731
        lax.conv_general_dilated, stride, "SAME", jnp.abs(x), jnp.abs(k)
    )
    terms = k[..., 0].size
    bounds = rounding(size(x, k), terms), rounding(size(dx, k) + size(x, dk), 2 * terms)
    for a, b, bound in zip(ours, theirs, bounds):
        assert jnp.all(jnp.abs(a - b) <= bound)


@pytest.mark.parametrize("count", [0, 1, 29])
def test_any_number_of_images(count):
    """29 of 16 tiles each are taken in two portions, of which one is not full."""
    x, k = draw(15, 3, 16, count=count)

    @partial(jax.jit, static_argnums=0)
    def each(f, x, k):
        y, pull = jax.vjp(partial(apply, f, 1, "SAME"), x, k)
        return y, *pull(y)

    ours, theirs = (
        each(conv_general_dilated, x, k),
        each(lax.conv_general_dilated, x, k),
    )
    chex.assert_trees_all_close(ours, theirs, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("stride", [1, 2])
def test_several_kernels(stride):
    """vmap over kernels, over images and kernels, and one vmap in another."""
    x, k = draw(8, 3, 16)
    ks = jnp.stack([k, 2 * k])
    xs = jnp.stack([x, x + 1])

    @partial(jax.jit, static_argnums=0)
    def each(f, x, k, xs, ks):
        one = partial(apply, f, stride, "SAME")
        several = jax.vmap(jax.vmap(one, (0, None)), (None, 0))
        loss = lambda xs, ks: jnp.sum(jax.vmap(one)(xs, ks) ** 2)  # noqa: E731
        return (
            several(x[:, None], ks),
            jax.vmap(one, (0, None))(xs, k),
            jax.grad(loss, (0, 1))(xs, ks),
        )

    ours, theirs = (
        each(f, x, k, xs, ks) for f in (conv_general_dilated, lax.conv_general_dilated)
    )
    chex.assert_trees_all_close(ours, theirs, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("size", [4, 7])
def test_conv_transpose_is_the_transpose(kernel, size):
    _, k = draw(2 * size, kernel, 16)
    x = jnp.zeros((3, 2 * size, 2 * size, 16))
    forward = partial(apply, lax.conv_general_dilated, 2, "SAME", k=k)
    y = jax.random.normal(key(1), (3, size, size, 5))
    (expected,) = jax.linear_transpose(forward, x)(y)
    chex.assert_trees_all_close(conv_transpose(y, k, 2), expected, atol=2e-5)


def test_a_convolution_and_its_transpose_share_the_transform_of_their_kernel(
    monkeypatch,
):
    # Equal parts of a program are computed once.
    def recorded(*arguments):
        values.append(transform(*arguments))
        return values[-1]

    transform, values = winograd._tap_values, []
    monkeypatch.setattr(winograd, "_tap_values", recorded)
    x, k = draw(8, 5, 16)
    window = Window((8, 9), (5, 5), 2, ((1, 2), (2, 2)))
    y = winograd.convolution(x, k, window)
    winograd.transposed(k, y, window)
    chex.assert_trees_all_equal(*values)
    assert len(values) == 2


def test_flax_takes_it():
    x, _ = draw(7, 5, 16)
    ours = nn.Conv(5, (5, 5), 2, conv_general_dilated=conv_general_dilated)
    params = ours.init(key(), x)
    theirs = nn.Conv(5, (5, 5), 2).apply(params, x)
    chex.assert_trees_all_close(ours.apply(params, x), theirs, atol=2e-5)


@pytest.mark.parametrize(
    "dilation", [{"lhs_dilation": (2, 1)}, {"rhs_dilation": (2, 2)}]
)
def test_other_convolutions_are_left_to_xla(dilation):
    x, k = draw(8, 3, 16)
    ours, theirs = (
        f(x, k, (1, 1), UNEVEN, dimension_numbers=LAYOUT, **dilation)
        for f in (conv_general_dilated, lax.conv_general_dilated)
    )
    chex.assert_trees_all_equal(ours, theirs)


def test_other_layouts_are_left_to_xla():
    x, k = jnp.ones((2, 16, 5, 16)), jnp.ones((3, 16, 3, 3))
    ours, theirs = (
        f(x, k, (1, 1), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW"))
        for f in (conv_general_dilated, lax.conv_general_dilated)
    )
    chex.assert_trees_all_equal(ours, theirs)


@pytest.mark.parametrize("kernel", [1, 3])
def test_bfloat16_stays_and_is_rounded_once(kernel):
    x, k = draw(8, kernel, 16, dtype=jnp.bfloat16)
    convolve = partial(apply, conv_general_dilated, 1, "SAME")
    y, pull = jax.vjp(convolve, x, k)
    chex.assert_type([y, *pull(y)], jnp.bfloat16)
    exact = convolve(x.astype(jnp.float32), k.astype(jnp.float32))
    assert jnp.all(jnp.abs(y - exact) <= 2.0**-8 * jnp.abs(exact) + 1e-5)


def text(platform, stride, function):
    """The lowered program of a critic's trained penalty."""
    arguments = draw(8, 5, 16)
    loss = partial(penalised, partial(apply, function, stride, "SAME"))
    traced = jax.jit(jax.grad(loss, 1)).trace(*arguments)
    return traced.lower(lowering_platforms=(platform,)).as_text()


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_programs_traced_for_a_cpu_run_elsewhere_by_xlas_convolutions(platform):
    ours = text(platform, 2, conv_general_dilated)
    theirs = text(platform, 2, lax.conv_general_dilated)
    count = theirs.count("stablehlo.convolution")
    assert ours.count("stablehlo.convolution") == count > 0
    assert "dot_general" not in ours
    assert "while" not in ours


def test_cpu_makes_single_samples_one_batch_without_convolutions():
    ours = text("cpu", 2, conv_general_dilated)
    assert "stablehlo.convolution" not in ours
    # 6 samples of 4 x 5 outputs, two tiles each: 36 products of 12 rows at once.
    assert "tensor<36x12x64xf32>" in ours


def test_dtypes_must_agree():
    x, k = draw(8, 3, 16)
    with pytest.raises(ValueError, match="one dtype, got float32 and bfloat16: cast"):
        apply(conv_general_dilated, 1, "SAME", x, k.astype(jnp.bfloat16))


def test_a_sharded_batch():
    x, k = draw(8, 3, 16)
    x = jnp.concatenate([x, x[:2]])
    convolve = jax.jit(partial(apply, conv_general_dilated, 1, "SAME"))
    expected = convolve(x, k)
    mesh = jax.make_mesh((4,), ("data",), (jax.sharding.AxisType.Auto,))
    sharding = jax.sharding.NamedSharding(mesh, jax.P("data"))
    with unchecked():
        chex.assert_trees_all_close(
            convolve(jax.device_put(x, sharding), k), expected, atol=1e-5
        )
