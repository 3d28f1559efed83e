"""Differences between two settings."""

import json
from typing import Any

from wgan_gp.configs.schema import as_dict, flatten

# Fields that may differ when a run resumes: they affect training only by rounding.
FREE = ("checkpoint.", "debug_nans", "mesh.", "eval_default")


def differences(before: Any, now: Any, free: tuple[str, ...] = FREE) -> list[str]:
    """Compares two settings.

    Args:
      before: settings of a run.
      now: settings to compare with them.
      free: prefixes of fields that may differ.

    Returns:
      A line for each other field that differs; the constraint comes first. Presets of
      constraints that are newer than `before` do not count.
    """
    trees = [json.loads(json.dumps(as_dict(each))) for each in (before, now)]
    old, new = (dict(flatten(tree)) for tree in trees)
    new = {path: new[path] for path in new if not _is_newer(path, trees[0])}
    # The constraint comes first, because it presets other fields.
    paths = sorted({*old, *new}, key=lambda path: (path != "lipschitz", path))
    return [
        f"{path} was {old.get(path)!r}, is {new.get(path)!r}"
        for path in paths
        if old.get(path) != new.get(path) and not path.startswith(free)
    ]


def _is_newer(path: str, tree: dict[str, Any]) -> bool:
    """Whether a path is in a table `by_constraint` that the tree has no entry for."""
    section, found, rest = path.partition("by_constraint.")
    if not found:
        return False
    for name in [*filter(None, section.split(".")), "by_constraint"]:
        tree = tree.get(name, {})
    return rest.split(".")[0] not in tree


def join_changes(texts: list[str], most: int = 9) -> str:
    """Joins differences with semicolons.

    Args:
      texts: from `differences`.
      most: the number of texts that are shown; the rest is counted.
    """
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more
