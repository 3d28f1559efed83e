import dataclasses
import re

import jax.numpy as jnp
import pytest

from tests.helpers import (
    CONSTRAINTS,
    EXPERIMENTS,
    ROOT,
    draw_pair,
    experiment_module,
    key,
    load_experiment,
    resolve,
)
from wgan_gp import configs, constraints, losses
from wgan_gp.build import build
from wgan_gp.configs.comparison import differences
from wgan_gp.configs.typed import as_type
from wgan_gp.constraints import CLIP
from wgan_gp.runs import workdir

PLAYERS = ("critic_optimiser", "generator_optimiser")
VARIANTS = ("", "paper", "smoke")
PENALISED = [
    name
    for name, choice in constraints.CONSTRAINTS.items()
    if choice.strength == "penalty.weight"
]


TOYS = ("toy8gauss", "toy25gauss", "swissroll")


def bare(**fields):
    """The package's defaults with some fields set, resolved."""
    config = configs.base()
    config.update_from_flattened_dict(fields)
    return configs.resolve(config)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_constraint_resolves_for_every_experiment(name, variant, constraint):
    config = resolve(name, variant, lipschitz=constraint)
    assert isinstance(config, configs.Settings)
    assert "by_constraint" not in configs.as_dict(config)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.steps = 1
    assert (config.clip_bound is not None) == (constraint == "clip")
    assert (config.penalty.weight is None) == (constraint not in PENALISED)
    # The toys train all constraints alike; their variants do as the papers do.
    alike = constraint != "clip" or (name in TOYS and not variant)
    for player in PLAYERS:
        assert getattr(config, player).name == ("adam" if alike else "rmsprop")


@pytest.mark.parametrize("name", TOYS)
def test_the_toys_differ_in_what_a_constraint_needs(name):
    found = {
        each: resolve(name, "", lipschitz=each) for each in constraints.CONSTRAINTS
    }
    assert {each.critic.fourier for each in found.values()} == {0, 64}
    assert all(found[each].critic.fourier == 64 for each in PENALISED)
    assert all(found[each].critic.fourier == 0 for each in ("clip", "orthogonal"))
    assert found["sll"].critic.fourier_scale == 1
    for each, config in found.items():
        if each != "unconstrained":
            assert config.n_critic == 2
            assert config.generator_optimiser == found["clip"].generator_optimiser
    paper = resolve(name, "paper")
    assert paper.n_critic == 5
    assert paper.penalty.weight == 10
    assert paper.critic.fourier == 0


def test_clipping_sets_the_papers_settings():
    config = bare(lipschitz="clip")
    assert config.clip_bound == 0.01
    for player in PLAYERS:
        assert getattr(config, player).name == "rmsprop"
        assert getattr(config, player).learning_rate == 5e-5
    assert set(vars(config.penalty).values()) == {None}


@pytest.mark.parametrize("constraint", PENALISED)
def test_penalties_set_the_papers_settings(constraint):
    config = bare(lipschitz=constraint)
    assert config.penalty.weight == {"wgan_div": 2, "max_slope": 0.1}.get(
        constraint, 10
    )
    assert config.clip_bound is None
    for player in PLAYERS:
        settings = dataclasses.asdict(getattr(config, player))
        assert settings == {
            "name": "adam",
            "learning_rate": 1e-4,
            "beta1": 0.0,
            "beta2": 0.9,
            "schedule": "constant",
            "weight_decay": 0.0,
        }


@pytest.mark.parametrize("constraint", PENALISED)
def test_the_paper_variant_has_the_reference_settings(constraint):
    config = resolve("toy8gauss", "paper", lipschitz=constraint)
    assert config.steps == 100_000
    assert config.critic.hidden == config.generator.hidden == (512, 512, 512)
    assert (config.n_critic, config.batch_size) == (5, 256)
    assert config.ema_decay == 0
    for player in PLAYERS:
        assert getattr(config, player).learning_rate == 1e-4
        assert getattr(config, player).schedule == "constant"
        optimiser = getattr(config, player)
        assert (optimiser.beta1, optimiser.beta2) == (0.5, 0.9)


