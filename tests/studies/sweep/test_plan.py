import jax
import pytest

from tests.helpers import load_experiment
from wgan_gp import configs
from wgan_gp.data import image_sets
from wgan_gp.data.image_sets import load_images
from wgan_gp.studies import sweep
from wgan_gp.studies.sweep import plan, programs


def configuration(**fields):
    config = load_experiment("sweep_toy", "smoke")
    with config.ignore_type():
        config.update_from_flattened_dict(fields)
    return config


def test_points_that_differ_in_traced_fields_share_a_program():
    found = sweep.resolve(
        configuration(
            grid=(
                "lipschitz=two_sided penalty.weight=1,2 n_critic=1,3",
                "lipschitz=clip",
                "generator_optimiser.learning_rate=0.1 ema_decay=0.5",
            ),
            runs_per_program=7,
        )
    )
    first, second = found.groups
    assert [len(chunk) for chunk in first.chunks] == [5, 5]
    assert first.experiment.algorithm.n_critic == 5  # of the third study
    assert [len(chunk) for chunk in second.chunks] == [2]
    assert second.settings.lipschitz == "clip"
    trained = [r for p in found.groups for c in p.chunks for r in c]
    assert sorted(trained) == sorted(found.runs)


def test_each_run_has_the_configuration_of_a_single_one():
    found = sweep.resolve(configuration(**{"experiment.seed": 3}))
    single = load_experiment("sweep_toy", "smoke").experiment
    single.update({"seed": 4, "lipschitz": "clip", "clip_bound": 0.1})
    last = plan.run_settings(found, found.runs[-1])
    assert last == configs.resolve(single)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"grid": ("penalty.weight=a",)}, "penalty.weight must be a number"),
        ({"grid": ("penalty.weight=-1",)}, "penalty.weight must be a finite"),
        ({"grid": ("lipschitz=clip penalty.weight=1",)}, "penalty.weight = 1.0 has no"),
        ({"grid": ("penalty.weight=1,1.0",)}, "the point penalty.weight=1"),
        ({"grid": ("penalty.weight=1", "penalty.weight=1,2")}, "leave one out"),
        ({"grid": ("data.name=mnist5k",)}, "data.name must be one of"),
        ({"grid": ("batch_size=1,2", "critic.wdth=3")}, "critic.wdth"),
        ({"grid": ()}, "grid must be a tuple"),
        ({"grid": ("penalty.weight=1",), "seeds": 0}, "seeds must be"),
        ({"seeds": 200_000}, "seeds must be"),
        ({"seeds": 90_000}, "grid has 360000 runs"),
        ({"save_every": 0}, "save_every must be"),
        ({"runs_per_program": 1.5}, "runs_per_program must be"),
        ({"mesh.runs": 9}, "mesh.runs must be at most the 8 devices"),
        ({"mesh.runs": -1}, "mesh.runs must be"),
        ({"name": "a/b"}, "name must be fit"),
        ({"experiment.task": "critic"}, "experiment.task must be 'gan'"),
        ({"experiment.debug_nans": True}, "experiment.debug_nans has no effect"),
        ({"experiment.mesh.data": 1}, "experiment.mesh.data has no effect"),
        ({"experiment.seed": 2**32 - 1}, "experiment.seed"),
        ({"experiment.steps": "x"}, "steps must be a whole number"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line(fields, words):
    with pytest.raises(ValueError, match=words.split()[0]) as caught:
        sweep.resolve(configuration(**fields))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_programs_of_the_same_data_share_one_copy_of_it(monkeypatch):
    opened = []

    def load(name, **options):
        opened.append((name, options["scale"]))
        return load_images(name, **options)

    monkeypatch.setattr(image_sets, "load_images", load)
    images = load_experiment("digits", "smoke")
    images.lipschitz = "clip"  # the least to trace
    studies = (
        "generator.latent=3,4",
        "batch_size=5",
        "data.scale=symmetric generator.output=tanh",
    )
    found = sweep.resolve(sweep.configuration("x", images, studies, seeds=1))
    assert len(found.groups) == 4
    assert opened == [("digits8x8", "unit"), ("digits8x8", "symmetric")]
    samplers = {id(each.experiment.dataset.sample) for each in found.groups}
    assert len(samplers) == 2
    experiment = found.groups[0].experiment
    made = programs.compile_functions(experiment, programs.make_mesh(2))
    images = jax.tree.leaves(made.advance.args[0])[0]
    (own,) = (each for each in images.addressable_shards if each.device.id == 0)
    first = jax.tree.leaves(experiment.dataset.sample)[0]
    assert own.data.unsafe_buffer_pointer() == first.unsafe_buffer_pointer()


def test_each_program_is_checked_beside_the_data_that_it_shares():
    images = load_experiment("digits", "smoke")
    images.lipschitz = "clip"
    with pytest.raises(ValueError, match="batch_size must be at most the 1397 images"):
        sweep.resolve(sweep.configuration("x", images, ("batch_size=5,2000",)))


@pytest.mark.long
def test_streamed_data_is_refused():
    images = load_experiment("digits", "smoke")
    images.data.resident_bytes = 9
    with pytest.raises(ValueError, match=r"'digits8x8' is streamed"):
        sweep.resolve(sweep.configuration("x", images, ("penalty.weight=1",)))


def test_other_configurations_are_refused():
    with pytest.raises(ValueError, match=r"start from sweep\.configuration"):
        sweep.resolve(load_experiment("toy8gauss", "smoke"))
    with pytest.raises(ValueError, match="must return a ConfigDict"):
        sweep.resolve({})
