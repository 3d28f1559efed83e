"""Whole image runs, and what is refused before one starts."""

import io
import json
from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from tests.helpers import (
    ABSENT,
    CONSTRAINTS,
    ROOT,
    cases,
    key,
    load_experiment,
    record_names,
    resolve,
    run_module,
    unchecked,
)
from wgan_gp import configs, devices, sample, train
from wgan_gp.algorithm import updates
from wgan_gp.build import Experiment, assemble, build
from wgan_gp.data import Dataset
from wgan_gp.data.image_sets import load_images
from wgan_gp.evaluate import held_out
from wgan_gp.runs import loop, workdir
from wgan_gp.studies.sweep.grouping import RunGroup
from wgan_gp.studies.sweep.plan import Sweep
from wgan_gp.studies.sweep.study import print_notes

TINY = {"critic.width": 2, "generator.width": 2, "generator.latent": 3, "steps": 2}


def own_set(folder, shape=(12, 8, 8, 3), classes=2):
    """An .npz of random pictures with labels; its name."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, shape, np.uint8)
    labels = np.arange(shape[0]) % classes
    np.savez(folder / "own.npz", images=images, labels=labels)
    return f"npz:{folder / 'own.npz'}"


@pytest.mark.long
@pytest.mark.parametrize("name", ["mnist", "mnist5k", "cifar10", "cifar10_resnet"])
def test_every_image_experiment_trains(name, tmp_path):
    config = resolve(name, "smoke", steps=2)
    workdir.prepare(tmp_path, config)
    with unchecked():
        result = loop.run(config, tmp_path, build(config))
    assert np.isfinite(list(result.values())).all()
    absent = ABSENT | {workdir.FRAMES}  # which runs in the plane have
    assert {path.name for path in tmp_path.iterdir()} == {*workdir.RUN_FILES} - absent
    pictures = {path.name for path in (tmp_path / "figures").iterdir()}
    assert pictures == {"curves.png", "samples.png", "interpolation.png"}
    picture = np.asarray(Image.open(tmp_path / "figures" / "samples.png"))
    assert picture.ndim == 2
    assert min(picture.shape[:2]) >= 512


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize(
    "name",
    [
        "mnist",
        "mnist5k",
        "fashion_mnist",
        "blue_marble",
        "digits",
        "cifar10",
        "cifar10_resnet",
        "lsun64",
    ],
)
def test_image_experiments_resolve_under_every_constraint(name, constraint):
    others = {
        "lsun64": ("good",),
        "blue_marble": ("", "conditional", "dcgan", "resnet"),
    }
    for variant in ("smoke", *others.get(name, ("",))):
        config = load_experiment(name, variant)
        config.lipschitz = constraint
        assert configs.resolve(config).critic.network != "mlp"


ROBUSTNESS = (
    "good",
    "dcgan",
    "constant",
    "mlp",
    "unnormalised",
    "gated",
    "tanh",
    "bottleneck",
)


@pytest.mark.parametrize("variant", cases(ROBUSTNESS, soon=("good", "mlp", "gated")))
def test_the_robustness_architectures_build(variant, tmp_path):
    fields = {"data.name": own_set(tmp_path), "data.size": None, "eval_samples": 1}
    config = load_experiment("lsun64", variant)
    if variant != "mlp":
        config.generator.width = 2
    config.critic.width, config.batch_size, config.n_critic = 2, 4, 1
    for section, parts in ((config.critic, (1, 1)), (config.generator, (2, 1))):
        for field in ("multipliers", "blocks"):
            if field in section:
                section[field] = parts
    config.update_from_flattened_dict(fields)
    experiment = build(configs.resolve(config))
    assert experiment.dataset.shape == (8, 8, 3)


def test_the_architectures_of_figure_2_are_the_same_small_and_at_64():
    def layers(config):
        """What is between halvings and doublings."""
        players = config.critic, config.generator
        fields = "activation", "norm", "weight_std", "network"
        return [tuple(getattr(p, f, None) for f in fields) for p in players]

    def channels(config):
        """Of all sizes but the smallest, as multiples of those at full size."""
        found = [
            getattr(p, "multipliers", ()) for p in (config.critic, config.generator)
        ]
        return found[0][:3], found[1][-3:]

    for variant in ROBUSTNESS[1:]:
        large, small = (
            configs.resolve(load_experiment(name, variant))
            for name in ("lsun64", "figure2_clothes")
        )
        assert layers(large) == layers(small)
        assert channels(large) == channels(small)
        if "multipliers" in dir(small.critic):
            assert len(small.critic.multipliers) == len(large.critic.multipliers) - 1
        assert small.critic.width < large.critic.width
        for player in ("critic", "generator"):
            counts = [
                sum(getattr(getattr(each, player), "blocks", ()))
                + len(getattr(getattr(each, player), "blocks", ()))
                for each in (large, small)
            ]
            assert counts[0] == counts[1]  # as many blocks, those between sizes too


@pytest.mark.parametrize(
    ("variant", "lipschitz", "objective", "n_critic"),
    [
        ("gated", "unconstrained", "nonsaturating", 1),
        ("gated-lsgan", "unconstrained", "least_squares", 1),
        ("gated-lsgan", "", "least_squares", 1),
        ("gated-lsgan", "two_sided", "least_squares", 2),
        ("gated-lsgan", "zero_centred", "least_squares", 1),
        ("dcgan", "clip", "wasserstein", 2),
        ("mlp", "two_sided", "wasserstein", 2),
        ("bottleneck", "directional", "wasserstein", 2),
        ("tanh", "zero_centred", "relativistic", 1),
    ],
)
def test_the_methods_of_figure_2(variant, lipschitz, objective, n_critic):
    config = load_experiment("figure2_clothes", variant)
    config.lipschitz = lipschitz or config.lipschitz
    found = configs.resolve(config)
    assert (found.objective, found.n_critic) == (objective, n_critic)


def test_random_architectures_are_a_draw_of_the_papers_space():
    seen = [resolve("random_architectures", str(i)) for i in range(200)]
    for player in ("critic", "generator"):
        assert {getattr(c, player).width for c in seen} == {32, 64, 128}
        assert {getattr(c, player).extra for c in seen} == {0, 4, 8, 16}
        assert len({getattr(c, player).activation for c in seen}) == 4
        assert len({getattr(c, player).norm for c in seen}) == 2
    for c in seen:
        decay = c.critic_optimiser.weight_decay
        assert (decay > 0) == (c.critic.norm == "layer")
    with pytest.raises(ValueError, match="a number from 0 to 199"):
        load_experiment("random_architectures", "200")


@pytest.mark.long
def test_a_conditional_run_learns_from_labels(tmp_path):
    fields = {"data.name": own_set(tmp_path), "conditional": True, "eval_samples": 1}
    config = resolve("cifar10_resnet", "smoke", batch_size=4, **(fields | TINY))
    experiment = build(config)
    algorithm, rates = experiment.algorithm, experiment.hyperparameters
    state = train.init(algorithm, rates, key())
    assert experiment.dataset.classes == 2
    with unchecked():
        after, metrics = jax.jit(
            lambda state: train.train_step(algorithm, rates, state)
        )(state)
        plain = algorithm._replace(critic=algorithm.critic._replace(label_weight=0.0))
        unlabelled, _ = jax.jit(lambda state: train.train_step(plain, rates, state))(
            state
        )
    assert 0 < metrics["classification"] < 10
    assert set(metrics) <= record_names()
    heads = [s.critic.params["params"]["logits"]["kernel"] for s in (state, after)]
    assert not np.array_equal(*heads)
    still = unlabelled.critic.params["params"]["logits"]["kernel"]
    np.testing.assert_array_equal(heads[0], still)
    latents = experiment.algorithm.sample_latent(key(3), 500)
    assert set(np.unique(latents[1])) == {0, 1}


@pytest.mark.long
@pytest.mark.parametrize(
    "fields",
    [
        {"compute.microbatches": 4},
        {"compute.rematerialise": True},
        {"compute.rematerialise": True, "compute.microbatches": 2},
    ],
    ids=str,
)
def test_saving_memory_changes_no_update(fields):
    def step(**changes):
        base = {"steps": 3, "batch_size": 8, "critic.width": 2, "generator.width": 2}
        experiment = build(resolve("digits", "smoke", **(base | changes)))
        parts = experiment.algorithm, experiment.hyperparameters
        with unchecked():
            return jax.jit(lambda s: train.train_step(*parts, s))(
                train.init(*parts, key())
            )

    (state, metrics), (saved, same) = step(), step(**fields)
    chex.assert_trees_all_close(metrics, same, rtol=1e-4, atol=1e-6)
    grads = [s.critic.opt_state[0].mu for s in (state, saved)]
    chex.assert_trees_all_close(*grads, rtol=1e-3, atol=1e-6)


@pytest.mark.long
def test_bfloat16_spares_the_penalty_unless_it_is_asked_for():
    def metrics(**compute):
        fields = {f"compute.{name}": value for name, value in compute.items()}
        experiment = build(resolve("digits", "smoke", batch_size=32, **fields))
        algorithm, rates = experiment.algorithm.critic, experiment.hyperparameters
        fakes = lambda key, n: jax.random.uniform(key, (n, 8, 8, 1))  # noqa: E731
        with unchecked():
            critic = train.init_critic(algorithm, rates, key())
            step = jax.jit(
                lambda c, k: train.critic_step(algorithm, rates, fakes, c, k)
            )
            return {name: float(x) for name, x in step(critic, key(1))[1].items()}

    exact = metrics()
    mixed = metrics(dtype="bfloat16")
    low = metrics(dtype="bfloat16", penalty_dtype="bfloat16")
    np.testing.assert_allclose(mixed["penalty"], exact["penalty"], rtol=1e-6)
    assert mixed["wasserstein"] != exact["wasserstein"]
    np.testing.assert_allclose(mixed["wasserstein"], exact["wasserstein"], rtol=0.05)
    assert 1e-5 < abs(low["penalty"] / exact["penalty"] - 1) < 0.05


@pytest.mark.long
def test_a_streamed_set_trains_like_one_on_the_device(tmp_path):
    config = resolve(
        "digits", "smoke", **{"data.resident_bytes": 1000, "steps": 4, "log_every": 1}
    )
    experiment = build(config)
    assert experiment.dataset.stream is not None
    workdir.prepare(tmp_path, config)
    with unchecked():
        result = loop.run(config, tmp_path, build(config))
    assert np.isfinite(list(result.values())).all()
    assert "floor_sliced_w1" not in result
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines if '"train"' in line]
    assert steps == [1, 2, 3, 4]


def test_the_range_is_that_of_the_generator():
    data = load_images("digits8x8", scale="unit")
    images = data.sample(key(), 50)
    assert images.min() == 0
    assert 0.9 < images.max() <= 1
    assert data.held_out_count == 200
    held = data.held_out(key(1), 200)
    assert len(np.unique(np.asarray(held).reshape(200, -1), axis=0)) > 190
    with pytest.raises(ValueError, match="holds out 200 images"):
        data.held_out(key(), 201)


@pytest.mark.long
def test_digits_are_measured_by_a_classifier(tmp_path, monkeypatch):
    from wgan_gp.evaluate import images as module

    fast = module.train_digit_classifier
    monkeypatch.setattr(module, "_classifiers", {})
    monkeypatch.setattr(
        module, "train_digit_classifier", lambda *args: fast(*args, steps=60)
    )
    config = resolve(
        "digits", "smoke", **{"features.network": "digits", "eval_samples": 100}
    )
    workdir.prepare(tmp_path, config)
    with unchecked():
        result = loop.run(config, tmp_path, build(config))
    assert result["frechet"] > 5 * result["floor_frechet"]
    assert result["recall"] < result["floor_recall"]
    assert 0 < result["confidence"] <= 1


def test_a_run_says_that_weights_are_not_the_published_ones(tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"others")
    weights = str(tmp_path / "weights.pth")
    fields = {"features.network": "inception", "features.weights": weights}
    for chosen, said in ((fields, True), ({}, False)):
        config = resolve("digits", "smoke", **chosen)
        lines = loop.begin_with(config, build(config), devices.make_mesh(1))
        words = "not comparable with published ones"
        assert any(words in line for line in lines) == said


@pytest.mark.long
def test_samples_of_a_conditional_run_can_be_drawn(tmp_path):
    fields = {"data.name": own_set(tmp_path), "conditional": True, "eval_samples": 1}
    config = resolve("cifar10_resnet", "smoke", batch_size=4, **(fields | TINY))
    workdir.prepare(tmp_path / "run", config)
    with unchecked():
        loop.run(config, tmp_path / "run", build(config))
        drawn = sample.sample(tmp_path / "run", 5)
    assert drawn.shape == (5, 8, 8, 3)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"generator.output": "tanh"}, "does not reach the pixels"),
        ({"data.name": "digitz"}, "digits8x8"),
        ({"data.scale": "half"}, "data.scale must be one of"),
        ({"features.network": "inception"}, "features.weights is the file of"),
        ({"compute.microbatches": 3}, "must divide batch_size = 8"),
        ({"compute.dtype": "float16"}, "compute.dtype must be one of"),
        ({"label_weights.critic": -1.0}, "label_weights.critic must be"),
        (
            {"lipschitz": "clip", "compute.penalty_dtype": "bfloat16"},
            "compute.penalty_dtype = 'bfloat16' has no effect",
        ),
        ({"label_weights.critic": 2.0}, "has no effect without conditional = True"),
        ({"generator_batch_size": 0}, "generator_batch_size must be"),
        ({"generator.multipliers": (8, 4, 2, 1)}, "can be halved 3 times"),
        ({"critic.norm": "batch"}, "use 'layer'"),
        ({"eval_samples": 201}, "holds out 200 images"),
        ({"data.resident_bytes": 1000, "batch_size": 5000}, "at most the 1397"),
        ({"batch_size": 1398}, "at most the 1397 images"),
        ({"critic_optimiser.weight_decay": -1.0}, "weight_decay must be"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_before_training(fields, message):
    with pytest.raises(ValueError, match=message):
        build(resolve("digits", "smoke", **fields))


def test_labels_need_networks_that_take_them():
    with pytest.raises(ValueError, match=r"conditional needs .* 'dcgan' or 'resnet'"):
        resolve("lsun64", "smoke", conditional=True)


def evaluation_of(*args, **fields):
    dataset = load_images("digits8x8")
    return assemble(resolve(*args, **fields), dataset).evaluation


def test_an_experiments_own_counts_shrink_to_what_a_set_holds_out(tmp_path):
    own = {"data.name": own_set(tmp_path, (60, 8, 8, 1))}
    config = resolve("digits", "smoke", **own)  # 20 samples, once; it holds out 6
    experiment = build(config)
    assert held_out.count_evaluated(experiment.evaluation, experiment.dataset) == (6, 1)
    said = held_out.describe_counts(experiment.evaluation, experiment.dataset)
    assert "holds out 6 samples: evaluating on 1 x 6, not on 1 x 20" in said
    held = held_out.hold_out(experiment.dataset, experiment.evaluation, key())
    assert held.reals.shape[:2] == (1, 6)
    larger = load_images("digits8x8")
    assert held_out.describe_counts(experiment.evaluation, larger) is None
    with pytest.raises(ValueError, match="holds out 6 images"):
        build(resolve("digits", "smoke", eval_samples=7, **own))


def test_a_sweep_says_once_that_counts_shrink():
    dataset = Dataset("npz:[a].npz", (8, 8, 3), None, held_out_count=12)
    group = RunGroup(
        Experiment(dataset, None, None, evaluation_of("cifar10", "")), None, []
    )
    console = Console(file=io.StringIO())
    print_notes(Sweep(None, [], [], [group] * 2, 1), console)
    said = console.file.getvalue()
    assert said.count("npz:[a].npz holds out 12 samples: evaluating on 1 x 12") == 1


@pytest.mark.parametrize(
    ("held", "found"),
    [(1, (1, 1)), (999, (999, 1)), (2500, (1000, 2)), (9**9, (1000, 10))],
)
def test_counts_are_the_largest_that_a_set_holds_out(held, found):
    data = load_images("digits8x8")._replace(held_out_count=held)
    assert held_out.count_evaluated(evaluation_of("cifar10", ""), data) == found


def test_too_few_held_out_images_for_features_are_refused():
    evaluation = evaluation_of("digits", "smoke", **{"features.network": "digits"})
    data = load_images("digits8x8")._replace(held_out_count=3)
    with pytest.raises(
        ValueError, match=r"features\.network = 'digits' needs at least 4"
    ):
        held_out.count_evaluated(evaluation, data)


def test_networks_for_vectors_and_images_do_not_mix():
    with pytest.raises(ValueError, match="do not go together"):
        configs.base(critic="dcgan")
    with pytest.raises(ValueError, match=r"critic\.network must be one of"):
        configs.base(critic="unet", generator="dcgan")


def test_the_command_says_in_one_line_what_a_missing_set_needs(tmp_path):
    experiment = ROOT / "experiments" / "cifar10.py"
    done = run_module("wgan_gp.main", "--config", experiment, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "wgan_gp.data.prepare cifar10" in done.stderr
    assert not list(tmp_path.iterdir())


def test_microbatches_average_what_each_part_gives():
    values = jnp.arange(8.0)
    function = lambda add, part: (jnp.mean(part) + add, jnp.max(part))  # noqa: E731
    mean, greatest = updates.in_parts(function, 4)(1.0, values)
    assert mean == 4.5
    assert greatest == 5.5  # of parts 0 4, 1 5, 2 6 and 3 7


@pytest.mark.long
def test_a_multilayer_perceptron_judges_images(tmp_path):
    """A network that accepts every kind of data goes with any generator."""
    config = configs.base(critic="mlp", generator="mlp_image")
    assert config.data.kind == "images"
    config.data.name = "digits8x8"
    config.critic.hidden = config.generator.hidden = (4,)
    config.batch_size = 4
    algorithm, hyperparameters = build(configs.resolve(config))[1:3]
    state = train.init(algorithm, hyperparameters, key())
    with unchecked():
        after, _ = jax.jit(partial(train.train_step, algorithm, hyperparameters))(state)
    moved = jax.tree.map(lambda a, b: (a != b).any(), state.critic, after.critic)
    assert any(jax.tree.leaves(moved.params))
    with pytest.raises(ValueError, match="do not go together: 'mlp' is for vectors"):
        configs.base(data="images")