@pytest.mark.parametrize(
    ("constraint", "path", "value"),
    [
        ("clip", "clip_bound", 0.5),
        ("clip", "critic_optimiser.learning_rate", 1e-3),
        ("clip", "critic_optimiser.name", "sgd"),
        ("two_sided", "penalty.weight", 0.1),
        ("two_sided", "critic_optimiser.beta1", 0.25),
        ("two_sided", "generator_optimiser.schedule", "cosine"),
        ("one_sided", "penalty.power", 1),
        ("difference", "penalty.shape", "two_sided"),
        ("difference", "penalty.pairing", "segment"),
        ("difference", "penalty.signed", True),
    ],
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_set_by_hand_wins_over_the_switch(variant, constraint, path, value):
    fields = {"lipschitz": constraint, path: value}
    found = resolve("toy8gauss", variant, **fields)
    for part in path.split("."):
        found = getattr(found, part)
    assert found == value


def test_resolving_leaves_the_configuration_as_it_was():
    config = load_experiment("toy8gauss")
    configs.resolve(config)
    assert config.penalty.weight is None
    assert "by_constraint" in config


@pytest.mark.parametrize(
    ("path", "value", "valid"),
    [
        ("lipschitz", "lasso", CONSTRAINTS),
        ("data.name", "mnist", ["8gaussians", "25gaussians", "swissroll"]),
        ("critic.activation", "gelu", ["relu", "leaky_relu", "tanh"]),
        ("generator.activation", "", ["relu", "leaky_relu", "tanh"]),
        ("critic_optimiser.name", "lion", ["adam", "rmsprop", "sgd"]),
        ("generator_optimiser.schedule", "step", ["constant", "linear", "cosine"]),
        ("n_critic", 0, [">= 1"]),
        ("batch_size", 0, [">= 1"]),
        ("steps", 0, [">= 1"]),
        ("steps", -5, [">= 1"]),
        ("log_every", 0, [">= 1"]),
        ("eval_every", 0, [">= 1"]),
        ("eval_samples", 0, [">= 1"]),
        ("eval_repeats", 0, [">= 1"]),
        ("seed", -1, [">= 0"]),
        ("ema_decay", 1.0, ["[0, 1)"]),
        ("ema_decay", float("nan"), ["[0, 1)"]),
        ("generator.latent", 0, [">= 1"]),
        ("critic.hidden", (8, 0), [">= 1"]),
        ("generator.hidden", (-1,), [">= 1"]),
        ("critic.hidden", (), ["at least one"]),
        ("critic.hidden", ("a",), [">= 1"]),
        ("critic.norm", "batch", ["'layer'"]),
        ("critic.norm", "spectral", ["none", "layer"]),
        ("generator.norm", "batch", ["none", "layer"]),
        ("penalty.weight", -1.0, [">= 0"]),
        ("penalty.weight", float("nan"), ["finite"]),
        ("penalty.weight", float("inf"), ["finite"]),
        ("critic_optimiser.learning_rate", float("nan"), ["finite", "> 0"]),
        ("generator_optimiser.learning_rate", float("inf"), ["finite", "> 0"]),
        ("critic_optimiser.learning_rate", 0.0, ["> 0"]),
        ("critic_optimiser.beta1", 1.0, ["[0, 1)"]),
        ("critic_optimiser.beta2", -0.1, ["[0, 1)"]),
        ("penalty.points", "sphere", ["interpolates", "box"]),
    ],
)
def test_a_bad_field_is_refused_with_what_is_valid(path, value, valid):
    with pytest.raises(ValueError, match=re.escape(path)) as refused:
        bare(**{path: value})
    for word in valid:
        assert word in str(refused.value)


@pytest.mark.parametrize(("path", "value"), [("seed", 2**70), ("steps", 2**31)])
def test_a_number_that_a_device_cannot_hold_is_refused(path, value):
    with pytest.raises(ValueError, match=path):
        bare(**{path: value})


@pytest.mark.parametrize("bound", [0.0, -0.01, float("nan"), float("inf")])
def test_a_bad_clip_bound_is_refused(bound):
    with pytest.raises(ValueError, match=r"clip_bound must be a finite number > 0"):
        bare(lipschitz="clip", clip_bound=bound)


@pytest.mark.parametrize(
    "box",
    [None, (1.0, -1.0), (1.0,), (0.0, 1.0, 2.0), (0.0, float("inf")), ("a", "b")],
)
def test_a_bad_or_missing_box_is_refused(box):
    with pytest.raises(ValueError, match=r"penalty.box must be \(low, high\)"):
        bare(**{"penalty.points": "box", "penalty.box": box})


@pytest.mark.parametrize(
    ("constraint", "path", "value"),
    [
        ("one_sided", "penalty.power", 3),
        ("difference", "penalty.shape", "hinge"),
        ("difference", "penalty.pairing", "nearest"),
    ],
)
def test_a_bad_choice_of_a_penalty_is_refused(constraint, path, value):
    with pytest.raises(ValueError, match=f"{path} must be one of"):
        bare(lipschitz=constraint, **{path: value})


@pytest.mark.parametrize(
    ("constraint", "path", "value"),
    [
        ("clip", "penalty.weight", 10.0),
        ("clip", "penalty.points", "interpolates"),
        ("two_sided", "clip_bound", 0.01),
        ("two_sided", "penalty.power", 2),
        ("two_sided", "penalty.pairing", "endpoint"),
        ("two_sided", "penalty.box", (0.0, 1.0)),
        ("one_sided", "penalty.signed", True),
        ("one_sided", "penalty.shape", "two_sided"),
        ("difference", "penalty.points", "box"),
    ],
)
def test_a_field_without_effect_is_refused(constraint, path, value):
    with pytest.raises(ValueError, match=f"{path} = .* has no effect"):
        bare(lipschitz=constraint, **{path: value})


@pytest.mark.parametrize("kind", ["npy", "npz", "parquet"])
def test_an_encoding_is_for_csv_files(kind):
    settings = resolve(
        "vectors", **{"data.name": f"{kind}:a", "data.encoding": "cp1252"}
    )
    with pytest.raises(
        ValueError, match=f"is for csv:FILE, and has no effect on {kind}"
    ):
        build(settings)


def test_the_cache_of_tables_is_kept_in_full_and_may_move(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = resolve("vectors", **{"data.name": "csv:a.csv", "data.cache": "cache"})
    assert here.data.cache == str(tmp_path / "cache")
    home = resolve("vectors", **{"data.name": "csv:a.csv"})
    assert home.data.cache.startswith("~")
    assert not differences(here, home)


def test_names_of_columns_are_no_numbers():
    with pytest.raises(ValueError, match=r"data\.columns must be a tuple, got 'age'"):
        as_type("data.columns", "age", tuple)


def test_independent_pairs_need_no_sign_and_two_samples():
    independent = {"lipschitz": "difference", "penalty.pairing": "independent"}
    with pytest.raises(ValueError, match=r"penalty.signed needs .* 'segment'"):
        bare(**independent, **{"penalty.signed": True})
    square = {"lipschitz": "difference", "penalty.shape": "zero_centred"}
    assert bare(**square).penalty.signed is False
    with pytest.raises(ValueError, match=r"penalty.signed has no effect on the shape"):
        bare(**square, **{"penalty.signed": True})
    with pytest.raises(ValueError, match=r"batch_size .* >= 2"):
        bare(**independent, batch_size=1)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_unknown_variant_is_refused_with_those_there_are(name):
    with pytest.raises(ValueError, match=f":huge of {name}.*:paper, :smoke"):
        load_experiment(name, "huge")


ALL = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))


