"""What all parts of GossipToon Batch share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module


def lazy_names(package: str, modules: Collection[str], public: Collection[str]) -> Callable[[str], object]:
    """Return a package's `__getattr__` (PEP 562), which loads the module of a public name with its first use.

    Parameters:
        modules: those of the package with public names, the one that is needed most first
    """

    def load(name: str) -> object:
        if name in public:
            for module in map(import_module, (f"{package}.{one}" for one in modules)):
                if name in vars(module):
                    found: object = vars(module)[name]
                    setattr(import_module(package), name, found)
                    return found
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load
