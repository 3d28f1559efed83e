"""Whether a record was made with the settings that its study has now."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from wgan_gp.configs.comparison import differences, join_changes


def check_settings(path: Path, stored: Callable[[], Any], now: Any) -> None:
    """Refuses a record that was made with other settings, naming those that differ.

    Args:
      path: of the record.
      stored: reads the record's settings. A ValueError of it counts as a difference:
        they are not valid in this version.
      now: settings to compare with them, as in `configs.comparison.differences`.

    Raises:
      ValueError: some differ.
    """
    try:
        changes = differences(stored(), now)
    except ValueError as error:
        changes = [str(error)]
    if changes:
        raise ValueError(
            f"{path} was made with other settings ({join_changes(changes)}): move it"
            " away, or use another --out"
        )
