"""Differences between two settings."""

import json
from typing import Any

from wgan_gp.configs.schema import as_dict, flatten

# Fields that may differ when a run resumes: they affect training only by rounding, or
# not at all.
FREE = ("checkpoint.", "debug_nans", "mesh.", "eval_default", "data.cache")


def differences(before: Any, now: Any, free: tuple[str, ...] = FREE) -> list[str]:
    """Compares two settings.

    Args:
      before: settings of a run, or a nested dict of some of them.
      now: settings to compare with them, likewise.
      free: prefixes of fields that may differ.

    Returns:
      A line for each other field that differs; the constraint comes first.
    """
    old, new = (_flat(each) for each in (before, now))
    # The constraint comes first, because it presets other fields.
    paths = sorted({*old, *new}, key=lambda path: (path != "lipschitz", path))
    return [
        f"{path} was {old.get(path)!r}, is {new.get(path)!r}"
        for path in paths
        if old.get(path) != new.get(path) and not path.startswith(free)
    ]


def _flat(settings: Any) -> dict[str, Any]:
    """The fields by their dotted paths, as JSON has them."""
    nested = settings if isinstance(settings, dict) else as_dict(settings)
    return dict(flatten(json.loads(json.dumps(nested))))


def join_changes(texts: list[str], most: int = 9) -> str:
    """Joins differences with semicolons.

    Args:
      texts: from `differences`.
      most: the number of texts that are shown; the rest is counted.
    """
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more
