"""Advice of a run: on critics that look broken, when to stop, and on the constraint."""

from wgan_gp.configs import CriticSettings, constraint_section
from wgan_gp.constraints import CONSTRAINTS, RECOMMENDED, Choice, aimed_slope
from wgan_gp.data import Dataset
from wgan_gp.evaluate.metrics import METRICS

# With smaller slopes, the generator's gradients vanish beside the epsilon of its
# optimiser, 1e-8. In docs/images/sweep_toy.csv all critics of clip_bound 0.003 are
# below this, and those of clip_bound 0.01 are above 1e-4.
_FROZEN_WITHOUT_SCALE = 1e-6
# A critic is behind where W1 is certainly more than so many times its estimate. Finite
# weights and samples make estimates differ by less.
_BEHIND = 1.25
_ENOUGH = 200  # samples of an evaluation that a generator is told to stop by


def advice(
    settings: CriticSettings, measured: dict[str, float], samples: int | None = None
) -> list[str]:
    """Advice for a critic that looks broken in an evaluation, or to stop.

    Args:
      settings: of the run.
      measured: the scalars of the evaluation.
      samples: that a set of it had; None for as many as the settings ask for.

    Returns:
      A line for each problem: the measured value, and what to try. Or one that says
        that no more can be measured of this generator.
    """
    mean, found = measured.get("gradient_norm_mean"), []
    if mean is None:
        return found
    choice = CONSTRAINTS[settings.lipschitz]
    aim = aimed_slope(choice, constraint_section(settings))
    if aim is None:
        if mean < _FROZEN_WITHOUT_SCALE:
            found.append(
                f"the critic is frozen (mean gradient norm {mean:.2g}, below"
                f" {_FROZEN_WITHOUT_SCALE:g}): try {_without_scale(choice)}, or fewer"
                " layers"
            )
        return found
    if mean < 0.01 * aim:
        found.append(
            f"the critic is frozen (mean gradient norm {mean:.2g}): try a lower"
            " critic_optimiser.learning_rate, or another initialisation"
        )
    if mean > 5 * aim:
        found.append(
            f"the critic is far from {aim:g}-Lipschitz (mean gradient norm {mean:.2g}):"
            " try a larger penalty.weight or a lower critic_optimiser.learning_rate"
        )
    if measured["wasserstein"] < -0.1 * aim:
        other = ""
        if settings.lipschitz != RECOMMENDED:
            other = f", lipschitz = {RECOMMENDED!r}"
        found.append(
            f"the estimate is upside down ({measured['wasserstein']:.2g}, real below"
            f" generated): try more n_critic{other}, or a narrower critic if there are"
            " few samples to learn from"
        )
    if "lower_bound" in measured and not found:
        count = settings.eval_samples if samples is None else samples
        found += _beside_exact_critics(settings, measured, aim, count)
    return found


def _without_scale(choice: Choice) -> str:
    """What makes a critic steeper whose strength sets its scale."""
    if choice.strength is None:
        return "a constraint"
    penalised = choice.section == "penalty"
    return f"a {'smaller' if penalised else 'larger'} {choice.strength}"


def _beside_exact_critics(
    settings: CriticSettings, measured: dict[str, float], aim: float, samples: int
) -> list[str]:
    """Advice by the lower bound of W1 that exact critics give in a last evaluation."""
    bound, error = measured["lower_bound"], measured["lower_bound_error"]
    estimate, low = measured["wasserstein"] / aim, bound - 3 * error
    # At the optimum of another objective a critic's difference is not W1.
    estimates = getattr(settings, "objective", "wasserstein") == "wasserstein"
    if estimates and low > max(_BEHIND * estimate, 0):
        return [
            f"the critic is not near its optimum (its estimate is {estimate:.2g}, and"
            f" W1 is more than {low:.2g}): try more n_critic or steps, or a higher"
            " critic_optimiser.learning_rate"
        ]
    w1, floor = (measured.get(name) for name in ("w1", METRICS["w1"].floor))
    near = w1 and floor and w1 < 1.1 * floor and bound < 2 * error
    if near and samples >= _ENOUGH and not _told_apart(measured):
        return [
            f"the generator is as near to the held-out samples as other real ones are"
            f" (W1 {w1:.3g}, floor {floor:.3g}; no exact critic tells them apart): stop"
            " here, or measure with more eval_samples"
        ]
    return []


def _told_apart(measured: dict[str, float]) -> bool:
    """Whether a classifier tells generated rows from real ones.

    Of tables, where W1 is near its floor for many wrong generators in many dimensions.
    """
    name = METRICS["two_sample"].floor
    return measured.get("two_sample", 0.0) > measured.get(name, 0.5) + 0.05


def recommendation(dataset: Dataset, settings: CriticSettings) -> str | None:
    """A line for the end of a run that names another constraint.

    Args:
      dataset: that was learned.
      settings: of the run.

    Returns:
      None for images, which the study did not compare, and for the recommended one.
    """
    if dataset.kind != "vectors" or settings.lipschitz == RECOMMENDED:
        return None
    return (
        f"the constraint recommended for vectors is {RECOMMENDED}:"
        f" --config.lipschitz={RECOMMENDED} (docs/constraints.md)"
    )