@pytest.mark.parametrize("name", ALL)
def test_an_empty_variant_is_the_default(name):
    module = experiment_module(name)
    assert module.get_config("").to_json() == module.get_config().to_json()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("variant", ["default", "Smoke", " ", "smoke,smoke", ":"])
def test_a_variant_that_there_is_not_is_refused(name, variant):
    with pytest.raises(ValueError, match=r"unknown variant|number from 0|cell is"):
        load_experiment(name, variant)


def test_an_unknown_field_is_refused():
    config = load_experiment("toy8gauss")
    with pytest.raises(AttributeError):
        config.penalty.wieght = 1.0


ROUND_TRIP = [{"lipschitz": name} for name in CONSTRAINTS] + [
    {"penalty.points": "box", "penalty.box": (-3.0, 3.0)},
    {"lipschitz": "difference", "penalty.pairing": "independent"},
    {"lipschitz": "difference", "penalty.pairing": "segment", "penalty.signed": True},
    {"critic_optimiser.name": "sgd"},
    {"generator_optimiser.name": "rmsprop"},
]


@pytest.mark.parametrize("fields", ROUND_TRIP, ids=str)
def test_a_stored_configuration_is_read_back_and_built(fields, tmp_path):
    config = resolve(**fields)
    workdir.prepare(tmp_path / "run", config)
    again = workdir.read_settings(tmp_path / "run" / "config.json")
    assert again == config
    built = build(again)
    constraint = built.algorithm.critic.constraint
    assert (constraint == CLIP) == (config.lipschitz == "clip")
    assert (constraint.penalty is None) == (constraint.project is not None)


