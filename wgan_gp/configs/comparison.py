"""What differs between two configurations, in words."""

import json
from typing import Any

from wgan_gp.configs.settings import as_dict, flatten

# Fields that may differ when a run goes on: they change nothing that is trained, but
# for rounding.
FREE = ("checkpoint.", "debug_nans", "mesh.", "eval_default")


def differences(before: Any, now: Any, free: tuple[str, ...] = FREE) -> list[str]:
    """What differs between two configurations, but for `free` fields, in words."""
    old, new = (
        dict(flatten(json.loads(json.dumps(as_dict(each))))) for each in (before, now)
    )
    # The constraint first: it presets others.
    paths = sorted({*old, *new}, key=lambda path: (path != "lipschitz", path))
    return [
        f"{path} was {old.get(path)!r}, is {new.get(path)!r}"
        for path in paths
        if old.get(path) != new.get(path) and not path.startswith(free)
    ]


def join_changes(texts: list[str], most: int = 9) -> str:
    """At most so many texts in a row, and how many more there are."""
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more
