"""A function named as `module:function`, imported only in the process that calls it."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class ByName:
    """What another process is to call.

    Stands on the common ground, because that process imports this module to read it: any room of the mother
    would come with her libraries (1.3 MiB and several milliseconds for each child).
    """

    name: str

    def __call__(self, *arguments: Any) -> None:
        """Import the function and call it."""
        module, _, function = self.name.partition(":")
        getattr(import_module(module), function)(*arguments)
