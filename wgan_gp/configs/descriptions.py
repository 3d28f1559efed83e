"""What each field of a configuration means, and which values it takes.

`python -m wgan_gp.main --help` lists them. Their types and defaults are in `fields`.
"""

from typing import NamedTuple

from wgan_gp import data
from wgan_gp.algorithm import optimisers
from wgan_gp.configs.fields import DTYPES, FEATURES, PRESETS, TASKS
from wgan_gp.constraints import POINTS
from wgan_gp.data.ranges import SCALES
from wgan_gp.losses import PAIRINGS, SHAPES
from wgan_gp.networks import (
    CRITICS,
    GENERATORS,
    IMAGE_ACTIVATIONS,
    INITIALISERS,
    OUTPUTS,
)


class Description(NamedTuple):
    """Of one field."""

    sentence: str
    valid: tuple = ()  # the values there are, where they have names
    range: str = ""  # of a number, or of each number of a tuple


def _positive(sentence: str) -> Description:
    return Description(sentence, range="> 0")


def _at_least(least: int, sentence: str) -> Description:
    return Description(sentence, range=f">= {least}")


def _share(sentence: str) -> Description:
    return Description(sentence, range=">= 0 and < 1")


def _one_of(valid, sentence: str) -> Description:
    return Description(sentence, valid=tuple(valid))


def _player(name: str, networks, norms: tuple[str, ...]) -> dict[str, Description]:
    """The fields that critics and generators share."""
    fields = {
        "network": _one_of(networks, f"Family of the {name}'s network."),
        "hidden": _at_least(1, "Width of each hidden layer."),
        "width": _at_least(1, "Channels of the layer next to the image."),
        "multipliers": _at_least(1, "Channels of each layer, as multiples of width."),
        "blocks": _at_least(1, "Residual blocks at each image size."),
        "extra": _at_least(0, "Additional 3 x 3 layers of stride 1."),
        "activation": _one_of(
            IMAGE_ACTIVATIONS, "Nonlinearity of hidden layers; dcgan alone has gated."
        ),
        "norm": _one_of(norms, "Normalisation of hidden layers."),
        "initialiser": _one_of(
            INITIALISERS, "Initial weights and biases; fan_in is PyTorch's default."
        ),
        "weight_std": _at_least(
            0, "Standard deviation of initial weights; 0 derives it from each layer."
        ),
    }
    return {f"{name}.{field}": each for field, each in fields.items()}


def _optimiser(player: str) -> dict[str, Description]:
    fields = {
        "name": _one_of(optimisers.OPTIMISERS, f"Optimiser of the {player}."),
        "learning_rate": _positive("Initial learning rate."),
        "beta1": _share("Adam's decay of the mean of gradients."),
        "beta2": _share("Adam's and RMSProp's decay of the mean of squared gradients."),
        "schedule": _one_of(
            optimisers.SCHEDULES,
            "Learning rate over the run; all but constant reach 0.",
        ),
        "weight_decay": _at_least(
            0, "Weights times this number are added to their gradients."
        ),
    }
    return {f"{player}_optimiser.{field}": each for field, each in fields.items()}


