"""What the constraints have in common that bound a critic by its construction."""

from typing import Any

from wgan_gp.constraints.value import ADAM


def optimisers(critic_rate: float) -> dict[str, dict[str, Any]]:
    """Presets of both optimisers: the critic's rate falls to 0 along a cosine.

    Args:
      critic_rate: the critic's first learning rate. It is larger than under a penalty:
        a step cannot make the critic too steep.

    Returns:
      Nested fields of a configuration.
    """
    return {
        "critic_optimiser": ADAM | {"learning_rate": critic_rate, "schedule": "cosine"},
        "generator_optimiser": ADAM | {"schedule": "constant"},
    }


def check_network(config: Any) -> None:
    """Checks that the critic has no normalisation, for `Choice.check`.

    Args:
      config: a configuration.

    Raises:
      ValueError: it has one.
    """
    norm = config.critic.get("norm", "none")
    if norm != "none":
        raise ValueError(
            f"critic.norm = {norm!r} does not go with lipschitz ="
            f" {config.lipschitz!r}, whose bound holds for the network alone: set"
            " critic.norm to 'none'"
        )


def check_exact(config: Any) -> None:
    """`check_network`, and that the critic is computed in float32.

    Args:
      config: a configuration.

    Raises:
      ValueError: it is not.
    """
    check_network(config)
    dtype = config.compute.dtype if "compute" in config else "float32"
    if dtype != "float32":
        raise ValueError(
            f"compute.dtype = {dtype!r} does not go with lipschitz ="
            f" {config.lipschitz!r}, whose slopes are exact, and {dtype} has three"
            " digits: set compute.dtype to 'float32'"
        )
