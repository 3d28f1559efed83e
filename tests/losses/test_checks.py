import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

from tests.helpers import draw_pair, key
from wgan_gp import losses
from wgan_gp.networks import from_flax


class Normalised(nn.Module):
    """A critic for batches, `[B, D] -> [B, 1]`."""

    batch: bool

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(8)(x)
        norm = nn.BatchNorm(use_running_average=False) if self.batch else nn.LayerNorm()
        return nn.Dense(1)(nn.tanh(norm(x)))


def critic(batch):
    """The critic with its parameters in place, and samples to try it on."""
    module = Normalised(batch)
    x = draw_pair()[0]
    variables = jax.jit(module.init)(key(), x)
    return jax.jit(lambda x: module.apply(variables, x, mutable=["batch_stats"])[0]), x


def influence(batched, x):
    """||d D_i / d x_j||, `[B, B]`: how each sample's value depends on each sample."""
    jacobian = jax.jit(jax.jacobian(lambda x: batched(x)[:, 0]))(x)
    return jnp.linalg.norm(jacobian, axis=-1)


def test_batch_norm_makes_a_samples_gradient_depend_on_its_mates():
    batched, x = critic(batch=True)
    changed = x.at[5].add(3.0)
    grad = jax.jit(jax.grad(lambda x: batched(x)[0, 0]))
    assert jnp.abs(grad(x)[0] - grad(changed)[0]).max() > 1e-2
    values = influence(batched, x)
    assert (values[~jnp.eye(6, dtype=bool)] > 1e-3).all()


def test_layer_norm_does_not():
    batched, x = critic(batch=False)
    changed = x.at[5].add(3.0)
    grad = jax.jit(jax.grad(lambda x: batched(x)[0, 0]))
    assert (grad(x)[0] == grad(changed)[0]).all()
    values = influence(batched, x)
    assert (values[~jnp.eye(6, dtype=bool)] == 0).all()


def test_a_critic_that_couples_its_batch_is_refused():
    with pytest.raises(ValueError, match=r"rest of its batch.*layer normalisation"):
        losses.check_per_sample(*critic(batch=True))


def test_a_critic_that_does_not_passes():
    losses.check_per_sample(*critic(batch=False))
    losses.check_per_sample(lambda x: jnp.sum(x, axis=1), draw_pair()[0])
    losses.check_per_sample(lambda x: jnp.zeros(len(x)), draw_pair()[0])


def test_a_large_constant_does_not_hide_coupling():
    batched, x = critic(batch=True)
    with pytest.raises(ValueError, match="rest of its batch"):
        losses.check_per_sample(lambda x: 100 + batched(x), x)
    alone, x = critic(batch=False)
    losses.check_per_sample(lambda x: 100 + alone(x), x)


def test_the_check_needs_two_samples():
    with pytest.raises(ValueError, match="at least two samples"):
        losses.check_per_sample(lambda x: x[:, 0], jnp.zeros((1, 3)))


def test_the_check_needs_a_number_per_sample():
    with pytest.raises(ValueError, match=r"got \(6, 3\)"):
        losses.check_per_sample(lambda x: x, draw_pair()[0])


def test_a_critic_that_is_nan_does_not_pass():
    with pytest.raises(ValueError, match="not finite"):
        losses.check_per_sample(lambda x: x[:, 0] * jnp.nan, draw_pair()[0])


def test_a_reduction_over_a_named_axis_is_refused_in_words():
    def across(x):
        return jnp.sum(x - jax.lax.pmean(x, "batch"))

    reals, fakes = draw_pair()
    with pytest.raises(ValueError, match=r"looks across its batch.*layer norm"):
        losses.critic_loss(across, reals, fakes, key(1))


def test_a_users_own_name_error_is_left_alone():
    def broken(x):
        raise NameError("name 'weights' is not defined")

    reals, fakes = draw_pair()
    with pytest.raises(NameError, match="weights"):
        losses.critic_loss(broken, reals, fakes, key(1))


def test_noise_that_depends_on_the_batchs_size_is_not_called_batch_norm():
    def dropped(x):
        return x.sum(axis=1) * jax.random.bernoulli(key(2), 0.5, (len(x),))

    with pytest.raises(ValueError, match=r"size of its batch.*dropout") as caught:
        losses.check_per_sample(dropped, draw_pair()[0])
    assert "normalisation" not in str(caught.value)


def test_noise_that_is_new_in_each_call_is_not_called_batch_norm():
    keys = iter(jax.random.split(key(2), 100))

    def dropped(x):
        return x.sum(axis=1) * jax.random.uniform(next(keys), (len(x),))

    with pytest.raises(ValueError, match=r"one call to the next.*dropout") as caught:
        losses.check_per_sample(dropped, draw_pair()[0])
    assert "batch norm" not in str(caught.value)


def test_a_maximum_over_the_batch_is_coupling():
    with pytest.raises(ValueError, match="rest of its batch"):
        losses.check_per_sample(lambda x: x[:, 0] / x.max(), 3 + draw_pair()[0])


def test_a_critic_of_samples_and_conditions_is_checked():
    x, labels = draw_pair()[0], jnp.arange(6)
    losses.check_per_sample(lambda x, y: x[:, 0] * y, x, condition=labels)
    with pytest.raises(ValueError, match="rest of its batch"):
        losses.check_per_sample(lambda x, y: x[:, 0] + y.max(), x, condition=labels)


def test_critics_of_whole_numbers_and_in_half_precision_are_checked():
    x = jnp.arange(18).reshape(6, 3)
    losses.check_per_sample(lambda x: jnp.tanh(x.astype(jnp.float16)).sum(1), x)


def test_a_flax_module_with_running_averages_is_refused():
    with pytest.raises(ValueError, match=r"batch_stats beside its parameters.*layer"):
        from_flax(Normalised(batch=True), (3,)).init(key())
    from_flax(Normalised(batch=False), (3,)).init(key())
