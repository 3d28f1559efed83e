"""Which normalisations the configurations of critics may name."""

import jax.numpy as jnp
import pytest

from tests.helpers import key
from wgan_gp.networks import CRITICS, MLP, fields
from wgan_gp.system.fields import declarations


def rule(network):
    declared = dict(declarations(CRITICS[network], without=("parent", "name")))["norm"]
    assert declared.rule is not None
    return declared.rule


@pytest.mark.parametrize("network", CRITICS)
def test_batch_normalisation_is_refused_with_those_that_keep_samples_apart(network):
    valid = [each for each in rule(network).valid() if each != "none"]
    with pytest.raises(ValueError, match="ties a batch's samples together") as caught:
        rule(network).check("critic.norm", "batch")
    hint = str(caught.value).split("; use ")[1]
    assert hint.replace(" or ", ", ").split(", ") == [repr(each) for each in valid]
    for norm in valid:
        rule(network).check("critic.norm", norm)


def test_a_perceptron_has_no_instances_to_normalise():
    assert set(fields.NORMS) - set(fields.VECTOR_NORMS) == {"instance"}
    with pytest.raises(ValueError, match=r"layers have none; use 'layer', 'weight'"):
        rule("mlp").check("critic.norm", "instance")
    with pytest.raises(ValueError, match=r"called 'instance': a perceptron takes"):
        MLP((4,), norm="instance").init(key(), jnp.ones(3))