@pytest.mark.parametrize("pairing", losses.PAIRINGS)
@pytest.mark.parametrize("shape", losses.SHAPES)
def test_every_difference_penalty_builds(pairing, shape):
    fields = {"penalty.pairing": pairing, "penalty.shape": shape}
    built = build(resolve(lipschitz="difference", **fields)).algorithm.critic
    chosen = built.constraint.penalty.keywords["pairing"]
    chosen = losses.PAIRINGS[chosen] if isinstance(chosen, str) else chosen.func
    assert chosen is losses.PAIRINGS[pairing]


def test_a_critic_alone_has_no_generator():
    config = configs.resolve(configs.base("critic"))
    assert config.task == "critic"
    assert not {"generator", "generator_optimiser", "n_critic"} & set(vars(config))
    with pytest.raises(ValueError, match="task must be one of gan, critic"):
        configs.base("game")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("data.dimension", 0, "data.dimension must be a whole number >= 1"),
        ("data.funnels", -1, "data.funnels must be a whole number >= 1"),
        ("data.dimension", 2**24, "must be below"),
        ("data.seed", -1, "data.seed must be"),
        ("critic.maxout", 0, "critic.maxout must be"),
        ("critic.fourier", -1, "critic.fourier must be"),
        ("critic.fourier_scale", 0.0, "critic.fourier_scale must be"),
        ("critic.fourier_scale", 0.5, "critic.fourier_scale = 0.5 has no effect"),
        ("critic.initialiser", "zeros", "critic.initialiser must be one of he, fan_in"),
    ],
)
def test_fields_of_a_critic_alone_are_checked(field, value, message):
    config = configs.base("critic")
    config.update_from_flattened_dict({field: value})
    with pytest.raises(ValueError, match=message):
        configs.resolve(config)


def test_a_penalty_at_endpoints_acts_on_samples():
    config = resolve(lipschitz="one_sided", **{"penalty.points": "endpoints"})
    reals, fakes = draw_pair((2,))
    made = constraints.CONSTRAINTS["one_sided"].make(config.penalty)
    norms = made.penalty(lambda x: jnp.sum(x**2), reals, fakes, key())
    at = 2 * jnp.stack([jnp.linalg.norm(x, axis=1) for x in (reals, fakes)])
    expected = jnp.maximum(at - 1, 0) ** 2
    close = jnp.isclose(norms[None], expected, rtol=1e-4)
    assert close.any(axis=0).all()


def test_a_variant_names_fields_that_there_are():
    for fields, words in (
        ({"step": 5}, "default: there is no field step: did you mean steps?"),
        ({"by_constraints": {}, "steps_": 1}, "default: there is no field steps_"),
        ({"critic": {"hiden": (8,)}}, "field critic.hiden: did you mean critic.hidden"),
    ):
        with pytest.raises(ValueError, match=re.escape(words)):
            configs.experiment("own", "", default=fields)


def test_what_smoke_says_of_other_networks_is_left_out():
    parts = {"data": "images", "critic": "dcgan", "generator": "dcgan"}
    smoke = configs.SMOKE | {"steps": 3}
    config = configs.experiment("own", "smoke", default={}, smoke=smoke, **parts)
    assert (config.steps, config.batch_size) == (3, 16)
    assert "hidden" not in config.critic
