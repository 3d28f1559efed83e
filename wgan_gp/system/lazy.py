"""A package whose parts are imported when they are first used."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any


def lazy_attributes(
    package: str, modules: Sequence[str], names_of: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a package (PEP 562).

    Args:
      package: its name.
      modules: its modules that become attributes.
      names_of: that one of them whose own names are the package's, too.
    """

    def get(name: str) -> Any:
        if name in modules:
            return import_module(f"{package}.{name}")
        shared = import_module(f"{package}.{names_of}")
        if name in shared.__all__:
            return getattr(shared, name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        shared = import_module(f"{package}.{names_of}")
        return sorted({*vars(import_module(package)), *modules, *shared.__all__})

    return get, names
