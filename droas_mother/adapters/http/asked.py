"""What a request asks, read by the types that the table of routes gives its parameters."""

import socket
import struct
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from aiohttp import web

_PEERCRED = struct.Struct("3i")
_MAX_DIGITS = 15
_MAX_ID_DIGITS = 20


class ParameterError(Exception):
    """A parameter is not of its type; the text says which, and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a route.

    Args:
        name: as in the path or the query.
        kind: its type.
        words: what it means.
        place: where it stands.
        choices: all that it may be; () for anything of its type.
        default: what it is when it is not given; None: it then has no value.
        most: the largest number.
    """

    name: str
    kind: Literal["text", "number", "flag", "id"]
    words: str
    place: Literal["path", "query"] = "query"
    choices: tuple[str, ...] = ()
    default: int | bool | None = None
    most: int = 1000

    def read(self, text: str | None) -> Any:
        """Give the value of what was sent; raises ParameterError."""
        if text is None:
            return self.default
        match self.kind:
            case "number":
                return self._number(text)
            case "flag":
                return self._flag(text)
            case "id":
                if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_ID_DIGITS):
                    raise ParameterError(f"{self.name} must be a Discord id, 1 to {_MAX_ID_DIGITS} digits")
                return text
            case "text":
                if self.choices and text not in self.choices:
                    raise ParameterError(f"{self.name} must be one of {', '.join(self.choices)}")
                return text

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS and int(text) <= self.most):
            raise ParameterError(f"{self.name} must be a whole number from 0 to {self.most}")
        return int(text)

    def _flag(self, text: str) -> bool:
        if text not in {"true", "false"}:
            raise ParameterError(f"{self.name} must be true or false")
        return text == "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, read.

    Args:
        values: of its parameters, by name.
        uid: the user that asks, as the kernel tells it; -1 over TCP.
        body: what it carries, of the type that the route names; None without one.
    """

    values: dict[str, Any]
    uid: int
    body: Any = None

    def __getitem__(self, name: str) -> Any:
        """Give a parameter's value."""
        return self.values[name]


def read(request: web.Request, parameters: tuple[Parameter, ...]) -> Asked:
    """Read a request; raises ParameterError."""
    query = request.query if request.query_string else {}
    values = {
        one.name: one.read((request.match_info if one.place == "path" else query).get(one.name))
        for one in parameters
    }
    unknown = query.keys() - values.keys()
    if unknown:
        raise ParameterError(f"there is no parameter {min(unknown)[:64]}")
    return Asked(values=values, uid=peer_uid(request))


def read_body(raw: bytes, kind: Any) -> Any:
    """Read what a request carries; raises ParameterError with the place of the fault."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ParameterError(f"the body is not as described: {error}") from None


def peer_uid(request: web.Request) -> int:
    """Give the uid of the process at the other end, as the kernel tells it; -1 when it does not."""
    sock = request.transport.get_extra_info("socket") if request.transport else None
    if sock is None or sock.family != socket.AF_UNIX:
        return -1
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size)
    return int(_PEERCRED.unpack(raw)[1])
