"""Measuring what was learned: distances, mode coverage, critic diagnostics.

A critic's own Wasserstein estimate is no measure of a generator. It depends on the
critic, its constraint and how long it was trained. The functions here compare samples
with held-out real ones, independently of the critic:

===================  ===============================================================
vectors              `w1_bracket` for W1 itself; `exact_wasserstein` in few
                     dimensions, and `mode_statistics` for mixtures
pictures             `sliced_wasserstein` of pixels; `frechet_distance`,
                     `kernel_distance` and `precision_recall` of a network's features;
                     `inception_score` of its class probabilities
the critic           `critic_diagnostics` on held-out samples; `truth` beside the
                     optimal critic, where that is known
===================  ===============================================================

No finite set scores 0 against another of the same distribution. Every distance is
therefore read beside its floor, which is what real samples score in place of generated
ones. Compare numbers of equal sample sizes only.
"""

from wgan_gp.evaluate.bracket import Bracket, w1_bracket
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
)
from wgan_gp.evaluate.lower_bound import LowerBound, w1_lower_bound
from wgan_gp.evaluate.modes import ModeStatistics, mode_statistics
from wgan_gp.evaluate.nearest_neighbours import precision_recall

__all__ = [
    "Bracket",
    "LowerBound",
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
    "w1_bracket",
    "w1_lower_bound",
]
