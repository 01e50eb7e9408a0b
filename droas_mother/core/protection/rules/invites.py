"""Invitations to other Discord groups."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import re2

from droas_mother.core.protection.decision import Decision
from droas_mother.core.protection.facts import MessageFacts, Trace
from droas_mother.core.protection.policy import Policy
from droas_mother.core.protection.rules.base import against

_HOST = re2.compile(r"(?:^|[^a-z0-9-])(discord(?:app)?\.com|discord\.gg|dsc\.gg|discord\.me)\.?(?::\d*)?/")
_MOST = 600
_PATH = re.compile(rf"[^\s<>?#]{{0,{_MOST}}}")
_CODE = re.compile(r"[a-z0-9-]{2,32}")
_NOTHING = re.compile(r"/(?:\.?/)+")
"""Parts of a path that lead nowhere; browsers leave them out."""

_LONG_HOSTS = ("discord.com", "discordapp.com")
"""Where an invitation's path begins with `/invite`."""


class InviteRule:
    """Deletes invitations, those allowed by name left out.

    Args:
        allowed: invite codes that may be posted.
    """

    name = "invites"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = frozenset(code.casefold() for code in allowed)

    def judge(self, facts: MessageFacts, recent: tuple[Trace, ...], policy: Policy) -> Decision:  # noqa: ARG002 - port
        """Say what to do about a message with an invitation."""
        if policy.invites_allowed:
            return Decision()
        found = (code for text in facts.readings for code in codes(text))
        if all(code in self._allowed for code in found):
            return Decision()
        return against(
            facts, self.name, "an invitation to another group", time_out_s=policy.invite_time_out_s
        )


def codes(text: str) -> Iterator[str]:
    """Give the codes of the invitations in a text, whose addresses are read as a browser reads them.

    What an address leads to when its steps back are taken, and what stands first in it, are both taken for a code.
    """
    plain = unquote(text).casefold().replace("\\", "/").replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    plain = _NOTHING.sub("/", plain)
    for found in _HOST.finditer(plain):
        path = _PATH.match(plain, found.end())
        if path is not None and len(path[0]) == _MOST and ".." in path[0]:
            yield path[
                0
            ]  # nobody needs so many steps but who hides where they lead; it is no code that could be allowed
        parts = path[0].split("/") if path is not None else []
        for way in (parts, _resolved(parts)):
            code = _code_of(found[1], way)
            if code is not None:
                yield code


def _code_of(host: str, parts: list[str]) -> str | None:
    if host in _LONG_HOSTS:
        parts = parts[1:] if parts[:1] == ["invite"] else []
    code = _CODE.match(parts[0]) if parts else None
    return code[0] if code is not None else None


def _resolved(parts: list[str]) -> list[str]:
    resolved: list[str] = []
    for part in parts:
        if part == "..":
            del resolved[-1:]
        else:
            resolved.append(part)
    return resolved
