"""Measuring what was learned: distances, mode coverage, critic diagnostics."""

from wgan_gp.evaluate.critic import critic_diagnostics
from wgan_gp.evaluate.distances import (
    exact_wasserstein,
    optimal_coupling,
    sinkhorn_divergence,
    sliced_wasserstein,
)
from wgan_gp.evaluate.feature_distances import (
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
)
from wgan_gp.evaluate.modes import ModeStatistics, mode_statistics

__all__ = [
    "ModeStatistics",
    "critic_diagnostics",
    "exact_wasserstein",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "mode_statistics",
    "optimal_coupling",
    "precision_recall",
    "sinkhorn_divergence",
    "sliced_wasserstein",
]
