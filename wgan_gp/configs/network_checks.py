"""What a configuration may say of the two networks."""

from ml_collections import ConfigDict

from wgan_gp import networks
from wgan_gp.system.values import DEEPEST, WIDEST, below, one_of, positive, show, whole

NORMS = {"critic": ("none", "layer"), "generator": ("none", "batch")}


def check_networks(config: ConfigDict) -> None:
    """Raises ValueError for the first field of a network that is out of range."""
    for player in ("critic", "generator"):
        if player in config:
            _check_network(player, config[player])
    if "maxout" in config.critic:
        _check_vector_critic(config.critic)


def _check_network(player: str, network: ConfigDict) -> None:
    for name in ("hidden", "multipliers", "blocks"):
        if name in network:
            _check_layers(f"{player}.{name}", network[name])
    if "width" in network:
        whole(f"{player}.width", network.width, 1, WIDEST)
    if "extra" in network:
        whole(f"{player}.extra", network.extra, 0, DEEPEST)
    if "activation" in network:
        images = network.network == "dcgan"
        known = networks.IMAGE_ACTIVATIONS if images else networks.ACTIVATIONS
        one_of(f"{player}.activation", network.activation, known)
    if "norm" in network:
        _check_norm(player, network)
    if "initialiser" in network:
        one_of(f"{player}.initialiser", network.initialiser, networks.INITIALISERS)
    if "output" in network:
        one_of(f"{player}.output", network.output, networks.OUTPUTS)
    if network.get("weight_std"):
        positive(f"{player}.weight_std", network.weight_std)


def _check_norm(player: str, network: ConfigDict) -> None:
    if player == "critic" and "batch" in network.norm:
        raise ValueError(
            f"critic.norm = {show(network.norm)}: the penalty acts on each sample on"
            " its own, and batch normalisation ties a batch's samples together; use"
            " 'layer'"
        )
    known = networks.NORMS if network.network == "mlp" else NORMS[player]
    one_of(f"{player}.norm", network.norm, known)


def _check_layers(path: str, sizes) -> None:
    if not sizes:
        raise ValueError(f"{path} must name at least one layer, got ()")
    below(f"the number of layers in {path}", len(sizes), DEEPEST)
    limit = DEEPEST if path.endswith(".blocks") else WIDEST  # they count layers
    for size in sizes:
        whole(path, size, 1, limit)


def _check_vector_critic(critic: ConfigDict) -> None:
    whole("critic.maxout", critic.maxout, 1, WIDEST)
    whole("critic.fourier", critic.fourier, 0, WIDEST)
    positive("critic.fourier_scale", critic.fourier_scale)
    if critic.fourier_scale != 1 and not critic.fourier:
        raise ValueError(
            f"critic.fourier_scale = {critic.fourier_scale} has no effect with"
            " critic.fourier = 0: leave it out, or set critic.fourier"
        )
