"""Advice of a run: on critics that look broken, and on the constraint."""

from wgan_gp.configs import CriticSettings, constraint_section
from wgan_gp.constraints import CONSTRAINTS, RECOMMENDED, aimed_slope
from wgan_gp.data import Dataset

# With smaller slopes, the generator's gradients vanish beside the epsilon of its
# optimiser, 1e-8. In docs/images/sweep_toy.csv all critics of clip_bound 0.003 are
# below this, and those of clip_bound 0.01 are above 1e-4.
_FROZEN_WITHOUT_SCALE = 1e-6


def advice(settings: CriticSettings, measured: dict[str, float]) -> list[str]:
    """Advice for a critic that looks broken in an evaluation.

    Args:
      settings: of the run.
      measured: the scalars of the evaluation.

    Returns:
      A line for each problem: the measured value, and what to try.
    """
    mean, found = measured.get("gradient_norm_mean"), []
    if mean is None:
        return found
    section = constraint_section(settings)
    aim = aimed_slope(CONSTRAINTS[settings.lipschitz], section)
    if aim is None:
        if mean < _FROZEN_WITHOUT_SCALE:
            strength = CONSTRAINTS[settings.lipschitz].strength
            found.append(
                f"the critic is frozen (mean gradient norm {mean:.2g}, below"
                f" {_FROZEN_WITHOUT_SCALE:g}): try"
                f" {f'a larger {strength}' if strength else 'a constraint'}, or fewer"
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
    return found


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
