"""Fields of a body, each of the type that it must have. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from droas_sandbox.errors import invalid

Kinds = Mapping[str, tuple[type, ...]]
NOTHING = type(None)


def chosen(form: Mapping[str, Any], kinds: Kinds) -> dict[str, Any]:
    """Give the fields of a body that may be changed; raises 50035 for one of another type."""
    found = {name: form[name] for name in kinds if name in form}
    for name, value in found.items():
        if type(value) not in kinds[name]:
            wanted = " or ".join(kind.__name__ for kind in kinds[name])
            raise invalid(name, "BASE_TYPE_CONVERT", f"Could not interpret as {wanted}.")
    return found


def choice(form: Mapping[str, Any], name: str, choices: Collection[int], default: int | None = None) -> int:
    """Give a field that must be one of these numbers; raises 50035."""
    given = form.get(name)
    value = default if given is None else given
    if type(value) is not int or value not in choices:
        raise invalid(name, "BASE_TYPE_CHOICES", f"Value must be one of {tuple(sorted(choices))}.")
    return value
