"""Configurations that were stored by an older version, which had fewer fields."""

from typing import Any

from ml_collections import ConfigDict

from wgan_gp.configs.fields import base
from wgan_gp.configs.resolution import base_arguments, resolve
from wgan_gp.configs.settings import flatten
from wgan_gp.system.values import join_names

# What a run did before it had a field, where that is not what `base` does.
BEFORE: dict[str, Any] = {"mesh.data": 1}
# What every version has stored of the runs that have it: without these it is not the
# configuration of a run.
ALWAYS = (
    *("name", "task", "seed", "lipschitz", "steps", "batch_size", "n_critic"),
    *("data.name", "data.dimension", "data.funnels", "data.seed"),
    *("critic.hidden", "critic.width", "generator.hidden", "generator.width"),
    *("generator.latent", "critic_optimiser.name", "generator_optimiser.name"),
    *("critic_optimiser.learning_rate", "generator_optimiser.learning_rate"),
)


def resolve_stored(stored: Any) -> Any:
    """A stored run's configuration, checked again, with the fields it had not yet.

    Args:
      stored: what was in JSON.

    Raises:
      ValueError: it lacks or mistypes fields, or is one of a newer version.
    """
    try:
        return resolve(ConfigDict(complete_stored(stored)))
    except (TypeError, AttributeError) as error:  # of sections that are none
        raise ValueError(str(error)) from None


def complete_stored(stored: Any) -> dict[str, Any]:
    """A stored configuration with the fields that runs have got since.

    Args:
      stored: what was in JSON.

    Returns:
      The same with all fields of `base`, to be resolved. A field that was not there
      has the value that leaves the run as it was: that in `BEFORE`, or `base`'s own.

    Raises:
      ValueError: it is no configuration, or it is one of a newer version.
    """
    if not isinstance(stored, dict):
        raise ValueError(f"expected an object with its fields, got {stored!r:.60}")
    if "task" not in stored:
        raise ValueError("it lacks task")
    full = base(stored["task"], **base_arguments(stored))
    known, there = dict(flatten(full)), dict(flatten(stored))
    needed = [path for path in ALWAYS if path in known]
    if missing := [path for path in needed if path not in there]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    names = [
        path for path, _ in flatten(stored) if not path.startswith("by_constraint")
    ]
    if unknown := [path for path in names if path not in known]:
        raise ValueError(
            f"it has the fields {join_names(unknown)}, which this version does not"
            " know: use the version of wgan_gp that wrote it, or a newer one"
        )
    full.update_from_flattened_dict({p: v for p, v in BEFORE.items() if p in known})
    return _merged(full.to_dict(), stored)


def _merged(full: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """`stored`, and what only `full` has, section by section."""
    common = {
        name: _merged(full[name], value)
        for name, value in stored.items()
        if isinstance(value, dict) and isinstance(full.get(name), dict)
    }
    return full | stored | common