DESCRIPTIONS: dict[str, Description] = {
    "name": Description("Name of the experiment, and of folders in runs/."),
    "task": _one_of(TASKS, "gan trains both networks, critic a critic alone."),
    "seed": _at_least(0, "Seed of initial weights, samples and noise."),
    "lipschitz": _one_of(PRESETS, "Lipschitz constraint on the critic."),
    "steps": _at_least(1, "Generator updates; of a critic alone, critic updates."),
    "batch_size": _at_least(1, "Real samples of an update, and as many generated."),
    "n_critic": _at_least(1, "Critic updates for each generator update."),
    "ema_decay": _share(
        "Decay of the exponential average of the generator's weights; 0 is no average."
    ),
    **_player("critic", CRITICS, ("none", "layer")),
    "critic.maxout": _at_least(
        1, "The critic's value is the largest of this many linear outputs."
    ),
    "critic.fourier": _at_least(0, "Random Fourier features that extend the input."),
    "critic.fourier_scale": _positive("Standard deviation of their frequencies."),
    **_player("generator", GENERATORS, ("none", "layer", "batch")),
    "generator.latent": _at_least(1, "Dimension of the noise z ~ N(0, I)."),
    "generator.output": _one_of(
        OUTPUTS, "tanh is for pixels in [-1, 1], sigmoid [0, 1]."
    ),
    "generator.unit_norm": Description(
        "Whether the first layer is normalised by unit rather than by channel."
    ),
    **_optimiser("critic"),
    **_optimiser("generator"),
    "penalty.weight": _at_least(0, "lambda, the weight of the penalty."),
    "penalty.points": _one_of(POINTS, "Where the gradient's norm is penalised."),
    "penalty.box": Description("(low, high) of all coordinates; for points = box."),
    "penalty.shape": _one_of(SHAPES, "Shape of the difference penalty."),
    "penalty.power": _one_of((1, 2), "Power of one-sided penalties."),
    "penalty.pairing": _one_of(PAIRINGS, "Pairs of points of the difference penalty."),
    "penalty.signed": Description(
        "Whether the difference penalty keeps the sign of differences."
    ),
    "clip_bound": _positive("c: each update clips weights to [-c, c]."),
    "data.name": Description(
        f"Data set. Vectors: {', '.join(data.DATASETS)}. Images: mnist5k, digits8x8, a"
        " name of TFDS's, npz:FILE or folder:FOLDER."
    ),
    "data.scale": _one_of(
        SCALES, "Range of pixels: [0, 1], [-1, 1], or [-1, 1] with uniform noise."
    ),
    "data.size": _at_least(
        1, "(height, width) that pictures are cropped and scaled to."
    ),
    "data.channels": _one_of(
        (1, 3), "1 reads pictures in grey, 3 in colour; open is what the set has."
    ),
    "data.data_dir": Description("Folder of TFDS's sets; open is TFDS's own default."),
    "data.skip_corrupt": Description(
        "Whether pictures that do not decode are left out."
    ),
    "data.resident_bytes": _at_least(
        0, "Larger image sets are streamed rather than kept on the device."
    ),
    "data.dimension": _at_least(1, "D of the W1 benchmark's pair of distributions."),
    "data.funnels": _at_least(1, "N of the W1 benchmark's pair of distributions."),
    "data.seed": _at_least(0, "Seed of the W1 benchmark's pair of distributions."),
    "conditional": Description("Whether the networks take labels; for resnet."),
    "label_weights.critic": _at_least(0, "Weight of the critic's loss on labels."),
    "label_weights.generator": _at_least(
        0, "Weight of the generator's loss on labels."
    ),
    "generator_batch_size": _at_least(
        1, "Generated samples of a generator update; open is batch_size."
    ),
    "compute.dtype": _one_of(DTYPES, "Type in which the networks compute."),
    "compute.penalty_dtype": _one_of(DTYPES, "The critic's type within the penalty."),
    "compute.rematerialise": Description(
        "Whether activations are computed again to save memory; XLA undoes it on CPUs."
    ),
    "compute.microbatches": _at_least(
        1, "Parts of a critic batch that are differentiated in turn; saves memory."
    ),
    "features.network": _one_of(
        FEATURES, "Network whose features evaluations compare images on."
    ),
    "features.weights": Description("File of the Inception network's weights."),
    "checkpoint.every": _at_least(
        1, "Steps between checkpoints; the last is always saved."
    ),
    "checkpoint.keep": _at_least(2, "How many of the newest checkpoints are kept."),
    "checkpoint.keep_every": _at_least(
        0, "Steps between checkpoints that are kept for good; 0 is none."
    ),
    "mesh.data": _at_least(
        0, "Devices that batches are split over; 0 is the most that divide them."
    ),
    "debug_nans": Description("Whether to find the operation that made a NaN; slow."),
    "log_every": _at_least(1, "Steps between records of training metrics."),
    "eval_every": _at_least(1, "Steps between evaluations."),
    "eval_samples": _at_least(
        1, "Real samples of an evaluation, and as many generated."
    ),
    "eval_repeats": _at_least(1, "Independent sets of samples in the final report."),
    "eval_default": Description(
        "The experiment's own (eval_samples, eval_repeats), which shrink to what an"
        " image set holds out; any others are refused where it holds out fewer."
    ),
}
