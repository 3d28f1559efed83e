"""Stored configurations, which may come from an older version with fewer fields."""

from typing import Any

from ml_collections import ConfigDict

from wgan_gp.configs.fields import base
from wgan_gp.configs.resolution import base_arguments, resolve
from wgan_gp.configs.schema import flatten
from wgan_gp.system.values import join_names

# For fields whose default in `base` differs from how older runs behaved: the value that
# means "as before".
BEFORE: dict[str, Any] = {"mesh.data": 1}
# Fields that some versions stored and none used, with the value that they had.
WITHOUT_EFFECT: dict[str, Any] = {"generator.condition": None}
# Fields that every version has stored. Without them, a file is not the configuration of
# a run.
ALWAYS = (
    *("name", "task", "seed", "lipschitz", "steps", "batch_size", "n_critic"),
    *("data.name", "data.dimension", "data.funnels", "data.seed"),
    *("critic.hidden", "critic.width", "generator.hidden", "generator.width"),
    *("generator.latent", "critic_optimiser.name", "generator_optimiser.name"),
    *("critic_optimiser.learning_rate", "generator_optimiser.learning_rate"),
)


def resolve_stored(stored: Any) -> Any:
    """The settings of a stored run, checked again.

    Args:
      stored: the content of its `config.json`.

    Returns:
      As `resolve`. Fields that are newer than the run have the value "as before".

    Raises:
      ValueError: a field is missing or has the wrong type, or the run comes from a
        newer version.
    """
    try:
        return resolve(ConfigDict(complete_stored(stored)))
    except (TypeError, AttributeError) as error:  # a section is not a dict
        raise ValueError(str(error)) from None


def complete_stored(stored: Any) -> dict[str, Any]:
    """Adds to a stored configuration the fields that are newer than it.

    Args:
      stored: the content of `config.json`.

    Returns:
      A nested dict with all fields of `base`, for `resolve`. New fields have the value
      that means "as before": the one in `BEFORE`, or else the default of `base`.

    Raises:
      ValueError: it is not a configuration, or comes from a newer version.
    """
    if not isinstance(stored, dict):
        raise ValueError(f"expected an object with its fields, got {stored!r:.60}")
    if "task" not in stored:
        raise ValueError("it lacks task")
    stored = _without_unused(stored)
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


def _without_unused(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored configuration without the fields of `WITHOUT_EFFECT`."""
    kept = dict(stored)
    for path, unused in WITHOUT_EFFECT.items():
        section, _, name = path.partition(".")
        fields = kept.get(section)
        if isinstance(fields, dict) and fields.get(name, ...) == unused:
            kept[section] = {each: fields[each] for each in fields if each != name}
    return kept


def _merged(full: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Merges nested dicts: the values of `stored`, and those only in `full`."""
    common = {
        name: _merged(full[name], value)
        for name, value in stored.items()
        if isinstance(value, dict) and isinstance(full.get(name), dict)
    }
    return full | stored | common
